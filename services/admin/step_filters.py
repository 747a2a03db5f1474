"""Filters of decided steps: when, and whether in time. Figures link to them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.filters import SelectFilter
from leads.admin.lead_filters import DayFilter
from services.timeliness import DECIDED, IN_TIME, LATE


class DecidedFilter(DayFilter):
    title = gettext_lazy("decided between")
    parameter_name = "decided"
    column = "decided_on"

    def narrow(self, rows: QuerySet[Any], start: Any, end: Any) -> QuerySet[Any]:
        """A step that was waived has a day, but no decision."""
        decided = rows.filter(state__in=DECIDED) if start or end else rows
        return super().narrow(decided, start, end)


class OutcomeFilter(SelectFilter):
    title = gettext_lazy("decided in time or late")
    parameter_name = "outcome"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return (
            ("in_time", pgettext_lazy("approval step", "decided in time")),
            ("late", pgettext_lazy("approval step", "decided late")),
            ("by_default", pgettext_lazy("approval step", "once granted by default")),
        )

    def narrow(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        decided = rows.filter(state__in=DECIDED)
        if value == "in_time":
            return decided.filter(IN_TIME)
        if value == "late":
            return decided.filter(LATE)
        if value == "by_default":
            return decided.filter(is_deemed=True)
        raise IncorrectLookupParameters(f"outcome={value[:20]}")
