"""Rows of long lists, told without an object or a statement for each record they point to.

What rows say of chains or people beside them (a `Label`) is read for the whole page in one
statement, and put together once a page.
"""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import connection
from django.db.models import F, Manager, Model, QuerySet
from django.utils import timezone
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
        self.known: dict[int, dict[str, Any]] = {}

    def bind(self, field_name: str, parent: Any) -> None:
        super().bind(field_name, parent)
        self.path = self.path or field_name

    def of_row(self) -> dict[str, F]:
        """What the row's own statement must bring along, by the attribute that holds it."""
        return {_held(self.path): F(f"{self.path}_id")} if "__" in self.path else {}

    @cached_property
    def key_of(self) -> Reader:
        return attrgetter(_held(self.path) if "__" in self.path else f"{self.path}_id")

    @cached_property
    def reading(self) -> Reading:
        """Where its columns stand; what two labels share is read once."""
        meta = self.model._meta
        columns = tuple(f'"{_column(self.model, name)}"' for name in self.columns.values())
        return Reading(f'"{meta.db_table}"', '"id"', columns)

    def keys_of(self, rows: Iterable[Any]) -> Iterator[int]:
        return (pk for pk in map(self.key_of, rows) if pk is not None)

    def learn(self, found: Iterable[tuple[int, tuple[Any, ...]]]) -> None:
        self.known = {pk: self.made(pk, values) for pk, values in found}

    def get_attribute(self, instance: Any) -> Any:
        return instance

    def to_representation(self, value: Any) -> Any:
        """None also for a record that was deleted since the row was read."""
        return self.known.get(self.key_of(value))

    def made(self, pk: int, values: Iterable[Any]) -> dict[str, Any]:
        return {"id": pk, **dict(zip(self.columns, values, strict=False))}

    @property
    def members(self) -> Mapping[str, str]:
        """Columns by the name of the member, for the schema."""
        return self.columns

    @property
    def rests_on(self) -> Collection[str]:
        """Columns of which another value makes another label: the change feed tells of it."""
        return self.columns.values()


class Labels(Label):
    """Several of them, behind a many-to-many relation of the row: `Lead.secondary_chains`."""

    def __init__(self, link: Any, columns: Mapping[str, str], **kwargs: Any) -> None:
        super().__init__(link.field.related_model, columns, **kwargs)
        self.link = link
        self.linked: dict[int, list[dict[str, Any]]] = {}

    def of_row(self) -> dict[str, F]:
        return {}

    @cached_property
    def reading(self) -> Reading:
        field = self.link.field
        links, records = self.link.through._meta.db_table, self.model._meta.db_table
        here, there = field.m2m_column_name(), field.m2m_reverse_name()
        joined = f'"{links}" AS link JOIN "{records}" AS record ON record."id" = link."{there}"'
        columns = (f'record."{_column(self.model, name)}"' for name in self.columns.values())
        return Reading(joined, f'link."{here}"', ('CAST(record."id" AS text)', *columns))

    def keys_of(self, rows: Iterable[Any]) -> Iterator[int]:
        return (row.pk for row in rows)

    def learn(self, found: Iterable[tuple[int, tuple[Any, ...]]]) -> None:
        self.known, self.linked = {}, defaultdict(list)
        for row, (text, *values) in sorted(found, key=lambda link: int(link[1][0])):
            pk = int(text)
            self.known.setdefault(pk, self.made(pk, values))
            self.linked[row].append(self.known[pk])

    def to_representation(self, value: Any) -> Any:
        return self.linked.get(value.pk, [])


@dataclass(frozen=True)
class Reading:
    """Tables, the column that finds rows in them, and what is read of them: all text."""

    tables: str
    key: str
    columns: tuple[str, ...]


def _held(path: str) -> str:
    return f"_{path}".replace("__", "_")


def _column(model: type[Model], name: str) -> str:
    return str(model._meta.get_field(name).column)  # type: ignore[union-attr]  # columns have it


def read_labels(labels: Iterable[Label], rows: Sequence[Any]) -> None:
    """Fill the labels with the records that these rows point to: one statement for all of them.

    Joined to the rows' own statement, so many tables would take the database longer to plan
    than to read.
    """
    wanted: dict[Reading, set[int]] = {}
    for label in labels:
        wanted.setdefault(label.reading, set()).update(label.keys_of(rows))
    found = _read(wanted)
    for label in labels:
        label.learn(found.get(label.reading, ()))


def _read(
    wanted: Mapping[Reading, Collection[int]],
) -> dict[Reading, list[tuple[int, tuple[Any, ...]]]]:
    sources = [(source, pks) for source, pks in wanted.items() if pks]
    if not sources:
        return {}
    widest = max(len(source.columns) for source, _pks in sources)
    statement = " UNION ALL ".join(
        _part(place, source, pks, widest) for place, (source, pks) in enumerate(sources)
    )
    found: dict[Reading, list[tuple[int, tuple[Any, ...]]]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement)
        for place, pk, *values in cursor.fetchall():
            found.setdefault(sources[place][0], []).append((pk, tuple(values)))
    return found


def _part(place: int, source: Reading, pks: Collection[int], width: int) -> str:
    columns = [*source.columns, *["NULL"] * (width - len(source.columns))]
    keys = ", ".join(map(str, sorted(pks)))
    return (
        f"SELECT {place}, {source.key}, {', '.join(columns)} "  # noqa: S608 — names of ours, numbers
        f"FROM {source.tables} WHERE {source.key} IN ({keys})"
    )


class Rows(serializers.ListSerializer[Any]):
    """A page of rows with their labels."""

    def to_representation(self, data: Any) -> list[Any]:
        rows = list(data.all() if isinstance(data, Manager) else data)
        child: Any = self.child
        read_labels(child.labels, rows)
        return [child.told(row) for row in rows]


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

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.Meta.list_serializer_class = Rows  # type: ignore[attr-defined]  # DRF reads it there

    @classmethod
    def prepare(cls, rows: QuerySet[Any], names: Collection[str], user: User) -> QuerySet[Any]:
        """Only the columns that these members need."""
        rows = super().prepare(rows, names, user)
        added: dict[str, F] = {}
        own: list[str] = []
        for name in names:
            label = cls._declared_fields.get(name)
            if isinstance(label, Label):
                label.path = label.path or name
                added |= label.of_row()
            own += cls._own_columns(name, label)
        needed: QuerySet[Any] = rows.annotate(**added).only(*dict.fromkeys(("pk", *cls.kept, *own)))
        return needed

    @classmethod
    def _own_columns(cls, name: str, field: Any) -> tuple[str, ...]:
        if name in cls.derived:
            return cls.derived[name]
        if isinstance(field, Labels):
            return ()
        return (field.path.partition("__")[0] if isinstance(field, Label) else name,)

    @cached_property
    def fields(self) -> Any:
        """Members made of columns are the same for every page, and made once; the declared ones
        belong to this page."""
        if self.names is None:
            return super().fields
        kept = _whole(type(self)).fields
        found = {}
        for name in kept:
            if name in self.names:
                found[name] = copy.deepcopy(self._declared_fields.get(name)) or kept[name]
                if name in self._declared_fields:
                    found[name].bind(name, self)
        return found

    @cached_property
    def labels(self) -> list[Label]:
        return [field for field in self.fields.values() if isinstance(field, Label)]

    @cached_property
    def _plan(self) -> list[tuple[str, Reader]]:
        return [(name, _reader(field)) for name, field in self.fields.items()]

    def to_representation(self, instance: Any) -> dict[str, Any]:
        read_labels(self.labels, [instance])
        return self.told(instance)

    def told(self, instance: Any) -> dict[str, Any]:
        """The row as it is answered; its labels are read already."""
        return {name: read(instance) for name, read in self._plan}


@cache
def _whole(made: type[RowSerializer]) -> RowSerializer:
    """With all members, for their columns; nothing in them depends on who asks."""
    return made(names=None)


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
    if type(field) is serializers.DateTimeField:
        return _in_site_time
    return field.to_representation


def _in_site_time(moment: datetime) -> str:
    """As DRF writes it, at a fraction of the cost; nobody's zone differs from the site's."""
    return moment.astimezone(timezone.get_default_timezone()).isoformat()


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
