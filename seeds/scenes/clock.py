"""The days of the demo set, and a clock that stands on one of them.

A demo lead of last winter has to carry last winter's time in every row that an action writes:
created, changed, history, record of changes. The actions ask `timezone.now`, and so do Django
and simple-history; while the demo set is lived through, in a process of its own, they are told
the moment of the story.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time, timedelta

from django.utils import timezone

from kfq_crm.base.calendar import current_calendar

OPENING = time(9, 0)
STEP = timedelta(minutes=4)


@contextmanager
def clock_at(moment: datetime) -> Iterator[datetime]:
    """Whatever asks for the time is told this moment."""
    real = timezone.now
    timezone.now = lambda: moment
    try:
        yield moment
    finally:
        timezone.now = real


class Days:
    """Days of the demo set, told by their distance from today and rolled to working days."""

    def __init__(self, today: date | None = None) -> None:
        self.today = today or timezone.localdate()
        self.calendar = current_calendar()

    def ago(self, days: int) -> date:
        """So many days before today, or the last working day before that."""
        day = self.today - timedelta(days=days)
        return day if self.calendar.is_workday(day) else self.calendar.add_workdays(day, -1)

    def ahead(self, days: int) -> date:
        """So many days after today, or the next working day; what is overdue lies before."""
        if days < 0:
            return self.ago(-days)
        return self.calendar.next_workday(self.today + timedelta(days=days))

    def moment(self, day: date, place: int) -> datetime:
        """The time of the day's n-th event."""
        opening = datetime.combine(day, OPENING, tzinfo=timezone.get_default_timezone())
        return opening + place * STEP
