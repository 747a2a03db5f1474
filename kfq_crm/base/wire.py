"""A statement that PostgreSQL runs while this process does something else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db import OperationalError
from psycopg.pq import ExecStatus

if TYPE_CHECKING:
    from psycopg.pq.abc import PGconn


def wire_of(connection: Any) -> PGconn | None:
    """The line to the server below the open connection; None for another database.

    Whoever sends on it must take the answer before the connection is used again.
    """
    if connection.vendor != "postgresql":
        return None
    connection.ensure_connection()
    line: PGconn = connection.connection.pgconn
    return line


def rows_changed(line: PGconn) -> int:
    """Wait for the one statement that was sent; how many rows it changed."""
    result = line.get_result()
    while line.get_result() is not None:
        pass
    if result is None or result.status != ExecStatus.COMMAND_OK:
        raise OperationalError((result or line).error_message.decode(errors="replace"))
    return result.command_tuples or 0
