"""Papers that are promised for later (容缺): what comes due, what did not come."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import OfficeChangeList, Tab
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day, limit_colour, limit_text
from leads.admin.lead_columns import two_lines
from services.models import MissingItem, PlanState


class ItemChangeList(OfficeChangeList):
    """A row opens the step that the paper belongs to."""

    def url_for_result(self, result: Any) -> str:
        return reverse("admin:services_approvalstep_page", args=[result.step_id])


@admin.register(MissingItem)
class MissingItemAdmin(ScopedModelAdmin):
    """They come with the acceptance of a step and go when the paper is handed in."""

    list_display = ("paper_and_project", "asked_of", "promised_for", "follows", "helped_by")
    phone_columns = ("promised_for", "follows")
    list_select_related = ("paper", "step__department", "step__plan__project", "step__plan__helper")
    search_fields = ("paper__name", "step__name", "step__plan__project__name")
    search_help_text = gettext_lazy("Paper, step, project")
    sortable_by = ()
    calendar_in_list = True
    empty_hint = gettext_lazy(
        "No paper is promised for later. Promises are accepted together with an application."
    )

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        by_day = ("due_on", "pk")
        return (
            Tab("due", pgettext_lazy("promised papers", "to come"), ordering=by_day),
            Tab("lapsed", pgettext_lazy("promised papers", "did not come"), ordering=by_day),
            Tab("all", pgettext_lazy("promised papers", "all"), ordering=("-due_on", "-pk")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "all":
            return rows
        owed = rows.filter(handed_in_on=None, dropped_on=None).exclude(
            step__plan__state=PlanState.STOPPED
        )
        return owed.filter(lapsed_on=None) if tab == "due" else owed.exclude(lapsed_on=None)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OfficeChangeList]:
        return ItemChangeList

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        item = self.get_object(request, object_id)
        if item is None:
            raise Http404
        return HttpResponseRedirect(
            reverse("admin:services_approvalstep_page", args=[item.step_id])
        )

    @admin.display(description=gettext_lazy("paper and project"))
    def paper_and_project(self, item: MissingItem) -> SafeString:
        return two_lines(item.paper.name, f"{item.step.plan.project} · {item.step}")

    @admin.display(description=gettext_lazy("department"))
    def asked_of(self, item: MissingItem) -> str:
        return str(item.step.department)

    @admin.display(description=gettext_lazy("promised for"))
    def promised_for(self, item: Any) -> SafeString | str:
        if item.handed_in_on:
            told = _("handed in %(day)s") % {"day": day(item.handed_in_on)}
            return format_html('<span class="o-badge o-badge--green">{}</span>', told)
        if item.dropped_on:
            return format_html('<span class="o-badge">{}</span>', _("ended with the refusal"))
        return format_html(
            '<span class="o-badge o-badge--{}" title="{}">{}</span>',
            limit_colour(item.due_on, item.list_today),
            day(item.due_on),
            limit_text(item.due_on, item.list_today, item.list_calendar),
        )

    @admin.display(description=gettext_lazy("what follows if it does not come"))
    def follows(self, item: MissingItem) -> str:
        return str(item.get_consequence_display())

    @admin.display(description=gettext_lazy("helped by"))
    def helped_by(self, item: MissingItem) -> str:
        return str(item.step.plan.helper)
