"""Rows of long lists, told without an object or a statement for each record they point to.

What a row says of a chain or a person beside it (a `Label`) comes along as columns of the row's
own statement, and each label is put together once a page.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import date
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import F, Model, QuerySet
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _
from drf_spectacular.extensions import OpenApiSerializerFieldExtension
from rest_framework import serializers

from kfq_crm.base.api.serializers import ReadSerializer

if TYPE_CHECKING:
    from kfq_crm.base.models import User

_Field = serializers.Field[Any, Any, Any, Any]
Reader = Callable[[Any], Any]


# What members of this name mean in every row
COMMON: Mapping[str, Any] = {
    "id": _("Number of the record; never given to another one"),
    "version": _("Revision of the record; also its ETag"),
    "created_at": _("When it came on record, in site time"),
    "updated_at": _("When it was changed last, in site time"),
    "currency": _("Currency of the amounts of this record; nothing is ever converted"),
}


class Label(serializers.Field[Any, Any, Any, Any]):
    """A record that the row points to: its number and these columns, under these names.

    `path` is the way there from the row (`contract__lead`), the member's own name without it.
    """

    def __init__(
        self, model: type[Model], columns: Mapping[str, str], *, path: str = "", **kwargs: Any
    ) -> None:
        super().__init__(**{**kwargs, "read_only": True})
        self.model, self.columns, self.path = model, columns, path
        self._made: dict[int, dict[str, Any]] = {}

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        self.path = self.path or field_name

    def of_row(self, name: str) -> dict[str, str]:
        """Columns of the row's statement by the attribute that holds them."""
        path = self.path or name
        found = {_held(path, column): f"{path}__{column}" for column in self.columns.values()}
        return {**found, _held(path, "pk"): f"{path}__pk"} if "__" in path else found

    @cached_property
    def _key(self) -> Reader:
        own = "__" not in self.path
        return attrgetter(f"{self.path}_id" if own else _held(self.path, "pk"))

    @cached_property
    def _values(self) -> list[tuple[str, Reader]]:
        return [(n, attrgetter(_held(self.path, c))) for n, c in self.columns.items()]

    def get_attribute(self, instance: Any) -> Any:
        return instance

    def to_representation(self, value: Any) -> dict[str, Any] | None:
        pk = self._key(value)
        if pk is None:
            return None
        if pk not in self._made:
            self._made[pk] = self.made(pk, {name: read(value) for name, read in self._values})
        return self._made[pk]

    def made(self, pk: int, values: dict[str, Any]) -> dict[str, Any]:
        return {"id": pk, **values}

    @property
    def members(self) -> Mapping[str, str]:
        """Columns by the name of the member, for the schema."""
        return self.columns


class Labels(Label):
    """Several of them, by a relation that the row's serializer fetches."""

    def of_row(self, name: str) -> dict[str, str]:
        return {}

    def to_representation(self, value: Any) -> Any:
        related = getattr(value, self.path).all()
        return [self._of(record) for record in related]

    def _of(self, record: Any) -> dict[str, Any]:
        if record.pk not in self._made:
            values = {name: getattr(record, column) for name, column in self.columns.items()}
            self._made[record.pk] = self.made(record.pk, values)
        return self._made[record.pk]


def _held(path: str, column: str) -> str:
    return f"_{path}_{column}".replace("__", "_")


class RowSerializer(ReadSerializer):
    """A row in as many steps as it has members. Says the same as DRF's own representation.

    `texts` say what each member means and its unit. `derived` names the columns that a member
    needs which is no column itself; `kept` those that every reading needs, such as the columns of
    orderings.
    """

    texts: ClassVar[Mapping[str, Any]] = {}
    derived: ClassVar[Mapping[str, tuple[str, ...]]] = {}
    kept: ClassVar[tuple[str, ...]] = ("version",)

    def get_extra_kwargs(self) -> dict[str, dict[str, Any]]:
        """Nothing of a row is written, so that no validators are built for it."""
        given = super().get_extra_kwargs()
        return {name: {**self._told(name), **given.get(name, {})} for name in self.Meta.fields}

    def _told(self, name: str) -> dict[str, Any]:
        text = self.texts.get(name) or COMMON.get(name)
        return {"read_only": True, "help_text": text} if text else {"read_only": True}

    @classmethod
    def prepare(cls, rows: QuerySet[Any], names: Collection[str], user: User) -> QuerySet[Any]:
        """Only the columns that these members need, the labels' among them."""
        rows = super().prepare(rows, names, user)
        added = {
            held: F(column)
            for name, label in cls._labels().items()
            if name in names
            for held, column in label.of_row(name).items()
        }
        own = [column for name in names for column in cls._own_columns(name)]
        needed: QuerySet[Any] = rows.annotate(**added).only(*dict.fromkeys(("pk", *cls.kept, *own)))
        return needed

    @classmethod
    def _labels(cls) -> dict[str, Label]:
        declared: dict[str, _Field] = cls._declared_fields
        return {name: f for name, f in declared.items() if isinstance(f, Label)}

    @classmethod
    def _own_columns(cls, name: str) -> tuple[str, ...]:
        if name in cls.derived:
            return cls.derived[name]
        label = cls._labels().get(name)
        if label is None:
            source = getattr(cls._declared_fields.get(name), "source", None)
            return (source or name,)
        if isinstance(label, Labels):
            return ()
        return ((label.path or name).partition("__")[0],)

    @cached_property
    def _plan(self) -> list[tuple[str, Reader]]:
        return [(name, _reader(field)) for name, field in self.fields.items()]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        return {name: read(instance) for name, read in self._plan}


def _reader(field: _Field) -> Reader:
    """How a member is read from a row: by its attribute alone where DRF would do no more."""
    if isinstance(field, Label | serializers.SerializerMethodField):
        return field.to_representation
    if isinstance(field, serializers.PrimaryKeyRelatedField):
        return attrgetter(f"{field.source}_id")
    read = attrgetter(field.source or str(field.field_name))
    turned = _turn(field)
    if turned is None:
        return read

    def converted(instance: Any) -> Any:
        value = read(instance)
        return None if value is None else turned(value)

    return converted


# A column's own value is what these answer
_PLAIN = (serializers.CharField, serializers.ChoiceField, serializers.BooleanField)


def _turn(field: _Field) -> Reader | None:
    if type(field) in _PLAIN or isinstance(field, serializers.IntegerField):
        return None
    if type(field) is serializers.DateField:
        return date.isoformat
    return field.to_representation


class LabelSchema(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # drf-spectacular registers it
    """How a label stands in the schema: an object of number and columns."""

    target_class = Label
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        label: Label = self.target
        shape = {
            "type": "object",
            "properties": dict(_described(label, auto_schema)),
            "required": ["id", *label.members],
        }
        return {"type": "array", "items": shape} if isinstance(label, Labels) else shape


def _described(label: Label, auto_schema: Any) -> Iterator[tuple[str, Any]]:
    yield "id", {"type": "integer"}
    for name, column in label.members.items():
        field = label.model._meta.get_field(column)
        told = dict(auto_schema._map_model_field(field, direction="response"))
        yield name, {**told, "title": str(getattr(field, "verbose_name", name))}
