"""Limits in working days, with a clock that stops: how many are used, when the limit is reached.

Pure: the calendar and the stops come in, days and verdicts go out. The day of the start is day 0.
A stop leaves out every working day from its first day to its last, both included: the day after
its end counts again. Stops that overlap leave a day out once.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from django.db import models
from django.utils.translation import pgettext_lazy

from kfq_crm.base.workdays import WorkCalendar

_ONE_DAY = timedelta(days=1)
AMBER_FROM = 1  # working days left: the notice goes out one working day before the limit


class Light(models.TextChoices):
    """How a limit stands, as a person reads it at a glance."""

    GREEN = "green", pgettext_lazy("traffic light", "in time")
    AMBER = "amber", pgettext_lazy("traffic light", "due soon")
    RED = "red", pgettext_lazy("traffic light", "overdue")


@dataclass(frozen=True)
class Stop:
    """A span in which the clock stands; without an end it stands still today."""

    began_on: date
    ended_on: date | None = None


def merged(stops: Iterable[Stop]) -> list[Stop]:
    """The stops in order, those that overlap or touch made one; an open one swallows the later."""
    found: list[Stop] = []
    for stop in sorted(stops, key=lambda one: one.began_on):
        last = found[-1] if found else None
        if last is None or (last.ended_on and stop.began_on > last.ended_on + _ONE_DAY):
            found.append(stop)
        elif last.ended_on and (stop.ended_on is None or stop.ended_on > last.ended_on):
            found[-1] = Stop(last.began_on, stop.ended_on)
    return found


def spent(calendar: WorkCalendar, started_on: date, stops: Iterable[Stop], today: date) -> int:
    """Working days used from the day after the start up to and including today; never below 0."""
    if today <= started_on:
        return 0
    stood = sum(_inside(calendar, stop, started_on, today) for stop in merged(stops))
    return calendar.workdays_between(started_on, today) - stood


def due_on(
    calendar: WorkCalendar, started_on: date, limit: int, stops: Iterable[Stop]
) -> date | None:
    """The last day within the limit of `limit` working days.

    None while the clock stands: nobody can name the day. A stop that began only after the limit
    had been reached changes nothing.
    """
    day = calendar.add_workdays(started_on, limit)
    for stop in merged(stops):
        if stop.began_on > day:
            break
        if stop.ended_on is None:
            return None
        day = calendar.add_workdays(day, _inside(calendar, stop, started_on, stop.ended_on))
    return day


def remaining(
    calendar: WorkCalendar, started_on: date, limit: int, stops: Iterable[Stop], today: date
) -> int:
    """Working days left; 0 on the last day, negative once the limit is passed."""
    return limit - spent(calendar, started_on, stops, today)


def light(
    calendar: WorkCalendar,
    started_on: date,
    limit: int,
    stops: Iterable[Stop],
    today: date,
    amber_from: int = AMBER_FROM,
) -> Light:
    """Red once the limit is passed, amber with `amber_from` working days left or fewer.

    For what is done, `today` is the day on which it was done. A stop that began after the limit
    makes nothing good.
    """
    due = due_on(calendar, started_on, limit, stops)
    return light_of(calendar, due, today, amber_from)


def light_of(
    calendar: WorkCalendar, due: date | None, today: date, amber_from: int = AMBER_FROM
) -> Light:
    """The same from a recorded due day, as lists show it; green while the clock stands."""
    if due is None:
        return Light.GREEN
    if due < today:
        return Light.RED
    return Light.AMBER if due <= amber_until(calendar, today, amber_from) else Light.GREEN


def amber_until(calendar: WorkCalendar, today: date, amber_from: int = AMBER_FROM) -> date:
    """What is due from today to this day is amber: the bound by which lists filter."""
    return calendar.add_workdays(today, amber_from)


def _inside(calendar: WorkCalendar, stop: Stop, started_on: date, until: date) -> int:
    """Working days of the stop after the start, up to and including `until`."""
    before = max(stop.began_on - _ONE_DAY, started_on)
    last = min(stop.ended_on or until, until)
    return max(0, calendar.workdays_between(before, last)) if last > before else 0
