"""How long changes are kept: as long as a reader may stay away and still go on.

A change is dropped by the number that the feed had reached on some day, never by its own date:
whoever was told of everything on a later day was told of it, however long the write took.
"""

from __future__ import annotations

from datetime import date, timedelta

from django.db import transaction
from django.utils import timezone

from kfq_crm.base.feed.sequence import locked_sequence, mark_day, number_changes
from kfq_crm.base.models import Change, FeedMark, FeedRule

CHUNK = 5000


def sweep_feed() -> dict[str, int]:
    """Number what is committed, note the day's number, drop what is too old."""
    numbered = number_changes()
    mark_day()
    return {"numbered": numbered, "dropped": drop_old_changes()}


def drop_old_changes(*, chunk: int = CHUNK) -> int:
    """Drop what the rule no longer keeps; returns how many. Without a rule all is kept.

    First it is noted that cursors of those days lead nowhere, then the rows go.
    """
    mark = _last_mark_to_drop(timezone.localdate())
    if mark is None:
        return 0
    with transaction.atomic():
        sequence = locked_sequence()
        if sequence.pruned_on is None or sequence.pruned_on < mark.day:
            sequence.pruned_on, sequence.pruned_through = mark.day, mark.number
            sequence.save(update_fields=["pruned_on", "pruned_through"])
        through = sequence.pruned_through
    dropped = 0
    while gone := _drop_some(through, chunk):
        dropped += gone
    FeedMark.objects.filter(day__lt=mark.day).delete()
    return dropped


def _last_mark_to_drop(today: date) -> FeedMark | None:
    rule = FeedRule.objects.valid_on(today).first()
    if rule is None:
        return None
    return FeedMark.objects.filter(day__lt=today - timedelta(days=rule.days)).last()


def _drop_some(through: int, chunk: int) -> int:
    numbers = Change.objects.filter(number__lte=through).order_by("number")
    last = list(numbers.values_list("number", flat=True)[:chunk])
    if not last:
        return 0
    gone, _kinds = Change.objects.filter(number__lte=last[-1]).delete()
    return gone
