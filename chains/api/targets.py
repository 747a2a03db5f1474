"""Annual targets as they were set. How far they are attained is told by the overview's API."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from chains.api.filters import by_chain, by_team
from chains.api.taxonomy import ChainLabel
from chains.api.teams import TeamLabel
from chains.models import AnnualTarget, Metric, Scope
from kfq_crm.base.api.filters import (
    ApiFilterSet,
    CodesFilter,
    NumberFilter,
    RecordsFilter,
    visible_rows,
)
from kfq_crm.base.api.paging import BY_KEY
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.api.views import ReadViewSet
from kfq_crm.base.models import TokenScope


class MetricLabel(serializers.ModelSerializer[Metric]):
    class Meta:
        model = Metric
        fields = ("id", "code", "name", "unit", "definition")


class AnnualTargetSerializer(ReadSerializer):
    joins = {"chain": ("chain",), "team": ("team",), "metric": ("metric",)}

    chain = ChainLabel(label=_("industry chain"), allow_null=True)
    team = TeamLabel(label=_("task team"), allow_null=True)
    metric = MetricLabel(label=_("metric"))

    class Meta:
        model = AnnualTarget
        fields = (
            "id",
            "year",
            "scope",
            "chain",
            "team",
            "metric",
            "comparator",
            "value",
            "growth_percent",
            "excludes_jiangyin_park",
            "source",
            "version",
            "updated_at",
        )


class AnnualTargetFilters(ApiFilterSet):
    year = NumberFilter(label=_("target year"))
    scope = CodesFilter(choices=Scope.choices, label=_("scope of the target"))
    chain = by_chain()
    team = by_team()
    metric = RecordsFilter(rows=visible_rows(Metric), by="code", label=_("Codes of metrics"))


class AnnualTargets(ReadViewSet):
    """Extended by the overview's API, which serves it with what was attained."""

    resource = "annual-targets"
    model = AnnualTarget
    serializer_class = AnnualTargetSerializer
    filterset_class = AnnualTargetFilters
    orderings = (BY_KEY,)
    default_ordering = "id"
    has_etag = True
    required_scopes = {"read": TokenScope.CHAINS_READ}
