"""What rows repeat of other records, read from the serializer that shows them.

A company's new name changes every row that names it. The serializer knows which: its labels, its
nested serializers, and the ways that lead there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Field, Model
from rest_framework import serializers

from kfq_crm.base.api.rows import Label
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.feed import Shown


def shown_by(serializer: type[ReadSerializer]) -> tuple[Shown, ...]:
    """One for every record, or step on the way to it, whose columns change these rows."""
    model = serializer.Meta.model  # type: ignore[attr-defined]  # every subclass has it
    found: list[Shown] = []
    for name, field in serializer._declared_fields.items():
        if isinstance(field, Label):
            path, columns, many = field.path or name, field.rests_on, False
        elif isinstance(field, serializers.ListSerializer):
            path, columns, many = field.source or name, _columns(field.child), True
        elif isinstance(field, serializers.ModelSerializer):
            path, columns, many = field.source or name, _columns(field), False
        else:
            continue
        found += _on_the_way(model, path)
        found.append(_shown(model, path, columns, whole=many))
    return tuple(found)


def _columns(serializer: Any) -> Iterator[str]:
    """Columns that a nested serializer shows."""
    for name, field in serializer.fields.items():
        yield str(field.source or name)


def _on_the_way(model: type[Model], path: str) -> Iterator[Shown]:
    """`lead__enterprise`: a lead that is given to another company changes the rows as well."""
    steps = path.split("__")
    for number in range(1, len(steps)):
        yield _shown(model, "__".join(steps[:number]), [steps[number]], whole=False)


def _shown(model: type[Model], path: str, columns: Iterable[str], *, whole: bool) -> Shown:
    target = _target(model, path)
    names = frozenset(_attribute(target, column) for column in columns if column != "id")
    return Shown(
        target, names, lambda pks: model._default_manager.filter(**{f"{path}__in": pks}), whole
    )


def _target(model: type[Model], path: str) -> type[Model]:
    for step in path.split("__"):
        model = model._meta.get_field(step).related_model  # type: ignore[assignment]  # a relation
    return model


def _attribute(model: type[Model], column: str) -> str:
    field = model._meta.get_field(column)
    assert isinstance(field, Field)
    return str(field.attname)
