"""What migrations build that Django's operations cannot say on both databases."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.db.migrations import RunPython

Step = Callable[[Any, Any], None]


def gram_index(table: str) -> RunPython:
    """A GIN index over the search grams; PostgreSQL only, SQLite reads the text."""
    name = f"{table}_grams"
    make = f'CREATE INDEX "{name}" ON "{table}" USING gin (search_grams) WITH (fastupdate = off)'
    return RunPython(_on_postgresql(make), _on_postgresql(f'DROP INDEX "{name}"'))


def pending_grams(table: str, kilobytes: int) -> RunPython:
    """New rows wait in a list beside the gram index and enter it together, so that writing one
    does not touch a hundred pages. Every search reads the list as well, hence its small size."""
    name = f"{table}_grams"
    wait = f"fastupdate = on, gin_pending_list_limit = {kilobytes}"
    back = f'ALTER INDEX "{name}" RESET (gin_pending_list_limit)'
    return RunPython(
        _on_postgresql(f'ALTER INDEX "{name}" SET ({wait})'),
        _on_postgresql(f'{back}; ALTER INDEX "{name}" SET (fastupdate = off)'),
    )


def covering_index(name: str, table: str, key: str, *columns: str) -> RunPython:
    """An index that answers questions about these columns without the rows; PostgreSQL only.

    By hand, since Django's own warns on every start on SQLite.
    """
    made = _covering(name, table, key, columns)
    return RunPython(_on_postgresql(made), _on_postgresql(f'DROP INDEX "{name}"'))


def widened_index(name: str, table: str, key: str, *columns: str) -> RunPython:
    """An index of a model's, as `covering_index` on PostgreSQL; its name and order stay."""
    drop = f'DROP INDEX "{name}"; '
    back = drop + f'CREATE INDEX "{name}" ON "{table}" ({key})'
    return RunPython(
        _on_postgresql(drop + _covering(name, table, key, columns)), _on_postgresql(back)
    )


def _covering(name: str, table: str, key: str, columns: tuple[str, ...]) -> str:
    return f'CREATE INDEX "{name}" ON "{table}" ({key}) INCLUDE ({", ".join(columns)})'


def refuse_updates(table: str) -> RunPython:
    """Rows of this table can be added, never changed: the database itself refuses."""
    return RunPython(_refuse(table), _permit(table))


def _on_postgresql(statement: str) -> Step:
    def step(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(statement)

    return step


def _refuse(table: str) -> Step:
    def step(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(
                f"CREATE FUNCTION {table}_is_final() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN RAISE EXCEPTION '{table} is never changed' "
                "USING ERRCODE = 'integrity_constraint_violation'; END $$"
            )
            schema_editor.execute(
                f'CREATE TRIGGER {table}_is_final BEFORE UPDATE ON "{table}" '
                f"FOR EACH ROW EXECUTE FUNCTION {table}_is_final()"
            )
        else:
            schema_editor.execute(
                f'CREATE TRIGGER {table}_is_final BEFORE UPDATE ON "{table}" '
                f"BEGIN SELECT RAISE(ABORT, '{table} is never changed'); END"
            )

    return step


def _permit(table: str) -> Step:
    def step(apps: Any, schema_editor: Any) -> None:
        if schema_editor.connection.vendor == "postgresql":
            schema_editor.execute(f"DROP FUNCTION {table}_is_final() CASCADE")
        else:
            schema_editor.execute(f"DROP TRIGGER {table}_is_final")

    return step
