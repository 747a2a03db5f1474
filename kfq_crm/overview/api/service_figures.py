"""Figures of services: on time by department, grants by default, satisfaction, promises kept."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, Any

from kfq_crm.overview.queries import serving
from leads.models import CommitmentSide, Fulfilment
from services.models import Department
from services.timeliness import median_of, percent

if TYPE_CHECKING:
    from kfq_crm.overview.queries.scene import Scene
    from kfq_crm.overview.queries.sheets import Measures, Sheet

Cell = dict[str, Any]


class ServiceFigures:
    """All of them in a statement each and one for the departments; `shaped` makes a figure of a
    total and the cells of its groups, `simply` one of a sheet."""

    def __init__(self, scene: Scene, shaped: Any, simply: Any) -> None:
        self.scene = scene
        self.shaped = shaped
        self.simply = simply

    def all(self) -> dict[str, Cell]:
        decided, told = serving.decided(self.scene), serving.told(self.scene)
        return {
            "steps_on_time": self._parted("steps_on_time", decided, self._on_time),
            "step_days": self._parted("step_days", decided, _step_days),
            "deemed_grants": self._grants(serving.grants_by_default(self.scene)),
            "questions_on_time": self._parted("questions_on_time", told, self._answered),
            "satisfaction": self._parted("satisfaction", told, _satisfaction),
            "promises_kept": self._parted("promises_kept", serving.promised(self.scene), _kept),
        }

    def _parted(self, name: str, rows: Iterable[Any], cell: Callable[[list[Any]], Cell]) -> Cell:
        """The cell of all rows, and where the scene is parted that of each group."""
        every = list(rows)
        groups: dict[Any, list[Any]] = defaultdict(list)
        if self.scene.by:
            for row in every:
                groups[row.group].append(row)
        found: Cell = self.shaped(name, cell(every), {k: cell(v) for k, v in groups.items()})
        return found

    def _grants(self, sheet: Sheet) -> Cell:
        found: Cell = self.simply("deemed_grants", sheet, _granted)
        return found

    @cached_property
    def _departments(self) -> list[Department]:
        return list(Department.objects.only("pk", "code", "name", "order"))

    def _by_department(self, rows: list[Any], cell: Callable[[list[Any]], Cell]) -> list[Cell]:
        """Those that did anything, in their order."""
        own: dict[int, list[Any]] = defaultdict(list)
        for row in rows:
            own[row.department].append(row)
        return [
            {"department": one.code, "name": one.name, **cell(own[one.pk])}
            for one in self._departments
            if one.pk in own
        ]

    def _on_time(self, rows: list[serving.Decided]) -> Cell:
        return {**_decided(rows), "departments": self._by_department(rows, _decided)}

    def _answered(self, rows: list[serving.Told]) -> Cell:
        return {**_told(rows), "departments": self._by_department(rows, _told)}


def _decided(rows: list[serving.Decided]) -> Cell:
    steps, late = sum(row.steps for row in rows), sum(row.late for row in rows)
    return {
        "decided": steps,
        "in_time": steps - late,
        "percent": percent(steps - late, steps),
        "median_days": _median(rows),
    }


def _median(rows: Iterable[serving.Decided]) -> float | None:
    days: Counter[int] = Counter()
    for row in rows:
        if row.days is not None:
            days[row.days] += row.steps
    return median_of(days)


def _step_days(rows: list[serving.Decided]) -> Cell:
    """By the step's code: templates call the same approval by the same code."""
    own: dict[str, list[serving.Decided]] = defaultdict(list)
    for row in rows:
        own[row.step].append(row)
    return {
        "steps": [
            {
                "step": code,
                "name": max(row.name for row in found),
                "decided": sum(row.steps for row in found),
                "median_days": _median(found),
            }
            for code, found in sorted(own.items())
        ]
    }


def _granted(found: Measures) -> Cell:
    return {"grants": found.get("grants", 0), "set_aside": found.get("set_aside", 0)}


def _told(rows: list[serving.Told]) -> Cell:
    told, late = sum(row.told for row in rows), sum(row.late for row in rows)
    return {"fed_back": told, "in_time": told - late, "percent": percent(told - late, told)}


def _satisfaction(rows: list[serving.Told]) -> Cell:
    rated, low = sum(row.rated for row in rows), sum(row.low for row in rows)
    points = sum(int(row.points) for row in rows)
    return {
        "rated": rated,
        "mean": round(points / rated, 2) if rated else None,
        "low": low,
        "percent": percent(low, rated),
    }


def _kept(rows: list[serving.Promised]) -> Cell:
    """A line a side, the investor's first; released promises are not due."""
    counted: dict[str, Counter[str]] = defaultdict(Counter)
    for row in rows:
        counted[row.side][row.verdict] += row.promises
    return {"sides": [_side(side, counted[side.value]) for side in CommitmentSide]}


def _side(side: CommitmentSide, found: Counter[str]) -> Cell:
    due = sum(found.values()) - found[Fulfilment.RELEASED.value]
    kept = found[Fulfilment.MET.value]
    return {
        "side": side.value,
        "name": str(side.label),
        "due": due,
        "kept": kept,
        "percent": percent(kept, due),
    }
