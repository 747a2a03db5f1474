"""Change rows, written by the driver: through the model, a change would cost half as much as what
it tells of."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import connection

from kfq_crm.base.feed.registry import CHUNK
from kfq_crm.base.models import Change, ChangeKind

if TYPE_CHECKING:
    from django.db.models import QuerySet

Row = tuple[str, int, str, int | None, Any, datetime]

_NAMES = ("resource", "object_id", "kind", "changed_by", "audience_before", "recorded_at")
_FIELDS: list[Any] = [Change._meta.get_field(name) for name in _NAMES]
_COLUMNS = ", ".join(str(field.column) for field in _FIELDS)
_HOLDERS = f"({', '.join(['%s'] * len(_FIELDS))})"
_INTO = f"INSERT INTO {Change._meta.db_table} ({_COLUMNS})"


def row(
    resource: str,
    pk: int,
    kind: ChangeKind,
    by: int | None,
    audience: Collection[str] | None,
    now: datetime,
) -> Row:
    return resource, pk, kind.value, by, audience, now


def write(rows: list[Row]) -> None:
    with connection.cursor() as cursor:
        for start in range(0, len(rows), CHUNK):
            some = rows[start : start + CHUNK]
            values = [value for row in some for value in _prepared(row)]
            cursor.execute(f"{_INTO} VALUES {', '.join([_HOLDERS] * len(some))}", values)


def write_updates(resource: str, found: QuerySet[Any], by: int | None, now: datetime) -> None:
    """One change of each row that the queryset finds, without fetching them."""
    statement, parameters = found.order_by().values("pk").distinct().query.sql_with_params()
    _resource, _pk, kind, _by, _audience, moment = _prepared(
        row(resource, 0, ChangeKind.UPDATED, by, None, now)
    )
    with connection.cursor() as cursor:
        cursor.execute(
            f"WITH found (pk) AS ({statement}) {_INTO} SELECT %s, pk, %s, %s, NULL, %s FROM found",  # noqa: S608 — a statement of Django
            [*parameters, resource, kind, by, moment],
        )


def _prepared(row: Row) -> list[Any]:
    return [
        field.get_db_prep_save(value, connection) for field, value in zip(_FIELDS, row, strict=True)
    ]
