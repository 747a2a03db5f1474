"""What changed in a record, revision by revision, in words."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.utils.formats import localize
from django.utils.timezone import localtime
from django.utils.translation import gettext as _

HIDDEN = {"version", "updated_at", "created_at"}


@dataclass(frozen=True)
class FieldChange:
    label: str
    before: str
    after: str


@dataclass(frozen=True)
class Revision:
    """One saved state: who, when, and what differs from the state before."""

    number: int
    at: Any
    by: Any
    changes: list[FieldChange]

    @property
    def is_first(self) -> bool:
        return not self.changes and self.number == 1


def revisions(instance: models.Model, masked: frozenset[str], limit: int = 200) -> list[Revision]:
    """The newest revisions first. `masked` fields show that they changed, not their values."""
    rows = list(
        instance.history.select_related("history_user").order_by("-history_date", "-history_id")[  # type: ignore[attr-defined]  # by simple-history
            : limit + 1
        ]
    )
    names = _Names(rows)
    return [
        Revision(row.version, row.history_date, row.history_user, list(found))
        for row, found in _compared(rows, masked, names)
    ][:limit]


def _compared(
    rows: list[Any], masked: frozenset[str], names: _Names
) -> Iterator[tuple[Any, Iterator[FieldChange]]]:
    for place, row in enumerate(rows):
        older = rows[place + 1] if place + 1 < len(rows) else None
        yield row, (_changes(row, older, masked, names) if older else iter(()))


def _changes(new: Any, old: Any, masked: frozenset[str], names: _Names) -> Iterator[FieldChange]:
    for field in new.tracked_fields:
        before, after = getattr(old, field.attname), getattr(new, field.attname)
        if _is_internal(field):
            continue
        if before != after:
            texts = (
                ("***", "***")
                if field.name in masked
                else (
                    names.text(field, before),
                    names.text(field, after),
                )
            )
            yield FieldChange(str(field.verbose_name), *texts)


def _is_internal(field: Any) -> bool:
    """What the system keeps for itself: keys, and columns that were given no name for people."""
    if field.name in HIDDEN or (not field.editable and field.name.endswith("_key")):
        return True
    return not field.editable and field._verbose_name is None


class _Names:
    """Values as words. Related rows are read once for all revisions, not once each."""

    def __init__(self, rows: list[Any]) -> None:
        self._related: dict[Any, dict[Any, str]] = {}
        for field in rows[0].tracked_fields if rows else ():
            keys = {getattr(row, field.attname) for row in rows} - {None}
            if field.is_relation and len(keys) + (any(_is_none(r, field) for r in rows)) > 1:
                manager = field.related_model._default_manager
                self._related[field.name] = {
                    row.pk: str(row) for row in manager.filter(pk__in=keys)
                }

    def text(self, field: Any, value: Any) -> str:
        if value is None or value == "":
            return "—"
        if field.is_relation:
            return self._related.get(field.name, {}).get(value, "—")
        if field.choices:
            return str(dict(field.flatchoices).get(value, value))
        if isinstance(value, bool):
            return _("yes") if value else _("no")
        if isinstance(field, models.DateTimeField):
            value = localtime(value)
        return str(localize(value))


def _is_none(row: Any, field: Any) -> bool:
    return getattr(row, field.attname) is None
