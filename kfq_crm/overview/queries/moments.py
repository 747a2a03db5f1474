"""Tables as they stood at the end of a past day, so that a figure is one query for every day.

A record that has not changed since is read where it is. One that has is read from the last line
of its history before that moment; where a record has none (it was loaded in bulk), it counts as
it stands, but for its stage, which its moves tell.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any

from django.db import connection
from django.utils import timezone

from leads.models import Contract, LandedProject, Lead, StageChange

if TYPE_CHECKING:
    from django.db.models import Model

COLUMNS: dict[type[Model], tuple[str, ...]] = {
    Lead: (
        *("chain_id", "outpost_id", "landing_park", "band", "currency", "investment"),
        *("stage", "exit", "exit_reason", "exited_on", "next_action_on", "last_progress_on"),
    ),
    Contract: (
        *("lead_id", "counted", "expands_id", "signed_on", "currency"),
        *("investment", "added_investment"),
    ),
    LandedProject: ("contract_id", "chain_id", "landing_park", "band"),
}
# What the moves of a lead tell of it.
MOVED = {"stage": "to_stage", "exit": "exit"}


@dataclass(frozen=True)
class Moment:
    """Now, or the end of a day that has passed, in site time."""

    day: date
    is_now: bool = False

    @classmethod
    def now(cls) -> Moment:
        return cls(timezone.localdate(), is_now=True)

    @property
    def until(self) -> datetime:
        """The first moment that does not belong to it."""
        return midnight(self.day + timedelta(days=1))

    def table(self, model: type[Model]) -> str:
        """What stands behind FROM for the model's records; its parameter is `until`."""
        return _quoted(model) if self.is_now else _then(model)

    def kept_as(self, model: type[Model]) -> str:
        """The name under which the records of that moment are kept while figures are made."""
        return f"overview_then_{model._meta.model_name}"


def midnight(day: date) -> datetime:
    """The beginning of a day in site time."""
    return timezone.make_aware(datetime.combine(day, time.min))


def stored(value: Any) -> Any:
    """A parameter as the database compares it with its own columns."""
    if isinstance(value, datetime):
        return connection.ops.adapt_datetimefield_value(value)
    return connection.ops.adapt_datefield_value(value) if isinstance(value, date) else value


def _quoted(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _then(model: type[Model]) -> str:
    """Two halves: what has not changed since, and what has, each row once."""
    columns = COLUMNS[model]
    kept = ", ".join(f"kept.{name}" for name in ("id", "created_at", *columns))
    told = ", ".join(f"{_told(model, name)} AS {name}" for name in columns)
    moves = _last_move() if model is Lead else ""
    return (
        f"(SELECT {kept} FROM {_quoted(model)} AS kept"  # noqa: S608 — names of columns
        " WHERE kept.created_at < %(until)s AND kept.updated_at < %(until)s"
        f" UNION ALL SELECT kept.id, kept.created_at, {told} FROM {_quoted(model)} AS kept"
        f" {_last_line(model)} {moves}"
        " WHERE kept.created_at < %(until)s AND kept.updated_at >= %(until)s)"
    )


def _told(model: type[Model], name: str) -> str:
    """A column by the history, or as it stands where there is none."""
    value = f"CASE WHEN line.history_id IS NULL THEN kept.{name} ELSE line.{name} END"
    if model is Lead and name in MOVED:
        return f"COALESCE(move.{MOVED[name]}, {value})"
    return value


def _last_line(model: Any) -> str:
    """Lines are numbered in the order of writing, so that the highest number is the newest."""
    lines = _quoted(model.history.model)
    return (
        f"LEFT JOIN (SELECT told.id AS record, MAX(told.history_id) AS newest FROM {lines} AS told"  # noqa: S608 — names of tables
        f" WHERE told.history_date < %(until)s AND told.id IN ({_changed(model)}) GROUP BY told.id)"
        " AS lines ON lines.record = kept.id"
        f" LEFT JOIN {lines} AS line ON line.history_id = lines.newest"
    )


def _last_move() -> str:
    moves = _quoted(StageChange)
    return (
        f"LEFT JOIN (SELECT told.lead_id, MAX(told.id) AS newest FROM {moves} AS told"  # noqa: S608 — names of tables
        f" WHERE told.moved_at < %(until)s AND told.lead_id IN ({_changed(Lead)})"
        " GROUP BY told.lead_id) AS moves ON moves.lead_id = kept.id"
        f" LEFT JOIN {moves} AS move ON move.id = moves.newest"
    )


def _changed(model: type[Model]) -> str:
    """Keys of what was there then and was written to since."""
    return (
        f"SELECT id FROM {_quoted(model)} WHERE created_at < %(until)s AND updated_at >= %(until)s"  # noqa: S608 — a table's name
    )
