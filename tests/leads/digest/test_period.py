"""Weeks of the digest: around New Year, at midnight, and which of them are due."""

from datetime import date, time

import pytest

from leads.digest.period import Period, due_at, latest_due, missed
from tests.leads.digest.weeks import at, week

MONDAY = (0, time(8))


@pytest.mark.parametrize(
    ("day", "code", "start"),
    [
        (date(2026, 12, 27), "2026-W52", date(2026, 12, 21)),
        (date(2026, 12, 28), "2026-W53", date(2026, 12, 28)),
        (date(2026, 12, 31), "2026-W53", date(2026, 12, 28)),
        (date(2027, 1, 1), "2026-W53", date(2026, 12, 28)),
        (date(2027, 1, 3), "2026-W53", date(2026, 12, 28)),
        (date(2027, 1, 4), "2027-W01", date(2027, 1, 4)),
        (date(2024, 12, 30), "2025-W01", date(2024, 12, 30)),
    ],
)
def test_period_is_the_iso_week(day: date, code: str, start: date) -> None:
    period = Period.of(day)
    assert (period.code, period.start) == (code, start)
    assert week(code) == period


def test_weeks_follow_each_other_without_a_gap() -> None:
    period = week("2026-W52")
    codes = []
    for _step in range(4):
        assert period.ends_at == period.after.begins_at
        assert period.after.before == period
        codes.append(period.code)
        period = period.after
    assert codes == ["2026-W52", "2026-W53", "2027-W01", "2027-W02"]


@pytest.mark.parametrize(
    ("moment", "code"),
    [
        ("2027-01-03T23:59:59.999999", "2026-W53"),
        ("2027-01-04T00:00:00", "2027-W01"),
        ("2026-12-28T00:00:00", "2026-W53"),
    ],
)
def test_moment_belongs_to_one_week(moment: str, code: str) -> None:
    around = [week("2026-W52"), week("2026-W53"), week("2027-W01"), week("2027-W02")]
    assert [period.code for period in around if at(moment) in period] == [code]


def test_period_begins_on_a_monday() -> None:
    with pytest.raises(ValueError, match="no Monday"):
        Period(date(2026, 11, 24))


@pytest.mark.parametrize(
    ("now", "weekday", "hour", "code"),
    [
        ("2027-01-04T07:59:59", 0, time(8), "2026-W52"),
        ("2027-01-04T08:00:00", 0, time(8), "2026-W53"),
        ("2027-01-10T23:59:00", 0, time(8), "2026-W53"),
        ("2027-01-11T08:00:00", 0, time(8), "2027-W01"),
        ("2027-01-08T16:00:00", 4, time(16, 30), "2026-W52"),
        ("2027-01-08T16:30:00", 4, time(16, 30), "2026-W53"),
        # what was begun before midnight must have ended
        ("2027-01-04T00:00:00", 0, time(0), "2026-W52"),
        ("2027-01-04T00:05:00", 0, time(0), "2026-W53"),
    ],
)
def test_newest_week_whose_moment_has_come(now: str, weekday: int, hour: time, code: str) -> None:
    assert latest_due(at(now), weekday, hour).code == code


def test_due_moment_is_in_site_time() -> None:
    assert due_at(week("2026-W53"), *MONDAY) == at("2027-01-04T08:00")


@pytest.mark.parametrize(
    ("newest", "found"),
    [
        (None, ["2027-W01"]),
        ("2026-W53", ["2027-W01"]),
        ("2026-W51", ["2026-W52", "2026-W53", "2027-W01"]),
        ("2027-W01", []),
        ("2027-W02", []),  # the clock was set back
        ("2026-W01", ["2026-W52", "2026-W53", "2027-W01"]),
    ],
)
def test_missed_weeks_are_made_up_to_a_limit(newest: str | None, found: list[str]) -> None:
    start = week(newest).start if newest else None
    assert [p.code for p in missed(week("2027-W01"), start, most=3)] == found
