"""Rules about landed projects; each kind is loaded only while it has no row at all."""

from __future__ import annotations

from typing import Any

from leads.models import CapacityRule, LagRule, ProgressRule, ServicePromise, WorksTerm
from seeds.loading.rules import origin
from seeds.loading.store import make, read


def load_landing_rules() -> None:
    data = read("rules")
    if not LagRule.objects.exists():
        limits = {row["level"]: row["limit"] for row in data["construction_behind"]}
        figures = {"yellow_from": limits["yellow"], "red_over": limits["red"]}
        make(LagRule, **figures, **origin(data, data["construction_behind"][0]))
    if not ProgressRule.objects.exists():
        (row,) = data["progress_reports"]
        make(ProgressRule, due_day=row["due_day"], **origin(data, row))
    if not CapacityRule.objects.exists():
        (row,) = data["full_capacity"]
        make(CapacityRule, months=row["limit"], **origin(data, row))
    if not ServicePromise.objects.exists():
        for row in data["service_promises"]:
            make(
                ServicePromise,
                interval=row["item"],
                working_days=row["limit"],
                **origin(data, row),
            )
    if not WorksTerm.objects.exists():
        _works(data)


def _works(data: dict[str, Any]) -> None:
    for row in data["works"]:
        told = {name: row[name] for name in ("name", "counts", "words")}
        make(WorksTerm, **told, **origin(data, row))
