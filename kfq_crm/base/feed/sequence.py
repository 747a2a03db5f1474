"""Numbering what is committed: one row is locked, then the rows that a new statement sees.

No number is given at the moment of writing: of two transactions the later number could be read
before the earlier one is committed, and a reader would pass over it for ever. A row that is
numbered was committed before, and numbers are committed in their order, since who numbers holds
the one row of the sequence. Nothing here waits for a writer's open transaction.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.db import connection, transaction
from django.db.models import Exists
from django.utils import timezone

from kfq_crm.base.feed import mark
from kfq_crm.base.models import Change, FeedMark, FeedSequence

CHUNK = 5000
_ONLY = 1  # the key of the one row

_TABLE = Change._meta.db_table
_NUMBER = f"""
    UPDATE {_TABLE} SET number = %s + fresh.place
    FROM (
        SELECT id, row_number() OVER (ORDER BY id) AS place FROM {_TABLE}
        WHERE number IS NULL ORDER BY id LIMIT %s
    ) AS fresh
    WHERE {_TABLE}.id = fresh.id
"""  # noqa: S608 — names of ours


def number_changes(*, limit: int = CHUNK) -> int:
    """Number the committed changes that have none; returns how many.

    A restored database is noticed here, before it hands out a number for the second time.
    """
    counted = 0
    while Change.objects.filter(number=None).exists():
        numbered = _number_some(limit)
        if not numbered:
            break
        counted += numbered
    return counted


def position() -> tuple[uuid.UUID, int]:
    """The epoch and the number of the last change that is committed now.

    Equal positions tell that nothing published was written in between. Where nothing waits for
    its number that is one statement.
    """
    sequence = _quiet()
    if sequence is None:
        number_changes()
        sequence = current()
    mark.keep(sequence.epoch, sequence.last_number)
    return sequence.epoch, sequence.last_number


def _quiet() -> FeedSequence | None:
    """The sequence if every committed change has its number and nothing was put back."""
    waiting = Exists(Change.objects.filter(number=None))
    found = FeedSequence.objects.filter(pk=_ONLY).exclude(waiting).first()
    if found is None or mark.is_behind(found.epoch, found.last_number):
        return None
    return found


def current() -> FeedSequence:
    """The sequence as it stands; in a new epoch where the database was put back."""
    sequence, _made = FeedSequence.objects.get_or_create(pk=_ONLY)
    if mark.is_behind(sequence.epoch, sequence.last_number):
        return _locked(lambda locked: None)
    return sequence


def begin_epoch() -> uuid.UUID:
    """Every cursor ends here: who reads the feed has to take a new snapshot."""

    def renew(sequence: FeedSequence) -> None:
        sequence.epoch = uuid.uuid4()

    return _locked(renew).epoch


def mark_day() -> None:
    """Note once a day what number the feed has reached."""
    sequence = current()
    FeedMark.objects.get_or_create(
        day=timezone.localdate(), defaults={"number": sequence.last_number}
    )


def _number_some(limit: int) -> int:
    counted = 0

    def number(sequence: FeedSequence) -> None:
        nonlocal counted
        with connection.cursor() as cursor:
            cursor.execute(_NUMBER, [sequence.last_number, limit])
            counted = cursor.rowcount
        sequence.last_number += counted

    _locked(number)
    return counted


def locked_sequence() -> FeedSequence:
    """The one row, held until the end of the transaction."""
    sequence, _made = FeedSequence.objects.select_for_update().get_or_create(pk=_ONLY)
    return sequence


def _locked(change: Callable[[FeedSequence], None]) -> FeedSequence:
    """Change the sequence under its lock."""
    with transaction.atomic():
        sequence = locked_sequence()
        before = sequence.epoch, sequence.last_number
        if mark.is_behind(*before):
            sequence.epoch = uuid.uuid4()
        change(sequence)
        if before != (sequence.epoch, sequence.last_number):
            sequence.save(update_fields=["epoch", "last_number"])
    if sequence.epoch != before[0]:
        mark.renew(before[0], sequence.epoch, sequence.last_number)
    return sequence
