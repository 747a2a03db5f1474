"""Every rule, on the day before it is due, on the day, and when it is done."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import User
from leads.actions.pipeline import exit_lead
from leads.actions.referrers import record_referrer_reply
from leads.models import Lead
from tests.cast import Cast
from tests.factories import follow_up, lead_in, log_a_lead, screen
from tests.leads.reminders.told import due_on, sweep, told
from tests.mailing import at

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.usefixtures("steps", "limits"),
]
LATER = date(2027, 6, 30)
LOGGED = "2026-11-19T15:00"  # a Thursday


def logged(cast: Cast, moment: str = LOGGED, **values: Any) -> Lead:
    """A lead whose next step is far away, so that only the other rules speak of it."""
    return due_on(log_a_lead(by=cast.member_a, now=at(moment), **values), LATER)


def levels(rule: str, lead: Lead) -> set[tuple[int, str]]:
    return {(level, who) for name, level, who in told(lead) if name == rule}


OWNER_AND_HEAD = {(-1, "member_a"), (0, "member_a"), (0, "head_a")}
ANSWERS = [
    ("first_response", "2026-11-20T09:00", {}),  # one working day: due Friday
    ("screening_verdict", "2026-11-24T09:00", {}),  # three: Tuesday
    ("screening_verdict", "2026-11-26T09:00", {"investment": 60000}),  # major: five, Thursday
    ("referrer_reply", "2026-11-26T09:00", {"referrer": "上海商会"}),  # five: Thursday
]


@pytest.mark.parametrize(("rule", "due", "values"), ANSWERS)
def test_answer_is_due_within_its_working_days(
    cast: Cast, rule: str, due: str, values: dict[str, Any]
) -> None:
    lead = logged(cast, **values)
    day = at(due).date()
    eve = current_calendar().add_workdays(day, -1)
    sweep(f"{eve:%Y-%m-%d}T09:00")
    assert levels(rule, lead) == {(-1, "member_a")}
    sweep(due)
    assert levels(rule, lead) == OWNER_AND_HEAD


def _talked(lead: Lead, by: User) -> None:
    follow_up(lead, by=by, next_action="再约", next_action_on=LATER)


def _judged(lead: Lead, by: User) -> None:
    screen(lead, by=by)


def _answered(lead: Lead, by: User) -> None:
    record_referrer_reply(lead=lead, replied_on=date(2026, 11, 23), by=by)


def _left(lead: Lead, by: User) -> None:
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=by)


DONE: list[tuple[str, Callable[[Lead, User], None]]] = [
    ("first_response", _talked),
    ("screening_verdict", _judged),
    ("referrer_reply", _answered),
    ("first_response", _left),
    ("screening_verdict", _left),
    ("referrer_reply", _left),
]


@pytest.mark.parametrize(("rule", "done"), DONE)
def test_answer_given_is_due_no_more(
    cast: Cast, rule: str, done: Callable[[Lead, User], None]
) -> None:
    lead = logged(cast, "2026-11-09T09:00", referrer="上海商会")
    sweep()
    assert (0, "member_a") in levels(rule, lead)
    done(lead, cast.member_a)
    sweep("2026-11-23T10:00")
    assert levels(rule, lead) == set()


def test_nobody_who_referred_it_waits_for_nothing(cast: Cast) -> None:
    lead = logged(cast, "2026-10-09T09:00")
    sweep()
    assert levels("referrer_reply", lead) == set()


def negotiating(cast: Cast, talked_on: date, **values: Any) -> Lead:
    lead = lead_in("negotiating", by=cast.member_a, **values)
    Lead.objects.filter(pk=lead.pk).update(last_contact_on=talked_on, last_progress_on=talked_on)
    lead.refresh_from_db()
    return due_on(lead, LATER)


CONTACTS = [
    (60000, date(2026, 11, 16), True),  # A: five working days, due today
    (60000, date(2026, 11, 17), False),  # due tomorrow
    (20000, date(2026, 11, 9), True),  # B: ten
    (20000, date(2026, 11, 10), False),
    (5000, date(2026, 10, 26), True),  # C: twenty
    (5000, date(2026, 10, 27), False),
]


@pytest.mark.parametrize(("investment", "talked_on", "is_due"), CONTACTS)
def test_contact_clock_follows_the_scale(
    cast: Cast, investment: int, talked_on: date, is_due: bool
) -> None:
    lead = negotiating(cast, talked_on, investment=investment)
    sweep()
    expected = {(0, "member_a"), (0, "head_a")} if is_due else {(-1, "member_a")}
    assert levels("no_contact", lead) == expected


def test_step_that_is_due_itself_is_told_alone(cast: Cast) -> None:
    lead = due_on(negotiating(cast, date(2026, 11, 2), investment=60000), date(2026, 11, 23))
    sweep()
    assert levels("no_contact", lead) == set()
    assert levels("next_action", lead) == {(0, "member_a"), (0, "head_a")}


def test_contact_resets_the_contact_clock_alone(cast: Cast) -> None:
    lead = negotiating(cast, date(2026, 7, 1), investment=60000)
    sweep()
    assert (0, "member_a") in levels("no_contact", lead)
    follow_up(lead, by=cast.member_a, next_action="再约", next_action_on=LATER)
    sweep("2026-11-23T10:00")
    assert levels("no_contact", lead) == set()
    assert (0, "member_a") in levels("no_progress_red", lead)


CARDS = [
    (date(2026, 9, 24), set(), set(), set()),
    (date(2026, 9, 23), {(0, "member_a")}, set(), set()),
    (date(2026, 8, 23), {(0, "member_a")}, {(0, "member_a"), (0, "head_a")}, set()),
    (
        date(2026, 5, 23),
        {(0, "member_a")},
        {(0, "member_a"), (0, "head_a")},
        {(0, "head_a")},
    ),
    (
        date(2026, 5, 16),
        {(0, "member_a")},
        {(0, "member_a"), (0, "head_a")},
        {(0, "head_a"), (5, "chain_leader_a")},
    ),
]


@pytest.mark.parametrize(("moved_on", "yellow", "red", "off_list"), CARDS)
def test_progress_clock_shows_its_cards(
    cast: Cast,
    moved_on: date,
    yellow: set[tuple[int, str]],
    red: set[tuple[int, str]],
    off_list: set[tuple[int, str]],
) -> None:
    lead = logged(cast)
    Lead.objects.filter(pk=lead.pk).update(last_progress_on=moved_on)
    sweep()
    late = {
        rule: {(level, who) for level, who in levels(rule, lead) if level >= 0}
        for rule in ("no_progress_yellow", "no_progress_red", "no_progress_off_list")
    }
    assert late == {
        "no_progress_yellow": yellow,
        "no_progress_red": red,
        "no_progress_off_list": off_list,
    }


def test_lead_without_any_progress_is_reckoned_from_its_logging(cast: Cast) -> None:
    lead = logged(cast)
    Lead.objects.filter(pk=lead.pk).update(created_at=at("2026-08-23T23:59"))
    sweep()
    assert (0, "head_a") in levels("no_progress_red", lead)


def test_progress_takes_the_cards_back(cast: Cast) -> None:
    lead = logged(cast)
    Lead.objects.filter(pk=lead.pk).update(last_progress_on=date(2026, 8, 1))
    sweep()
    assert levels("no_progress_red", lead)
    follow_up(lead, by=cast.member_a, is_progress=True, next_action="签约", next_action_on=LATER)
    sweep("2026-11-23T10:00")
    assert not any(rule.startswith("no_progress") for rule, _level, _who in told(lead))


def test_shelved_lead_wakes(cast: Cast) -> None:
    lead = logged(cast)
    exit_lead(
        lead=lead,
        exit="shelved",
        detail="等用地指标",
        wake_on=date(2026, 11, 25),
        by=cast.member_a,
    )
    sweep("2026-11-24T09:00")
    assert told(lead) == {("wake_up", -1, "member_a")}
    sweep("2026-11-25T09:00")
    assert levels("wake_up", lead) == OWNER_AND_HEAD
