"""Filters of the lead list. Addresses: chain, segment, stage, band, owner, source, outpost,
state, currency, confidential, amount_from/_to, logged_from/_to, next_from/_to, contact_from/_to.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time
from typing import Any, ClassVar

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from chains.models import Outpost
from kfq_crm.base.amounts import Amount, parse_amount
from kfq_crm.base.dates import parse_day
from kfq_crm.base.filters import FieldFilter, RangeFilter, RecordFilter, SelectFilter
from leads.admin.desk import desk_of
from leads.models import Currency, Source
from leads.models.rules import Band
from leads.stages import Exit, Stage

OPEN = "open"


class ChainFilter(RecordFilter):
    title = gettext_lazy("industry chain")
    parameter_name = "chain"
    column = "chain"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        desk = desk_of(request)
        own = desk.own_chains if len(desk.own_chains) > 1 else []
        return [(chain.pk, chain.name) for chain in (desk.chains if desk.sees_all else own)]


class SegmentFilter(RecordFilter):
    """Segments of the chain that is filtered by, or of the person's own chains."""

    title = gettext_lazy("segment")
    parameter_name = "segment"
    column = "segment"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        desk = desk_of(request)
        chosen = request.GET.get(ChainFilter.parameter_name, "")
        known = {str(chain.pk): chain.pk for chain in desk.chains}
        chains = [known[chosen]] if chosen in known else [chain.pk for chain in desk.own_chains]
        return [(segment.pk, segment.name) for segment in desk.segments_of(chains)]


class StageFilter(FieldFilter):
    title = gettext_lazy("stage")
    parameter_name = "stage"
    column = "stage"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return Stage.choices


class BandFilter(FieldFilter):
    title = gettext_lazy("scale band")
    parameter_name = "band"
    column = "band"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return Band.choices


class OwnerFilter(RecordFilter):
    """People of the teams that one sees, in groups; never everybody who has an account."""

    title = gettext_lazy("person in charge")
    parameter_name = "owner"
    column = "owner"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        groups = desk_of(request).members_by_chain()
        return groups[0][1] if len(groups) == 1 else groups


class SourceFilter(FieldFilter):
    title = gettext_lazy("source of the lead")
    parameter_name = "source"
    column = "source"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return Source.choices


class OutpostFilter(RecordFilter):
    title = gettext_lazy("outpost")
    parameter_name = "outpost"
    column = "outpost"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        posts = Outpost.objects.visible_to(request.user)  # type: ignore[arg-type]  # signed in
        return posts.values_list("pk", "name")


class StateFilter(SelectFilter):
    """Open, or the way out. Without it every tab but the last shows open leads."""

    title = gettext_lazy("open or out of the pipeline")
    parameter_name = "state"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return [(OPEN, pgettext_lazy("lead", "open")), *Exit.choices]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if value == OPEN:
            return rows.filter(exit="")
        return rows.filter(exit=value) if value in Exit.values else rows.none()


class CurrencyFilter(FieldFilter):
    title = gettext_lazy("currency")
    parameter_name = "currency"
    column = "currency"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return Currency.choices


class ConfidentialFilter(SelectFilter):
    title = gettext_lazy("confidentiality")
    parameter_name = "confidential"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return [("1", gettext_lazy("confidential only")), ("0", gettext_lazy("not confidential"))]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        return rows.filter(confidential=value == "1")


class AmountFilter(RangeFilter):
    """Amounts within bounds of one currency; those in the other are never converted."""

    title = gettext_lazy("total investment")
    parameter_name = "amount"
    hint = gettext_lazy("1 hundred million yuan, with its unit")

    def parse(self, text: str) -> Amount:
        return parse_amount(text)

    def narrow(self, rows: QuerySet[Any], start: Any, end: Any) -> QuerySet[Any]:
        if start and end and start.currency != end.currency:
            self.problems[f"{self.parameter_name}_to"] = _("Use the same currency in both bounds.")
            return rows.none()
        if start:
            rows = rows.filter(currency=start.currency, investment__gte=start.value)
        return rows.filter(currency=end.currency, investment__lte=end.value) if end else rows


class DayFilter(RangeFilter):
    """Days within bounds, both included."""

    column: ClassVar[str]
    hint = gettext_lazy("a day like 2026-03-05")

    def parse(self, text: str) -> date:
        return parse_day(text)

    def narrow(self, rows: QuerySet[Any], start: Any, end: Any) -> QuerySet[Any]:
        if start:
            rows = rows.filter(**{f"{self.column}__gte": start})
        return rows.filter(**{f"{self.column}__lte": end}) if end else rows


class LoggedFilter(DayFilter):
    title = gettext_lazy("logged between")
    parameter_name = "logged"

    def narrow(self, rows: QuerySet[Any], start: Any, end: Any) -> QuerySet[Any]:
        # Bounds in site time, not a cast of the column, so that the index serves.
        if start:
            rows = rows.filter(created_at__gte=_moment(start, time.min))
        return rows.filter(created_at__lte=_moment(end, time.max)) if end else rows


class NextStepFilter(DayFilter):
    title = gettext_lazy("next step due between")
    parameter_name = "next"
    column = "next_action_on"


class ContactFilter(DayFilter):
    title = gettext_lazy("last contact between")
    parameter_name = "contact"
    column = "last_contact_on"


LEAD_FILTERS = (
    ChainFilter,
    SegmentFilter,
    StageFilter,
    BandFilter,
    OwnerFilter,
    SourceFilter,
    OutpostFilter,
    StateFilter,
    CurrencyFilter,
    ConfidentialFilter,
    AmountFilter,
    LoggedFilter,
    NextStepFilter,
    ContactFilter,
)


def _moment(day: date, clock: time) -> datetime:
    return timezone.make_aware(datetime.combine(day, clock))
