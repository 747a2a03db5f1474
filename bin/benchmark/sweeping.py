"""The reminder sweep and its bare SQL, as verbs of a worker."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from datetime import datetime
from datetime import time as hour
from statistics import median
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from benchmark.due import make_due
from benchmark.office import bench_day, open_office
from benchmark.statements import send_again, taken_down
from leads.models import Reminder
from leads.reminders import engine, mails

SET = 500
PARTS = (
    ("cancelling", engine, "cancel_stale"),
    ("recording", engine, "record_due"),
    ("messages", mails, "compose"),
)
_COLUMNS = (
    *("rule", "subject_id", "revision", "round", "level", "recipient_id", "stands_for_id"),
    *("lead_id", "due_on", "via", "recorded_on", "state", "snooze_reason"),
)
_INSERT = f"INSERT INTO leads_reminder ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 — columns of ours
_ROW = f"({', '.join(['%s'] * len(_COLUMNS))})"
_UPDATE = "UPDATE leads_reminder SET mail_id = %s WHERE id = ANY(%s)"


def office(leads: int) -> dict[str, int]:
    return open_office(leads)


def prepare(leads: int) -> dict[str, int]:
    return make_due(leads, bench_day())


def sweep() -> dict[str, Any]:
    """All that `run_reminders` does, in a process that has done nothing else."""
    parts: dict[str, float] = {}
    for name, module, work in PARTS:
        setattr(module, work, _timed(parts, name, getattr(module, work)))
    began = time.perf_counter()
    result = engine.run_reminders(_morning())
    seconds = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told = Reminder.objects.order_by().values("lead").distinct().count()
    return {
        "seconds": seconds,
        "recorded": Reminder.objects.count(),
        "messages": result.messages,
        "leads": told,
        "parts": parts,
        "megabytes": most,
    }


def _morning() -> datetime:
    return timezone.make_aware(datetime.combine(bench_day(), hour(10)))


def _timed(parts: dict[str, float], name: str, work: Callable[..., Any]) -> Callable[..., Any]:
    def timed(*args: Any) -> Any:
        began = time.perf_counter()
        try:
            return work(*args)
        finally:
            parts[name] = time.perf_counter() - began

    return timed


def bare() -> dict[str, float]:
    """The same rows, written in sets by the driver alone: INSERT, and UPDATE by their message.

    Keys are checked at once, as they would be at a commit; then all of it is taken back.
    """
    rows = list(Reminder.objects.order_by("pk").values_list(*_COLUMNS))
    mail = Reminder.objects.exclude(mail=None).values_list("mail", flat=True).first()
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE leads_reminder; SET CONSTRAINTS ALL IMMEDIATE")
        seconds = _write(cursor.cursor, rows, mail)
        transaction.set_rollback(True)
    return {"seconds": seconds, "rows": len(rows)}


def _write(cursor: Any, rows: list[Any], mail: int | None) -> float:
    began = time.perf_counter()
    for start in range(0, len(rows), SET):
        some = rows[start : start + SET]
        values = [value for row in some for value in row]
        cursor.execute(f"{_INSERT} {', '.join([_ROW] * len(some))} RETURNING id", values)
        keys = [key for (key,) in cursor.fetchall()]
        cursor.execute(_UPDATE, [mail, keys])
    return time.perf_counter() - began


def idle(rounds: int) -> dict[str, float]:
    """A sweep that finds nothing, and the statements that it sends, in turn."""
    product, sql = [], []
    for _round in range(rounds + 1):
        with taken_down() as statements:
            began = time.perf_counter()
            result = engine.run_reminders(_morning())
            product.append(time.perf_counter() - began)
        if result.recorded or result.cancelled or result.messages:
            raise SystemExit(f"There was something to do: {result}")
        sql.append(send_again(statements))
    return {
        "product": median(product[1:]),
        "sql": median(sql[1:]),
        "statements": len(statements),
    }


VERBS = {"office": office, "prepare": prepare, "sweep": sweep, "bare": bare, "idle": idle}
