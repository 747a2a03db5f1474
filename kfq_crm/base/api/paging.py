"""Pages by key: a page costs the same at the beginning and ten thousand pages on.

A page begins after the last row of the one before, by (column, primary key). Nothing is counted.
Rows without a value in the column stand last in either direction; they are read by a statement
of their own, since one condition for both would keep the index from being used.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode

from django.core import signing
from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Field, Model, Q
from django.db.models.fields.tuple_lookups import TupleGreaterThan, TupleLessThan
from django.utils.translation import gettext as _
from rest_framework.request import Request

from kfq_crm.base.api.problems import bad_request
from kfq_crm.base.parsing import nfkc, shown

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

PAGE_SIZE: Final = 100
LARGEST_PAGE: Final = 1000
_SIGNER: Final = signing.Signer(salt="kfq_crm.base.api.paging")
# What chooses the page and not the rows
_NOT_ROWS: Final = {"cursor", "page_size", "format"}


@dataclass(frozen=True)
class Ordering:
    """An order that an index serves: its name in `ordering=`, its column, what it means.

    Use it with `-` before the name for the other direction. The primary key breaks ties.
    """

    name: str
    column: str
    label: str | _StrPromise = ""
    nullable: bool = False


BY_KEY: Final = Ordering("id", "pk")


@dataclass(frozen=True)
class Order:
    """An ordering in one direction."""

    ordering: Ordering
    descending: bool

    @property
    def text(self) -> str:
        return f"-{self.ordering.name}" if self.descending else self.ordering.name

    @property
    def columns(self) -> list[str]:
        sign = "-" if self.descending else ""
        if self.ordering.column == "pk":
            return [f"{sign}pk"]
        return [f"{sign}{self.ordering.column}", f"{sign}pk"]


@dataclass(frozen=True)
class Place:
    """Where a page begins: after this row; `value` None among the rows without a value."""

    value: Any
    pk: int


@dataclass(frozen=True)
class Page:
    rows: list[Any]
    next: str | None


def read_page(
    request: Request, rows: QuerySet[Any], order: Order, *, by_key: QuerySet[Any] | None = None
) -> Page:
    """The page that the request asks for.

    `by_key`: where a list is filtered through joins, only keys are read from `rows`, and the
    page's rows then come from this queryset by key.
    """
    size = page_size(request)
    fingerprint = _fingerprint(request, order)
    place = _place(request, rows.model, order, fingerprint)
    source = rows if by_key is None else rows.only("pk", *_own_columns(order))
    found = _read(source, order, place, size + 1)
    page, more = found[:size], len(found) > size
    following = _address(request, page[-1], order, fingerprint) if more else None
    if by_key is not None and page:
        whole = by_key.in_bulk([row.pk for row in page])
        page = [whole[row.pk] for row in page if row.pk in whole]
    return Page(page, following)


def _own_columns(order: Order) -> list[str]:
    column = order.ordering.column
    return [] if column == "pk" or "__" in column else [column]


def page_size(request: Request) -> int:
    text = request.query_params.get("page_size")
    if text is None:
        return PAGE_SIZE
    plain = nfkc(text)
    if not (plain.isascii() and plain.isdigit() and len(plain) <= 6):
        raise _bad_size(text)
    if not 1 <= int(plain) <= LARGEST_PAGE:
        raise _bad_size(text)
    return int(plain)


def _bad_size(text: str) -> Exception:
    message = _("“%(text)s” is no page size: a whole number from 1 to %(most)s.")
    words = {"text": shown(text), "most": LARGEST_PAGE}
    return bad_request("page_size", "page_size_invalid", message % words)


def chosen_order(request: Request, orderings: Sequence[Ordering], default: str) -> Order:
    """What `ordering=` asks for; 400 that lists the known ones for anything else."""
    text = request.query_params.get("ordering", default)
    name = text.removeprefix("-")
    for ordering in orderings:
        if ordering.name == name:
            return Order(ordering, text.startswith("-"))
    message = _("This list cannot be ordered by “%(text)s”. Known: %(known)s.")
    known = ", ".join(f"{ordering.name}, -{ordering.name}" for ordering in orderings)
    raise bad_request(
        "ordering", "unknown_ordering", message % {"text": shown(text), "known": known}
    )


def _read(rows: QuerySet[Any], order: Order, place: Place | None, size: int) -> list[Any]:
    column = order.ordering.column
    if column == "pk":
        return list(_after(rows, order, place).order_by(*order.columns)[:size])
    rows = rows.annotate(_place=F(column)) if "__" in column else rows
    if not order.ordering.nullable:
        return list(_after(rows, order, place).order_by(*order.columns)[:size])
    found: list[Any] = []
    if place is None or place.value is not None:
        valued = rows.filter(**{f"{column}__isnull": False})
        found = list(_after(valued, order, place).order_by(*order.columns)[:size])
        place = None
    if len(found) < size:
        empty = _after_key(rows.filter(**{f"{column}__isnull": True}), order, place)
        found += empty.order_by(*order.columns)[: size - len(found)]
    return found


def _after(rows: QuerySet[Any], order: Order, place: Place | None) -> QuerySet[Any]:
    """Rows behind the place: (column, key) as one pair, which an index over both answers."""
    if place is None or order.ordering.column == "pk":
        return _after_key(rows, order, place)
    beyond = TupleLessThan if order.descending else TupleGreaterThan
    columns = (F(order.ordering.column), F("pk"))
    return rows.filter(beyond(columns, (place.value, place.pk)))


def _after_key(rows: QuerySet[Any], order: Order, place: Place | None) -> QuerySet[Any]:
    if place is None:
        return rows
    return rows.filter(Q(pk__lt=place.pk) if order.descending else Q(pk__gt=place.pk))


# --- The cursor ------------------------------------------------------------------------------


def _fingerprint(request: Request, order: Order) -> str:
    """Of what chooses the rows: a cursor is good for the list that gave it, and for no other."""
    chosen = sorted((k, v) for k, v in request.query_params.items() if k not in _NOT_ROWS)
    text = repr((request.path, order.text, [pair for pair in chosen if pair[0] != "fields"]))
    return blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest()


def _address(request: Request, last: Any, order: Order, fingerprint: str) -> str:
    value = _value_of(last, order.ordering.column)
    cursor = _SIGNER.sign_object([fingerprint, _to_text(value), last.pk])
    kept = {k: v for k, v in request.query_params.items() if k != "cursor"}
    return request.build_absolute_uri(f"{request.path}?{urlencode({**kept, 'cursor': cursor})}")


def _value_of(row: Any, column: str) -> Any:
    return row._place if "__" in column else getattr(row, column)


def _to_text(value: Any) -> str | None:
    if value is None:
        return None
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _place(request: Request, model: type[Model], order: Order, fingerprint: str) -> Place | None:
    text = request.query_params.get("cursor")
    if text is None:
        return None
    try:
        said, value, pk = _SIGNER.unsign_object(text)
        column = _column(model, order.ordering.column)
        place = Place(None if value is None else column.to_python(value), int(pk))
    except (signing.BadSignature, ValueError, TypeError, ValidationError) as error:
        message = _("This cursor is not one that this list gave. Begin without a cursor.")
        raise bad_request("cursor", "cursor_invalid", message) from error
    if said != fingerprint:
        message = _("This cursor belongs to a list with other filters or another ordering.")
        raise bad_request("cursor", "cursor_of_another_list", message)
    return place


def _column(model: type[Model], path: str) -> Field[Any, Any]:
    field: Any = model._meta.pk
    for name in path.split("__"):
        try:
            field = model._meta.pk if name == "pk" else model._meta.get_field(name)
        except FieldDoesNotExist as error:
            raise ValueError(path) from error
        model = field.related_model or model
    return field  # type: ignore[no-any-return]  # a column of the model
