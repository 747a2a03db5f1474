"""Filters of the list of landed projects."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from leads.models import FlagKind, ProjectFlag


class FlagFilter(admin.SimpleListFilter):
    """Projects on a list now: 省重大, 入统, 入规."""

    title = _("listed as")
    parameter_name = "flag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> Iterable[tuple[str, Any]]:
        return FlagKind.choices

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        if self.value() not in FlagKind:
            return queryset
        listed = ProjectFlag.objects.filter(
            project=OuterRef("pk"), kind=self.value(), ended_on=None
        )
        return queryset.filter(Exists(listed))
