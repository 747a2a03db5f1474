"""The order of steps that wait for each other: a circle found and named, the days they plan for.

Pure: codes and limits come in. `before` maps a step's code to the codes that it begins after.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from graphlib import CycleError, TopologicalSorter

from kfq_crm.base.workdays import WorkCalendar

Before = Mapping[str, Collection[str]]


@dataclass(frozen=True)
class Span:
    """Planned days of a step: accepted on the first, decided by the last."""

    from_on: date
    until_on: date


def circle_in(before: Before) -> list[str]:
    """A circle, each code before the one that waits for it, the first one again at the end.

    Empty when the steps can be put in an order. The same circle for the same steps.
    """
    try:
        TopologicalSorter(_sorted(before)).prepare()
    except CycleError as error:
        found: list[str] = error.args[1]
        return _from_smallest(found)
    return []


def in_order(before: Before) -> list[str]:
    """Codes, each after all that it waits for. The steps must not wait in a circle."""
    return list(TopologicalSorter(_sorted(before)).static_order())


def without(before: Before, left_out: Collection[str]) -> dict[str, set[str]]:
    """The order of the other steps: who waited for one left out waits for what that waited for."""
    reached: dict[str, set[str]] = {}
    for code in in_order(before):
        found: set[str] = set()
        for earlier in before.get(code, ()):
            found |= reached[earlier] if earlier in left_out else {earlier}
        reached[code] = found
    return {code: found for code, found in reached.items() if code not in left_out}


def planned(
    calendar: WorkCalendar, began_on: date, before: Before, days: Mapping[str, int]
) -> dict[str, Span]:
    """When each step would run if nobody lost a day: at once after the last that it waits for."""
    spans: dict[str, Span] = {}
    for code in in_order(before):
        start = max((spans[one].until_on for one in before.get(code, ())), default=began_on)
        spans[code] = Span(start, calendar.add_workdays(start, days[code]))
    return spans


def _sorted(before: Before) -> dict[str, list[str]]:
    return {code: sorted(before[code]) for code in sorted(before)}


def _from_smallest(circle: Iterable[str]) -> list[str]:
    """The circle told from its smallest code on, so that it reads the same every time."""
    once = list(circle)[:-1]
    first = once.index(min(once))
    turned = once[first:] + once[:first]
    return [*turned, turned[0]]
