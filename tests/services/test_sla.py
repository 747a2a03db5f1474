"""Working-day limits over National Day and a make-up Saturday, with clocks that stop."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.workdays import WorkCalendar
from services.sla import Light, Stop, amber_until, due_on, light, light_of, merged, remaining, spent

# 2026: National Day 1–7 October; Sunday 20 September and Saturday 10 October are worked
NATIONAL = WorkCalendar()
MONDAY = date(2026, 9, 28)


def day(month: int, number: int) -> date:
    return date(2026, month, number)


@pytest.mark.parametrize(
    ("limit", "stops", "expected"),
    [
        (1, [], day(9, 29)),
        (2, [], day(9, 30)),
        (3, [], day(10, 8)),  # over the holiday of a week
        (5, [], day(10, 10)),  # the make-up Saturday is a working day like any other
        (6, [], day(10, 12)),
        # Stopped on the Tuesday, handed in on the Wednesday: both are left out
        (2, [Stop(day(9, 29), day(9, 30))], day(10, 9)),
        # Stopped over the whole holiday: only the two days before and the one after are left out
        (3, [Stop(day(9, 29), day(10, 8))], day(10, 12)),
        # Within the holiday a stop leaves out nothing
        (3, [Stop(day(10, 2), day(10, 6))], day(10, 8)),
        # On the make-up Saturday it leaves out that day
        (5, [Stop(day(10, 10), day(10, 10))], day(10, 12)),
        (5, [Stop(day(10, 10), day(10, 11))], day(10, 12)),
        # Begun on the last day of the limit: that day is not used up
        (2, [Stop(day(9, 30), day(9, 30))], day(10, 8)),
        # Begun after the limit: too late to matter
        (2, [Stop(day(10, 8), day(10, 9))], day(9, 30)),
        (2, [Stop(day(10, 8))], day(9, 30)),
        # Two that overlap leave a day out once, two apart leave out both
        (2, [Stop(day(9, 29), day(9, 30)), Stop(day(9, 30), day(10, 8))], day(10, 10)),
        (2, [Stop(day(10, 9), day(10, 9)), Stop(day(9, 29), day(9, 29))], day(10, 8)),
        # A second stop that begins in the days which the first one added
        (2, [Stop(day(9, 29), day(9, 29)), Stop(day(10, 8), day(10, 8))], day(10, 9)),
        (3, [Stop(day(9, 29), None)], None),
        (3, [Stop(day(9, 29), day(9, 29)), Stop(day(10, 8))], None),
        # From before the start: only what lies after it counts
        (2, [Stop(day(9, 20), day(9, 29))], day(10, 8)),
    ],
)
def test_the_limit_is_reached_when_the_working_days_outside_stops_are_used(limit, stops, expected):
    assert due_on(NATIONAL, MONDAY, limit, stops) == expected


@pytest.mark.parametrize(
    ("today", "stops", "used"),
    [
        (MONDAY, [], 0),
        (day(9, 27), [], 0),
        (day(9, 29), [], 1),
        (day(10, 7), [], 2),
        (day(10, 8), [], 3),
        (day(10, 10), [], 5),
        (day(10, 11), [], 5),
        (day(10, 10), [Stop(day(10, 8))], 2),
        (day(10, 12), [Stop(day(9, 30), day(10, 8))], 4),
        (day(9, 29), [Stop(day(10, 8), day(10, 9))], 1),
        (day(9, 30), [Stop(MONDAY, day(9, 29))], 1),
    ],
)
def test_days_inside_a_stop_are_not_used(today, stops, used):
    assert spent(NATIONAL, MONDAY, stops, today) == used


def test_a_start_on_the_eve_of_the_holiday_counts_from_the_first_day_after_it():
    assert due_on(NATIONAL, day(9, 30), 1, []) == day(10, 8)
    assert due_on(NATIONAL, day(10, 3), 1, []) == day(10, 8)  # handed in on a rest day
    assert due_on(NATIONAL, day(10, 9), 1, []) == day(10, 10)


def test_a_make_up_day_that_is_taken_back_moves_what_is_reckoned_anew():
    own = WorkCalendar({day(10, 10): False})
    assert due_on(own, day(10, 9), 1, []) == day(10, 12)


@pytest.mark.parametrize(
    ("today", "expected", "left"),
    [
        (MONDAY, Light.GREEN, 3),
        (day(9, 29), Light.GREEN, 2),
        (day(9, 30), Light.AMBER, 1),
        (day(10, 7), Light.AMBER, 1),
        (day(10, 8), Light.AMBER, 0),
        (day(10, 9), Light.RED, -1),
    ],
)
def test_the_light_turns_amber_a_working_day_before_the_limit_and_red_after_it(
    today, expected, left
):
    assert light(NATIONAL, MONDAY, 3, [], today) == expected
    assert remaining(NATIONAL, MONDAY, 3, [], today) == left
    assert light_of(NATIONAL, day(10, 8), today) == expected


def test_a_clock_that_stands_shows_no_red():
    assert light(NATIONAL, MONDAY, 3, [Stop(day(9, 29))], day(10, 30)) == Light.GREEN
    assert light_of(NATIONAL, None, day(10, 30)) == Light.GREEN


def test_touching_stops_become_one_and_an_open_one_swallows_what_follows():
    assert merged([Stop(day(9, 3), day(9, 4)), Stop(day(9, 1), day(9, 2))]) == [
        Stop(day(9, 1), day(9, 4))
    ]
    assert merged([Stop(day(9, 1)), Stop(day(9, 8), day(9, 9))]) == [Stop(day(9, 1))]
    assert merged([Stop(day(9, 1), day(9, 9)), Stop(day(9, 2), day(9, 3))]) == [
        Stop(day(9, 1), day(9, 9))
    ]


STARTS = st.dates(date(2025, 1, 1), date(2026, 12, 1))
STOPS = st.lists(
    st.tuples(st.integers(0, 60), st.integers(0, 30)).map(
        lambda span: (timedelta(days=span[0]), timedelta(days=span[0] + span[1]))
    ),
    max_size=4,
)


@given(STARTS, st.integers(1, 40), STOPS)
def test_on_the_due_day_exactly_the_limit_is_used_and_the_day_before_less(start, limit, spans):
    stops = [Stop(start + first, start + last) for first, last in spans]
    due = due_on(NATIONAL, start, limit, stops)
    assert due is not None
    assert spent(NATIONAL, start, stops, due) == limit
    assert spent(NATIONAL, start, stops, due - timedelta(days=1)) == limit - 1


@given(STARTS, st.integers(1, 40), STOPS)
def test_the_two_lights_agree(start, limit, spans):
    stops = [Stop(start + first, start + last) for first, last in spans]
    due = due_on(NATIONAL, start, limit, stops)
    today = start + timedelta(days=20)
    assert (light(NATIONAL, start, limit, stops, today) == Light.RED) == (
        light_of(NATIONAL, due, today) == Light.RED
    )


def test_amber_reaches_to_the_next_working_day():
    assert amber_until(NATIONAL, day(9, 30)) == day(10, 8)
