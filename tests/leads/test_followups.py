"""What a logged follow-up moves: two clocks, the next step, whom it waits for, the blocker."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import CalendarDay
from leads.actions.followups import raise_blocker, resolve_blocker
from leads.actions.pipeline import exit_lead, update_lead
from leads.models import Blocker, CadenceRule, FollowUp, Lead
from leads.permissions import NotAllowed
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import follow_up, lead_in, log_a_lead

SITE = ZoneInfo("Asia/Shanghai")
# A Monday without a holiday near
NOW = datetime(2026, 3, 2, 10, 0, tzinfo=SITE)
TODAY = date(2026, 3, 2)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def frozen() -> Any:
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a)


# --- Clocks ---------------------------------------------------------------------------------


def test_new_lead_has_no_contact_yet(lead: Lead) -> None:
    assert (lead.last_contact_on, lead.last_progress_on) == (None, None)


def test_contact_moves_the_contact_clock_only(cast: Cast, lead: Lead) -> None:
    follow_up(lead, by=cast.member_a)
    lead.refresh_from_db()
    assert (lead.last_contact_on, lead.last_progress_on) == (TODAY, None)


def test_progress_moves_both_clocks(cast: Cast, lead: Lead) -> None:
    follow_up(lead, by=cast.member_a, is_progress=True, occurred_at=NOW - 3 * DAY)
    lead.refresh_from_db()
    assert (lead.last_contact_on, lead.last_progress_on) == (TODAY - 3 * DAY, TODAY - 3 * DAY)


def test_contact_logged_late_does_not_turn_a_clock_back(cast: Cast, lead: Lead) -> None:
    follow_up(lead, by=cast.member_a, is_progress=True)
    follow_up(lead, by=cast.member_a, is_progress=True, occurred_at=NOW - 10 * DAY)
    lead.refresh_from_db()
    assert (lead.last_contact_on, lead.last_progress_on) == (TODAY, TODAY)


def test_days_are_days_of_the_site(cast: Cast, lead: Lead) -> None:
    """Half past midnight in Jingjiang is still the day before in UTC."""
    follow_up(lead, by=cast.member_a, occurred_at=datetime(2026, 3, 2, 0, 30, tzinfo=SITE))
    lead.refresh_from_db()
    assert lead.last_contact_on == TODAY


# --- The next step --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "investment", "due"),
    [
        (Stage.LEAD, None, date(2026, 3, 3)),
        (Stage.SCREENING, 60000, date(2026, 3, 9)),
        (Stage.SCREENING, 100, date(2026, 3, 5)),
        (Stage.SCREENING, None, date(2026, 3, 5)),
        (Stage.NEGOTIATING, 60000, date(2026, 3, 9)),
        (Stage.NEGOTIATING, 20000, date(2026, 3, 16)),
        (Stage.NEGOTIATING, 100, date(2026, 3, 30)),
        (Stage.NEGOTIATING, None, None),
        (Stage.REVIEW, 60000, None),
        (Stage.SIGNED, 60000, date(2026, 3, 16)),
    ],
)
def test_next_step_is_dated_by_stage_and_scale(
    cast: Cast, stage: Stage, investment: int | None, due: date | None
) -> None:
    lead = lead_in(stage, by=cast.member_a, investment=investment)
    logged = follow_up(lead, by=cast.member_a)
    lead.refresh_from_db()
    assert logged.next_action_on == lead.next_action_on == due


def test_cadence_skips_holidays_and_counts_make_up_days(cast: Cast, lead: Lead) -> None:
    """The Saturday before is worked, the Qingming holiday is not: both are rows of the calendar."""
    CalendarDay.objects.create(day=date(2026, 3, 3), is_workday=False, label="停工")
    CalendarDay.objects.create(day=date(2026, 3, 7), is_workday=True, label="调休")
    assert follow_up(lead, by=cast.member_a).next_action_on == date(2026, 3, 4)
    with time_machine.travel(NOW + 4 * DAY, tick=False):
        assert follow_up(lead, by=cast.member_a).next_action_on == date(2026, 3, 7)


def test_newest_rule_already_valid_holds(cast: Cast, lead: Lead) -> None:
    CadenceRule.objects.create(valid_from=date(2026, 3, 1), stage="lead", working_days=4)
    CadenceRule.objects.create(valid_from=date(2026, 3, 3), stage="lead", working_days=9)
    assert follow_up(lead, by=cast.member_a).next_action_on == date(2026, 3, 6)


def test_given_step_is_kept(cast: Cast, lead: Lead) -> None:
    follow_up(lead, by=cast.member_a, next_action="寄材料", next_action_on=date(2026, 3, 12))
    lead.refresh_from_db()
    assert (lead.next_action, lead.next_action_on) == ("寄材料", date(2026, 3, 12))


def test_step_done_gives_way_to_the_next(cast: Cast, lead: Lead) -> None:
    follow_up(lead, by=cast.member_a, next_action="寄材料", next_action_on=date(2026, 3, 4))
    follow_up(lead, by=cast.member_a)
    lead.refresh_from_db()
    assert (lead.next_action, lead.next_action_on) == ("", date(2026, 3, 3))


def test_contact_logged_late_leaves_the_next_step(cast: Cast, lead: Lead) -> None:
    follow_up(lead, by=cast.member_a, next_action="签约", next_action_on=date(2026, 3, 20))
    follow_up(lead, by=cast.member_a, occurred_at=NOW - 5 * DAY)
    lead.refresh_from_db()
    assert (lead.next_action, lead.next_action_on) == ("签约", date(2026, 3, 20))


@pytest.mark.parametrize(
    ("day", "offered"),
    [
        (date(2026, 3, 7), "2026年3月9日"),
        (date(2026, 3, 8), "2026年3月9日"),
        (date(2026, 4, 5), "2026年4月7日"),
        (date(2026, 10, 1), "2026年10月8日"),
        (date(2026, 3, 1), "2026年3月2日"),
        (date(2025, 12, 31), "2026年3月2日"),
    ],
)
def test_rest_day_or_past_day_is_refused_with_the_next_working_day(
    cast: Cast, lead: Lead, day: date, offered: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        follow_up(lead, by=cast.member_a, next_action="面谈", next_action_on=day)
    assert (refusal.value.code, refusal.value.field) == ("next_action_day", "next_action_on")
    assert offered in str(refusal.value)
    assert not FollowUp.objects.exists()


def test_today_and_a_make_up_saturday_are_good_days(cast: Cast, lead: Lead) -> None:
    for day in (TODAY, date(2026, 10, 10)):
        logged = follow_up(lead, by=cast.member_a, next_action="面谈", next_action_on=day)
        assert logged.next_action_on == day


def test_step_on_a_left_lead_wants_its_day(cast: Cast, lead: Lead) -> None:
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a)
    assert follow_up(lead, by=cast.member_a).next_action_on is None
    with pytest.raises(RuleViolation) as refusal:
        follow_up(lead, by=cast.member_a, next_action="再试一次")
    assert refusal.value.field == "next_action_on"


# --- What is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"occurred_at": NOW + timedelta(minutes=1)}, "occurred_at"),
        ({"occurred_at": NOW + 30 * DAY}, "occurred_at"),
        ({"summary": ""}, "summary"),
        ({"summary": " 　\n"}, "summary"),
        ({"method": ""}, "method"),
        ({"method": "pigeon"}, "method"),
        ({"their_people": "长" * 201}, "their_people"),
        ({"waiting_for": "nobody"}, "waiting_for"),
        ({"blocker": "土地指标"}, "blocker_owner"),
        ({"blocker_due_on": TODAY + DAY}, "blocker"),
    ],
)
def test_follow_up_is_refused_at_the_field_and_nothing_moves(
    cast: Cast, lead: Lead, values: dict[str, Any], field: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        follow_up(lead, by=cast.member_a, **values)
    assert refusal.value.field == field
    assert not FollowUp.objects.exists()
    assert Lead.objects.get(pk=lead.pk).version == lead.version


def test_this_very_moment_is_not_the_future(cast: Cast, lead: Lead) -> None:
    assert follow_up(lead, by=cast.member_a, occurred_at=NOW).occurred_at == NOW


def test_follow_ups_are_for_the_leads_team(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, secondary_chains=[cast.chain_b])
    assert follow_up(lead, by=cast.second_member_a).logged_by == cast.second_member_a
    assert follow_up(lead, by=cast.coordinator).logged_by == cast.coordinator
    for who in (cast.member_b, cast.chain_leader_a):
        with pytest.raises(NotAllowed):
            follow_up(lead, by=who)


# --- Waiting for whom, since when -----------------------------------------------------------


def test_waiting_moves_with_the_follow_up_that_says_so(cast: Cast, lead: Lead) -> None:
    with time_machine.travel(NOW + DAY, tick=False):
        follow_up(lead, by=cast.member_a)
    lead.refresh_from_db()
    assert (lead.waiting_for, lead.waiting_since) == ("team", TODAY)
    with time_machine.travel(NOW + 2 * DAY, tick=False):
        follow_up(lead, by=cast.member_a, waiting_for="department", waiting_detail="资规局")
    with time_machine.travel(NOW + 3 * DAY, tick=False):
        follow_up(lead, by=cast.member_a, waiting_for="department", waiting_detail="资规局")
    lead.refresh_from_db()
    assert (lead.waiting_for, lead.waiting_detail) == ("department", "资规局")
    assert lead.waiting_since == TODAY + 2 * DAY


# --- Blockers -------------------------------------------------------------------------------


def test_follow_up_raises_a_blocker_with_one_owner_and_one_date(cast: Cast, lead: Lead) -> None:
    logged = follow_up(
        lead,
        by=cast.member_a,
        blocker="用地指标未落实",
        blocker_owner=cast.head_a,
        blocker_due_on=TODAY + 7 * DAY,
    )
    blocker = Blocker.objects.get()
    assert (blocker.lead, blocker.follow_up, blocker.raised_by) == (lead, logged, cast.member_a)
    assert (blocker.owner, blocker.due_on) == (cast.head_a, TODAY + 7 * DAY)


@pytest.mark.parametrize("due", [None, TODAY - DAY])
def test_blocker_wants_a_day_from_today_on(cast: Cast, lead: Lead, due: date | None) -> None:
    with pytest.raises(RuleViolation) as refusal:
        raise_blocker(
            lead=lead, description="土地", owner=cast.head_a, due_on=due, by=cast.member_a
        )
    assert refusal.value.field == "blocker_due_on"


def test_blocker_is_cleared_once_with_how(cast: Cast, lead: Lead) -> None:
    blocker = raise_blocker(
        lead=lead, description="土地", owner=cast.head_a, due_on=TODAY, by=cast.member_a
    )
    with pytest.raises(RuleViolation) as refusal:
        resolve_blocker(blocker=blocker, resolution=" ", by=cast.head_a)
    assert refusal.value.field == "resolution"
    cleared = resolve_blocker(blocker=blocker, resolution="已落实", by=cast.head_a)
    assert (cleared.resolved_on, cleared.resolution) == (TODAY, "已落实")
    with pytest.raises(RuleViolation) as refusal:
        resolve_blocker(blocker=blocker, resolution="又落实", by=cast.head_a)
    assert refusal.value.code == "resolved"


def test_rows_of_a_lead_raise_its_revision(cast: Cast, lead: Lead) -> None:
    """An open page of the lead notices what was logged meanwhile."""
    follow_up(lead, by=cast.member_a)
    blocker = raise_blocker(
        lead=lead, description="土地", owner=cast.head_a, due_on=TODAY, by=cast.member_a
    )
    resolve_blocker(blocker=blocker, resolution="已落实", by=cast.member_a)
    lead.refresh_from_db()
    assert lead.version == 4
    assert update_lead(lead=lead, values={}, by=cast.member_a, expected=4).version == 5
