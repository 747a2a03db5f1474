"""Planned against actual as a curve, drawn on the server: it prints, and needs no script."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from leads.models import ProgressReport
from leads.progress import month_of, months_after, months_between, shown

STEPS = (0, 25, 50, 75, 100)


@dataclass(frozen=True)
class Frame:
    """Size of a drawing in its own units, the room for its words, and its type."""

    name: str
    width: int
    height: int
    labels: int  # months that are named at most
    left: int = 40
    right: int = 18
    top: int = 16
    bottom: int = 28


# A drawing that shrinks takes its words along: a phone has one of its own
FRAMES = (Frame("wide", 760, 280, 12), Frame("narrow", 340, 240, 5))


@dataclass(frozen=True)
class Mark:
    """A point of a line with what it stands for."""

    x: float
    y: float
    month: date
    percent: str


@dataclass(frozen=True)
class Tick:
    """A line of the grid with its word."""

    at: float
    word: str


@dataclass(frozen=True)
class Drawing:
    """Everything that the template puts into the SVG, in its units."""

    frame: Frame
    planned: str
    actual: str
    marks: Sequence[Mark]
    levels: Sequence[Tick]
    months: Sequence[Tick]
    today: float | None
    planned_end: Mark | None

    @property
    def right(self) -> int:
        return self.frame.width - self.frame.right

    @property
    def bottom(self) -> int:
        return self.frame.height - self.frame.bottom

    @property
    def last(self) -> Mark | None:
        return self.marks[-1] if self.marks else None


def drawings(
    plan: Mapping[date, Decimal], reports: Sequence[ProgressReport], today: date
) -> list[Drawing]:
    """One drawing for a desk and one for a phone; none where there is nothing to draw."""
    months = sorted({*plan, *(report.month for report in reports)})
    if not months:
        return []
    return [_drawing(frame, months, plan, reports, today) for frame in FRAMES]


class Scale:
    """From months and percentages to the drawing's units. A percentage is that of a month's end."""

    def __init__(self, frame: Frame, first: date, last: date) -> None:
        self.frame, self.first = frame, first
        self.count = months_between(first, last) + 1
        self.width = frame.width - frame.left - frame.right
        self.height = frame.height - frame.top - frame.bottom

    def x(self, months: float) -> float:
        """So many months after the beginning of the first one."""
        return round(self.frame.left + self.width * months / self.count, 1)

    def end_of(self, month: date) -> float:
        return self.x(months_between(self.first, month) + 1)

    def y(self, percent: Decimal | int) -> float:
        share = float(percent) / 100
        return round(self.frame.top + self.height * (1 - share), 1)


def _drawing(
    frame: Frame,
    months: list[date],
    plan: Mapping[date, Decimal],
    reports: Sequence[ProgressReport],
    today: date,
) -> Drawing:
    scale = Scale(frame, months[0], months[-1])
    known = sorted(reports, key=lambda report: report.month)
    planned = [(month, plan[month]) for month in sorted(plan)]
    actual = [(report.month, report.percent) for report in known]
    return Drawing(
        frame=frame,
        planned=_line(scale, planned),
        actual=_line(scale, actual),
        marks=[_mark(scale, month, percent) for month, percent in actual],
        levels=[Tick(scale.y(step), f"{step}%") for step in STEPS],
        months=list(_named_months(scale, frame)),
        today=_today(scale, today),
        planned_end=_mark(scale, *planned[-1]) if planned else None,
    )


def _line(scale: Scale, points: list[tuple[date, Decimal]]) -> str:
    """Points of a polyline that begins at nothing, with the first month."""
    if not points:
        return ""
    begins = scale.x(months_between(scale.first, points[0][0]))
    rest = " ".join(f"{scale.end_of(month)},{scale.y(percent)}" for month, percent in points)
    return f"{begins},{scale.y(0)} {rest}"


def _mark(scale: Scale, month: date, percent: Decimal) -> Mark:
    return Mark(scale.end_of(month), scale.y(percent), month, shown(percent))


def _named_months(scale: Scale, frame: Frame) -> Iterator[Tick]:
    step = -(-scale.count // frame.labels)
    for place in range(0, scale.count, step):
        month = months_after(scale.first, place)
        yield Tick(scale.x(place + 0.5), f"{month:%y.%m}")


def _today(scale: Scale, today: date) -> float | None:
    """Where today lies; None outside the drawing."""
    place = months_between(scale.first, month_of(today)) + (today.day - 1) / 31
    return scale.x(place) if 0 <= place <= scale.count else None
