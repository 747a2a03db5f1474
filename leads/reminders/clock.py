"""The day of a sweep and what working days make of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.workdays import WorkCalendar


@dataclass(frozen=True)
class Clock:
    """Site-time day of a sweep, with the calendar as it stands."""

    today: date
    calendar: WorkCalendar

    @classmethod
    def on(cls, day: date) -> Clock:
        return cls(day, current_calendar())

    @property
    def is_rest_day(self) -> bool:
        return not self.calendar.is_workday(self.today)

    def latest_due(self, offset: int) -> date:
        """The last due day for which a step at this offset has come: due + offset <= today.

        A due day on a rest day belongs to the working day before it.
        """
        reached = self.calendar.add_workdays(self.today, -offset)
        return self.calendar.next_workday(reached, include=False) - timedelta(days=1)

    def latest_start(self, working_days: int, due: date) -> date:
        """The last starting day whose limit of so many working days ends by `due`."""
        start = self.calendar.add_workdays(due, -working_days)
        return self.calendar.next_workday(start, include=False) - timedelta(days=1)
