"""Whether this process can work: database, its tables, broker, timetable.

The sentences are fixed: whoever asks `/readyz` has not signed in. Details are in the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

import structlog
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from kfq_crm.base import broker
from kfq_crm.base.models import SweepRun
from kfq_crm.base.sweeps import EXPECTED, last_sign

if TYPE_CHECKING:
    from collections.abc import Iterator

logger = structlog.get_logger(__name__)

CHECKS = ("database", "migrations", "broker", "sweeps")


@dataclass(frozen=True)
class Problem:
    """`check` is one of CHECKS, for machines; `reason` is for people."""

    check: str
    reason: str


def problems(now: datetime) -> list[Problem]:
    """Everything that keeps the system from doing its work; empty when it is ready."""
    try:
        found = list(_in_the_database(now))
    except (DatabaseError, OSError) as error:
        logger.warning("database_unreachable", error=str(error))
        found = [Problem("database", _("The database does not answer."))]
    return [*found, *_at_the_broker()]


def _in_the_database(now: datetime) -> Iterator[Problem]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    if _applied.is_behind():
        yield Problem("migrations", _("Tables are not up to date: run the migrations."))
        return
    last = {run.name: last_sign(run) for run in SweepRun.objects.filter(name__in=EXPECTED)}
    for name, expected in EXPECTED.items():
        if expected.within is None:
            continue
        if name not in last:
            reason = _("%(sweep)s has never run: are timetable and worker running?")
            yield Problem("sweeps", reason % {"sweep": expected.label})
        elif now - last[name] > expected.within:
            reason = _("%(sweep)s has not run for a while: are timetable and worker running?")
            yield Problem("sweeps", reason % {"sweep": expected.label})


def _at_the_broker() -> Iterator[Problem]:
    seen = broker.look()
    if not seen.is_set_up:
        yield Problem("broker", _("No broker is set up: REDIS_URL is empty."))
    elif not seen.answers:
        yield Problem("broker", _("The broker does not answer."))


class _Applied:
    """Reading all migrations takes its time; once applied they stay so while the process runs."""

    known = False

    def is_behind(self) -> bool:
        if not self.known:
            executor = MigrationExecutor(connection)
            self.known = not executor.migration_plan(executor.loader.graph.leaf_nodes())
        return not self.known


_applied = _Applied()
