"""The way of many rows into a table: COPY on PostgreSQL, prepared inserts elsewhere.

Past save() on purpose: no signal, no history, no `auto_now`. Constraints hold as always.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import cache, lru_cache
from typing import Any

from django.db import connection
from django.db.models import Field, Model

from seeds.generators.grams import Grams
from seeds.generators.shapes import (
    TABLES,
    Part,
    Shared,
    Sheaf,
    defaults,
    own_fields,
    shared_fields,
)

# The backslash first: the others bring some.
_ESCAPES = (("\\", "\\\\"), ("\n", "\\n"), ("\t", "\\t"), ("\r", "\\r"))


@dataclass(frozen=True)
class Load:
    """Rows of one table, ready to be sent: the text of a COPY, or the parameters of inserts."""

    statement: str
    text: bytes = b""
    parameters: Sequence[Sequence[Any]] = ()

    def send(self) -> None:
        with connection.cursor() as cursor:
            if self.text:
                with cursor.copy(self.statement) as copy:
                    copy.write(self.text)
            else:
                cursor.executemany(self.statement, self.parameters)


# The rows of one table that share a sheaf: a text for COPY, or the parameters of inserts.
Written = str | list[list[Any]]
Writer = Callable[[Part, Sheaf], Written]


def loads(rows: Mapping[type[Model], list[Any]], *, copy: bool) -> list[Load]:
    """All rows in an order that suits the foreign keys. Touches no database."""
    make = _copy if copy else _insert
    return [make(model, rows[model]) for model in TABLES if rows.get(model)]


def take_keys(models: Iterable[type[Model]], count: int) -> dict[type[Model], list[int]]:
    """Primary keys for so many rows of each, nobody else's. Needs a transaction on SQLite, where
    it holds the only write lock."""
    take = _next_values if connection.vendor == "postgresql" else _after_the_last
    return {model: take(_quoted(model), count) for model in models}


def _next_values(table: str, count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT nextval(pg_get_serial_sequence(%s, 'id')) FROM generate_series(1, %s)",
            [table, count],
        )
        return [key for (key,) in cursor.fetchall()]


def _after_the_last(table: str, count: int) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT coalesce(max(id), 0) FROM {table}")  # noqa: S608 — a table's name
        first = cursor.fetchone()[0] + 1
    return list(range(first, first + count))


def parameters(own: Part, sheaf: Sheaf) -> list[list[Any]]:
    """The rows for `executemany`, unprepared."""
    return [[*own, *shared.values.values()] for shared in sheaf.parts]


def _insert(model: type[Model], rows: Iterable[list[list[Any]]]) -> Load:
    fields = (*own_fields(model), *shared_fields(model))
    holders = ", ".join(["%s"] * len(fields))
    statement = f"INSERT INTO {_quoted(model)} ({_columns(fields)}) VALUES ({holders})"  # noqa: S608 — names of columns
    prepared = [
        [f.get_db_prep_save(value, connection) for f, value in zip(fields, values, strict=True)]
        for some in rows
        for values in some
    ]
    return Load(statement, parameters=prepared)


def _quoted(model: type[Model]) -> str:
    return connection.ops.quote_name(model._meta.db_table)


def _columns(fields: Iterable[Field[Any, Any]]) -> str:
    return ", ".join(connection.ops.quote_name(str(f.column)) for f in fields)


# --- COPY's text format -------------------------------------------------------------------------


def lines(own: Part, sheaf: Sheaf) -> str:
    """The rows for COPY: their own part stands before every part of the sheaf."""
    if not sheaf.lines:
        sheaf.lines = ["", *map(_line, sheaf.parts)]
    return "\t".join([_CELLS[type(value)](value) for value in own]).join(sheaf.lines)


def _copy(model: type[Model], rows: Iterable[str]) -> Load:
    fields = (*own_fields(model), *shared_fields(model))
    statement = f"COPY {_quoted(model)} ({_columns(fields)}) FROM STDIN"
    return Load(statement, "".join(rows).encode())


def _line(shared: Shared) -> str:
    given = {name: cell(value) for name, value in shared.given.items()}
    return "\t".join(["", *(_default_cells(shared.model) | given).values()]) + "\n"


@cache
def _default_cells(model: type[Model]) -> dict[str, str]:
    return {name: cell(value) for name, value in defaults(model).items()}


def cell(value: Any) -> str:
    """One value in COPY's text format; a choice is its value."""
    return _text(str(value)) if isinstance(value, str) else _CELLS[type(value)](value)


def _text(value: str) -> str:
    if value.isprintable() and "\\" not in value:
        return value
    # Several times as fast as translate()
    for plain, escaped in _ESCAPES:
        value = value.replace(plain, escaped)
    return value


def _json(value: object) -> str:
    return _text(json.dumps(value, ensure_ascii=False))


_CELLS: dict[type, Callable[[Any], str]] = {
    type(None): lambda value: "\\N",
    bool: lambda value: "t" if value else "f",
    str: _text,
    int: str,
    Grams: lambda value: "{" + value.codes + "}",
    list: _json,
    dict: _json,
    Decimal: str,
    timedelta: lambda value: f"{value.days} days {value.seconds} seconds",
    # Days and moments repeat.
    date: lru_cache(4096)(str),
    datetime: lru_cache(4096)(str),
}
