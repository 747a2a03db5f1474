"""Filters that the resources of this app share."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from chains.models import Outpost, Segment
from kfq_crm.base.amounts import Amount, parse_amount
from kfq_crm.base.api.filters import (
    ApiFilterSet,
    CodesFilter,
    FlagFilter,
    ParsedFilter,
    RecordsFilter,
    TextFilter,
    visible_rows,
)
from kfq_crm.base.api.problems import bad_request
from kfq_crm.base.models import StaffQuerySet, User
from leads.models import Currency, Enterprise, Lead
from leads.queries import stalled_since
from leads.rulebook import stall_limits
from leads.stages import Exit

OPEN = "open"
STATES = ((OPEN, pgettext_lazy("lead", "open")), *Exit.choices)
GREEN, YELLOW, RED, OFF_LIST = "green", "yellow", "red", "off_list"
CLOCK = (
    (GREEN, gettext_lazy("made progress lately")),
    (YELLOW, gettext_lazy("yellow card: no progress for long")),
    (RED, gettext_lazy("red card: no progress for very long")),
    (OFF_LIST, gettext_lazy("due to leave the list")),
)
_TEN_THOUSAND = "ten thousand"


class AskedFilterSet(ApiFilterSet):
    """The filters that a request asks for are made, and no others: most lists know dozens."""

    def __init__(self, data: Any, *args: Any, **kwargs: Any) -> None:
        known: Any = type(self)
        self.base_filters = {n: f for n, f in known.base_filters.items() if n in data}
        super().__init__(data, *args, **kwargs)


class SegmentsFilter(RecordsFilter):
    """Segments by code. Two chains may use one code; both are meant then."""

    def __init__(self, column: str = "segment", **kwargs: Any) -> None:
        label = gettext_lazy("Codes of segments, behind commas")
        super().__init__(
            field_name=column, rows=visible_rows(Segment), by="code", label=label, **kwargs
        )
        self.schema = {"type": "string", "example": "engines"}

    def values(self, parts: list[str]) -> list[int]:
        found = Segment.objects.filter(code__in=[self.key(part) for part in parts])
        rows = list(found.values_list("pk", "code"))
        for part in parts:
            if part not in {code for _pk, code in rows}:
                raise self.unknown(part)
        return [pk for pk, _code in rows]


class BoundFilter(ParsedFilter):
    """One end of a range of amounts: with its unit, or a bare number of ten thousands.

    Amounts of the other currency are never converted: they lie outside the range.
    """

    schema = {"type": "string", "example": "10000"}

    def parse(self, text: str) -> Amount:
        currency = (self.parent.data or {}).get("currency", "")
        meant: Any = currency if currency in Currency.values else Currency.CNY
        return parse_amount(text, default_currency=meant, default_unit=_TEN_THOUSAND)

    def filter(self, qs: QuerySet[Any], value: Amount | None) -> QuerySet[Any]:
        if value is None:
            return qs
        column = f"{self.field_name}__{self.lookup_expr}"
        within: QuerySet[Any] = qs.filter(**{column: value.value, "currency": value.currency})
        return within


def amount_range(column: str = "investment") -> tuple[BoundFilter, BoundFilter]:
    """`amount_from, amount_to = amount_range()`; a set that has them is an `AmountsFilterSet`."""
    least = gettext_lazy("Total investment from this amount on, in its currency")
    most = gettext_lazy("Total investment up to this amount, in its currency")
    return (
        BoundFilter(field_name=column, lookup_expr="gte", label=least),
        BoundFilter(field_name=column, lookup_expr="lte", label=most),
    )


def by_currency() -> CodesFilter:
    return CodesFilter(
        field_name="currency", choices=Currency.choices, label=gettext_lazy("Currency")
    )


class AmountsFilterSet(AskedFilterSet):
    """Both ends of a range of amounts are in one currency."""

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        bounds = [self.form.cleaned_data.get(name) for name in ("amount_from", "amount_to")]
        if len({amount.currency for amount in bounds if amount}) > 1:
            message = _("Use the same currency in both bounds.")
            raise bad_request("amount_to", "amount_currencies", message)
        rows: QuerySet[Any] = super().filter_queryset(queryset)
        return rows


def by_lead(column: str = "lead") -> RecordsFilter:
    label = gettext_lazy("Numbers of leads, behind commas")
    return RecordsFilter(field_name=column, rows=visible_rows(Lead), label=label)


def by_enterprise(column: str = "enterprise") -> RecordsFilter:
    label = gettext_lazy("Numbers of enterprises, behind commas")
    return RecordsFilter(field_name=column, rows=visible_rows(Enterprise), label=label)


def staff(user: User) -> StaffQuerySet:
    """People whom others may name: no accounts of programs."""
    return User.staff.visible_to(user)


def by_person(column: str, label: Any) -> RecordsFilter:
    return RecordsFilter(field_name=column, rows=staff, label=label)


def by_outpost(column: str = "outpost") -> RecordsFilter:
    label = gettext_lazy("Numbers of outposts, behind commas")
    return RecordsFilter(field_name=column, rows=visible_rows(Outpost), label=label)


class MethodFlag(FlagFilter):
    """A flag that is no column: `holds` is the condition of those for which it is true."""

    def __init__(self, holds: Callable[[date], Q], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.holds = holds

    def filter(self, qs: QuerySet[Any], value: bool | None) -> QuerySet[Any]:
        if value is None:
            return qs
        condition = self.holds(timezone.localdate())
        return qs.filter(condition) if value else qs.exclude(condition)


class StateFilter(CodesFilter):
    """Open, or the ways out of the pipeline."""

    def __init__(self) -> None:
        label = gettext_lazy("Open, or how it left the pipeline")
        super().__init__(field_name="exit", choices=STATES, label=label)

    def filter(self, qs: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        if value is None:
            return qs
        return qs.filter(exit__in=["" if state == OPEN else state for state in value])


class ClockFilter(CodesFilter):
    """Colour of the progress clock of open leads, by the rule in force today."""

    def __init__(self) -> None:
        label = gettext_lazy("Colour of the progress clock, of open leads")
        super().__init__(choices=CLOCK, label=label)

    def filter(self, qs: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        if value is None:
            return qs
        condition = Q(pk__in=[])
        for colour in value:
            condition |= clock_condition(colour, timezone.localdate())
        return qs.filter(condition, exit="")


def clock_condition(colour: str, today: date) -> Q:
    """Condition on open leads; without a rule in force none has a card."""
    limits = stall_limits(today)
    if limits is None:
        return Q() if colour == GREEN else Q(pk__in=[])
    since = {YELLOW: limits.yellow, RED: limits.red, OFF_LIST: limits.off_list}
    worse = {GREEN: limits.yellow, YELLOW: limits.red, RED: limits.off_list}
    condition = stalled_since(since[colour]) if colour in since else Q()
    return condition & ~stalled_since(worse[colour]) if colour in worse else condition


class WordsFilter(TextFilter):
    """The same search as in the lists of the admin."""

    def __init__(self, search: Callable[[QuerySet[Any], str], QuerySet[Any]], label: Any) -> None:
        super().__init__(label=label)
        self.search = search

    def filter(self, qs: QuerySet[Any], value: str | None) -> QuerySet[Any]:
        return qs if value is None else self.search(qs, value)
