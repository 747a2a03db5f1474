"""Overdue steps go up: owner, head, lead unit, chain leader, each once."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from kfq_crm.base.models import CalendarDay, User
from kfq_crm.base.one_at_a_time import one_at_a_time
from leads.actions.followups import log_follow_up
from leads.actions.pipeline import exit_lead, update_lead
from leads.actions.reassign import reassign_leads
from leads.models import EscalationStep, Reminder
from leads.reminders.engine import run_reminders
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.reminders.told import due_on, sweep, told
from tests.mailing import at
from tests.threads import at_once

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steps")]
NEXT = "next_action"
MONDAY = date(2026, 11, 23)

BY_DAY = [
    (MONDAY, {(NEXT, 0, "member_a"), (NEXT, 0, "head_a")}),
    (date(2026, 11, 24), {(NEXT, -1, "member_a")}),
    (date(2026, 11, 25), set()),
    # Friday: one working day ago
    (date(2026, 11, 20), {(NEXT, 0, "member_a"), (NEXT, 0, "head_a")}),
    # Saturday and Sunday belong to the Friday before
    (date(2026, 11, 22), {(NEXT, 0, "member_a"), (NEXT, 0, "head_a")}),
    (
        date(2026, 11, 18),
        {(NEXT, 0, "member_a"), (NEXT, 0, "head_a"), (NEXT, 3, "lead_unit_a")},
    ),
    (
        date(2026, 11, 16),
        {
            *((NEXT, 0, "member_a"), (NEXT, 0, "head_a")),
            *((NEXT, 3, "lead_unit_a"), (NEXT, 5, "chain_leader_a")),
        },
    ),
]


@pytest.mark.parametrize(("due", "expected"), BY_DAY)
def test_step_is_told_to_those_whose_working_day_has_come(
    cast: Cast, lead_unit: User, due: date, expected: set[tuple[str, int, str]]
) -> None:
    due_on(log_a_lead(by=cast.member_a), due)
    sweep()
    assert told() == expected


def test_second_sweep_of_the_day_adds_nothing(cast: Cast, lead_unit: User) -> None:
    due_on(log_a_lead(by=cast.member_a), date(2026, 11, 16))
    assert run_reminders().recorded == 4
    again = run_reminders()
    assert (again.recorded, again.cancelled, again.messages) == (0, 0, 0)
    assert Reminder.objects.count() == 4


def test_nothing_is_recorded_on_a_rest_day_and_all_of_it_on_the_next_working_day(
    cast: Cast,
) -> None:
    due_on(log_a_lead(by=cast.member_a), date(2026, 11, 27))
    assert sweep("2026-11-28T09:00").is_rest_day
    assert told() == set()
    sweep("2026-11-30T09:00")
    assert told() == {(NEXT, 0, "member_a"), (NEXT, 0, "head_a")}


def test_make_up_saturday_is_a_working_day(cast: Cast) -> None:
    CalendarDay.objects.create(day=date(2026, 11, 28), is_workday=True, label="调休上班")
    due_on(log_a_lead(by=cast.member_a), date(2026, 11, 28))
    sweep("2026-11-27T09:00")
    assert told() == {(NEXT, -1, "member_a")}
    assert not sweep("2026-11-28T09:00").is_rest_day
    assert (NEXT, 0, "head_a") in told()


@pytest.mark.parametrize(
    ("moment", "level"), [("2026-11-23T23:59:59", -1), ("2026-11-24T00:00:00", 0)]
)
def test_day_turns_at_midnight_of_the_site(cast: Cast, moment: str, level: int) -> None:
    due_on(log_a_lead(by=cast.member_a), date(2026, 11, 24))
    run_reminders(at(moment))
    assert (NEXT, level, "member_a") in told()
    assert ((NEXT, 0, "head_a") in told()) == (level == 0)


def test_follow_up_with_a_new_day_ends_what_was_told_and_starts_anew(cast: Cast) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), date(2026, 11, 20))
    sweep()
    values = {
        "method": "call",
        "summary": "已电话回访",
        "next_action": "再约",
        "next_action_on": date(2026, 11, 25),
    }
    log_follow_up(lead=lead, values=values, by=cast.member_a)
    sweep("2026-11-23T10:00")
    assert told() == set()
    assert told(state="cancelled") == {(NEXT, 0, "member_a"), (NEXT, 0, "head_a")}
    sweep("2026-11-25T09:00")
    assert told() == {(NEXT, 0, "member_a"), (NEXT, 0, "head_a")}


def test_moved_there_and_back_is_told_again(cast: Cast) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    for day in (MONDAY + timedelta(days=2), MONDAY):
        lead.refresh_from_db()
        update_lead(
            lead=lead, values={"next_action_on": day}, by=cast.member_a, expected=lead.version
        )
    sweep("2026-11-23T10:00")
    assert told() == {(NEXT, 0, "member_a"), (NEXT, 0, "head_a")}
    assert len(told(state="cancelled")) == 2


def test_closed_lead_is_due_no_more(cast: Cast) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a)
    sweep("2026-11-23T10:00")
    assert told() == set()


def test_lead_handed_over_is_told_to_the_new_owner(cast: Cast) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    reassign_leads(leads=[lead], owner=cast.second_member_a, by=cast.head_a)
    sweep("2026-11-23T10:00")
    assert told() == {(NEXT, 0, "second_member_a"), (NEXT, 0, "head_a")}


def test_newest_set_of_steps_holds_alone(cast: Cast) -> None:
    EscalationStep.objects.create(valid_from=MONDAY, offset=0, role="owner")
    EscalationStep.objects.create(valid_from=date(2027, 1, 1), offset=0, role="leader")
    due_on(log_a_lead(by=cast.member_a), date(2026, 11, 16))
    sweep()
    assert told() == {(NEXT, 0, "member_a")}


@pytest.mark.django_db(transaction=True)
def test_sweep_that_runs_elsewhere_is_left_alone(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), MONDAY)

    def other() -> bool:
        with one_at_a_time("run_reminders") as is_mine:
            return is_mine

    with one_at_a_time("run_reminders") as is_mine:
        assert is_mine
        assert at_once(other) == [False]
    assert other()
