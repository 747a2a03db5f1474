"""Chains with the tree of their segments, and segments one by one."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from chains.api.filters import by_chain, by_chain_kind
from chains.models import Chain, ChainKind, Position, Segment
from kfq_crm.base.api.filters import ApiFilterSet, CodesFilter, RecordsFilter, visible_rows
from kfq_crm.base.api.paging import BY_KEY, Ordering
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.api.views import ReadViewSet
from kfq_crm.base.models import TokenScope


class ChainLabel(serializers.ModelSerializer[Chain]):
    """A chain as other records name it."""

    class Meta:
        model = Chain
        fields = ("id", "code", "name")


class SegmentLabel(serializers.ModelSerializer[Segment]):
    """A segment as other records name it."""

    class Meta:
        model = Segment
        fields = ("id", "code", "name")


class SegmentSerializer(ReadSerializer):
    joins = {"chain": ("chain",)}

    chain = ChainLabel(label=_("industry chain"))

    class Meta:
        model = Segment
        fields = (
            "id",
            "chain",
            "parent",
            "code",
            "name",
            "position",
            "position_inferred",
            "order",
            "source",
            "version",
            "updated_at",
        )


class ChainSerializer(ReadSerializer):
    fetches = {"segments": ("segments",)}

    segments = serializers.SerializerMethodField(label=_("segments, as a tree"))

    class Meta:
        model = Chain
        fields = (
            "id",
            "code",
            "name",
            "kind",
            "order",
            "direction",
            "source",
            "segments",
            "version",
            "updated_at",
        )

    def get_segments(self, chain: Chain) -> list[dict[str, Any]]:
        return tree_of(chain.segments.all())


def tree_of(segments: Any) -> list[dict[str, Any]]:
    """Segments nested below the wider one, in the order of the list."""
    nodes = {
        row.pk: {
            "id": row.pk,
            "code": row.code,
            "name": row.name,
            "position": row.position,
            "children": [],
        }
        for row in segments
    }
    roots = []
    for row in segments:
        siblings = nodes[row.parent_id]["children"] if row.parent_id in nodes else roots
        siblings.append(nodes[row.pk])
    return roots


class ChainFilters(ApiFilterSet):
    kind = CodesFilter(choices=ChainKind.choices, label=_("core or chain"))
    code = RecordsFilter(field_name="pk", rows=visible_rows(Chain), by="code", label=_("Codes"))


class Chains(ReadViewSet):
    resource = "chains"
    model = Chain
    serializer_class = ChainSerializer
    filterset_class = ChainFilters
    orderings = (BY_KEY, Ordering("order", "order", _("place in lists")))
    default_ordering = "order"
    has_etag = True
    required_scopes = {"read": TokenScope.CHAINS_READ}


class SegmentFilters(ApiFilterSet):
    chain = by_chain()
    chain_kind = by_chain_kind()
    position = CodesFilter(choices=Position.choices, label=_("place on the chain"))


class Segments(ReadViewSet):
    resource = "segments"
    model = Segment
    serializer_class = SegmentSerializer
    filterset_class = SegmentFilters
    orderings = (BY_KEY,)
    has_etag = True
    required_scopes = {"read": TokenScope.CHAINS_READ}
