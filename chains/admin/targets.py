"""Metrics, yearly targets and results."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chains.admin.filters import ChainFilter, ScopeFilter, YearFilter
from chains.admin.records import RecordAdmin
from chains.figures import growth, target_text, with_unit
from chains.models import AnnualResult, AnnualTarget, Metric


@admin.register(Metric)
class MetricAdmin(RecordAdmin):
    list_display = ("name", "unit", "definition")
    search_fields = ("name",)

    def get_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        """The code is for programs: given once, read by nobody."""
        return ("name", "unit", "definition", *(() if obj else ("code",)))


@admin.register(AnnualTarget)
class AnnualTargetAdmin(RecordAdmin):
    list_display = ("name", "year", "whose", "wanted", "without_park", "source")
    list_filter = (YearFilter, ScopeFilter, ChainFilter)
    phone_columns = ("year", "whose", "wanted")
    add_label = _("Set a target")
    list_select_related = ("metric", "chain", "team")
    search_fields = ("metric__name",)
    ordering = ("-year", "scope", "metric__name")
    autocomplete_fields = ("metric",)
    fields = (
        "year",
        "metric",
        "scope",
        "chain",
        "team",
        "comparator",
        "value",
        "growth_percent",
        "excludes_jiangyin_park",
        "source",
    )

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"year": timezone.localdate().year, **super().get_changeform_initial_data(request)}

    @display(description=_("Target"), ordering="metric__name")
    def name(self, target: AnnualTarget) -> str:
        return target.metric.name

    @display(description=_("Whose target"), ordering="scope")
    def whose(self, target: AnnualTarget) -> str:
        return str(target.chain or target.team or target.get_scope_display())

    @display(description=_("To reach"))
    def wanted(self, target: AnnualTarget) -> str:
        return target_text(target)

    @display(description=_("Without Jiangyin park"), boolean=True)
    def without_park(self, target: AnnualTarget) -> bool:
        return target.excludes_jiangyin_park


@admin.register(AnnualResult)
class AnnualResultAdmin(RecordAdmin):
    list_display = ("name", "year", "reached", "growth_column", "note", "source")
    list_filter = (YearFilter,)
    list_select_related = ("metric",)
    search_fields = ("metric__name",)
    ordering = ("-year", "metric__name")
    autocomplete_fields = ("metric",)
    fields = ("year", "metric", "value", "growth_percent", "note", "source")

    @display(description=_("Result"), ordering="metric__name")
    def name(self, result: AnnualResult) -> str:
        return result.metric.name

    @display(description=_("Figure reached"))
    def reached(self, result: AnnualResult) -> str:
        return with_unit(result.value, result.metric.unit) or "—"

    @display(description=_("Growth"))
    def growth_column(self, result: AnnualResult) -> str:
        return growth(result.growth_percent) or "—"
