"""Approval plans: the list, the page with the drawing, making one, its helper, its end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, IntegerField, Min, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from kfq_crm.base.admin.staff import StaffField
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.changelist import Tab
from kfq_crm.base.forms import ActionForm, LedgerDateField
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from kfq_crm.base.templatetags.office import day, limit_text
from leads.admin.lead_columns import two_lines
from leads.models import LandedProject
from services.actions.plans import change_helper, give_up_plan, make_plan
from services.admin.plan_reading import view_of
from services.admin.step_forms import ReasonForm
from services.admin.step_pages import ServicePage, plan_url, register
from services.models import (
    PASSED,
    ApprovalPlan,
    ApprovalStep,
    ApprovalTemplate,
    PlanState,
    StepState,
)
from services.models.plans import served_projects
from services.permissions import may_plan
from services.sla import light_of

MOST_PROJECTS = 40


def _of_steps(value: Any, **narrowed: Any) -> Coalesce:
    """A figure over the steps of each plan, asked for the rows of one page only."""
    steps = ApprovalStep.objects.filter(plan=OuterRef("pk"), **narrowed).order_by()
    counted = steps.values("plan").annotate(figure=value).values("figure")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


def with_progress(plans: QuerySet[ApprovalPlan]) -> QuerySet[ApprovalPlan]:
    """Each plan with its steps counted, and the nearest limit that runs."""
    running = ApprovalStep.objects.filter(plan=OuterRef("pk"), state=StepState.ACCEPTED).order_by()
    nearest = running.values("plan").annotate(day=Min("due_on")).values("day")
    return plans.annotate(
        steps_all=_of_steps(Count("pk")),
        steps_passed=_of_steps(Count("pk"), state__in=PASSED),
        nearest_on=Subquery(nearest),
    )


def overdue_plans(rows: QuerySet[Any]) -> QuerySet[Any]:
    late = ApprovalStep.objects.overdue(timezone.localdate()).values("plan")
    return rows.filter(state=PlanState.OPEN, pk__in=late)


@admin.register(ApprovalPlan)
class ApprovalPlanAdmin(OwnPageAdmin):
    """Plans are made for a project and moved by the verbs of their steps."""

    page_name = "admin:services_approvalplan_page"
    list_display = ("name_and_project", "helped_by", "progress", "nearest", "since", "state_badge")
    phone_columns = ("progress", "nearest", "state_badge")
    list_select_related = ("project", "helper")
    search_fields = ("name", "project__name", "helper__display_name")
    search_help_text = gettext_lazy("Project, plan, or who helps")
    calendar_in_list = True
    add_label = gettext_lazy("Make an approval plan")
    empty_hint = gettext_lazy(
        "No approval plan is on record. Choose a landed project and make its plan in one click."
    )

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("open", pgettext_lazy("approval plans", "under way")),
            Tab("mine", pgettext_lazy("approval plans", "I help with")),
            Tab("overdue", pgettext_lazy("approval plans", "with overdue steps")),
            Tab("closed", pgettext_lazy("approval plans", "closed")),
            Tab("all", pgettext_lazy("approval plans", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "mine":
            return rows.filter(helper=request.user)
        if tab == "overdue":
            return overdue_plans(rows)
        if tab == "closed":
            return rows.exclude(state=PlanState.OPEN)
        return rows.filter(state=PlanState.OPEN) if tab == "open" else rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_progress(super().get_queryset(request))

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm("services.change_approvalplan"))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """Which project: those without a plan, found by name."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        words = request.GET.get("q", "").strip()
        context = {"projects": projects_without_plan(request.user, words), "words": words}
        return office_page(
            request, "services/plan_choose.html", _("Make an approval plan"), context
        )

    @admin.display(description=gettext_lazy("project and plan"), ordering="project__name")
    def name_and_project(self, plan: ApprovalPlan) -> SafeString:
        return two_lines(str(plan.project), plan.name)

    @admin.display(description=gettext_lazy("helped by"), ordering="helper__display_name")
    def helped_by(self, plan: ApprovalPlan) -> str:
        return str(plan.helper)

    @admin.display(description=gettext_lazy("steps through"))
    def progress(self, plan: Any) -> str:
        return _("%(passed)d of %(all)d") % {"passed": plan.steps_passed, "all": plan.steps_all}

    @admin.display(description=gettext_lazy("nearest limit"))
    def nearest(self, plan: Any) -> SafeString | str:
        if plan.state != PlanState.OPEN or plan.nearest_on is None:
            return "—"
        colour = light_of(plan.list_calendar, plan.nearest_on, plan.list_today).value
        words = limit_text(plan.nearest_on, plan.list_today, plan.list_calendar)
        return format_html('<span class="o-badge o-badge--{}">{}</span>', colour, words)

    @admin.display(description=gettext_lazy("begun on"), ordering="began_on")
    def since(self, plan: ApprovalPlan) -> str:
        return day(plan.began_on)

    @admin.display(description=gettext_lazy("state of the plan"), ordering="state")
    def state_badge(self, plan: ApprovalPlan) -> SafeString:
        return badge_of(plan)


def badge_of(plan: ApprovalPlan) -> SafeString:
    colour = {PlanState.OPEN: " o-badge--accent", PlanState.DONE: " o-badge--green"}
    return format_html(
        '<span class="o-badge{}">{}</span>',
        colour.get(PlanState(plan.state), ""),
        plan.get_state_display(),
    )


def projects_without_plan(user: Any, words: str) -> QuerySet[LandedProject]:
    """Projects that the person sees and that have no plan under way or done, newest first."""
    planned = ApprovalPlan.objects.exclude(state=PlanState.STOPPED).values("project")
    rows = served_projects(user).exclude(pk__in=planned)
    if words:
        rows = rows.filter(
            Q(name__icontains=words) | Q(code__icontains=words) | Q(project_code=words)
        )
    return rows.select_related("chain").order_by("-pk")[:MOST_PROJECTS]


def plan_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Head, drawing, steps with their lights and with what this person may do."""
    rows = visible(ApprovalPlan, request.user).select_related(
        "project__contract__lead__owner", "project__chain", "helper", "made_by", "template"
    )
    plan = get_object_or_404(rows, pk=pk)
    today, calendar = timezone.localdate(), current_calendar()
    view = view_of(plan, request.user, today, calendar)  # type: ignore[arg-type]  # the admin lets nobody else in
    sees_project = visible(LandedProject, request.user).filter(pk=plan.project_id).exists()
    context = {
        "plan": plan,
        "view": view,
        "badge": badge_of(plan),
        "sees_project": sees_project,
        "may_direct": may_plan(request.user, plan.project),  # type: ignore[arg-type]  # as above
        "calendar": calendar,
    }
    return office_page(request, "services/plan_page.html", f"{plan.project} · {plan}", context)


class MakePlanForm(ActionForm):
    """Everything is filled in: one click makes the plan."""

    template = forms.ModelChoiceField(
        label=gettext_lazy("From which template"),
        queryset=ApprovalTemplate.objects.none(),
        widget=UnfoldAdminSelectWidget(),
        empty_label=None,
    )
    helper = StaffField(label=gettext_lazy("Who helps the enterprise through"))
    began_on = LedgerDateField(
        label=gettext_lazy("The plan begins on"),
        required=False,
        help_text=gettext_lazy("The planned days of every step are reckoned from here."),
    )

    def __init__(self, *args: Any, project: LandedProject, user: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = ApprovalPlan.objects.filter(project=project).exclude(state=PlanState.STOPPED)
        free = offered_templates().exclude(pk__in=taken.values("template"))
        self.fields["template"].queryset = free  # type: ignore[attr-defined]  # a ModelChoiceField
        self.initial.update(helper=user.pk, began_on=timezone.localdate(), template=free.first())


def offered_templates() -> QuerySet[ApprovalTemplate]:
    """Templates in use that have steps, the fullest first: it is the one for most projects."""
    rows = visible_templates().annotate(number=Count("steps")).filter(number__gt=0)
    return rows.order_by("-number", "pk")


def visible_templates() -> QuerySet[ApprovalTemplate]:
    return ApprovalTemplate.objects.filter(is_active=True)


class MakePlanPage(ServicePage):
    """One click on a project's page; the form says who helps and from which template."""

    model = LandedProject
    related = ("contract__lead",)
    title = gettext_lazy("Make the approval plan")
    submit_label = gettext_lazy("Make the plan")
    form_class = MakePlanForm

    def rows(self) -> Any:
        """Service staff make plans for projects whose leads they do not read."""
        return served_projects(self.user).select_related(*self.related)

    def is_allowed(self) -> bool:
        return may_plan(self.user, self.subject)

    def page_of(self, subject: Any) -> str:
        if isinstance(subject, ApprovalPlan):
            return plan_url(subject)
        if visible(LandedProject, self.user).filter(pk=subject.pk).exists():
            return reverse("admin:leads_landedproject_page", args=[subject.pk])
        return reverse("admin:services_approvalplan_changelist")

    def form_options(self) -> dict[str, Any]:
        return {"project": self.subject, "user": self.user}

    def refusal(self) -> str:
        if not offered_templates().exists():
            return _("No template is in use; the coordination office makes one first.")
        return ""

    def consequences(self) -> list[str]:
        return [
            _("All steps of the template are copied; those that wait for nothing can begin."),
            _("Steps to a milestone that the project has reached are marked as not needed."),
        ]

    def act(self, form: Any) -> str:
        self.subject = make_plan(project=self.subject, by=self.user, **form.cleaned_data)
        return _("The plan is made. Submit what can be submitted now.")


class PlanVerb(ServicePage):
    """A verb over a plan."""

    model = ApprovalPlan
    related = ("project__contract__lead", "helper")

    def is_allowed(self) -> bool:
        return may_plan(self.user, self.subject.project)

    def page_of(self, subject: Any) -> str:
        return plan_url(subject)

    def refusal(self) -> str:
        return "" if self.subject.state == PlanState.OPEN else _("This plan is closed.")


class HelperForm(ActionForm):
    helper = StaffField(label=gettext_lazy("Who helps from now on"))


class HelperPage(PlanVerb):
    title = gettext_lazy("Give the plan into other hands")
    submit_label = gettext_lazy("Hand the plan over")
    form_class = HelperForm

    def consequences(self) -> list[str]:
        return [
            _("%(person)s is relieved of it; notices go to the new person from now on.")
            % {"person": self.subject.helper}
        ]

    def act(self, form: Any) -> str:
        plan = change_helper(
            plan=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("%(person)s helps the enterprise through now.") % {"person": plan.helper}


class GiveUpPage(PlanVerb):
    title = gettext_lazy("Give the plan up")
    submit_label = gettext_lazy("Give up this plan")
    form_class = ReasonForm
    is_danger = True

    def consequences(self) -> list[str]:
        return [
            _("No step of it goes on, no clock runs, nobody is reminded. It stays on record."),
            _("Another plan can be made for the project from the same template."),
        ]

    def act(self, form: Any) -> str:
        give_up_plan(plan=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data)
        return _("The plan is given up.")


register({"make": MakePlanPage}, "approvalplan", "project")
register({"helper": HelperPage, "give_up": GiveUpPage}, "approvalplan", "plan")
admin.site.add_page("services/plan/<int:pk>/", plan_page, "services_approvalplan_page")  # type: ignore[attr-defined]  # the office's site
