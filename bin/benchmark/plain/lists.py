"""The bare lists: DRF's ModelSerializer over one table, a page by key, nobody asked who asks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import QuerySet
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response

from benchmark.plain.rows import FollowUpRow, LeadRow

PAGE = 100


class LeadRowSerializer(serializers.ModelSerializer[LeadRow]):
    class Meta:
        model = LeadRow
        fields = "__all__"


class FollowUpRowSerializer(serializers.ModelSerializer[FollowUpRow]):
    class Meta:
        model = FollowUpRow
        fields = "__all__"


class RowList(generics.GenericAPIView[Any]):
    """The newest first; `after` is the last key of the page before."""

    def get(self, request: Request) -> Response:
        rows = self.narrowed(self.get_queryset(), request.query_params)
        if after := request.query_params.get("after"):
            rows = rows.filter(pk__lt=int(after))
        page = list(rows.order_by("-pk")[:PAGE])
        following = f"{request.path}?after={page[-1].pk}" if len(page) == PAGE else None
        return Response({"results": self.get_serializer(page, many=True).data, "next": following})

    def narrowed(self, rows: QuerySet[Any], asked: Any) -> QuerySet[Any]:
        return rows


class LeadList(RowList):
    queryset = LeadRow.objects.all()
    serializer_class = LeadRowSerializer

    def narrowed(self, rows: QuerySet[Any], asked: Any) -> QuerySet[Any]:
        if "chain" in asked:
            rows = rows.filter(chain_code=asked["chain"], stage=asked["stage"])
        if "overdue" in asked:
            rows = rows.filter(exit="", next_action_on__lt=date.today())  # noqa: DTZ011 — bare
        return rows


class FollowUpList(RowList):
    queryset = FollowUpRow.objects.all()
    serializer_class = FollowUpRowSerializer
