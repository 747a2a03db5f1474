"""A lead from the first call to the signed contract, and out of the pipeline and back."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from kfq_crm.base.errors import GateNotMet, RuleViolation, VersionConflict
from kfq_crm.base.models import Change
from leads.actions.pipeline import (
    advance_lead,
    exit_lead,
    log_lead,
    reopen_lead,
    return_lead,
    update_lead,
)
from leads.models import Claim, ClaimState, Contact, Enterprise, Lead, StageChange
from leads.permissions import NotAllowed
from leads.stages import Department, Stage
from tests.cast import Cast
from tests.factories import (
    SegmentFactory,
    a_contract,
    a_uscc,
    follow_up,
    give_opinion,
    lead_in,
    lead_values,
    log_a_lead,
    open_gate,
    screen,
)

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a)


def refused(**kwargs: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as caught:
        log_lead(**kwargs)
    assert not Lead.objects.exists()
    assert not Enterprise.objects.exists()
    assert not Claim.objects.exists()
    assert not Change.objects.filter(resource__in=["lead", "enterprise", "claim"]).exists()
    return caught.value.code, caught.value.field


# --- Logging --------------------------------------------------------------------------------


def test_log_lead_writes_company_claim_contact_and_first_move(cast: Cast) -> None:
    values = lead_values(
        cast.member_a,
        investor="江苏航天信控动力有限公司",
        contact_name="王经理",
        contact_phone="138-1234-5678",
        investment=Decimal(60000),
    )
    lead = log_lead(values=values, by=cast.member_a, now=MONDAY)
    assert lead.enterprise.name == "江苏航天信控动力有限公司"
    assert (lead.claim.team, lead.claim.claimed_on) == (cast.team_a, date(2026, 3, 2))
    assert lead.claim.lapses_on == date(2026, 5, 31)
    assert (lead.stage, lead.band, lead.first_talk_team) == (Stage.LEAD, "A", cast.team_a)
    assert lead.duplicates_checked_at == MONDAY
    assert Contact.objects.get().phone == "13812345678"
    assert Contact.objects.get().owner == cast.member_a
    move = lead.stage_changes.get()
    assert (move.kind, move.from_stage, move.to_stage) == ("logged", "", "lead")
    assert (move.moved_by, move.moved_at, move.time_in_stage) == (cast.member_a, MONDAY, None)


def test_log_lead_dates_the_first_response_by_the_cadence(cast: Cast) -> None:
    """One working day for a new lead: from the Monday to the Tuesday, from a Friday over it."""
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    assert lead.next_action_on == date(2026, 3, 3)
    friday = log_a_lead(by=cast.member_a, now=MONDAY + timedelta(days=4))
    assert friday.next_action_on == date(2026, 3, 9)


def test_log_lead_records_a_change_of_each_published_record(cast: Cast) -> None:
    log_a_lead(by=cast.member_a, contact_name="王经理", contact_phone="13812345678")
    made = Change.objects.filter(kind="created", changed_by=cast.member_a)
    assert set(made.values_list("resource", flat=True)) == {
        "lead",
        "enterprise",
        "claim",
        "contact",
        "stagechange",
    }


@pytest.mark.parametrize("field", ["title", "investor", "chain", "owner", "source"])
def test_log_lead_wants_the_five(cast: Cast, field: str) -> None:
    values = lead_values(cast.member_a, **{field: None})
    assert refused(values=values, by=cast.member_a) == ("required", field)


@pytest.mark.parametrize("field", ["title", "investor"])
def test_blanks_are_no_name(cast: Cast, field: str) -> None:
    values = lead_values(cast.member_a, **{field: " 　 "})
    assert refused(values=values, by=cast.member_a) == ("required", field)


@pytest.mark.parametrize(
    ("overrides", "code", "field"),
    [
        ({"uscc": "91321282000000001X"}, "uscc_check_digit", "uscc"),
        ({"uscc": "123"}, "uscc_length", "uscc"),
        ({"title": "长" * 121}, "max_length", "title"),
        ({"investor": "长" * 121}, "max_length", "investor"),
        ({"source": "bogus"}, "invalid_choice", "source"),
        ({"currency": "EUR"}, "invalid_choice", "currency"),
        ({"investment": Decimal(0)}, "amount", "investment"),
        ({"investment": Decimal(-5)}, "amount", "investment"),
        ({"fixed_investment": Decimal(-5)}, "amount", "fixed_investment"),
        ({"land_mu": Decimal(-1)}, "min_value", "land_mu"),
        (
            {"investment": Decimal(5), "fixed_investment": Decimal(6)},
            "fixed_above_total",
            "fixed_investment",
        ),
        ({"confidential": True}, "code_name", "code_name"),
        ({"confidential": True, "code_name": " "}, "code_name", "code_name"),
        ({"contact_name": "王", "contact_phone": "12"}, "phone_invalid", "contact_phone"),
        ({"contact_name": "王" * 61}, "max_length", "contact_name"),
        ({"contact_phone": "13812345678"}, "contact_name", "contact_name"),
        ({"next_action_on": date(2026, 3, 1)}, "next_action_day", "next_action_on"),
        ({"next_action_on": date(2026, 3, 7)}, "next_action_day", "next_action_on"),
    ],
)
def test_log_lead_refuses_at_the_field_and_writes_nothing(
    cast: Cast, overrides: dict[str, Any], code: str, field: str
) -> None:
    values = lead_values(cast.member_a, **overrides)
    assert refused(values=values, by=cast.member_a, now=MONDAY) == (code, field)


def test_log_lead_refuses_a_segment_of_another_chain(cast: Cast) -> None:
    values = lead_values(cast.member_a, segment=SegmentFactory(chain=cast.chain_b))
    assert refused(values=values, by=cast.member_a) == ("segment_chain", "segment")


def test_log_lead_refuses_its_own_chain_as_a_secondary_one(cast: Cast) -> None:
    values = lead_values(cast.member_a, secondary_chains=[cast.chain_b, cast.chain_a])
    assert refused(values=values, by=cast.member_a) == ("primary_chain", "secondary_chains")


@pytest.mark.parametrize("who", ["member_b", "outsider", "disabled"])
def test_log_lead_refuses_an_owner_outside_the_team(cast: Cast, who: str) -> None:
    values = lead_values(cast.member_a, owner=getattr(cast, who))
    assert refused(values=values, by=cast.member_a) == ("not_in_team", "owner")


@pytest.mark.parametrize("who", ["member_b", "outsider", "chain_leader_a", "disabled"])
def test_log_lead_is_for_the_chains_own_team(cast: Cast, who: str) -> None:
    values = lead_values(cast.member_a)
    with pytest.raises(NotAllowed):
        log_lead(values=values, by=getattr(cast, who))
    assert not Lead.objects.exists()


def test_coordination_office_logs_for_a_team(cast: Cast) -> None:
    values = lead_values(cast.member_a)
    lead = log_lead(values=values, by=cast.coordinator)
    assert (lead.owner, lead.logged_by) == (cast.member_a, cast.coordinator)


def test_log_lead_finds_the_company_on_record_and_completes_it(cast: Cast) -> None:
    first = log_a_lead(by=cast.member_a, investor="江苏宏源重工有限公司")
    second = log_a_lead(
        by=cast.second_member_a,
        investor="宏源重工（集团）股份有限公司",
        uscc=a_uscc(1),
        parent_group="宏源集团",
    )
    assert second.enterprise == first.enterprise
    company = Enterprise.objects.get()
    assert (company.name, company.uscc) == ("江苏宏源重工有限公司", a_uscc(1))
    assert company.parent_group == "宏源集团"
    assert second.claim == first.claim


def test_two_codes_are_two_companies_whatever_the_name(cast: Cast) -> None:
    first = log_a_lead(by=cast.member_a, investor="宏源重工有限公司", uscc=a_uscc(1))
    second = log_a_lead(by=cast.member_a, investor="宏源重工有限公司", uscc=a_uscc(2))
    assert first.enterprise != second.enterprise


def test_log_lead_takes_secondary_chains_and_readers(cast: Cast) -> None:
    lead = log_a_lead(
        by=cast.member_a,
        secondary_chains=[cast.chain_b],
        confidential=True,
        code_name="蓝鲸",
        readers=[cast.second_member_a],
    )
    assert list(lead.secondary_chains.all()) == [cast.chain_b]
    assert list(lead.readers.all()) == [cast.second_member_a]
    assert str(lead) == "蓝鲸"


def test_log_lead_keeps_the_team_that_talked_first(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, first_talk_team=cast.team_b)
    assert lead.first_talk_team == cast.team_b
    assert log_a_lead(by=cast.member_a, first_talk_team=None).first_talk_team == cast.team_a


@pytest.mark.parametrize(
    ("amount", "currency", "band"),
    [
        (Decimal(50000), "CNY", "A"),
        (Decimal("49999.9999"), "CNY", "B"),
        (Decimal(10000), "CNY", "B"),
        (Decimal("9999.9999"), "CNY", "C"),
        (Decimal(3000), "USD", "A"),
        (Decimal("2999.9999"), "USD", "B"),
        (Decimal(1000), "USD", "B"),
        (Decimal("999.9999"), "USD", "C"),
        (None, "CNY", ""),
    ],
)
def test_band_is_judged_in_the_amounts_own_currency(
    cast: Cast, amount: Decimal | None, currency: str, band: str
) -> None:
    assert log_a_lead(by=cast.member_a, investment=amount, currency=currency).band == band


# --- Changing -------------------------------------------------------------------------------


def test_update_lead_changes_data_and_raises_the_revision(cast: Cast, lead: Lead) -> None:
    updated = update_lead(
        lead=lead,
        values={"title": "新标题", "investment": Decimal(20000)},
        by=cast.second_member_a,
        expected=lead.version,
    )
    assert (updated.title, updated.band, updated.version) == ("新标题", "B", lead.version + 1)
    assert updated.history.latest().history_user == cast.second_member_a


@pytest.mark.parametrize(
    "field", ["stage", "exit", "claim", "owner", "chain", "enterprise", "band"]
)
def test_update_lead_leaves_what_only_verbs_change(cast: Cast, lead: Lead, field: str) -> None:
    before = getattr(lead, field)
    values = {"stage": "signed", "exit": "lost", "claim": None, "owner": cast.member_b}
    values |= {"chain": cast.chain_b, "enterprise": None, "band": "A"}
    update_lead(lead=lead, values={field: values[field]}, by=cast.member_a, expected=1)
    lead.refresh_from_db()
    assert getattr(lead, field) == before


def test_update_lead_refuses_an_outdated_page(cast: Cast, lead: Lead) -> None:
    update_lead(lead=lead, values={"title": "先到"}, by=cast.member_a, expected=1)
    with pytest.raises(VersionConflict):
        update_lead(lead=lead, values={"title": "后到"}, by=cast.head_a, expected=1)
    lead.refresh_from_db()
    assert lead.title == "先到"


def test_update_lead_does_not_find_a_hidden_lead(cast: Cast, lead: Lead) -> None:
    with pytest.raises(Lead.DoesNotExist):
        update_lead(lead=lead, values={"title": "偷看"}, by=cast.member_b, expected=1)


@pytest.mark.parametrize("who", ["chain_leader_a"])
def test_update_lead_is_refused_to_readers(cast: Cast, lead: Lead, who: str) -> None:
    with pytest.raises(NotAllowed):
        update_lead(lead=lead, values={"title": "改"}, by=getattr(cast, who), expected=1)


def test_update_lead_is_refused_to_a_secondary_chains_team(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, secondary_chains=[cast.chain_b])
    with pytest.raises(NotAllowed):
        update_lead(lead=lead, values={"title": "改"}, by=cast.member_b, expected=1)


def test_update_lead_keeps_an_overdue_step_that_was_not_touched(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    later = MONDAY + timedelta(days=30)
    values = {"title": "新标题", "next_action_on": lead.next_action_on}
    updated = update_lead(lead=lead, values=values, by=cast.member_a, expected=1, now=later)
    assert updated.next_action_on == date(2026, 3, 3)


def test_waiting_since_moves_only_with_whom_it_waits_for(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    later = MONDAY + timedelta(days=3)
    same = update_lead(lead=lead, values={"title": "新"}, by=cast.member_a, expected=1, now=later)
    assert same.waiting_since == date(2026, 3, 2)
    values = {"waiting_for": "department", "waiting_detail": "资规局"}
    moved = update_lead(lead=lead, values=values, by=cast.member_a, expected=2, now=later)
    assert (moved.waiting_for, moved.waiting_since) == ("department", date(2026, 3, 5))


def test_new_title_is_found_at_once(cast: Cast, lead: Lead) -> None:
    updated = update_lead(lead=lead, values={"title": "低空经济"}, by=cast.member_a, expected=1)
    assert "低空经济" in updated.search_text
    assert "dkjj" in updated.search_text


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
