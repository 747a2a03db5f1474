"""The day of a sweep, the rules in force on it, and what working days make of both."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.workdays import WorkCalendar
from leads.models.rules import StallRule
from leads.rulebook import cadences_on, response_days


@dataclass(frozen=True)
class Window:
    """Due days after `after` (None: since ever) up to and including `by`."""

    by: date
    after: date | None = None


@dataclass(frozen=True)
class Clock:
    """Site-time day of a sweep, with calendar and rules as they stand; each is read once."""

    today: date
    calendar: WorkCalendar
    _responses: dict[str, dict[str, int]] = field(default_factory=dict)

    @classmethod
    def on(cls, day: date) -> Clock:
        return cls(day, current_calendar())

    @property
    def is_rest_day(self) -> bool:
        return not self.calendar.is_workday(self.today)

    @cached_property
    def cadences(self) -> dict[tuple[str, str], int]:
        """Working days to the next contact by stage and band, "" for every other band."""
        return cadences_on(self.today)

    @cached_property
    def stall_rule(self) -> StallRule | None:
        return StallRule.objects.valid_on(self.today).first()

    def responses(self, item: str) -> dict[str, int]:
        """Working days to an answer by band; see `rulebook.response_days`."""
        if item not in self._responses:
            self._responses[item] = response_days(item, self.today)
        return self._responses[item]

    def latest_due(self, offset: int) -> date:
        """The last due day for which a step at this offset has come: due + offset <= today.

        A due day on a rest day belongs to the working day before it.
        """
        reached = self.calendar.add_workdays(self.today, -offset)
        return self.calendar.next_workday(reached, include=False) - timedelta(days=1)

    def started(self, working_days: int, due: Window) -> Window:
        """Starting days whose limit of so many working days ends in the window."""
        return Window(
            self.latest_start(working_days, due.by),
            self.latest_start(working_days, due.after) if due.after else None,
        )

    def latest_start(self, working_days: int, due: date) -> date:
        """The last starting day whose limit of so many working days ends by `due`."""
        start = self.calendar.add_workdays(due, -working_days)
        return self.calendar.next_workday(start, include=False) - timedelta(days=1)
