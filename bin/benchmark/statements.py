"""What the product sends to the database, taken down and sent once more by a bare cursor."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection

Statement = tuple[str, Any]


@contextmanager
def taken_down() -> Iterator[list[Statement]]:
    """Every statement of the block with its parameters, in order."""
    found: list[Statement] = []

    def note(execute: Any, sql: str, params: Any, many: bool, context: Any) -> Any:
        found.append((sql, params))
        return execute(sql, params, many, context)

    with connection.execute_wrapper(note):
        yield found


def reads(statements: list[Statement]) -> list[Statement]:
    return [(sql, params) for sql, params in statements if sql.lstrip("( ").startswith("SELECT")]


def send_again(statements: list[Statement]) -> float:
    """The seconds that they take through the driver alone, every row fetched."""
    connection.ensure_connection()
    assert connection.connection
    began = time.perf_counter()
    with connection.connection.cursor() as cursor:
        for sql, params in statements:
            cursor.execute(sql, params)
            if cursor.description:
                cursor.fetchall()
    return time.perf_counter() - began
