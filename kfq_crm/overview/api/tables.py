"""The overview as a table: one line for each figure, group and part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from kfq_crm.base.api.renderers import Column

Line = dict[str, Any]
# Lists inside a cell, and the member that says which part of it a row is.
PARTS = {
    "stages": "stage",
    "bands": "band",
    "reasons": "reason",
    "departments": "department",
    "steps": "step",
    "sides": "side",
}
# Members that say what a cell is of; the others are its measures.
NAMES = {"kind", "key", "name", "chain", "from", "to", *PARTS.values()}


def columns() -> list[Column]:
    return [
        Column("figure", _("figure (column)")),
        Column("group_key", _("group (code)")),
        Column("group", _("group (column)")),
        Column("part", _("part (code)")),
        Column("part_name", _("part (column)")),
        Column("measure", _("measure (column)")),
        Column("value", _("value (column)"), Decimal),
    ]


def rows_of(document: Mapping[str, Any]) -> Iterator[Line]:
    """Every number of the document in a line of its own; what has none is left out."""
    for name, figure in document["figures"].items():
        if name == "targets":
            yield from _targets(figure["rows"])
            continue
        total = {"figure": name, "group_key": "", "group": _("in total")}
        yield from _cell(total, figure["total"])
        for group in figure.get("groups", ()):
            key = "other" if group["kind"] == "other" else group["key"]
            yield from _cell({**total, "group_key": key or "", "group": group["name"]}, group)


def _cell(line: Line, cell: Mapping[str, Any]) -> Iterator[Line]:
    whole = {**line, "part": "", "part_name": ""}
    for name, value in cell.items():
        if name in PARTS:
            for row in value:
                part = {**line, "part": row[PARTS[name]], "part_name": row["name"]}
                yield from _measures(part, row)
        elif name == "conversion":
            for row in value:
                part = {**line, "part": f"{row['from']} → {row['to']}", "part_name": ""}
                yield from _measures(part, row)
        else:
            yield from _measures(whole, {name: value})


def _measures(line: Line, cell: Mapping[str, Any]) -> Iterator[Line]:
    for name, value in cell.items():
        if name in NAMES or value is None:
            continue
        if isinstance(value, Mapping):
            for inner, number in value.items():
                yield {**line, "measure": f"{name}.{inner}", "value": str(number)}
        else:
            yield {**line, "measure": name, "value": str(value)}


def _targets(rows: list[Mapping[str, Any]]) -> Iterator[Line]:
    for row in rows:
        line = {
            "figure": "targets",
            "group_key": row["chain"] or row["team"] or row["scope"],
            "group": row["name"] or _("whole zone"),
            "part": row["metric"]["code"],
            "part_name": row["metric"]["name"],
        }
        yield from _measures(line, {name: row[name] for name in ("target", "reached", "percent")})
