"""How open promises stand: judged again by every action on one, and by the sweep on all."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from leads.models import Commitment
from leads.promises import pace_today
from leads.rulebook import pace_limits

if TYPE_CHECKING:
    from leads.pace import Limits

CHUNK = 500
Standing = tuple[str, int | None]


def set_outlook(promise: Commitment, today: date) -> None:
    """Judge one promise that is about to be saved; `contract` is loaded."""
    judged = _standing(promise, pace_limits(today), today)
    if (promise.outlook, promise.behind) == judged:
        return
    if promise.outlook != judged[0]:
        promise.outlook_since = today if judged[0] else None
    promise.outlook, promise.behind = judged


def judge_outlooks(now: datetime | None = None) -> int:
    """Judge every open promise as of the day; returns how many stand otherwise than before.

    Each chunk is one transaction with its rows held, so that an action in the same second is
    either seen or waits. Only rows that change are written: each is told of in the change feed.
    """
    moment = now or timezone.now()
    today = timezone.localdate(moment)
    limits, changed, after = pace_limits(today), 0, 0
    while pks := _open_after(after):
        changed += _judge_some(pks, limits, today, moment)
        after = pks[-1]
    return changed


def _open_after(pk: int) -> list[int]:
    rows = Commitment.objects.filter(verdict="", pk__gt=pk).order_by("pk")
    return list(rows.values_list("pk", flat=True)[:CHUNK])


@transaction.atomic
def _judge_some(pks: list[int], limits: Limits | None, today: date, moment: datetime) -> int:
    rows = Commitment.objects.filter(pk__in=pks, verdict="").order_by("pk")
    held = rows.select_related("contract").select_for_update(of=("self",), no_key=True)
    found: dict[tuple[Standing, bool], list[int]] = defaultdict(list)
    for row in held:
        judged = _standing(row, limits, today)
        if judged != (row.outlook, row.behind):
            found[judged, judged[0] != row.outlook].append(row.pk)
    for ((outlook, behind), is_new), keys in found.items():
        since = {"outlook_since": today if outlook else None} if is_new else {}
        Commitment.objects.filter(pk__in=keys).update(
            outlook=outlook, behind=behind, version=F("version") + 1, updated_at=moment, **since
        )
    return sum(map(len, found.values()))


def _standing(promise: Commitment, limits: Limits | None, today: date) -> Standing:
    pace = pace_today(promise, limits, today)
    return str(pace.outlook), pace.behind
