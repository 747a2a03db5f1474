"""A lead is logged, all or nothing, and changed, never silently."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import Change
from leads.actions.pipeline import (
    log_lead,
    update_lead,
)
from leads.models import Claim, Contact, Enterprise, Lead
from leads.permissions import NotAllowed
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import (
    SegmentFactory,
    a_uscc,
    lead_values,
    log_a_lead,
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
    assert not Change.objects.filter(resource__in=["leads", "enterprises"]).exists()
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
        "leads",
        "enterprises",
        "stage-changes",
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


def test_form_that_arrives_twice_logs_one_lead(cast: Cast) -> None:
    twice = {"title": "叶片二期", "investor": "江苏宏源重工有限公司"}
    first = log_a_lead(by=cast.member_a, **twice)
    with pytest.raises(RuleViolation) as refusal:
        log_a_lead(by=cast.member_a, **twice)
    assert (refusal.value.code, refusal.value.field) == ("logged_before", "title")
    assert first.number in str(refusal.value)
    assert Lead.objects.get() == first


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
