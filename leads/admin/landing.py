"""Landed projects: the list, with a light for construction against its plan."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponseRedirect
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import OfficeChangeList, Tab
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import amount, day, limit_colour, limit_text
from leads.admin.project_filters import FlagFilter
from leads.admin.project_page import page_of
from leads.landing_queries import (
    ProgressClock,
    behind_plan,
    reports_missing,
    standing_of,
    with_progress,
)
from leads.models import LandedProject, Milestone, MilestoneKind
from leads.progress import shown

RUNNING = (MilestoneKind.PRODUCING, MilestoneKind.FULL)


class ProjectChangeList(OfficeChangeList):
    """Rows that know how construction stands and when the next milestone is planned."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        clock = ProgressClock.on(timezone.localdate())
        for row in self.result_list:
            row.standing = standing_of(row, clock)


@admin.register(LandedProject)
class LandedProjectAdmin(ScopedModelAdmin):
    """Projects are opened from a contract and moved by milestones; the list finds them."""

    empty_value_display = "—"
    list_display = (*("name", "where", "milestone_word", "coming", "progress", "amount", "marks"),)
    phone_columns = ("milestone_word", "coming", "progress")
    list_filter = ("chain", "milestone", FlagFilter, "is_recognised", "is_lease")
    list_select_related = ("chain", "segment", "enterprise")
    list_defer = ("enterprise__search_text", "enterprise__search_grams", "chain__direction")
    search_fields = ("name", "enterprise__name", "code", "project_code")
    page_name = "admin:leads_landedproject_page"
    calendar_in_list = True
    empty_hint = gettext_lazy(
        "No project is on record. A project is opened on the page of a counted contract."
    )

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OfficeChangeList]:
        return ProjectChangeList

    def list_tabs(self, request: HttpRequest) -> Any:
        return (
            Tab("building", pgettext_lazy("projects", "under way")),
            Tab("behind", pgettext_lazy("projects", "behind plan"), ordering=("-behind",)),
            Tab("silent", pgettext_lazy("projects", "without a report")),
            Tab("running", pgettext_lazy("projects", "in production")),
            Tab("all", pgettext_lazy("projects", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        clock = ProgressClock.on(timezone.localdate())
        rows = with_progress(rows, clock)
        rows = rows.annotate(next_planned_on=_next_planned()).prefetch_related("flags")
        if tab == "behind":
            return behind_plan(rows, clock)
        if tab == "silent":
            return reports_missing(rows, clock.months.due)
        if tab == "running":
            return rows.filter(milestone__in=RUNNING)
        return rows.exclude(milestone__in=RUNNING) if tab == "building" else rows

    @admin.display(description=gettext_lazy("Chain and segment"))
    def where(self, project: LandedProject) -> str:
        return " · ".join(str(part) for part in (project.chain, project.segment) if part) or "—"

    @admin.display(description=gettext_lazy("Latest milestone"), ordering="milestone")
    def milestone_word(self, project: LandedProject) -> str:
        return project.get_milestone_display() if project.milestone else _("none reached yet")

    @admin.display(description=gettext_lazy("Next one planned for"), ordering="next_planned_on")
    def coming(self, project: Any) -> str:
        planned = project.next_planned_on
        if planned is None:
            return "—"
        words = limit_text(planned, project.list_today, project.list_calendar)
        return format_html(
            '{} <span class="o-badge o-badge--{}">{}</span>',
            day(planned),
            limit_colour(planned, project.list_today),
            words,
        )

    @admin.display(description=gettext_lazy("Construction"), ordering="behind")
    def progress(self, project: Any) -> str:
        standing = project.standing
        if project.contract_id is None and standing.planned is None:
            return "—"  # one of the report, of which nobody reports
        badge = format_html(
            '<span class="o-badge o-badge--{}">{}</span>', standing.colour, standing.words
        )
        if project.progress_percent is None:
            return badge
        return format_html("{}% {}", shown(project.progress_percent), badge)

    @admin.display(description=gettext_lazy("Total investment"), ordering="investment")
    def amount(self, project: LandedProject) -> str:
        said = project.investment_note if project.investment is None else ""
        shown_amount = said or amount(project.investment, project.currency)
        return format_html('<span class="o-number">{}</span>', shown_amount)

    @admin.display(description=gettext_lazy("Listed and recognised"))
    def marks(self, project: LandedProject) -> str:
        words = [flag.get_kind_display() for flag in project.flags.all() if not flag.ended_on]
        if project.is_recognised:
            words.insert(0, _("recognised (project)"))
        if not words:
            return "—"
        badge = '<span class="o-badge o-badge--green">{}</span>'
        return format_html_join(" ", badge, ((word,) for word in words))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        project = self.get_object(request, object_id) if object_id else None
        if project and request.method == "GET":
            return HttpResponseRedirect(page_of(project))
        return super().changeform_view(request, object_id, *args, **kwargs)


def _next_planned() -> Subquery:
    """The first planned day of those that are not reached."""
    waiting = Milestone.objects.filter(
        project=OuterRef("pk"), is_reached=False, planned_on__isnull=False
    )
    return Subquery(waiting.order_by("planned_on").values("planned_on")[:1])
