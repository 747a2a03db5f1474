"""Whoever takes an office over learns what the former one had been told of."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from chains.actions.teams import appoint
from chains.models import TaskTeam
from kfq_crm.base.absences import enter_absence
from kfq_crm.base.models import OutgoingMail, User
from leads.actions.pipeline import exit_lead
from leads.models import Reminder
from leads.reminders.engine import run_reminders
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.reminders.told import due_on, sweep, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steps")]
NEXT = "next_action"
MONDAY, LONG_AGO = date(2026, 11, 23), date(2026, 11, 10)
TUESDAY = "2026-11-24T09:00"


def put_in_office(cast: Cast, **offices: User) -> None:
    appoint(team=TaskTeam.objects.get(pk=cast.team_a.pk), by=None, **offices)


def test_new_head_is_told_of_what_is_still_due(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    put_in_office(cast, head=cast.second_member_a)
    result = sweep(TUESDAY)
    assert result.recorded == 1
    assert (NEXT, 0, "second_member_a") in told()
    assert OutgoingMail.objects.filter(recipient=cast.second_member_a).count() == 1
    again = sweep(TUESDAY)
    assert (again.recorded, again.messages) == (0, 0)


@pytest.mark.parametrize(
    ("office", "level", "via"), [("lead_unit_person", 3, "mail"), ("leader", 5, "digest")]
)
def test_so_are_the_others_in_office(
    cast: Cast, lead_unit: User, office: str, level: int, via: str
) -> None:
    due_on(log_a_lead(by=cast.member_a), LONG_AGO)
    sweep()
    put_in_office(cast, **{office: cast.second_member_a})
    sweep(TUESDAY)
    told_now = Reminder.objects.get(recipient=cast.second_member_a)
    assert (told_now.level, told_now.via, told_now.due_on) == (level, via, LONG_AGO)


def test_owner_who_becomes_head_has_the_item_already(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    put_in_office(cast, head=cast.member_a)
    assert sweep(TUESDAY).recorded == 0


def test_nothing_is_told_of_what_is_due_no_more(cast: Cast) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    put_in_office(cast, head=cast.second_member_a)
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a)
    assert sweep(TUESDAY).recorded == 0


def test_other_teams_are_left_alone(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_b), MONDAY)
    sweep()
    put_in_office(cast, head=cast.second_member_a)
    assert sweep(TUESDAY).recorded == 0


def test_deputy_of_the_new_head_is_told_once(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    put_in_office(cast, head=cast.second_member_a)
    enter_absence(
        user=cast.second_member_a,
        first_day=MONDAY,
        last_day=date(2026, 11, 25),
        deputy=cast.member_a,
        by=cast.second_member_a,
    )
    before = told()
    assert sweep(TUESDAY).recorded == 0  # the deputy has it as its owner
    assert told() == before


def test_person_who_cannot_be_reached_is_reported_and_the_next_one_told(
    cast: Cast, lead_unit: User
) -> None:
    due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    User.objects.filter(pk=cast.second_member_a.pk).update(email="")
    put_in_office(cast, head=cast.second_member_a)
    result = sweep(TUESDAY)
    assert result.out_of_reach == (cast.second_member_a.pk,)
    assert {(NEXT, 0, "second_member_a"), (NEXT, 0, "lead_unit_a")} <= told()


def test_rule_that_never_tells_an_office_tells_no_successor(cast: Cast, limits: None) -> None:
    """A yellow card is for the owner alone."""
    lead = log_a_lead(by=cast.member_a)
    months_ago = timezone.now() - timedelta(days=70)
    type(lead).objects.filter(pk=lead.pk).update(
        last_progress_on=months_ago.date(), stage="screening", next_action_on=date(2027, 1, 5)
    )
    sweep()
    assert {rule for rule, _level, _who in told()} == {"no_progress_yellow"}
    put_in_office(cast, head=cast.second_member_a)
    assert sweep(TUESDAY).recorded == 0


@pytest.mark.parametrize("number", [1, 30])
def test_questions_do_not_grow_with_the_items(
    cast: Cast, django_assert_max_num_queries: Any, number: int
) -> None:
    for _place in range(number):
        due_on(log_a_lead(by=cast.member_a), MONDAY)
    run_reminders()
    put_in_office(cast, head=cast.second_member_a)
    with django_assert_max_num_queries(120):
        assert run_reminders().recorded == number
