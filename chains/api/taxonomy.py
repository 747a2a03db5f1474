"""Chains with the tree of their segments, and segments one by one."""

from __future__ import annotations

import builtins
from collections.abc import Iterable, Sequence
from typing import Any

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from chains.api.filters import by_chain, by_chain_kind
from chains.models import Chain, ChainKind, Position, Segment
from chains.tree_figures import FIGURES, Counts, count_by_segment
from kfq_crm.base.api.filters import ApiFilterSet, CodesFilter, RecordsFilter, visible_rows
from kfq_crm.base.api.paging import BY_KEY, Ordering
from kfq_crm.base.api.parameters import read_flag
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.api.views import ReadViewSet
from kfq_crm.base.models import TokenScope

FIGURES_PARAMETER = OpenApiParameter(
    "figures",
    bool,
    description=_(
        "With the number of anchor firms, open gaps, open leads and landed projects of each "
        "chain and segment, of those that the reader may see"
    ),
)


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
    nodes: dict[int, dict[str, Any]] = {
        row.pk: {
            "id": row.pk,
            "code": row.code,
            "name": row.name,
            "position": row.position,
            "children": [],
        }
        for row in segments
    }
    roots: list[dict[str, Any]] = []
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
    parameters = ("figures",)
    required_scopes = {"read": TokenScope.CHAINS_READ}

    @extend_schema(parameters=[FIGURES_PARAMETER])
    def list(self, request: Request) -> Response:
        return super().list(request)

    @extend_schema(parameters=[FIGURES_PARAMETER])
    def retrieve(self, request: Request, pk: str) -> Response:
        return super().retrieve(request, pk)

    def represent(self, rows: Sequence[Any], names: Sequence[str]) -> builtins.list[Any]:
        """With figures where they are asked for. They are no members of the row, which says the
        same in the change feed: a figure changes without the chain."""
        data = super().represent(rows, names)
        if read_flag(self.request, "figures"):
            counts = count_by_segment(self.user, [row.pk for row in rows])
            for row, shown in zip(rows, data, strict=True):
                shown["figures"] = total_of(row.pk, counts)
                place_figures(shown.get("segments", ()), row.pk, counts)
        return data


def total_of(chain: int, counts: Counts) -> dict[str, int]:
    """Of the chain with all of its segments."""
    found = [numbers for (of, _segment), numbers in counts.items() if of == chain]
    return {f.name: sum(numbers.get(f.name, 0) for numbers in found) for f in FIGURES}


def place_figures(nodes: Iterable[dict[str, Any]], chain: int, counts: Counts) -> None:
    """Of each segment by itself; a narrower segment's are not in the wider one's."""
    for node in nodes:
        numbers = counts.get((chain, node["id"]), {})
        node["figures"] = {figure.name: numbers.get(figure.name, 0) for figure in FIGURES}
        place_figures(node["children"], chain, counts)


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
