"""Figures as the answer tells them: a definition, a total, and groups that add up to it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kfq_crm.overview.api.definitions import DEFINITIONS
from kfq_crm.overview.api.groups import Groups, other
from kfq_crm.overview.api.service_figures import ServiceFigures
from kfq_crm.overview.queries import events, pace, standing
from kfq_crm.overview.queries.moments import Moment
from kfq_crm.overview.queries.scene import Breakdown, Scene
from kfq_crm.overview.queries.sheets import OTHER, Measures, Row, Sheet, exact
from leads.models import MilestoneKind
from leads.models.rules import Band
from leads.stages import ORDER, LossReason, next_stage

Figure = dict[str, Any]
Cell = dict[str, Any]
A_DAY = timedelta(days=1).total_seconds()
MILESTONES = {
    "starts": MilestoneKind.STARTED,
    "completions": MilestoneKind.COMPLETED,
    "productions": MilestoneKind.PRODUCING,
}


def amounts(measures: Measures) -> dict[str, str]:
    """Both currencies apart, exact to one yuan or dollar."""
    return {currency: str(exact(measures.get(currency))) for currency in standing.CURRENCIES}


class Figures:
    """All of a scene's figures; each asks the database once or twice, whatever it is parted by."""

    def __init__(self, scene: Scene, groups: Groups) -> None:
        self.scene = scene
        self.groups = groups
        self.open = standing.open_leads(scene)
        self.signed = events.signings(scene)
        self.reached = events.milestones(scene)

    def all(self) -> dict[str, Figure]:
        found = {"signings": self.signings()}
        found |= {name: self.projects(name, kind) for name, kind in MILESTONES.items()}
        services = ServiceFigures(self.scene, self._figure, self._simple)
        return found | {
            "funnel": self.funnel(),
            "time_in_stage": self.time_in_stage(),
            "week": self.week(),
            "overdue": self.overdue(),
            "bands": self.bands(),
            "lost": self.lost(),
            **services.all(),
        }

    # --- Events of the year ----------------------------------------------------------------

    def signings(self) -> Figure:
        return self._simple("signings", self.signed, _signed)

    def projects(self, name: str, kind: str) -> Figure:
        return self._simple(name, self.reached, lambda found: {"projects": found.get(kind, 0)})

    # --- What stands open ------------------------------------------------------------------

    def funnel(self) -> Figure:
        """By stage; without another breakdown by chain as well."""
        shares = pace.conversion(self.scene)
        whole = self.open.by("stage")
        total = _staged(_keyless(whole), shares.total())
        cells = _nested(self.open.by(self.scene.dimension, "stage"))
        parted = {key[0]: found for key, found in shares.by(self.scene.dimension).items()}
        for key in parted.keys() - cells.keys():
            cells[key] = {}
        return self._figure(
            "funnel",
            total,
            {key: _staged(stages, parted.get(key, {})) for key, stages in cells.items()},
            own=Breakdown.CHAIN,
        )

    def overdue(self) -> Figure:
        return self._simple("overdue", self.open, _counting("overdue"), own=Breakdown.TEAM)

    def bands(self) -> Figure:
        names = [(band.value, str(band.label)) for band in Band] + [("", _("without a scale band"))]

        def cell(found: Mapping[Any, Measures]) -> Cell:
            return _listed("bands", "band", names, found, _leads_with_amounts)

        return self._parted("bands", self.open, "band", cell)

    def lost(self) -> Figure:
        names = [(reason.value, str(reason.label)) for reason in LossReason]

        def cell(found: Mapping[Any, Measures]) -> Cell:
            return _listed("reasons", "reason", names, found, _counting("leads"))

        return self._parted("lost", standing.lost_leads(self.scene), "reason", cell)

    # --- How leads move --------------------------------------------------------------------

    def week(self) -> Figure:
        week = self.scene.week
        end_of_last = Moment(week.last.before - timedelta(days=1))
        sheets = {
            "new": pace.new_leads(self.scene),
            "moved": pace.moves_on(self.scene),
            "stuck": _side_by_side(self.open, standing.stuck_leads(self.scene, end_of_last)),
        }
        if self.scene.yellow(self.scene.moment.day) is None:
            del sheets["stuck"]  # no rule says when a lead is stuck
        cells: dict[Any, dict[str, Measures]] = defaultdict(dict)
        for name, sheet in sheets.items():
            for (key,), found in sheet.by(self.scene.dimension).items():
                cells[key][name] = found
        total = _weekly({name: sheet.total() for name, sheet in sheets.items()}, sheets)
        figure = self._figure("week", total, {k: _weekly(v, sheets) for k, v in cells.items()})
        weeks = {"this": week, "last": week.last}
        span = {
            name: {"from": one.first.isoformat(), "before": one.before.isoformat()}
            for name, one in weeks.items()
        }
        return {**figure, "weeks": span}

    def time_in_stage(self) -> Figure:
        total = _stayed(pace.stays(self.scene, grouped=False))
        stays: dict[Any, list[pace.Stay]] = defaultdict(list)
        if self.scene.by:
            for stay in pace.stays(self.scene, grouped=True):
                stays[stay.group].append(stay)
        return self._figure("time_in_stage", total, {k: _stayed(v) for k, v in stays.items()})

    # --- The shape of all ------------------------------------------------------------------

    def _simple(
        self,
        name: str,
        sheet: Sheet,
        cell: Callable[[Measures], Cell],
        own: str = "",
    ) -> Figure:
        cells = {key[0]: cell(found) for key, found in sheet.by(self.scene.dimension).items()}
        return self._figure(name, cell(sheet.total()), cells, own)

    def _parted(
        self, name: str, sheet: Sheet, place: str, cell: Callable[[Mapping[Any, Measures]], Cell]
    ) -> Figure:
        """A figure with a list of its own inside every group."""
        cells = _nested(sheet.by(self.scene.dimension, place))
        total = cell(_keyless(sheet.by(place)))
        return self._figure(name, total, {key: cell(found) for key, found in cells.items()})

    def _figure(self, name: str, total: Cell, cells: Mapping[Any, Cell], own: str = "") -> Figure:
        """`own` is the breakdown that the figure has without being asked for one."""
        figure = {"definition": str(DEFINITIONS[name]), "total": total}
        by = self.scene.by or own
        if by:
            kept = {key for key, cell in cells.items() if _says_something(cell)}
            labels = self.groups.labels(by, kept)
            figure["by"] = str(by)
            figure["groups"] = [{**label, **cells[key]} for key, label in labels]
        return figure


def _signed(found: Measures) -> Cell:
    return {
        "signings": found.get("signings", 0),
        "expansions": found.get("expansions", 0),
        "amounts": amounts(found),
    }


def _counting(measure: str) -> Callable[[Measures], Cell]:
    return lambda found: {"leads": found.get(measure, 0)}


def _leads_with_amounts(found: Measures) -> Cell:
    return {"leads": found.get("leads", 0), "amounts": amounts(found)}


def _listed(
    name: str,
    code: str,
    names: Iterable[tuple[str, str]],
    found: Mapping[Any, Measures],
    cell: Callable[[Measures], Cell],
) -> Cell:
    """A list in a fixed order with every code in it, and what is merged last; and their sum."""
    rows = [{code: key, "name": label, **cell(found.get(key, {}))} for key, label in names]
    if OTHER in found:
        rows.append({code: "other", "name": other()["name"], **cell(found[OTHER])})
    return {**cell(_sum(found.values())), name: rows}


def _staged(found: Mapping[Any, Measures], shares: Measures) -> Cell:
    names = [(stage.value, str(stage.label)) for stage in ORDER]
    cell = _listed("stages", "stage", names, found, _leads_with_amounts)
    cell["conversion"] = [
        {
            "from": stage.value,
            "to": str(next_stage(stage)),
            "entered": (entered := shares.get(pace.entered(stage), 0)),
            "reached": (reached := shares.get(pace.reached_next(stage), 0)),
            "percent": round(100 * reached / entered, 1) if entered else None,
        }
        for stage in ORDER[:-1]
    ]
    return cell


def _stayed(stays: Iterable[pace.Stay]) -> Cell:
    known = {stay.stage: stay for stay in stays}
    return {
        "stages": [
            {
                "stage": stage.value,
                "name": str(stage.label),
                "moves": known[stage].moves if stage in known else 0,
                "median_days": _days(known[stage].median) if stage in known else None,
                "p90_days": _days(known[stage].p90) if stage in known else None,
            }
            for stage in ORDER
        ]
    }


def _days(seconds: float) -> float:
    return round(seconds / A_DAY, 1)


def _weekly(found: Mapping[str, Measures], names: Iterable[str]) -> Cell:
    return {
        name: {
            "this": (this := found.get(name, {}).get("this", 0)),
            "last": (last := found.get(name, {}).get("last", 0)),
            "change": this - last,
        }
        for name in names
    }


def _side_by_side(now: Sheet, then: Sheet) -> Sheet:
    """The leads that are stuck now and those that were then, as this week and the last."""
    renamed = {"this": now, "last": then}
    return Sheet(
        [_only(row, "stuck", name) for name, sheet in renamed.items() for row in sheet.rows],
        {name: sheet.blocks.get("stuck", []) for name, sheet in renamed.items()},
    )


def _only(row: Row, measure: str, name: str) -> Row:
    return Row(row.place, {name: row.measures.get(measure, 0)})


def _sum(cells: Iterable[Measures]) -> Measures:
    total: Measures = defaultdict(int)
    for cell in cells:
        for name, value in cell.items():
            total[name] += value
    return dict(total)


def _nested(cells: Mapping[tuple[Any, ...], Measures]) -> dict[Any, dict[Any, Measures]]:
    found: dict[Any, dict[Any, Measures]] = defaultdict(dict)
    for (outer, inner), measures in cells.items():
        found[outer][inner] = measures
    return found


def _keyless(cells: Mapping[tuple[Any, ...], Measures]) -> dict[Any, Measures]:
    return {key[0]: measures for key, measures in cells.items()}


def _says_something(cell: Any, name: str = "") -> bool:
    """Whether a group holds any figure that is not zero."""
    if name == "amounts":
        return any(Decimal(value) for value in cell.values())
    if isinstance(cell, Mapping):
        return any(_says_something(value, key) for key, value in cell.items())
    if isinstance(cell, list):
        return any(_says_something(value) for value in cell)
    return isinstance(cell, int | float) and cell != 0
