"""How leads move: from stage to stage, how long in each, and this week against the last.

Shares, medians and percentiles are no totals: they speak of the leads that the reader may read.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.db import connection

from kfq_crm.overview.queries.scene import Breakdown, Scene, month_of
from kfq_crm.overview.queries.sheets import Row, Sheet, sheet_of
from kfq_crm.overview.queries.standing import BY_CHAIN, OF_LEADS
from leads.stages import ORDER, next_stage

_BY_MOVE = {**OF_LEADS, Breakdown.MONTH.value: month_of("move.moved_at")}
_NEW = """
SELECT {group}, COUNT(*) FILTER (WHERE lead.created_at >= %(week_begins)s),
    COUNT(*) FILTER (WHERE lead.created_at < %(week_begins)s)
FROM {leads} AS lead WHERE lead.created_at >= %(week_before_begins)s
    AND lead.created_at < %(until)s AND {where}
GROUP BY 1
"""
_MOVED = """
SELECT {group}, COUNT(*) FILTER (WHERE move.moved_at >= %(week_begins)s),
    COUNT(*) FILTER (WHERE move.moved_at < %(week_begins)s),
    COUNT(DISTINCT move.lead_id) FILTER (WHERE move.moved_at >= %(week_begins)s),
    COUNT(DISTINCT move.lead_id) FILTER (WHERE move.moved_at < %(week_begins)s)
FROM leads_stagechange AS move JOIN {leads} AS lead ON lead.id = move.lead_id
WHERE move.kind = 'advanced' AND move.moved_at >= %(week_before_begins)s
    AND move.moved_at < %(until)s AND {where}
GROUP BY 1
"""


def new_leads(scene: Scene) -> Sheet:
    """Leads logged in the week of the moment, and in the one before."""
    return _weekly(scene, _NEW, OF_LEADS)


def moves_on(scene: Scene) -> Sheet:
    """Moves to the next stage in the week of the moment, and in the one before."""
    return _weekly(scene, _MOVED, _BY_MOVE)


def _weekly(scene: Scene, text: str, group: dict[str, str]) -> Sheet:
    levels = {"this": BY_CHAIN, "last": BY_CHAIN}
    return sheet_of(scene, lambda part: scene.ask(text, part=part, group=group), _week, levels)


def _week(dimension: str, group: Any, this: int, last: int, *leads: int) -> Row:
    holders = dict(zip(("this", "last"), leads, strict=False))
    return Row({dimension: group}, {"this": this, "last": last}, holders)


# --- From stage to stage -------------------------------------------------------------------------


def conversion(scene: Scene) -> Sheet:
    """For each stage but the last: leads that entered it in the year, and those of them that
    have entered the next one since."""
    rows = [
        Row({scene.dimension: group}, dict(zip(_names(), counts, strict=True)))
        for group, *counts in scene.ask(_conversion(), part="visible", group=OF_LEADS)
    ]
    return Sheet(rows)


def entered(stage: str) -> str:
    return f"{stage}:entered"


def reached_next(stage: str) -> str:
    return f"{stage}:reached"


def _names() -> list[str]:
    return [name(stage.value) for stage in ORDER[:-1] for name in (entered, reached_next)]


def _conversion() -> str:
    """One pass over the year's moves, a row a lead, then one over those rows."""
    columns, counts = [], []
    for stage in ORDER[:-1]:
        after = next_stage(stage)
        columns += [
            f"MIN(move.moved_at) FILTER (WHERE move.to_stage = '{stage}'"
            f" AND move.moved_at < %(year_ends)s) AS in_{stage}",
            f"MAX(move.moved_at) FILTER (WHERE move.to_stage = '{after}'"
            f" AND move.kind = 'advanced') AS past_{stage}",
        ]
        counts += [
            f"COUNT(story.in_{stage})",
            f"COUNT(*) FILTER (WHERE story.past_{stage} >= story.in_{stage})",
        ]
    return (
        f"SELECT {{group}}, {', '.join(counts)} FROM (SELECT move.lead_id, {', '.join(columns)}"  # noqa: S608 — stages of ours
        " FROM leads_stagechange AS move WHERE move.kind IN ('logged', 'advanced', 'returned')"
        " AND move.moved_at >= %(year_begins)s AND move.moved_at < %(until)s"
        " GROUP BY move.lead_id) AS story"
        " JOIN {leads} AS lead ON lead.id = story.lead_id WHERE {where} GROUP BY 1"
    )


# --- Time in a stage -----------------------------------------------------------------------------


@dataclass(frozen=True)
class Stay:
    """How long leads stayed in a stage that they left in the year: seconds."""

    group: Any
    stage: str
    moves: int
    median: float
    p90: float


_STAYS = """
FROM leads_stagechange AS move JOIN {leads} AS lead ON lead.id = move.lead_id
WHERE move.time_in_stage IS NOT NULL AND move.moved_at >= %(year_begins)s
    AND move.moved_at < %(year_ends)s AND move.moved_at < %(until)s AND {where}
"""
_ON_POSTGRESQL = f"""
SELECT {{group}}, move.from_stage, COUNT(*), PERCENTILE_CONT(ARRAY[0.5, 0.9])
    WITHIN GROUP (ORDER BY EXTRACT(EPOCH FROM move.time_in_stage)::double precision)
{_STAYS} GROUP BY 1, 2
"""  # noqa: S608 — built of texts of ours
# The same interpolation between the two nearest; durations are microseconds here.
_ON_SQLITE = f"""
SELECT kind, from_stage, n,
    MAX(CASE WHEN place = CAST(0.5 * (n - 1) AS INTEGER) THEN seconds END),
    MAX(CASE WHEN place = MIN(CAST(0.5 * (n - 1) AS INTEGER) + 1, n - 1) THEN seconds END),
    MAX(CASE WHEN place = CAST(0.9 * (n - 1) AS INTEGER) THEN seconds END),
    MAX(CASE WHEN place = MIN(CAST(0.9 * (n - 1) AS INTEGER) + 1, n - 1) THEN seconds END)
FROM (
    SELECT kind, from_stage, seconds,
        ROW_NUMBER() OVER (PARTITION BY kind, from_stage ORDER BY seconds) - 1 AS place,
        COUNT(*) OVER (PARTITION BY kind, from_stage) AS n
    FROM (SELECT {{group}} AS kind, move.from_stage, move.time_in_stage / 1e6 AS seconds {_STAYS})
) GROUP BY kind, from_stage, n
"""  # noqa: S608 — built of texts of ours


def stays(scene: Scene, *, grouped: bool) -> list[Stay]:
    """By stage, or by stage and the scene's breakdown; a month is that of leaving the stage."""
    group = _BY_MOVE if grouped else dict.fromkeys(_BY_MOVE, "NULL")
    if connection.vendor == "postgresql":
        rows = scene.ask(_ON_POSTGRESQL, part="visible", group=group)
        return [Stay(*row, *found) for *row, found in rows]
    return [
        Stay(key, stage, moves, _between(0.5, moves, *ends[:2]), _between(0.9, moves, *ends[2:]))
        for key, stage, moves, *ends in scene.ask(_ON_SQLITE, part="visible", group=group)
    ]


def _between(share: float, moves: int, lower: float, upper: float) -> float:
    place = share * (moves - 1)
    return lower + (upper - lower) * (place - int(place))
