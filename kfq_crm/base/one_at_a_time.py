"""A sweep that runs nowhere else at the same time. The lock goes with the process that dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import blake2b
from pathlib import Path

from django.conf import settings
from django.db import connection


@contextmanager
def one_at_a_time(name: str) -> Iterator[bool]:
    """Yields True to one caller, and False at once to others until it ends or dies.

    PostgreSQL: an advisory lock of the connection's session, so the connection must not be
    shared by a pool that gives it to others between transactions. SQLite: a locked file, since
    all processes are on one machine.
    """
    lock = _in_postgresql if connection.vendor == "postgresql" else _in_a_file
    with lock(name) as is_mine:
        yield is_mine


@contextmanager
def _in_postgresql(name: str) -> Iterator[bool]:
    key = int.from_bytes(blake2b(name.encode(), digest_size=8).digest(), signed=True)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [key])
        is_mine = bool(cursor.fetchone()[0])
    try:
        yield is_mine
    finally:
        if is_mine and connection.connection is not None:
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [key])


@contextmanager
def _in_a_file(name: str) -> Iterator[bool]:
    database = blake2b(str(connection.settings_dict["NAME"]).encode(), digest_size=8).hexdigest()
    path = Path(settings.VAR) / f"{name}-{database}.lock"
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
