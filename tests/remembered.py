"""Rows that most tests begin with are made by the product's verbs once a process, then copied.

Making the cast by its verbs takes a hundred queries; putting the same rows back takes a dozen.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar, cast

from django.apps import apps
from django.contrib.auth.models import Group, Permission
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone

from kfq_crm.base.models import AccessEntry, User

T = TypeVar("T")
_kept: dict[str, _Rows] = {}


@dataclass(frozen=True)
class _Rows:
    """What was made: the thing itself as the maker returned it, and every row it left."""

    ground: tuple[object, ...]
    thing: Any
    rows: list[tuple[type[models.Model], list[models.Model]]]


def remembered(name: str, make: Callable[[], T]) -> T:
    """What `make` makes. From the second time on its rows are copied back, at the present time.

    A database that holds people or groups already, or other permissions (ids are part of the
    rows), gets the real thing.
    """
    if User.objects.exists() or Group.objects.exists():
        return make()
    kept = _kept.get(name)
    if kept is not None and kept.ground == _ground():
        try:
            with transaction.atomic():
                _put_back(kept)
            return cast(T, copy.deepcopy(kept.thing))
        except IntegrityError:  # rows of another fixture stand in the way
            return make()
    return _made(name, make)


def _ground() -> tuple[object, ...]:
    """Rows of the migrations that the kept ones point to; a flushed database numbers them anew."""
    first = Permission.objects.order_by("pk").values_list("pk", "content_type")[:1]
    return (connection.settings_dict["NAME"], *first)


def _made(name: str, make: Callable[[], T]) -> T:
    before = {model: _keys(model) for model in _tables()}
    thing = make()
    found = [(model, _new_rows(model, keys)) for model, keys in before.items()]
    rows = [(model, new) for model, new in found if new]
    # An access log is a chain of digests over its times: it is made anew or not at all.
    if not any(model is AccessEntry for model, _new in rows):
        _kept[name] = _Rows(_ground(), copy.deepcopy(thing), rows)
    return thing


def _tables() -> list[type[models.Model]]:
    found = apps.get_models(include_auto_created=True)
    return [model for model in found if model._meta.managed and not model._meta.proxy]


def _plain(model: type[models.Model]) -> models.QuerySet[Any]:
    return models.QuerySet(model=model)


def _keys(model: type[models.Model]) -> set[Any]:
    return set(_plain(model).values_list("pk", flat=True))


def _new_rows(model: type[models.Model], keys: set[Any]) -> list[models.Model]:
    return [row for row in _plain(model) if row.pk not in keys]


def _put_back(kept: _Rows) -> None:
    now = timezone.now()
    for model, rows in kept.rows:
        moments = [
            field.attname
            for field in model._meta.concrete_fields
            if isinstance(field, models.DateTimeField)
        ]
        for row in rows:
            for moment in moments:
                if getattr(row, moment) is not None:
                    setattr(row, moment, now)
        _plain(model).bulk_create(rows)
