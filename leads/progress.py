"""Construction against its plan: months, the planned curve, how far behind, in what light.

Pure. Months are their first days; percentages are those at the end of the month. The plan runs
from nothing before the month of the planned start to 100 in that of the planned completion; what
was typed for months between holds, and the months between those lie on a straight line.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise

from django.db import models
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

NOTHING, ALL = Decimal(0), Decimal(100)
HUNDREDTH = Decimal("0.01")


def month_of(day: date) -> date:
    return day.replace(day=1)


def months_after(month: date, count: int) -> date:
    """The first day of the month so many months later, or earlier when negative."""
    years, place = divmod(month.year * 12 + month.month - 1 + count, 12)
    return date(years, place + 1, 1)


def month_end(month: date) -> date:
    return months_after(month, 1) - timedelta(days=1)


def months_between(first: date, last: date) -> int:
    """How many months `last` lies after `first`."""
    return (last.year - first.year) * 12 + last.month - first.month


def plan_between(
    start: date, completion: date, typed: Mapping[date, Decimal]
) -> dict[date, Decimal]:
    """Percent planned for each month of the works; what is typed outside them is left out."""
    first = month_of(start)
    length = months_between(first, month_of(completion))
    known = {-1: NOTHING}
    known |= {
        place: percent
        for month, percent in typed.items()
        if 0 <= (place := months_between(first, month)) < length
    }
    known[length] = ALL
    anchors = sorted(known)
    plan: dict[date, Decimal] = {}
    for before, after in pairwise(anchors):
        rise = (known[after] - known[before]) / (after - before)
        for place in range(before + 1, after + 1):
            reached = known[before] + rise * (place - before)
            plan[months_after(first, place)] = reached.quantize(HUNDREDTH)
    return plan


@dataclass(frozen=True)
class ReportMonths:
    """`ended`: the last month that is over. `due`: the last one whose report is overdue."""

    ended: date
    due: date

    def due_on(self, due_day: int) -> date:
        """The day by which the report of the month `due` was to be there."""
        return report_due_on(self.due, due_day)


def report_due_on(month: date, due_day: int) -> date:
    return months_after(month, 1).replace(day=due_day)


def report_months(today: date, due_day: int | None) -> ReportMonths:
    """Without a rule a report is due with the end of its month."""
    ended = months_after(month_of(today), -1)
    is_due = due_day is None or today.day > due_day
    return ReportMonths(ended, ended if is_due else months_after(ended, -1))


class Light(models.TextChoices):
    """How construction stands against its plan."""

    COMPLETED = "completed", gettext_lazy("completed (light)")
    NO_PLAN = "no_plan", gettext_lazy("no plan to judge by")
    NOT_YET = "not_yet", gettext_lazy("not to begin yet")
    ON_PLAN = "on_plan", gettext_lazy("on plan")
    BEHIND = "behind", gettext_lazy("behind plan")
    FAR_BEHIND = "far_behind", gettext_lazy("far behind plan")


COLOURS = {Light.ON_PLAN: "green", Light.BEHIND: "amber", Light.FAR_BEHIND: "red"}


@dataclass(frozen=True)
class LagLimits:
    """Points behind from which it is yellow, above which it is red; the rule in force."""

    yellow_from: Decimal
    red_over: Decimal

    def light(self, behind: Decimal) -> Light:
        if behind > self.red_over:
            return Light.FAR_BEHIND
        return Light.BEHIND if behind >= self.yellow_from else Light.ON_PLAN


@dataclass(frozen=True)
class Standing:
    """Planned and actual percent of one project at the end of `month`."""

    light: Light
    month: date
    planned: Decimal | None
    percent: Decimal

    @property
    def behind(self) -> Decimal:
        """Percentage points; negative ahead of the plan."""
        return (self.planned or NOTHING) - self.percent

    @property
    def colour(self) -> str:
        return COLOURS.get(self.light, "grey")

    @property
    def words(self) -> str:
        """What stands beside the colour."""
        if self.light not in (Light.BEHIND, Light.FAR_BEHIND):
            return str(self.light.label)
        points = ngettext("%(points)s point", "%(points)s points", _count(self.behind)) % {
            "points": shown(self.behind)
        }
        return _("%(light)s by %(points)s") % {"light": self.light.label, "points": points}


def standing(
    *,
    month: date,
    is_completed: bool,
    has_begun: bool,
    planned: Decimal | None,
    percent: Decimal | None,
    limits: LagLimits | None,
) -> Standing:
    """`planned` is None without a plan. Works that are due and not begun stand at nothing."""
    reached = percent or NOTHING
    if is_completed:
        light = Light.COMPLETED
    elif planned is None or limits is None:
        light = Light.NO_PLAN
    elif not has_begun and planned == NOTHING:
        light = Light.NOT_YET
    else:
        light = limits.light(planned - reached)
    return Standing(light, month, planned, reached)


def shown(value: Decimal) -> str:
    """A percentage without idle zeros."""
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _count(value: Decimal) -> int:
    return 1 if value == 1 else 2
