"""What one reader is told of the changes, in their order.

Who sees everything is told of every number, each once. Everybody else is told of what he or she
sees, and of what was taken away; of the rest there is no trace, not even in the cursor, which
stands at the last change that was the reader's own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, NamedTuple
from uuid import UUID

from django.core.cache import cache
from django.db.models import Q
from django.utils import timezone

from kfq_crm.base.feed.cursor import Cursor, epoch_word
from kfq_crm.base.feed.registry import PUBLISHED, Reader
from kfq_crm.base.feed.sequence import current, position
from kfq_crm.base.models import Change, ChangeKind

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User

BATCH = 2000  # changes that are looked at in one step
_HINT = 15 * 60  # seconds for which it is remembered how far a quiet reader was looked after

_COLUMNS = ("number", "resource", "object_id", "kind", "recorded_at", "audience_before")


class Raw(NamedTuple):
    """A numbered change, as it is stored."""

    number: int
    resource: str
    object_id: int
    kind: str
    recorded_at: datetime
    audience_before: list[str] | None


@dataclass(frozen=True)
class Entry:
    """What the reader is told of one change. A row that is gone, or hidden from the reader now, is
    not `present`."""

    number: int
    resource: str
    pk: int
    present: bool
    recorded_at: datetime


@dataclass(frozen=True)
class Page:
    """Entries; the cursor behind them; whether more wait; how far the feed was looked at."""

    entries: list[Entry]
    cursor: Cursor
    more: bool
    looked_at: int


class Gone(Exception):
    """The cursor leads nowhere any more; `code` says why. A new snapshot is needed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def place_of(cursor: Cursor, reader: Reader) -> int:
    """The number after which the reader goes on. Raises Gone."""
    sequence = current()
    if cursor.epoch != epoch_word(sequence.epoch) or cursor.number > sequence.last_number:
        raise Gone("epoch_ended")
    if cursor.fingerprint != reader.fingerprint:
        raise Gone("rights_changed")
    if sequence.pruned_on and cursor.day <= sequence.pruned_on:
        raise Gone("cursor_expired")
    return cursor.number


def read_changes(reader: Reader, after: int, limit: int) -> Page:
    """The reader's entries after this number, `limit` at most."""
    epoch, last = position()
    if reader.sees_everything:
        return _read_all(reader, epoch, after, limit, last)
    hint = _Hint(reader, epoch, after)
    entries: list[Entry] = []
    looked_at = hint.get(after)
    while looked_at < last and len(entries) <= limit:
        batch = _batch(looked_at, last)
        entries += _own(reader, batch)
        looked_at = batch[-1].number if len(batch) == BATCH else last
        if not entries:
            hint.set(looked_at)
    page, more = entries[:limit], len(entries) > limit
    number = page[-1].number if page else after
    if more:
        looked_at = number
    elif page:
        _Hint(reader, epoch, number).set(looked_at)
    return Page(page, _cursor(reader, epoch, number), more, looked_at)


def beginning(reader: Reader) -> Cursor:
    """Behind the last change that the reader would be told of: where a snapshot begins."""
    epoch, last = position()
    if reader.sees_everything:
        return _cursor(reader, epoch, last)
    hint = _Hint(reader, epoch, "last")
    looked_at, own = hint.get((0, 0))
    found = _last_own(reader, looked_at, last) or own
    hint.set((last, found))
    return _cursor(reader, epoch, found)


def has_news(after: int) -> bool:
    """Whether anybody has written since; cheap enough to be asked again and again."""
    return Change.objects.filter(Q(number__gt=after) | Q(number=None)).exists()


def _last_own(reader: Reader, after: int, last: int) -> int | None:
    """Backwards in steps, since the last one is usually near."""
    top = last
    while top > after:
        bottom = max(after, top - BATCH)
        entries = list(_own(reader, _batch(bottom, top)))
        if entries:
            return entries[-1].number
        top = bottom
    return None


def _cursor(reader: Reader, epoch: UUID, number: int) -> Cursor:
    return Cursor(epoch_word(epoch), number, timezone.localdate(), reader.fingerprint)


def _read_all(reader: Reader, epoch: UUID, after: int, limit: int, last: int) -> Page:
    rows = _raw(after, last, limit + 1)
    page, more = rows[:limit], len(rows) > limit
    present = _present(reader, page)
    entries = [_entry(one, present=(one.resource, one.object_id) in present) for one in page]
    number = page[-1].number if page else after
    return Page(entries, _cursor(reader, epoch, number), more, number if more else last)


def _own(reader: Reader, batch: Sequence[Raw]) -> Iterator[Entry]:
    """Entries of the changes that are this reader's."""
    present = _present(reader, batch)
    for change in batch:
        if change.resource not in reader.resources:
            continue
        sees = (change.resource, change.object_id) in present
        saw = change.audience_before is not None and reader.saw(change.audience_before)
        # Of a row that only others see or no longer see, this reader is not told
        if sees != saw or (sees and change.kind != ChangeKind.REVEALED):
            yield _entry(change, present=sees)


def _present(reader: Reader, changes: Iterable[Raw]) -> set[tuple[str, int]]:
    """Which of the changed rows the reader sees now."""
    wanted: dict[str, set[int]] = {}
    for change in changes:
        wanted.setdefault(change.resource, set()).add(change.object_id)
    return {
        (resource, pk)
        for resource, pks in wanted.items()
        if resource in reader.resources
        for pk in rows_of(resource, reader.user, pks).values_list("pk", flat=True)
    }


def rows_of(resource: str, user: User, pks: Iterable[int]) -> QuerySet[Any]:
    """Rows of a resource that the reader sees now."""
    manager: Any = PUBLISHED[resource].model._default_manager
    rows: QuerySet[Any] = manager.visible_to(user).filter(pk__in=list(pks)).order_by()
    return rows


def _batch(after: int, last: int) -> list[Raw]:
    return _raw(after, last, BATCH)


def _raw(after: int, last: int, most: int) -> list[Raw]:
    rows = Change.objects.filter(number__gt=after, number__lte=last).order_by("number")
    return [Raw(*row) for row in rows.values_list(*_COLUMNS)[:most]]


def _entry(change: Raw, *, present: bool) -> Entry:
    return Entry(change.number, change.resource, change.object_id, present, change.recorded_at)


class _Hint:
    """How far was looked for a reader without finding anything. Only a hint: without it the same
    is looked at again."""

    def __init__(self, reader: Reader, epoch: UUID, place: object) -> None:
        self._key = f"feed-{epoch.hex}-{reader.fingerprint.hex()}-{place}"

    def get(self, otherwise: Any) -> Any:
        return cache.get(self._key, otherwise)

    def set(self, value: Any) -> None:
        cache.set(self._key, value, _HINT)
