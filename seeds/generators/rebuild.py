"""Loading at full speed on PostgreSQL: indexes and foreign keys aside, then built again at once.

All in the caller's transaction: whatever fails, the tables are as they were. The tables are
locked for that long, hence only for loads that outweigh what is there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from django.db import connection
from django.db.models import Model

# Unique indexes stay: they are rules.
_INDEXES = """
    SELECT format('DROP INDEX %%s', indexrelid::regclass), pg_get_indexdef(indexrelid)
    FROM pg_index
    WHERE indrelid::regclass::text = ANY(%s) AND NOT indisunique
"""
_FOREIGN_KEYS = """
    SELECT format('ALTER TABLE %%s DROP CONSTRAINT %%I', conrelid::regclass, conname),
        format(
            'ALTER TABLE %%s ADD CONSTRAINT %%I %%s',
            conrelid::regclass, conname, pg_get_constraintdef(oid)
        )
    FROM pg_constraint
    WHERE conrelid::regclass::text = ANY(%s) AND contype = 'f'
"""


@contextmanager
def rebuilt(models: Sequence[type[Model]]) -> Iterator[None]:
    """Without their plain indexes and outgoing foreign keys while rows are loaded; the keys are
    checked for all rows when they come back."""
    tables = [model._meta.db_table for model in models]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        undone = [_take_away(cursor, query, tables) for query in (_FOREIGN_KEYS, _INDEXES)]
    yield
    with connection.cursor() as cursor:
        for statement in (*undone[1], *undone[0]):
            cursor.execute(statement)


def _take_away(cursor: Any, query: str, tables: list[str]) -> list[str]:
    """Drop what the query finds; the statements that bring it back."""
    cursor.execute(query, [tables])
    found = cursor.fetchall()
    for drop, _create in found:
        cursor.execute(drop)
    return [create for _drop, create in found]
