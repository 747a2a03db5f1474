"""Filters of lists: django-filter's sets, with the parsers that forms and imports use.

A list takes each parameter once; several values stand behind commas. What a filter cannot read
is refused at its name, never skipped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Final

import django_filters
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request

from kfq_crm.base.amounts import parse_amount
from kfq_crm.base.api.parameters import parse_flag
from kfq_crm.base.api.problems import FieldError, invalid
from kfq_crm.base.dates import parse_day
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.parsing import nfkc, shown

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from kfq_crm.base.scoping import ScopedQuerySet

LARGEST_NUMBER: Final = 2**31 - 1
LARGEST_KEY: Final = 2**63 - 1
LONGEST_TEXT: Final = 100
MOST_VALUES: Final = 100


class ApiFilterSet(django_filters.FilterSet):
    """The filters of one list; `request.user` is in `self.request`."""


def narrowed(
    filterset_class: type[ApiFilterSet], request: Request, rows: QuerySet[Any]
) -> QuerySet[Any]:
    """The rows that the filters leave; 400 with every filter that cannot be read."""
    filterset = filterset_class(request.query_params, queryset=rows, request=request)
    if filterset.is_valid():
        return filterset.qs
    raise invalid(
        [
            FieldError(name, error.code or "invalid", "".join(error.messages))
            for name, errors in filterset.errors.as_data().items()
            for error in errors
        ]
    )


class ParsedInput(forms.CharField):
    """Text that a parser reads; RuleViolation becomes the error of the field."""

    def __init__(self, parse: Callable[[str], Any], **kwargs: Any) -> None:
        super().__init__(required=False, **kwargs)
        self.parse = parse

    def clean(self, value: Any) -> Any:
        if value is None:
            return None
        try:
            return self.parse(value)
        except RuleViolation as violation:
            raise ValidationError(str(violation.message), code=violation.code) from violation


class ParsedFilter(django_filters.Filter):
    """A filter whose value a parser reads; subclasses say which."""

    # What the schema says of the value
    schema: dict[str, Any] = {"type": "string"}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)

    @property
    def field(self) -> Any:
        if not hasattr(self, "_field"):
            self._field = ParsedInput(self.parse, label=self.label)
        return self._field

    def parse(self, text: str) -> Any:
        raise NotImplementedError


class DayFilter(ParsedFilter):
    """A day, in the spellings that people type."""

    schema = {"type": "string", "format": "date", "examples": ["2026-03-05"]}

    def parse(self, text: str) -> date:
        return parse_day(text)


class MomentFilter(ParsedFilter):
    """For a column with a time of day: days in site time, both ends included."""

    schema = DayFilter.schema

    def parse(self, text: str) -> datetime:
        day = parse_day(text)
        if self.lookup_expr == "lt":  # the whole last day is in
            day += timedelta(days=1)
        return timezone.make_aware(datetime.combine(day, time()))


def day_range(column: str, label: Any, *, moment: bool = False) -> tuple[ParsedFilter, ...]:
    """Two filters, from and to, both days included: `x_from, x_to = day_range("x", _("…"))`."""
    if moment:
        return (
            MomentFilter(field_name=column, lookup_expr="gte", label=label),
            MomentFilter(field_name=column, lookup_expr="lt", label=label),
        )
    return (
        DayFilter(field_name=column, lookup_expr="gte", label=label),
        DayFilter(field_name=column, lookup_expr="lte", label=label),
    )


class AmountFilter(ParsedFilter):
    """An amount with its unit (3.2亿元, 5000万美元), or a bare number of ten thousands."""

    schema = {"type": "string", "examples": ["10000"]}

    def parse(self, text: str) -> Decimal:
        return parse_amount(text, default_unit=_TEN_THOUSAND).value


_TEN_THOUSAND: Final = "ten thousand"


class NumberFilter(ParsedFilter):
    """A whole number; full-width digits are digits."""

    schema = {"type": "integer", "minimum": 0, "maximum": LARGEST_NUMBER}
    largest = LARGEST_NUMBER

    def parse(self, text: str) -> int:
        plain = nfkc(text)
        if plain.isascii() and plain.isdigit() and len(plain) <= 19 and int(plain) <= self.largest:
            return int(plain)
        message = _("“%(text)s” is not a whole number from 0 to %(most)s.")
        raise RuleViolation("number_invalid", message % {"text": shown(text), "most": self.largest})


class FlagFilter(ParsedFilter):
    """true or false."""

    schema = {"type": "boolean"}

    def parse(self, text: str) -> bool:
        return parse_flag(text)


class TextFilter(ParsedFilter):
    """Words to look for."""

    schema = {"type": "string", "minLength": 1, "maxLength": LONGEST_TEXT}

    def parse(self, text: str) -> str:
        plain = nfkc(text)
        if not plain or len(plain) > LONGEST_TEXT or not plain.isprintable():
            message = _("Write 1 to %(most)s characters.") % {"most": LONGEST_TEXT}
            raise RuleViolation("text_invalid", message)
        return plain


class SeveralFilter(ParsedFilter):
    """Values behind commas, any of which may hold."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"lookup_expr": "in", **kwargs})

    def parse(self, text: str) -> list[Any]:
        parts = [nfkc(part) for part in text.split(",")]
        if len(parts) > MOST_VALUES or not all(parts):
            message = _("Write one value, or up to %(most)s behind commas.")
            raise RuleViolation("list_invalid", message % {"most": MOST_VALUES})
        return self.values(parts)

    def values(self, parts: list[str]) -> list[Any]:
        raise NotImplementedError


def _several(items: dict[str, Any]) -> dict[str, Any]:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": MOST_VALUES}


class CodesFilter(SeveralFilter):
    """Codes of a fixed list, such as stages; an unknown one is refused and the known listed."""

    def __init__(self, *args: Any, choices: Iterable[tuple[str, Any]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.codes = [str(code) for code, _label in choices]
        self.schema = _several({"type": "string", "enum": self.codes})

    def values(self, parts: list[str]) -> list[str]:
        for part in parts:
            if part not in self.codes:
                message = _("There is no “%(text)s” here. Known: %(known)s.")
                words = {"text": shown(part), "known": ", ".join(self.codes)}
                raise RuleViolation("unknown_value", message % words)
        return parts


class RecordsFilter(SeveralFilter):
    """Records that the owner of the token may see, by code or number.

    A hidden one is refused exactly as one that does not exist. One query for all of them.
    """

    def __init__(
        self,
        *args: Any,
        rows: Callable[[User], ScopedQuerySet[Any]],
        by: str = "pk",
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.rows, self.by = rows, by
        key = {"type": "integer", "minimum": 1, "maximum": LARGEST_KEY}
        code = {"type": "string", "pattern": "^[-a-zA-Z0-9_]+$", "examples": ["aerospace"]}
        self.schema = _several(key if by == "pk" else code)

    def values(self, parts: list[str]) -> list[int]:
        user = self.parent.request.user
        found = self.rows(user).filter(**{f"{self.by}__in": [self.key(part) for part in parts]})
        keys = {str(value): pk for pk, value in found.values_list("pk", self.by)}
        for part in parts:
            if str(self.key(part)) not in keys:
                raise self.unknown(part)
        return list(keys.values())

    def key(self, part: str) -> int | str:
        if self.by != "pk":
            if "\x00" in part:
                raise self.unknown(part)
            return part
        if not (part.isascii() and part.isdigit() and len(part) <= 19 and int(part) <= LARGEST_KEY):
            raise self.unknown(part)
        return int(part)

    def unknown(self, part: str) -> RuleViolation:
        message = _("There is no “%(text)s”, or it is not yours to see.") % {"text": shown(part)}
        return RuleViolation("unknown_record", message)


def visible_rows(model: type[Model]) -> Callable[[User], ScopedQuerySet[Any]]:
    """For `rows=` of a filter or a member of a body."""

    def rows(user: User) -> ScopedQuerySet[Any]:
        return model._default_manager.visible_to(user)  # type: ignore[attr-defined, no-any-return]  # every model of ours has it

    return rows
