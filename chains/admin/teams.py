"""Task teams and outposts. A team itself is read and changed on its own page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.db.models import Count, Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.decorators import display

from chains.actions.teams import create_team
from chains.admin.records import RecordAdmin
from chains.models import Chain, Outpost, TaskTeam
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day


@admin.register(TaskTeam)
class TaskTeamAdmin(ScopedModelAdmin):
    """The list of teams; whoever sees one team only is taken to it."""

    list_display = ("name", "chain", "leader", "head", "lead_unit", "members")
    page_name = "admin:team_page"
    phone_columns = ("chain", "leader", "head")
    sortable_by = ()
    list_select_related = ("chain", "leader", "head")
    search_fields = ("name", "chain__name", "lead_unit")
    ordering = ("chain__order",)
    fields = ("chain", "name", "lead_unit")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        current = Count("memberships", filter=Q(memberships__left_on=None))
        return super().get_queryset(request).annotate(member_count=current)

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "chain":
            kwargs["queryset"] = Chain.objects.filter(team=None)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def write(
        self, request: HttpRequest, instance: Any, values: Mapping[str, Any], expected: int | None
    ) -> Model:
        return create_team(by=request.user, **values)  # type: ignore[arg-type]  # signed in here

    def response_add(self, request: HttpRequest, obj: Any, post_url_continue: Any = None) -> Any:
        return HttpResponseRedirect(reverse("admin:team_page", args=[obj.pk]))

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        seen = list(TaskTeam.objects.visible_to(request.user)[:2])  # type: ignore[arg-type]  # signed in here
        if len(seen) == 1 and self.has_view_permission(request):
            return HttpResponseRedirect(reverse("admin:team_page", args=[seen[0].pk]))
        return super().changelist_view(request, extra_context)

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> Any:
        if object_id is None:
            return super().changeform_view(request, object_id, form_url, extra_context)
        team = self.get_object(request, object_id)
        if team is None:
            raise Http404
        return HttpResponseRedirect(reverse("admin:team_page", args=[team.pk]))

    @display(description=_("People"))
    def members(self, team: Any) -> int:
        return team.member_count  # type: ignore[no-any-return]  # annotated above


@admin.register(Outpost)
class OutpostAdmin(RecordAdmin):
    list_display = ("name", "city", "worked_by", "closed")
    search_fields = ("name", "city")
    fields = ("name", "city", "closed_on")
    ordering = ("closed_on", "name")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related("teams")

    @display(description=_("Task teams"))
    def worked_by(self, outpost: Outpost) -> str:
        return gettext(", ").join(str(team) for team in outpost.teams.all()) or "—"

    @display(description=_("Closed on"), ordering="closed_on")
    def closed(self, outpost: Outpost) -> str:
        return day(outpost.closed_on) if outpost.closed_on else _("open (outpost)")
