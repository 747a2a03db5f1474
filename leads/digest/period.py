"""Weeks of the digest: half-open ISO weeks in site time. Pure but for the time zone."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from leads.models.digest import week_code

WEEK = timedelta(days=7)
# A transaction that began before midnight is committed by then
SETTLING = timedelta(minutes=5)


@dataclass(frozen=True, order=True)
class Period:
    """The week from this Monday, 00:00 site time, up to but not including the next one."""

    start: date

    def __post_init__(self) -> None:
        if self.start.weekday():
            raise ValueError(f"{self.start} is no Monday")

    @classmethod
    def of(cls, day: date) -> Period:
        return cls(day - timedelta(days=day.weekday()))

    @property
    def end(self) -> date:
        """The first day that does not belong to it."""
        return self.start + WEEK

    @property
    def last_day(self) -> date:
        return self.end - timedelta(days=1)

    @property
    def begins_at(self) -> datetime:
        return _midnight(self.start)

    @property
    def ends_at(self) -> datetime:
        """The first moment that does not belong to it."""
        return _midnight(self.end)

    @property
    def code(self) -> str:
        return week_code(self.start)

    @property
    def before(self) -> Period:
        return Period(self.start - WEEK)

    @property
    def after(self) -> Period:
        return Period(self.start + WEEK)

    def __contains__(self, moment: datetime) -> bool:
        return self.begins_at <= moment < self.ends_at


def due_at(period: Period, weekday: int, at: time) -> datetime:
    """When the digest of a week goes out: on that weekday of the week that follows."""
    moment = timezone.make_aware(datetime.combine(period.end + timedelta(days=weekday), at))
    return max(moment, period.ends_at + SETTLING)


def latest_due(now: datetime, weekday: int, at: time) -> Period:
    """The newest week whose digest should have gone out by now."""
    newest = Period.of(timezone.localdate(now)).before
    return newest if due_at(newest, weekday, at) <= now else newest.before


def missed(latest: Period, newest_made: date | None, most: int) -> list[Period]:
    """Weeks to make for a reader, the oldest first, at most so many.

    A reader without any digest begins with the latest week. Nothing older than what is on
    record is ever made, so a clock that was set back makes nothing.
    """
    if newest_made is None:
        return [latest]
    found: list[Period] = []
    period = latest
    while period.start > newest_made and len(found) < most:
        found.append(period)
        period = period.before
    return found[::-1]


def _midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))
