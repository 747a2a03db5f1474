"""Whom a write takes records from, and to whom it gives some: the row's and what hangs on it."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

from django.db.models import Model

from kfq_crm.base.feed.registry import BY_MODEL, CHUNK, Published, Reach


def reach_of(kind: Published, pks: Collection[int]) -> Reach:
    """Audiences, as they are stored now, of these rows and of all that hangs on them."""
    found = audiences_of(kind, pks)
    for some in _chunks(pks):
        found |= _of_all(kind.hang_on(some))
    return found


def reach_around(kind: Published, instances: Collection[Any]) -> Reach:
    """The same of the rows that these instances, stored or not, bear on."""
    return _of_all(kind.touched_by(instances))


def audiences_of(kind: Published, pks: Collection[int]) -> Reach:
    return {
        (kind.resource, pk): audience
        for some in _chunks(pks)
        for pk, audience in kind.audiences(some).items()
    }


def _of_all(rows: Iterable[tuple[type[Model], Collection[int]]]) -> Reach:
    found: Reach = {}
    for model, pks in rows:
        found |= audiences_of(BY_MODEL[model], pks)
    return found


def _chunks(pks: Collection[int]) -> Iterable[list[int]]:
    ordered = sorted(set(pks))
    return (ordered[start : start + CHUNK] for start in range(0, len(ordered), CHUNK))
