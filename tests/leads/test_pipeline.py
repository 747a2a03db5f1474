"""A lead through its stages to the signed contract, out of the pipeline and back."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from kfq_crm.base.errors import GateNotMet, RuleViolation, VersionConflict
from leads.actions.pipeline import (
    advance_lead,
    exit_lead,
    reopen_lead,
    return_lead,
)
from leads.models import ClaimState, Lead, StageChange
from leads.permissions import NotAllowed
from leads.stages import Department, Stage
from tests.cast import Cast
from tests.factories import (
    a_contract,
    follow_up,
    give_opinion,
    lead_in,
    log_a_lead,
    open_gate,
    screen,
)

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a)


# --- Moving on ------------------------------------------------------------------------------


def test_lead_goes_through_all_gates_to_the_contract(cast: Cast) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.member_a)
    moves = list(lead.stage_changes.order_by("pk").values_list("from_stage", "to_stage"))
    assert moves == [
        ("", "lead"),
        ("lead", "screening"),
        ("screening", "negotiating"),
        ("negotiating", "review"),
        ("review", "signed"),
    ]
    assert lead.contracts.get().counted


def test_move_records_who_when_evidence_and_the_time_in_the_stage_left(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    screen(lead, by=cast.member_a)
    later = MONDAY + timedelta(days=2, hours=3)
    moved = advance_lead(lead=lead, by=cast.head_a, now=later)
    move = moved.stage_changes.get(kind="advanced")
    assert (move.moved_by, move.moved_at) == (cast.head_a, later)
    assert move.time_in_stage == timedelta(days=2, hours=3)
    assert move.evidence == [f"screening {lead.screenings.get().pk}"]
    assert moved.stage_entered_at == later


@pytest.mark.parametrize(
    ("stage", "missing"),
    [
        (Stage.LEAD, {"verdict"}),
        (Stage.SCREENING, {"two_way_contact"}),
        (Stage.NEGOTIATING, {*(f"opinion_{code}" for code in Department.values), "minutes"}),
        (Stage.REVIEW, {"agreement", "legal_review", "fair_competition"}),
    ],
)
def test_advance_is_refused_with_what_is_missing(
    cast: Cast, stage: Stage, missing: set[str]
) -> None:
    lead = lead_in(stage, by=cast.member_a)
    with pytest.raises(GateNotMet) as gate:
        advance_lead(lead=lead, by=cast.member_a)
    assert {requirement.code for requirement in gate.value.missing} == missing
    lead.refresh_from_db()
    assert lead.stage == stage
    assert lead.stage_changes.filter(to_stage=stage).count() == 1


def test_contact_without_an_answer_does_not_open_the_negotiation(cast: Cast) -> None:
    lead = lead_in(Stage.SCREENING, by=cast.member_a)
    follow_up(lead, by=cast.member_a, two_way=False)
    with pytest.raises(GateNotMet):
        advance_lead(lead=lead, by=cast.member_a)


def test_later_verdict_holds(cast: Cast) -> None:
    lead = lead_in(Stage.SCREENING, by=cast.member_a)
    open_gate(lead, Stage.NEGOTIATING, by=cast.member_a)
    screen(lead, by=cast.member_a, verdict="reserve")
    with pytest.raises(GateNotMet) as gate:
        advance_lead(lead=lead, by=cast.member_a)
    assert [requirement.code for requirement in gate.value.missing] == ["verdict_follow"]


def test_one_paper_must_hold_both_references(cast: Cast) -> None:
    lead = lead_in(Stage.REVIEW, by=cast.member_a)
    a_contract(lead, by=cast.member_a, fair_competition_reference="")
    a_contract(lead, by=cast.member_a, legal_review_reference=" ")
    with pytest.raises(GateNotMet):
        advance_lead(lead=lead, by=cast.member_a)


@pytest.mark.parametrize("kind", ["intent", "framework"])
def test_intent_and_framework_do_not_sign(cast: Cast, kind: str) -> None:
    lead = lead_in(Stage.REVIEW, by=cast.member_a)
    a_contract(lead, by=cast.member_a, kind=kind)
    with pytest.raises(GateNotMet):
        advance_lead(lead=lead, by=cast.member_a)


def test_signed_lead_has_no_further_stage(cast: Cast) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.member_a)
    with pytest.raises(RuleViolation) as last:
        advance_lead(lead=lead, by=cast.member_a)
    assert last.value.code == "last_stage"


@pytest.mark.parametrize(
    ("who", "may"),
    [
        ("member_a", True),
        ("head_a", True),
        ("coordinator", True),
        ("second_member_a", False),
        ("chain_leader_a", False),
    ],
)
def test_moves_are_for_owner_head_and_office(cast: Cast, lead: Lead, who: str, may: bool) -> None:
    screen(lead, by=cast.member_a)
    person = getattr(cast, who)
    if may:
        assert advance_lead(lead=lead, by=person).stage == Stage.SCREENING
    else:
        with pytest.raises(NotAllowed):
            advance_lead(lead=lead, by=person)


@pytest.mark.parametrize("who", ["member_b", "head_b", "outsider", "disabled"])
def test_hidden_lead_is_not_found_by_any_verb(cast: Cast, lead: Lead, who: str) -> None:
    person = getattr(cast, who)
    verbs = [
        lambda: advance_lead(lead=lead, by=person),
        lambda: return_lead(lead=lead, to="lead", reason="误操作", by=person),
        lambda: exit_lead(lead=lead, exit="transferred", detail="转出", by=person),
        lambda: reopen_lead(lead=lead, reason="重启", by=person),
        lambda: follow_up(lead, by=person),
        lambda: screen(lead, by=person),
        lambda: a_contract(lead, by=person),
    ]
    for verb in verbs:
        with pytest.raises(Lead.DoesNotExist):
            verb()


def test_outdated_page_does_not_move_a_lead(cast: Cast, lead: Lead) -> None:
    screen(lead, by=cast.member_a)
    with pytest.raises(VersionConflict):
        advance_lead(lead=lead, by=cast.member_a, expected=1)


# --- Back, out, and in again ----------------------------------------------------------------


def test_lead_moved_on_by_mistake_is_returned(cast: Cast) -> None:
    lead = lead_in(Stage.NEGOTIATING, by=cast.member_a)
    back = return_lead(lead=lead, to=Stage.LEAD, reason="推进有误", by=cast.head_a)
    move = back.stage_changes.get(kind="returned")
    assert (back.stage, move.from_stage, move.reason) == ("lead", "negotiating", "推进有误")


@pytest.mark.parametrize("to", ["negotiating", "signed", "bogus", ""])
def test_return_leads_to_an_earlier_stage_only(cast: Cast, to: str) -> None:
    lead = lead_in(Stage.NEGOTIATING, by=cast.member_a)
    with pytest.raises(RuleViolation) as refusal:
        return_lead(lead=lead, to=to, reason="推进有误", by=cast.member_a)
    assert refusal.value.code == "not_earlier"


def test_return_wants_a_reason(cast: Cast) -> None:
    lead = lead_in(Stage.SCREENING, by=cast.member_a)
    with pytest.raises(RuleViolation) as refusal:
        return_lead(lead=lead, to=Stage.LEAD, reason="  ", by=cast.member_a)
    assert refusal.value.field == "reason"
    with pytest.raises(RuleViolation) as refusal:
        return_lead(lead=lead, to=Stage.LEAD, reason="长" * 301, by=cast.member_a)
    assert refusal.value.field == "reason"


def test_counted_signing_cannot_be_returned(cast: Cast) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.member_a)
    with pytest.raises(RuleViolation) as refusal:
        return_lead(lead=lead, to=Stage.REVIEW, reason="推进有误", by=cast.coordinator)
    assert refusal.value.code == "counted"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"exit": "lost"}, "reason"),
        ({"exit": "lost", "reason": "bogus"}, "reason"),
        ({"exit": "lost", "reason": "chose_another_place"}, "detail"),
        ({"exit": "shelved", "wake_on": date(2026, 6, 1)}, "detail"),
        ({"exit": "shelved", "detail": "等待土地"}, "wake_on"),
        ({"exit": "shelved", "detail": "等待土地", "wake_on": date(2026, 3, 2)}, "wake_on"),
        ({"exit": "transferred"}, "detail"),
        ({"exit": "transferred", "detail": "长" * 201}, "exit_detail"),
        ({"exit": "bogus", "detail": "随便"}, "exit"),
        ({"exit": "", "detail": "随便"}, "exit"),
    ],
)
def test_exit_wants_its_reason(cast: Cast, values: dict[str, Any], field: str) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    with pytest.raises(RuleViolation) as refusal:
        exit_lead(lead=lead, by=cast.member_a, now=MONDAY, **values)
    assert refusal.value.field == field
    lead.refresh_from_db()
    assert lead.is_open


@pytest.mark.parametrize("stage", [Stage.LEAD, Stage.SCREENING, Stage.REVIEW])
@pytest.mark.parametrize(
    "values",
    [
        {"exit": "shelved", "detail": "等待土地", "wake_on": date(2027, 3, 1)},
        {"exit": "transferred", "detail": "落户城北园区"},
        {"exit": "lost", "reason": "energy_or_environment"},
        {"exit": "lost", "reason": "chose_another_place", "detail": "苏州"},
    ],
)
def test_lead_leaves_and_comes_back_into_its_stage(
    cast: Cast, stage: Stage, values: dict[str, Any]
) -> None:
    lead = lead_in(stage, by=cast.member_a)
    out = exit_lead(lead=lead, by=cast.member_a, **values)
    assert (out.exit, out.exited_on, out.stage) == (values["exit"], timezone.localdate(), stage)
    assert out.wake_on == values.get("wake_on")
    assert lead not in Lead.objects.open()
    back = reopen_lead(lead=lead, reason="重新洽谈", by=cast.member_a)
    assert (back.exit, back.exit_reason, back.exit_detail, back.wake_on) == ("", "", "", None)
    assert back.stage == stage
    assert back.claim.state == ClaimState.ACTIVE
    assert back.next_action_on is not None
    kinds = list(lead.stage_changes.order_by("pk").values_list("kind", flat=True))
    assert kinds[-2:] == ["exited", "reopened"]


def test_time_outside_is_no_time_in_the_stage(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    day = timedelta(days=1)
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a, now=MONDAY + day)
    reopen_lead(lead=lead, reason="重新联系上", by=cast.member_a, now=MONDAY + 10 * day)
    screen(lead, by=cast.member_a, now=MONDAY + 10 * day)
    advance_lead(lead=lead, by=cast.member_a, now=MONDAY + 12 * day)
    spent = StageChange.objects.filter(lead=lead, time_in_stage__isnull=False)
    assert list(spent.order_by("pk").values_list("time_in_stage", flat=True)) == [day, 2 * day]


def test_left_lead_moves_no_more(cast: Cast, lead: Lead) -> None:
    screen(lead, by=cast.member_a)
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a)
    for verb in (advance_lead, lambda **kw: exit_lead(exit="lost", reason="contact_lost", **kw)):
        with pytest.raises(RuleViolation) as refusal:
            verb(lead=lead, by=cast.member_a)
        assert refusal.value.code == "closed"


def test_open_lead_is_not_reopened(cast: Cast, lead: Lead) -> None:
    with pytest.raises(RuleViolation) as refusal:
        reopen_lead(lead=lead, reason="重启", by=cast.member_a)
    assert refusal.value.code == "open"


def test_objection_of_a_department_is_an_opinion(cast: Cast) -> None:
    """The gate asks that all four were heard; what weighs is in the minutes."""
    lead = lead_in(Stage.NEGOTIATING, by=cast.member_a)
    open_gate(lead, Stage.REVIEW, by=cast.member_a)
    give_opinion(lead, Department.ENERGY, by=cast.member_a, verdict="object")
    assert advance_lead(lead=lead, by=cast.member_a).stage == Stage.REVIEW
