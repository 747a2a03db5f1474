"""Loading at full speed on PostgreSQL: plain indexes aside, then built again at once.

The load and what takes the indexes away are one transaction, so whatever fails there leaves the
tables as they were. The indexes come back after it, two at a time on connections of their own; a
list in the database says which are left, and the next large load builds them first if a run was
killed between. No rule is ever missing: unique indexes stay, and foreign keys hold for whoever
writes from the moment the load is seen. The tables are locked for as long as the load takes, hence
only for loads that outweigh what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from django.db import connection, transaction
from django.db.models import Model

_CONNECTIONS = 2

# Unique indexes stay: they are rules. What takes longest to build comes first, so that none of
# the connections is left alone with it at the end.
_INDEXES = """
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index
    JOIN pg_class ON pg_class.oid = indexrelid
    JOIN pg_am ON pg_am.oid = relam
    WHERE indrelid::regclass::text = ANY(%s) AND NOT indisunique
    ORDER BY amname <> 'gin', array_position(%s, indrelid::regclass::text), indexrelid
"""
_FOREIGN_KEYS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
        format(
            'ALTER TABLE %%s ADD CONSTRAINT %%I %%s NOT VALID',
            conrelid::regclass, conname, pg_get_constraintdef(oid)
        ),
        format('ALTER TABLE %%s VALIDATE CONSTRAINT %%I', conrelid::regclass, conname)
    FROM pg_constraint
    WHERE conrelid::regclass::text = ANY(%s) AND contype = 'f'
    ORDER BY array_position(%s, conrelid::regclass::text), oid
"""
_LIST = "CREATE TABLE seeds_left_to_build (id serial PRIMARY KEY, statement text NOT NULL)"
_IS_LISTED = "SELECT to_regclass('seeds_left_to_build') IS NOT NULL"
_NOTE = "INSERT INTO seeds_left_to_build (statement) VALUES (%s)"
_TAKE = """
    DELETE FROM seeds_left_to_build WHERE id = (
        SELECT id FROM seeds_left_to_build ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    ) RETURNING statement
"""


@contextmanager
def rebuilt(models: Sequence[type[Model]]) -> Iterator[None]:
    """One transaction without the plain indexes and outgoing foreign keys of these tables, the
    largest named last; after it they are built and checked. Not within a transaction."""
    build_what_is_left()
    tables = [model._meta.db_table for model in reversed(models)]
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        keys = _take_away(cursor, _FOREIGN_KEYS, tables)
        indexes = _take_away(cursor, _INDEXES, tables)
        yield
        for _drop, add, _validate in keys:
            cursor.execute(add)
        cursor.execute(_LIST)
        left = [create for _drop, create in indexes] + [check for _drop, _add, check in keys]
        cursor.executemany(_NOTE, [[statement] for statement in left])
    build_what_is_left()


def build_what_is_left() -> None:
    """Each statement and its line on the list go in one transaction: neither is lost if this is
    killed, and it can be called again."""
    with connection.cursor() as cursor:
        cursor.execute(_IS_LISTED)
        if not cursor.fetchone()[0]:
            return
    with ThreadPoolExecutor(_CONNECTIONS) as pool:
        list(pool.map(_build, range(_CONNECTIONS)))  # raises what they raise
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE seeds_left_to_build")


def _build(_number: int) -> None:
    """On a connection of its own, the thread's."""
    try:
        while _build_next():
            pass
    finally:
        connection.close()


@transaction.atomic
def _build_next() -> bool:
    with connection.cursor() as cursor:
        cursor.execute(_TAKE)
        taken = cursor.fetchone()
        if taken:
            # The other connection is the other core's.
            cursor.execute("SET LOCAL max_parallel_maintenance_workers = 0")
            cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
            cursor.execute(taken[0])
    return taken is not None


def _take_away(cursor: Any, query: str, tables: list[str]) -> list[Any]:
    """Drop what the query finds; its rows, which begin with the statement that drops."""
    cursor.execute(query, [tables, tables])
    found: list[Any] = cursor.fetchall()
    for drop, *_others in found:
        cursor.execute(drop)
    return found
