"""The change feed beside bare SQL, and writers with and without it, as verbs of a worker."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from datetime import timedelta
from itertools import count
from typing import Any

from django.db import connection, transaction
from django.db.models import signals
from django.utils import timezone

from kfq_crm.base import feed
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.feed import recording
from kfq_crm.base.models import Audience, Change, TokenScope, User
from kfq_crm.base.scoping import WATCHERS
from kfq_crm.base.tokens import make_token
from leads.actions.followups import log_follow_up
from leads.actions.pipeline import update_lead
from leads.models import FollowUp, Lead

ROWS = 500  # of each: leads and follow-ups
_numbers = count(1)


def prepare() -> dict[str, Any]:
    """A token that sees everything, and the cursor after which a thousand changes come."""
    made = make_token(
        name="bench",
        audience=Audience.OWNER,
        scopes=[TokenScope.CHANGES_READ],
        last_day=timezone.localdate() + timedelta(days=2),
        requests_per_minute=100_000,
        by=User.objects.get_or_create(username="bench-feed", is_superuser=True)[0],
    )
    feed.number_changes()
    reader = feed.reader_of(made.token.owner)
    cursor = str(feed.beginning(reader))
    with transaction.atomic():
        for model in (Lead, FollowUp):
            rows: Any = model._default_manager
            pks = list(rows.order_by("-pk").values_list("pk", flat=True)[:ROWS])
            rows.filter(pk__in=pks).update(updated_at=timezone.now())
    feed.number_changes()
    return {"token": made.text, "cursor": cursor}


def bare() -> dict[str, float]:
    """The thousand changes and the same columns of the same rows by the driver, and json.dumps."""
    reader = feed.reader_of(User.objects.get(username="bench-feed"))
    last = feed.position()[1]
    changes = Change.objects.filter(number__gt=last - 2 * ROWS).order_by("number")
    statements = [_statement(changes.values_list("number", "resource", "object_id", "recorded_at"))]
    for resource in ("leads", "follow-ups"):
        pks = changes.filter(resource=resource).values_list("object_id", flat=True)
        serializer: type[ReadSerializer] = feed.PUBLISHED[resource].serializer
        names = serializer.known_fields(None)
        found = feed.rows_of(resource, reader.user, list(pks))
        statements.append(_statement(serializer.prepare(found, names, reader.user)))
    connection.ensure_connection()
    began = time.perf_counter()
    told = [_fetched(*statement) for statement in statements]
    text = json.dumps(told, ensure_ascii=False, default=str).encode()
    return {"ms": (time.perf_counter() - began) * 1000, "bytes": len(text)}


def _statement(rows: Any) -> tuple[str, Any]:
    statement, parameters = rows.query.sql_with_params()
    return str(statement), parameters


def _fetched(statement: str, parameters: Any) -> list[dict[str, Any]]:
    with connection.connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


# --- Writers ----------------------------------------------------------------------------------


def writers(rounds: int, writes: int) -> dict[str, dict[str, list[float]]]:
    """Milliseconds of each write with and without changes, one after the other, each first in turn:
    what else the machine does meets both."""
    by = User.objects.get(username="bench-feed")
    leads = list(Lead.objects.filter(exit="", confidential=False).order_by("-pk")[:writes])
    deeds: dict[str, Callable[[Lead, User], None]] = {
        "log a follow-up": _talk,
        "change a lead": _change,
    }
    found: dict[str, dict[str, list[float]]] = {name: {"with": [], "without": []} for name in deeds}
    for number in range(rounds + 1):
        for name, deed in deeds.items():
            for place, lead in enumerate(leads):
                for side in ("with", "without") if (place + number) % 2 else ("without", "with"):
                    taken = _timed(lambda: deed(lead, by), recorded=side == "with")  # noqa: B023 — called at once
                    if number:
                        found[name][side].append(taken)
    return found


def _timed(write: Callable[[], None], *, recorded: bool) -> float:
    with nullcontext() if recorded else _unrecorded():
        began = time.perf_counter()
        write()
        return (time.perf_counter() - began) * 1000


def _talk(lead: Lead, by: User) -> None:
    values = {"method": "call", "summary": f"call {next(_numbers)}"}
    log_follow_up(lead=lead, values=values, by=by)


def _change(lead: Lead, by: User) -> None:
    update_lead(lead=lead, values={"fund": f"fund {next(_numbers)}"}, by=by, expected=None)


_SIGNALS = (signals.pre_save, signals.post_save, signals.pre_delete, signals.post_delete)


@contextmanager
def _unrecorded() -> Iterator[None]:
    """The same code with nothing that watches its writes."""
    recorders, watchers = dict(recording._RECORDERS), dict(WATCHERS)
    kept = {signal: list(signal.receivers) for signal in _SIGNALS}
    for signal in _SIGNALS:
        for model in recorders:
            signal.disconnect(sender=model, dispatch_uid="feed")
    recording._RECORDERS.clear()
    WATCHERS.clear()
    try:
        yield
    finally:
        recording._RECORDERS.update(recorders)
        WATCHERS.update(watchers)
        for signal, receivers in kept.items():
            signal.receivers = receivers
            signal.sender_receivers_cache.clear()


VERBS = {"prepare": prepare, "bare": bare, "writers": writers}
