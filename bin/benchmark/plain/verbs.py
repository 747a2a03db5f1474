"""The plain admin and plain SQL, as verbs of a worker."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import User
from django.core.management import call_command
from django.db import connection
from django.test import Client

from benchmark.plain.models import FILL
from benchmark.plain.rows import FILL as ROWS
from benchmark.plain.serving import FILL as SERVICES
from benchmark.plain.settings import SCHEMA
from benchmark.worker import measured, opened

client = Client(SERVER_NAME="localhost")


def prepare() -> None:
    """Make the bare table beside the product's tables, and sign somebody in."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        call_command("migrate", run_syncdb=True, verbosity=0)
        cursor.execute(FILL)
        cursor.execute(
            "SELECT setval(pg_get_serial_sequence('plain_lead', 'id'), max(id)) FROM plain_lead"
        )
    client.force_login(User.objects.create_superuser("plain"))


def rows() -> None:
    """Make the bare tables of the API's lists, beside the bare table or without it."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        call_command("migrate", run_syncdb=True, verbosity=0)
        for statement in ROWS:
            cursor.execute(statement)


def services() -> None:
    """Make the bare tables of steps and questions, and sign somebody in where nobody is yet."""
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
        call_command("migrate", run_syncdb=True, verbosity=0)
        for statement in SERVICES:
            cursor.execute(statement)
    client.force_login(User.objects.create_superuser("plain-services"))


def page(path: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    return opened(client, path, data)


def sql(statement: str, params: list[Any]) -> dict[str, Any]:
    """Run a statement and read all its rows."""

    def run() -> int:
        with connection.cursor() as cursor:
            cursor.execute(statement, params)
            return len(cursor.fetchall()) if cursor.description else cursor.rowcount

    rows, taken = measured(run)
    return {**taken, "rows": rows}


VERBS = {"prepare": prepare, "rows": rows, "services": services, "page": page, "sql": sql}
