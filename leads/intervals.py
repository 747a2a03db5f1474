"""签约即拿地, 拿地即开工, 竣工即投产: working days between milestones against what was promised.

Pure. The day it begins is day 0. A promise that is not a published figure says so.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kfq_crm.base.workdays import WorkCalendar


@dataclass(frozen=True)
class Promise:
    """The limit that was in force when the interval began."""

    working_days: int
    is_inferred: bool


@dataclass(frozen=True)
class Interval:
    """One promised interval of one project; `ended_on` is None while it runs.

    `is_skipped`: the project does not go through it.
    """

    label: Any
    began_on: date | None
    ended_on: date | None
    promise: Promise | None
    calendar: WorkCalendar
    today: date

    @property
    def spent(self) -> int | None:
        """Working days so far; None before it begins."""
        if self.began_on is None:
            return None
        return max(0, self.calendar.workdays_between(self.began_on, self.ended_on or self.today))

    @property
    def is_over(self) -> bool:
        spent = self.spent
        return spent is not None and self.promise is not None and spent > self.promise.working_days

    @property
    def colour(self) -> str:
        if self.spent is None or self.promise is None:
            return "grey"
        if self.is_over:
            return "red"
        if self.ended_on:
            return "green"
        return "amber" if self.spent == self.promise.working_days else "grey"

    @property
    def words(self) -> str:
        """Kept, missed, running, running over; with the working days."""
        if self.spent is None:
            return _("not begun (interval)")
        days = ngettext("%(days)d working day", "%(days)d working days", self.spent)
        return self._verdict() % {"days": days % {"days": self.spent}}

    def _verdict(self) -> str:
        if self.promise is None:
            return _("%(days)s, nothing promised") if self.ended_on else _("%(days)s so far")
        if self.ended_on:
            return _("missed: %(days)s") if self.is_over else _("kept: %(days)s")
        return _("%(days)s so far, over the promise") if self.is_over else _("%(days)s so far")

    @property
    def is_provisional(self) -> bool:
        """Whether the count rests on a year whose calendar is not published."""
        return self.began_on is not None and self.calendar.is_provisional(
            self.ended_on or self.today
        )
