"""Landed projects: the list, the page with its milestones, the verbs that move them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import Tab
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import ScopedModelAdmin, visible
from kfq_crm.base.templatetags.office import amount
from leads.actions.landing import (
    meet_milestone,
    milestones_of,
    next_milestone,
    plan_milestone,
    recognise_milestone,
)
from leads.admin.action_page import ActionPage, register
from leads.admin.project_forms import MeetForm, PlanForm, RecogniseForm
from leads.models import LandedProject, Lead, Milestone, MilestoneKind
from leads.permissions import rights_over

COORDINATES = "leads.reassign_leads"
RUNNING = (MilestoneKind.PRODUCING, MilestoneKind.FULL)


@admin.register(LandedProject)
class LandedProjectAdmin(ScopedModelAdmin):
    """Projects are opened from a contract and moved by milestones; the list finds them."""

    empty_value_display = "—"
    list_display = ("name", "where", "milestone_word", "amount", "landing_park", "recognised")
    phone_columns = ("where", "milestone_word", "amount")
    list_filter = ("chain", "milestone", "is_recognised", "is_lease")
    list_select_related = ("chain", "segment", "enterprise")
    list_defer = ("enterprise__search_text", "enterprise__search_grams", "chain__direction")
    search_fields = ("name", "enterprise__name", "code", "project_code")
    page_name = "admin:leads_landedproject_page"
    empty_hint = gettext_lazy(
        "No project is on record. A project is opened on the page of a counted contract."
    )

    def list_tabs(self, request: HttpRequest) -> Any:
        return (
            Tab("building", pgettext_lazy("projects", "under way")),
            Tab("running", pgettext_lazy("projects", "in production")),
            Tab("all", pgettext_lazy("projects", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "running":
            return rows.filter(milestone__in=RUNNING)
        return rows.exclude(milestone__in=RUNNING) if tab == "building" else rows

    @admin.display(description=gettext_lazy("Chain and segment"))
    def where(self, project: LandedProject) -> str:
        return " · ".join(str(part) for part in (project.chain, project.segment) if part) or "—"

    @admin.display(description=gettext_lazy("Latest milestone"), ordering="milestone")
    def milestone_word(self, project: LandedProject) -> str:
        return project.get_milestone_display() if project.milestone else _("none reached yet")

    @admin.display(description=gettext_lazy("Total investment"), ordering="investment")
    def amount(self, project: LandedProject) -> str:
        said = project.investment_note if project.investment is None else ""
        shown = said or amount(project.investment, project.currency)
        return format_html('<span class="o-number">{}</span>', shown)

    @admin.display(description=gettext_lazy("Recognised?"))
    def recognised(self, project: LandedProject) -> str:
        if not project.is_recognised:
            return "—"
        return format_html(
            '<span class="o-badge o-badge--green">{}</span>', _("recognised (project)")
        )

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


def page_of(project: LandedProject) -> str:
    return reverse("admin:leads_landedproject_page", args=[project.pk])


def may_move_project(user: Any, project: LandedProject) -> bool:
    """The lead's people, or for a project of the report the coordination office."""
    if project.contract:
        return rights_over(user, project.contract.lead).move
    return bool(user.has_perm(COORDINATES))


@dataclass(frozen=True)
class Line:
    """One milestone of the project's own way, whether or not a row of it exists yet."""

    kind: MilestoneKind
    row: Milestone | None
    is_next: bool

    @property
    def state(self) -> str:
        if self.row and self.row.is_reached:
            return "is-done"
        return "is-now" if self.is_next else ""


def lines_of(project: LandedProject) -> list[Line]:
    rows = {row.kind: row for row in project.milestones.all()}
    following = next_milestone(project)
    return [Line(kind, rows.get(kind), kind == following) for kind in milestones_of(project)]


def project_page(request: HttpRequest, pk: int) -> HttpResponse:
    rows = visible(LandedProject, request.user).select_related(
        "contract__lead", "enterprise", "chain", "segment"
    )
    project = get_object_or_404(rows, pk=pk)
    context = {
        "project": project,
        "lines": lines_of(project),
        "next": next_milestone(project),
        "may_move": may_move_project(request.user, project),
    }
    return office_page(request, "leads/project_page.html", project.name, context)


class ProjectPage(ActionPage):
    """A verb over the milestones of a project."""

    model = LandedProject
    related = ("contract__lead", "enterprise")

    def lead_of(self, subject: Any) -> Lead | None:
        return subject.contract.lead if subject.contract else None

    def is_allowed(self) -> bool:
        return may_move_project(self.user, self.subject)

    def page_of(self, subject: Any) -> str:
        return page_of(subject)

    def kinds(self) -> list[MilestoneKind]:
        """Milestones that the verb can be about now."""
        raise NotImplementedError

    def form_options(self) -> dict[str, Any]:
        kinds = self.kinds()
        asked = self.request.GET.get("kind", "")
        initial = {"kind": asked if asked in kinds else kinds[0]} if kinds else {}
        return {"kinds": kinds, "initial": initial}

    def refusal(self) -> str:
        return "" if self.kinds() else _("No milestone of this project allows that now.")


class MeetPage(ProjectPage):
    title = gettext_lazy("Note that a milestone is reached")
    submit_label = gettext_lazy("Note as reached")

    form_class = MeetForm

    def kinds(self) -> list[MilestoneKind]:
        following = next_milestone(self.subject)
        return [following] if following else []

    def form_options(self) -> dict[str, Any]:
        return {
            **super().form_options(),
            "with_code": MilestoneKind.REGISTERED in self.kinds(),
        }

    def consequences(self) -> list[str]:
        said = [_("Milestones are reached one after the other; the day cannot be changed later.")]
        if MilestoneKind.STARTED in self.kinds():
            said.append(
                _(
                    "Started means permanent works under a permit. Survey, levelling, demolition "
                    "and temporary works do not count."
                )
            )
        return said

    def extra_context(self) -> dict[str, Any]:
        company = self.subject.enterprise
        lacks_code = MilestoneKind.REGISTERED in self.kinds() and company and not company.uscc
        return {**super().extra_context(), "company_without_code": company if lacks_code else None}

    template_name = "leads/milestone_form.html"

    def act(self, form: Any) -> str:
        milestone = meet_milestone(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Reached: %(milestone)s.") % {"milestone": milestone}


class PlanPage(ProjectPage):
    title = gettext_lazy("Plan a milestone")
    submit_label = gettext_lazy("Save the plan")
    form_class = PlanForm

    def kinds(self) -> list[MilestoneKind]:
        return [line.kind for line in lines_of(self.subject) if line.state != "is-done"]

    def act(self, form: Any) -> str:
        milestone = plan_milestone(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The plan of “%(milestone)s” is saved.") % {"milestone": milestone}


class RecognisePage(ProjectPage):
    title = gettext_lazy("Note the recognition of a milestone")
    submit_label = gettext_lazy("Note as recognised")
    form_class = RecogniseForm

    def kinds(self) -> list[MilestoneKind]:
        return [
            line.kind
            for line in lines_of(self.subject)
            if line.row and line.row.is_reached and not line.row.recognised_on
        ]

    def consequences(self) -> list[str]:
        return [_("The day on which the superior authority recognised it; the day itself stays.")]

    def act(self, form: Any) -> str:
        milestone = recognise_milestone(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Recognised: %(milestone)s.") % {"milestone": milestone}


admin.site.add_page("leads/landedproject/<int:pk>/page/", project_page, "leads_landedproject_page")
register({"meet": MeetPage, "plan": PlanPage, "recognise": RecognisePage}, "landedproject")
