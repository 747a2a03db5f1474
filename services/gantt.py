"""An approval plan over its days: what is expected of each step, and bars to be drawn.

Pure: facts of the steps come in. Places are percentages of the width and pixels of the height, so
that one drawing fits a desk, a phone (where it scrolls in its box) and a sheet of paper.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import NamedTuple

from kfq_crm.base.workdays import WorkCalendar
from services.ordering import Span, in_order
from services.sla import Stop, spent

ROW = 48  # pixels; the names beside the drawing keep the same height
HEAD = 28  # pixels of the scale above the rows
TICKS = 9  # most labels on the scale
_ONE_DAY = timedelta(days=1)


@dataclass(frozen=True)
class StepDays:
    """What the drawing knows of a step. `phase`: waiting, open, running, closed, waived."""

    code: str
    phase: str
    working_days: int
    planned: Span | None
    submitted_on: date | None = None
    clock_from_on: date | None = None
    due_on: date | None = None
    decided_on: date | None = None
    stops: Sequence[Stop] = ()
    before: Collection[str] = ()


def expected(calendar: WorkCalendar, steps: Sequence[StepDays], today: date) -> dict[str, Span]:
    """When each step that is not over would run if from now on nobody lost a day.

    A clock that stands is taken to run again today. Steps that are over have no entry.
    """
    by_code = {step.code: step for step in steps}
    found: dict[str, Span] = {}
    ends: dict[str, date] = {}
    for code in in_order({step.code: step.before for step in steps}):
        step = by_code[code]
        after = max((ends[one] for one in step.before if one in ends), default=today)
        span = _span(calendar, step, max(after, today), today)
        if span:
            found[code] = span
        ends[code] = span.until_on if span else step.decided_on or after
    return found


def _span(calendar: WorkCalendar, step: StepDays, start: date, today: date) -> Span | None:
    if step.phase in ("closed", "waived"):
        return None
    if step.clock_from_on and step.phase == "running":
        until = step.due_on or calendar.add_workdays(today, _left(calendar, step, today))
        return Span(step.clock_from_on, max(until, today))
    start = start if step.phase == "waiting" else today
    return Span(start, calendar.add_workdays(start, step.working_days))


def _left(calendar: WorkCalendar, step: StepDays, today: date) -> int:
    assert step.clock_from_on
    return max(0, step.working_days - spent(calendar, step.clock_from_on, step.stops, today))


# --- The drawing ---------------------------------------------------------------------------------


class Bar(NamedTuple):
    """A rectangle; `kind` is a class of the style sheet, `days` what it spans."""

    kind: str
    x: str
    width: str
    y: int
    height: int
    days: Span


class Tick(NamedTuple):
    x: str
    day: date


class Link(NamedTuple):
    """From the end of a step down (or up) and over to the start of one that waits for it."""

    x_from: str
    x_to: str
    y_from: int
    y_to: int
    is_open: bool

    @property
    def y_head(self) -> int:
        """Top of the arrow's head, which is eight pixels high."""
        return self.y_to - 4


@dataclass(frozen=True)
class Row:
    """One step: its bars, its limit, and where the words below them begin."""

    code: str
    y: int
    bars: list[Bar]
    due_x: str = ""
    text_x: str = "0%"
    anchor: str = "start"

    @property
    def text_y(self) -> int:
        return self.y + 42

    @property
    def due_y1(self) -> int:
        return self.y + 11

    @property
    def due_y2(self) -> int:
        return self.y + 31


@dataclass(frozen=True)
class Chart:
    rows: list[Row] = field(default_factory=list)
    ticks: list[Tick] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)
    today_x: str = ""
    today_anchor: str = "start"
    height: int = HEAD
    first: date | None = None
    last: date | None = None


@dataclass(frozen=True)
class Scale:
    """Days to percentages of the width."""

    first: date
    last: date

    def at(self, day: date) -> float:
        span = max((self.last - self.first).days, 1)
        return min(max((day - self.first).days / span, 0.0), 1.0) * 100

    def percent(self, day: date) -> str:
        return f"{self.at(day):.2f}%"

    def width(self, days: Span) -> str:
        """Both days included, and never so narrow that nobody sees it."""
        wide = self.at(days.until_on + _ONE_DAY) - self.at(days.from_on)
        return f"{max(wide, 0.6):.2f}%"


def chart(
    steps: Sequence[StepDays], awaited: Mapping[str, Span], today: date, colours: Mapping[str, str]
) -> Chart:
    """The drawing of these steps in this order; `colours` name the bar of each step's own clock."""
    days = sorted(_all_days(steps, awaited, today))
    if not steps or not days:
        return Chart()
    margin = max(timedelta(days=2), (days[-1] - days[0]) * 0.03)
    scale = Scale(days[0] - margin, days[-1] + margin)
    places = {step.code: HEAD + place * ROW for place, step in enumerate(steps)}
    rows = [
        _row(scale, step, places[step.code], awaited.get(step.code), today, colours)
        for step in steps
    ]
    return Chart(
        rows=rows,
        ticks=[Tick(scale.percent(day), day) for day in tick_days(scale.first, scale.last)],
        links=list(_links(scale, steps, places, awaited)),
        today_x=scale.percent(today),
        today_anchor="end" if scale.at(today) > 80 else "start",
        height=HEAD + len(steps) * ROW,
        first=scale.first,
        last=scale.last,
    )


def _all_days(
    steps: Sequence[StepDays], awaited: Mapping[str, Span], today: date
) -> Iterator[date]:
    yield today
    for step in steps:
        for known in (step.planned, awaited.get(step.code)):
            if known:
                yield from (known.from_on, known.until_on)
        own = (step.submitted_on, step.clock_from_on, step.due_on, step.decided_on)
        yield from (day for day in own if day)


def _row(
    scale: Scale,
    step: StepDays,
    top: int,
    awaited: Span | None,
    today: date,
    colours: Mapping[str, str],
) -> Row:
    bars = [
        Bar(kind, scale.percent(days.from_on), scale.width(days), top + y, height, days)
        for kind, days, y, height in _pieces(step, awaited, today, colours)
    ]
    own = [bar for bar in bars if bar.kind != "planned"] or bars
    begins = min((bar.days.from_on for bar in own), default=scale.first)
    ends = max((bar.days.until_on for bar in own), default=scale.first)
    late = scale.at(begins) > 55
    return Row(
        code=step.code,
        y=top,
        bars=bars,
        due_x=scale.percent(step.due_on + _ONE_DAY) if step.due_on else "",
        text_x=scale.percent(ends + _ONE_DAY) if late else scale.percent(begins),
        anchor="end" if late else "start",
    )


Piece = tuple[str, Span, int, int]


def _pieces(
    step: StepDays, awaited: Span | None, today: date, colours: Mapping[str, str]
) -> Iterator[Piece]:
    if step.planned:
        yield "planned", step.planned, 6, 5
    if step.phase == "waived":
        return
    if step.submitted_on:
        until = step.clock_from_on or step.decided_on or today
        yield "submitted", Span(step.submitted_on, max(until, step.submitted_on)), 14, 14
    if step.clock_from_on:
        until = max(step.decided_on or today, step.clock_from_on)
        yield f"bar-{colours.get(step.code, 'green')}", Span(step.clock_from_on, until), 14, 14
        yield from _stopped(step, until)
    if awaited and awaited.until_on > today:
        yield "awaited", Span(max(awaited.from_on, today), awaited.until_on), 14, 14


def _stopped(step: StepDays, until: date) -> Iterator[Piece]:
    for stop in step.stops:
        ended = min(stop.ended_on or until, until)
        if ended >= stop.began_on:
            yield "stopped", Span(stop.began_on, ended), 14, 14


def _links(
    scale: Scale,
    steps: Sequence[StepDays],
    places: Mapping[str, int],
    awaited: Mapping[str, Span],
) -> Iterator[Link]:
    ends = {step.code: _end(step, awaited) for step in steps}
    starts = {step.code: _start(step, awaited) for step in steps}
    for step in steps:
        for code in sorted(step.before):
            end, start = ends.get(code), starts[step.code]
            if end and start and code in places:
                yield Link(
                    scale.percent(end),
                    scale.percent(max(start, end)),
                    places[code] + 28,
                    places[step.code] + 21,
                    step.phase == "waiting",
                )


def _end(step: StepDays, awaited: Mapping[str, Span]) -> date | None:
    span = awaited.get(step.code) or step.planned
    return step.decided_on or (span.until_on if span else None)


def _start(step: StepDays, awaited: Mapping[str, Span]) -> date | None:
    span = awaited.get(step.code) or step.planned
    return step.submitted_on or step.clock_from_on or (span.from_on if span else None)


def tick_days(first: date, last: date) -> list[date]:
    """Mondays of a short plan, firsts of a month of a longer one, not more than fit."""
    if (last - first).days <= 7 * TICKS:
        monday = first + timedelta(days=-first.weekday() % 7)
        weeks = (last - monday).days // 7 + 1
        return [monday + timedelta(weeks=week) for week in range(weeks)]
    months = [
        date(year, month, 1)
        for year in range(first.year, last.year + 1)
        for month in range(1, 13)
        if first <= date(year, month, 1) <= last
    ]
    return months[:: -(-len(months) // TICKS)]
