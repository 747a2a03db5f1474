"""What one reader is told of the changes, in their order.

Who sees everything is told of every number, each once. Everybody else is told of what he or she
sees, and of what was taken away; of the rest there is no trace, not even in the cursor, which
stands at the last change that was the reader's own.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
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


class Entry(NamedTuple):
    """What the reader is told of one change: the row as it is now, or None where it is gone or
    hidden from the reader."""

    number: int
    resource: str
    pk: int
    recorded_at: datetime
    row: Any


# Rows of a resource by key, of those keys that the reader sees now, as the reader is told of them
Fetch = Callable[[str, Collection[int]], Mapping[int, Any]]


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


def read_changes(reader: Reader, after: int, limit: int, fetch: Fetch | None = None) -> Page:
    """The reader's entries after this number, `limit` at most.

    Rows are fetched where it is judged whether they are seen: never twice, and nothing can come
    between.
    """
    epoch, last = position()
    fetch = fetch or _keys_of(reader)
    everything = reader.sees_everything
    hint = None if everything else _Hint(reader, epoch, after)
    looked_at = hint.get(after) if hint else after
    entries: list[Entry] = []
    step = limit + 1
    while looked_at < last and len(entries) <= limit:
        batch = _raw(looked_at, last, step)
        entries += _told(reader, batch, fetch)
        looked_at = batch[-1].number if len(batch) == step else last
        step = min(2 * step, BATCH)  # where little is the reader's own, more is looked at
        if hint and not entries:
            hint.set(looked_at)
    return _page(reader, epoch, after, limit, entries, looked_at)


def _page(
    reader: Reader, epoch: UUID, after: int, limit: int, entries: list[Entry], looked_at: int
) -> Page:
    page, more = entries[:limit], len(entries) > limit
    number = page[-1].number if page else after
    if more:
        looked_at = number
    elif page and not reader.sees_everything:
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
        entries = list(_told(reader, _raw(bottom, top, BATCH), _keys_of(reader)))
        if entries:
            return entries[-1].number
        top = bottom
    return None


def _cursor(reader: Reader, epoch: UUID, number: int) -> Cursor:
    return Cursor(epoch_word(epoch), number, timezone.localdate(), reader.fingerprint)


def _told(reader: Reader, changes: Sequence[Raw], fetch: Fetch) -> Iterator[Entry]:
    """Entries of the changes that are this reader's; of all of them for who sees everything."""
    rows = _rows(reader, changes, fetch)
    everything = reader.sees_everything
    for change in changes:
        row = rows.get((change.resource, change.object_id))
        if everything or _is_told(reader, change, sees=row is not None):
            yield Entry(change.number, change.resource, change.object_id, change.recorded_at, row)


def _is_told(reader: Reader, change: Raw, *, sees: bool) -> bool:
    """Of a row that only others see or no longer see, this reader is not told."""
    if change.resource not in reader.resources:
        return False
    saw = change.audience_before is not None and reader.saw(change.audience_before)
    return sees != saw or (sees and change.kind != ChangeKind.REVEALED)


def _rows(reader: Reader, changes: Iterable[Raw], fetch: Fetch) -> dict[tuple[str, int], Any]:
    """The changed rows that the reader sees now."""
    wanted: dict[str, set[int]] = {}
    for change in changes:
        wanted.setdefault(change.resource, set()).add(change.object_id)
    return {
        (resource, pk): row
        for resource, pks in wanted.items()
        if resource in reader.resources
        for pk, row in fetch(resource, pks).items()
    }


def _keys_of(reader: Reader) -> Fetch:
    """For whoever asks only which rows are seen."""

    def fetch(resource: str, pks: Collection[int]) -> Mapping[int, Any]:
        return dict.fromkeys(rows_of(resource, reader.user, pks).values_list("pk", flat=True), True)

    return fetch


def rows_of(resource: str, user: User, pks: Iterable[int]) -> QuerySet[Any]:
    """Rows of a resource that the reader sees now."""
    manager: Any = PUBLISHED[resource].model._default_manager
    rows: QuerySet[Any] = manager.visible_to(user).filter(pk__in=list(pks)).order_by()
    return rows


def _raw(after: int, last: int, most: int) -> list[Raw]:
    rows = Change.objects.filter(number__gt=after, number__lte=last).order_by("number")
    return [Raw(*row) for row in rows.values_list(*_COLUMNS)[:most]]


class _Hint:
    """How far was looked for a reader without finding anything. Only a hint: without it the same
    is looked at again."""

    def __init__(self, reader: Reader, epoch: UUID, place: object) -> None:
        self._key = f"feed-{epoch.hex}-{reader.fingerprint.hex()}-{place}"

    def get(self, otherwise: Any) -> Any:
        return cache.get(self._key, otherwise)

    def set(self, value: Any) -> None:
        cache.set(self._key, value, _HINT)
