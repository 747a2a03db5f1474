"""Measured values against the pace that a promise needs, drawn on the server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from kfq_crm.base.templatetags.office import day
from leads.models import Commitment, CommitmentMeasure
from leads.promises import counted_from
from leads.templatetags.leads import plain

LEFT, RIGHT, TOP, BOTTOM = 56, 20, 18, 30


@dataclass(frozen=True)
class Dot:
    """One measured value, with what it stands for."""

    x: float
    y: float
    text: str


@dataclass(frozen=True)
class Tick:
    at: float
    word: str
    anchor: str = "middle"


@dataclass(frozen=True)
class Drawing:
    """All that the template puts into the SVG, in its own units. A drawing that shrinks takes its
    words along, so a phone has one of its own."""

    name: str
    width: int
    height: int
    pace: str
    values: str
    dots: Sequence[Dot]
    levels: Sequence[Tick]
    days: Sequence[Tick]
    today: float | None

    @property
    def right(self) -> int:
        return self.width - RIGHT

    @property
    def base(self) -> int:
        return self.height - BOTTOM


def drawings_of(
    promise: Commitment, measures: Sequence[CommitmentMeasure], today: date
) -> list[Drawing]:
    """For a desk and for a phone; none where no pace can be drawn. Without withdrawn values."""
    begins_on = counted_from(promise)
    if not promise.promised or not promise.due_on or promise.due_on <= begins_on:
        return []
    sizes = (("wide", 720, 240), ("narrow", 340, 220))
    return [_drawn(promise, measures, today, *size) for size in sizes]


def _drawn(
    promise: Commitment,
    measures: Sequence[CommitmentMeasure],
    today: date,
    name: str,
    width: int,
    height: int,
) -> Drawing:
    assert promise.promised
    assert promise.due_on
    begins_on, due_on = counted_from(promise), promise.due_on
    last = max([due_on, *(row.measured_on for row in measures)])
    top = max([promise.promised, *(row.value for row in measures)])
    span = max((last - begins_on).days, 1)

    def x(at: date) -> float:
        inside = min(max((at - begins_on).days, 0), span)
        return round(LEFT + (width - LEFT - RIGHT) * inside / span, 1)

    def y(value: Decimal) -> float:
        return round(height - BOTTOM - float(value / top) * (height - TOP - BOTTOM), 1)

    dots = [
        Dot(x(row.measured_on), y(row.value), f"{day(row.measured_on)} {plain(row.value)}")
        for row in measures
    ]
    base = y(Decimal(0))
    return Drawing(
        name=name,
        width=width,
        height=height,
        pace=f"{x(begins_on)},{base} {x(due_on)},{y(promise.promised)}",
        values=" ".join(f"{dot.x},{dot.y}" for dot in dots),
        dots=dots,
        levels=[Tick(y(value), plain(value)) for value in (Decimal(0), promise.promised)],
        days=_days(begins_on, due_on, x, name),
        today=x(today) if begins_on < today < last else None,
    )


def _days(begins_on: date, due_on: date, x: object, name: str) -> list[Tick]:
    """Beginning and day of the promise, and on a desk the middle."""
    assert callable(x)
    middle = begins_on + timedelta(days=(due_on - begins_on).days // 2)
    ticks = [Tick(x(begins_on), day(begins_on), "start"), Tick(x(due_on), day(due_on), "end")]
    return [*ticks, Tick(x(middle), day(middle))] if name == "wide" else ticks
