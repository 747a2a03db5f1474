"""Chains, their segments, anchor firms, gaps and links."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chains.admin.filters import ChainFilter, GapKindFilter
from chains.admin.records import RecordAdmin
from chains.models import AnchorFirm, Chain, Gap, Segment, SegmentLink
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day


@admin.register(Chain)
class ChainAdmin(RecordAdmin):
    """Four cores and five chains are given; their name and direction may be worded anew."""

    list_display = ("name", "kind", "direction")
    page_name = "admin:chain_page"
    search_fields = ("name", "code")
    fields = ("name", "direction")
    ordering = ("order", "pk")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:chain_page", args=[obj.pk]))


@admin.register(Segment)
class SegmentAdmin(ScopedModelAdmin):
    """Serves the pickers; segments are read and changed on their tree."""

    search_fields = ("name", "code", "chain__name")
    ordering = ("chain__order", "order", "pk")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:segment_tree"))

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        segment = self.get_object(request, object_id) if object_id else None
        if segment is None:
            raise Http404
        return HttpResponseRedirect(f"{reverse('admin:segment_tree')}?segment={segment.pk}")


@admin.register(AnchorFirm)
class AnchorFirmAdmin(RecordAdmin):
    list_display = ("name", "chain", "segment", "source")
    list_filter = (ChainFilter,)
    list_select_related = ("chain", "segment")
    search_fields = ("name",)
    ordering = ("chain__order", "name")
    fields = ("name", "chain", "segment", "source")


@admin.register(Gap)
class GapAdmin(RecordAdmin):
    list_display = ("description", "kind_column", "chain", "segment", "closed", "source")
    list_filter = (ChainFilter, GapKindFilter)
    list_select_related = ("chain", "segment")
    search_fields = ("description",)
    ordering = ("chain__order", "segment__order", "pk")
    fields = ("description", "kind", "chain", "segment", "closed_on", "source")

    @display(description=_("Kind of gap"), ordering="kind", label=True)
    def kind_column(self, gap: Gap) -> str:
        return gap.get_kind_display()

    @display(description=_("Closed on"), ordering="closed_on")
    def closed(self, gap: Gap) -> str:
        return day(gap.closed_on) if gap.closed_on else _("open (gap)")


@admin.register(SegmentLink)
class SegmentLinkAdmin(RecordAdmin):
    list_display = ("name", "from_chain", "to_chain", "note", "source")
    list_select_related = ("from_chain", "from_segment", "to_chain", "to_segment")
    search_fields = ("from_segment__name", "to_segment__name", "note")
    ordering = ("from_chain__order", "to_chain__order", "pk")
    fields = ("from_chain", "from_segment", "to_chain", "to_segment", "note", "source")

    @display(description=_("Link"))
    def name(self, row: SegmentLink) -> str:
        return str(row)
