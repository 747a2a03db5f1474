from __future__ import annotations

import time
from datetime import UTC, date, datetime, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.workdays import WorkCalendar

NATIONAL = WorkCalendar()
DAYS = st.dates(date(2003, 6, 1), date(2029, 12, 31))
OVERRIDES = st.dictionaries(st.dates(date(2025, 1, 1), date(2027, 12, 31)), st.booleans())


@pytest.mark.parametrize(
    ("day", "works"),
    [
        (date(2026, 2, 16), False),  # Spring Festival eve
        (date(2026, 2, 14), True),  # make-up Saturday before the Spring Festival
        (date(2026, 10, 1), False),
        (date(2026, 10, 10), True),  # make-up Saturday after the National Day
        (date(2026, 11, 22), False),  # plain Sunday
        (date(2026, 11, 23), True),
        (date(2003, 10, 1), True),  # before the library begins: the weekday
        (date(2027, 10, 1), True),  # beyond it: the weekday, provisionally
    ],
)
def test_is_workday_follows_the_state_council(day, works):
    assert NATIONAL.is_workday(day) is works


@given(st.dates(date(2004, 1, 1), date(2026, 12, 31)))
def test_is_workday_agrees_with_the_library(day):
    assert NATIONAL.is_workday(day) == chinese_calendar.is_workday(day)


def test_own_rows_come_before_the_library():
    calendar = WorkCalendar({date(2026, 10, 10): False, date(2026, 10, 1): True})
    assert not calendar.is_workday(date(2026, 10, 10))
    assert calendar.is_workday(date(2026, 10, 1))
    assert calendar.workdays_between(date(2026, 9, 30), date(2026, 10, 11)) == 3


@pytest.mark.parametrize(
    ("last_published", "day", "provisional"),
    [
        (None, date(2026, 12, 31), False),
        (None, date(2027, 1, 4), True),
        (date(2027, 12, 31), date(2027, 1, 4), False),
        (date(2027, 3, 1), date(2027, 12, 30), False),  # any day stands for its year
        (date(2027, 12, 31), date(2028, 1, 3), True),
        (date(2025, 12, 31), date(2026, 1, 5), False),  # the library knows more
        (None, date(1999, 1, 4), False),
    ],
)
def test_is_provisional_begins_after_the_last_published_year(last_published, day, provisional):
    assert WorkCalendar({}, last_published).is_provisional(day) is provisional


def test_is_provisional_not_for_a_day_with_an_own_row():
    assert not WorkCalendar({date(2027, 10, 1): False}).is_provisional(date(2027, 10, 1))


@pytest.mark.parametrize(
    ("day", "include", "expected"),
    [
        (date(2026, 11, 23), True, date(2026, 11, 23)),
        (date(2026, 11, 23), False, date(2026, 11, 24)),
        (date(2026, 11, 21), True, date(2026, 11, 23)),
        (date(2026, 9, 30), False, date(2026, 10, 8)),  # over the National Day
        (date(2026, 12, 31), False, date(2027, 1, 1)),  # provisional: 2027 is not published
    ],
)
def test_next_workday_skips_rest_days(day, include, expected):
    assert NATIONAL.next_workday(day, include=include) == expected


@pytest.mark.parametrize(
    ("start", "n", "expected"),
    [
        (date(2026, 11, 23), 0, date(2026, 11, 23)),
        (date(2026, 11, 21), 0, date(2026, 11, 21)),  # day 0 may be a rest day
        (date(2026, 11, 21), 1, date(2026, 11, 23)),
        (date(2026, 11, 21), -1, date(2026, 11, 20)),
        (date(2026, 11, 23), -1, date(2026, 11, 20)),
        (date(2026, 9, 30), 3, date(2026, 10, 10)),  # the make-up Saturday is the third
        (date(2025, 12, 31), 1, date(2026, 1, 4)),  # a make-up Sunday after New Year
        (date(2026, 1, 4), -1, date(2025, 12, 31)),
    ],
)
def test_add_workdays_counts_start_as_day_zero(start, n, expected):
    assert NATIONAL.add_workdays(start, n) == expected


@pytest.mark.parametrize(
    ("start", "end", "days"),
    [
        (date(2026, 11, 23), date(2026, 11, 23), 0),
        (date(2026, 11, 20), date(2026, 11, 23), 1),
        (date(2026, 11, 23), date(2026, 11, 20), -1),
        (date(2026, 9, 30), date(2026, 10, 8), 1),
        (date(2025, 12, 31), date(2026, 12, 31), 248),
    ],
)
def test_workdays_between_is_half_open_and_signed(start, end, days):
    assert NATIONAL.workdays_between(start, end) == days


@pytest.mark.parametrize(
    ("due", "today", "days"),
    [
        (date(2026, 11, 20), date(2026, 11, 19), 0),
        (date(2026, 11, 20), date(2026, 11, 20), 0),
        (date(2026, 11, 20), date(2026, 11, 22), 0),
        (date(2026, 11, 20), date(2026, 11, 23), 1),
        (date(2026, 11, 20), date(2026, 11, 27), 5),
    ],
)
def test_overdue_workdays_never_grows_on_rest_days(due, today, days):
    assert NATIONAL.overdue_workdays(due, today) == days


@given(DAYS, st.integers(-40, 40), OVERRIDES)
def test_add_workdays_is_the_day_by_day_walk(start, n, overrides):
    calendar = WorkCalendar(overrides)
    day, step = start, timedelta(days=1 if n > 0 else -1)
    for _ in range(abs(n)):
        day += step
        while not calendar.is_workday(day):
            day += step
    assert calendar.add_workdays(start, n) == day


@given(DAYS, DAYS, OVERRIDES)
def test_workdays_between_is_the_day_by_day_count(start, end, overrides):
    calendar = WorkCalendar(overrides)
    low, high = sorted((start, end))
    inside = (low + timedelta(days=n) for n in range(1, min((high - low).days, 900) + 1))
    if (high - low).days <= 900:
        counted = sum(calendar.is_workday(day) for day in inside)
        assert abs(calendar.workdays_between(start, end)) == counted
    assert calendar.workdays_between(start, end) == -calendar.workdays_between(end, start)


@given(DAYS, st.integers(0, 700), OVERRIDES)
def test_adding_and_counting_are_inverse(start, n, overrides):
    calendar = WorkCalendar(overrides)
    end = calendar.add_workdays(start, n)
    assert calendar.workdays_between(start, end) == n
    assert n == 0 or calendar.is_workday(end)


def test_a_year_without_any_workday_is_passed_over():
    strike = {date(2026, 1, 1) + timedelta(days=n): False for n in range(365)}
    calendar = WorkCalendar(strike)
    assert calendar.add_workdays(date(2025, 12, 31), 1) == date(2027, 1, 1)
    assert calendar.add_workdays(date(2027, 1, 1), -1) == date(2025, 12, 31)


@pytest.mark.parametrize("method", ["is_workday", "is_provisional", "next_workday"])
def test_datetimes_are_refused(method):
    with pytest.raises(TypeError):
        getattr(NATIONAL, method)(datetime(2026, 11, 23, tzinfo=UTC))


@pytest.mark.parametrize("n", [10**9, -(10**9)])
def test_add_workdays_beyond_all_years_overflows(n):
    with pytest.raises(OverflowError):
        NATIONAL.add_workdays(date(2026, 11, 23), n)


def test_spans_of_three_years_cost_microseconds():
    calendar = WorkCalendar({date(2026, 5, 6): False})
    start, end = date(2024, 1, 2), date(2026, 12, 31)
    calendar.workdays_between(start, end)
    began = time.perf_counter()
    for _ in range(1000):
        calendar.workdays_between(start, end)
        calendar.add_workdays(start, 700)
    assert time.perf_counter() - began < 0.5
