"""Filters of the lists of chains. Addresses: chain, state, kind, scope, year."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from chains.admin.records import own_chains
from chains.models import AnnualTarget, Chain, GapKind, Scope, SiteState, TargetState
from kfq_crm.base.filters import FieldFilter, RecordFilter, SelectFilter


class ChainFilter(RecordFilter):
    title = _("industry chain")
    parameter_name = "chain"
    column = "chain"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return [(chain.pk, chain.name) for chain in Chain.objects.all()]


class OwnChainFilter(ChainFilter):
    """Offers a choice only to those who see the lists of several chains."""

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        chains = list(own_chains(request))
        return [(chain.pk, chain.name) for chain in chains] if len(chains) > 1 else []


class TargetStateFilter(FieldFilter):
    title = _("state of the approach")
    parameter_name = "state"
    column = "state"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return TargetState.choices


class SiteStateFilter(FieldFilter):
    title = _("state of the site")
    parameter_name = "state"
    column = "state"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return SiteState.choices


class GapKindFilter(FieldFilter):
    title = _("kind of gap")
    parameter_name = "kind"
    column = "kind"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return GapKind.choices


class CompanyGapFilter(GapKindFilter):
    column = "gap__kind"


class ScopeFilter(FieldFilter):
    title = _("scope of the target")
    parameter_name = "scope"
    column = "scope"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return Scope.choices


class YearFilter(SelectFilter):
    """Years that rows exist for; any other year finds nothing."""

    title = _("year")
    parameter_name = "year"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        years = AnnualTarget.objects.order_by("-year").values_list("year", flat=True)
        return [(year, str(year)) for year in years.distinct()]

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        known = value.isdecimal() and len(value) == 4
        return rows.filter(year=int(value)) if known else rows.none()
