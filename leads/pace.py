"""How a promise stands against the pace that would keep it. Pure: no rows, no clock.

Definition. A promise of an amount by a day is taken to be delivered evenly from the day from
which it is counted: on any day between, the share of the time that has passed is the share that
is expected. What was measured last is compared with what was expected on the day of that
measurement; the difference, in percentage points of the promise, is how far it is behind. At the
same pace it will have delivered `projected` by its day.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _


class Outlook(TextChoices):
    """How an open promise stands today."""

    ON_PACE = "on_pace", _("on pace")
    BEHIND = "behind", _("behind its pace")
    FAR_BEHIND = "far_behind", _("far behind its pace")
    UNMEASURED = "unmeasured", _("not measured for long")
    OVERDUE = "overdue", _("past its day, not judged")


GREEN, AMBER, RED, GREY = "green", "amber", "red", "grey"
COLOURS = {
    Outlook.ON_PACE: GREEN,
    Outlook.BEHIND: AMBER,
    Outlook.UNMEASURED: AMBER,
    Outlook.FAR_BEHIND: RED,
    Outlook.OVERDUE: RED,
}
IN_DANGER = (Outlook.OVERDUE, Outlook.FAR_BEHIND, Outlook.BEHIND, Outlook.UNMEASURED)
"""What is worth a warning, the worst first."""


@dataclass(frozen=True)
class Limits:
    """`behind` and more points behind: amber; over `far_behind`: red. A value from before
    `stale_before` says nothing about today."""

    behind: int
    far_behind: int
    stale_before: date


@dataclass(frozen=True)
class Promise:
    """An open promise; `measured` is the sum delivered from `starts_on` to `measured_on`."""

    promised: Decimal | None
    starts_on: date
    due_on: date | None
    measured: Decimal | None = None
    measured_on: date | None = None


@dataclass(frozen=True)
class Pace:
    """`outlook` "" where nothing can be said; `behind` in points, below zero when ahead."""

    outlook: str = ""
    behind: int | None = None
    expected: Decimal | None = None
    projected: Decimal | None = None


def pace_of(promise: Promise, limits: Limits | None, today: date) -> Pace:
    """How an open promise stands; without limits only a passed day is told of."""
    measured = _measured(promise)
    if promise.due_on and promise.due_on < today:
        return Pace(Outlook.OVERDUE, measured.behind, measured.expected, measured.projected)
    if limits is None or not promise.promised or not promise.due_on:
        return measured
    return Pace(
        _outlook(promise, measured.behind, limits),
        measured.behind,
        measured.expected,
        measured.projected,
    )


def share_of_time(starts_on: date, due_on: date, day: date) -> Decimal:
    """The part of the time that has passed on that day, between 0 and 1."""
    length = (due_on - starts_on).days
    if length <= 0:
        return Decimal(int(day >= due_on))
    return min(max(Decimal((day - starts_on).days) / length, Decimal(0)), Decimal(1))


def _measured(promise: Promise) -> Pace:
    """The comparison on the day of the last measurement, without a judgement."""
    value, day = promise.measured, promise.measured_on
    if not promise.promised or not promise.due_on or value is None or day is None:
        return Pace()
    share = share_of_time(promise.starts_on, promise.due_on, day)
    behind = (share - value / promise.promised) * 100
    return Pace(
        behind=int(max(behind, Decimal(-1000)).to_integral_value(ROUND_HALF_UP)),
        expected=_rounded(promise.promised * share),
        projected=_rounded(value / share) if share else None,
    )


def _outlook(promise: Promise, behind: int | None, limits: Limits) -> Outlook | str:
    last = promise.measured_on or promise.starts_on
    is_stale = last < limits.stale_before
    if behind is None:
        return Outlook.UNMEASURED if is_stale else ""
    if promise.measured is not None and promise.promised and promise.measured >= promise.promised:
        return Outlook.ON_PACE  # delivered in full; only the verdict is missing
    if behind > limits.far_behind:
        return Outlook.FAR_BEHIND
    if behind >= limits.behind:
        return Outlook.BEHIND
    return Outlook.UNMEASURED if is_stale else Outlook.ON_PACE


def _rounded(value: Decimal) -> Decimal:
    return value.quantize(Decimal("0.01"), ROUND_HALF_UP)
