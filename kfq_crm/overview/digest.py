"""What the roof adds to the weekly digest: targets with attainment, and the chain's workbook."""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from chains.figures import with_unit
from kfq_crm.overview.queries.digest import year_of
from kfq_crm.overview.queries.targets import targets_of
from leads.digest.registry import Scope, Section

if TYPE_CHECKING:
    from kfq_crm.overview.queries.digest import YearFigure


class Targets(Section):
    """Starts, completions and signings of the year against the targets."""

    code = "targets"
    place = 50
    tells_of_now = True
    counts = True

    @property
    def template(self) -> str:
        return "overview/digest_targets"

    def content(self, scope: Scope) -> dict[str, Any] | None:
        if scope.chain is None:
            return None
        year = scope.period.last_day.year
        told = {row["code"]: row["reached"] for row in _told_before(scope, self.code, year)}
        figures = year_of(scope.reader, scope.chain, year)
        return {
            "year": year,
            "has_targets": any(figure.target for figure in figures),
            "rows": [_row(figure, told) for figure in figures],
        }


class ZoneTargets(Targets):
    """Those of the whole zone."""

    code = "zone_targets"
    of_zone = True

    def content(self, scope: Scope) -> dict[str, Any] | None:
        year = scope.period.last_day.year
        told = {row["code"]: row["reached"] for row in _told_before(scope, self.code, year)}
        found = targets_of(scope.reader, year, zone=True).attained
        rows = [
            {
                "code": row.target.metric.code,
                "name": row.target.metric.name,
                "reached": row.reached or 0,
                "target": with_unit(row.target.value, row.target.metric.unit),
                "percent": row.percent,
                "change": _change(row.target.metric.code, row.reached or 0, told),
            }
            for row in found
        ]
        return {"year": year, "has_targets": True, "rows": rows} if rows else None


def _told_before(scope: Scope, code: str, year: int) -> list[dict[str, Any]]:
    """The rows of the week before, if they told of the same year."""
    told = scope.before.get("sections", {}).get(code, {})
    return list(told.get("rows", [])) if told.get("year") == year else []


def _row(figure: YearFigure, told: dict[str, int]) -> dict[str, Any]:
    target = figure.target
    return {
        "code": figure.code,
        "name": figure.name or _plain_name(figure.code),
        "reached": figure.reached,
        "target": "" if target is None else f"{target.normalize():,f}",
        "percent": int(Decimal(figure.reached) * 100 / target) if target else None,
        "change": _change(figure.code, figure.reached, told),
    }


def _plain_name(code: str) -> str:
    names = {
        "projects-started": _("projects started"),
        "projects-completed": _("projects completed"),
        "signings": _("signings counted"),
    }
    return names[code]


def _change(code: str, reached: int, told: dict[str, int]) -> int | None:
    return reached - told[code] if code in told else None
