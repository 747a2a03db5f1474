"""Metrics, the results of 2023 and the targets of 2024."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from chains.models import AnnualResult, AnnualTarget, Metric, Scope
from seeds.loading.store import add, read, source_of


def load_figures() -> None:
    for row in read("metrics")["metrics"]:
        add(Metric, {"code": row["code"]}, name=row["name"], unit=row["unit"])
    metrics = {metric.code: metric for metric in Metric.objects.all()}
    results, targets = read("results_2023"), read("targets_2024")
    for row in results["results"]:
        _result(results["year"], metrics[row["metric"]], row)
    for row in targets["targets"]:
        _target(targets["year"], metrics[row["metric"]], row)


def _result(year: int, metric: Metric, row: dict[str, Any]) -> None:
    add(
        AnnualResult,
        {"year": year, "metric": metric},
        value=_number(row["value"]),
        growth_percent=_number(row["growth_pct"]),
        note=row["quote"],
        source=source_of(row),
    )


def _target(year: int, metric: Metric, row: dict[str, Any]) -> None:
    """The report sets targets for the zone; none for a chain or a team, so none is made up."""
    add(
        AnnualTarget,
        {"year": year, "metric": metric, "scope": Scope.ZONE},
        comparator=row["comparator"],
        value=_number(row["value"]),
        growth_percent=_number(row["growth_pct"]),
        excludes_jiangyin_park=bool(row["excludes_jiangyin_park"]),
        source=source_of(row),
    )


def _number(text: str | None) -> Decimal | None:
    return None if text is None else Decimal(text)
