"""The list “my steps” (我的办件) and the page of one step with everything that happened to it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.contrib import admin
from django.db.models import F, Prefetch, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.dateparse import parse_date
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.changelist import Tab
from kfq_crm.base.filters import FieldFilter, RecordFilter
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from kfq_crm.base.templatetags.office import day
from leads.admin.lead_columns import two_lines
from leads.models import MilestoneKind
from services.admin.offers import Rights, offers
from services.admin.plan_reading import facts_of
from services.admin.standing import standing
from services.admin.step_filters import DecidedFilter, OutcomeFilter
from services.models import (
    OPEN,
    PASSED,
    ApprovalStep,
    ClockStop,
    DeemedVerdict,
    Department,
    EventKind,
    StepEvent,
    StepState,
    StopReason,
    departments_of,
    sees_all_services,
)
from services.models.states import RefusalGround

BY_LIMIT = (F("due_on").asc(nulls_last=True), "pk")


class DepartmentFilter(RecordFilter):
    title = pgettext_lazy("approval step", "department")
    parameter_name = "department"
    column = "department"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return Department.objects.values_list("pk", "name")


class StageFilter(FieldFilter):
    title = gettext_lazy("milestone that it leads to")
    parameter_name = "stage"
    column = "stage"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return MilestoneKind.choices


class StateFilter(FieldFilter):
    title = gettext_lazy("state of the step")
    parameter_name = "state"
    column = "state"

    def options(self, request: HttpRequest) -> Iterable[tuple[Any, Any]]:
        return StepState.choices


@admin.register(ApprovalStep)
class ApprovalStepAdmin(OwnPageAdmin):
    """For people of a department its steps; for others those of all plans that they see."""

    page_name = "admin:services_approvalstep_page"
    list_display = ("name_and_project", "asked_of", "state_and_limit", "submitted", "helped_by")
    phone_columns = ("asked_of", "state_and_limit")
    list_filter = (DepartmentFilter, StageFilter, StateFilter, DecidedFilter, OutcomeFilter)
    list_select_related = ("plan__project", "plan__helper", "department")
    search_fields = ("name", "plan__project__name", "paper_number")
    search_help_text = gettext_lazy("Step, project, number of the approval")
    calendar_in_list = True
    sortable_by = ()
    empty_hint = gettext_lazy(
        "No step waits here. Steps come with the approval plan of a landed project."
    )

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("open", pgettext_lazy("approval steps", "open"), ordering=BY_LIMIT),
            Tab("overdue", pgettext_lazy("approval steps", "overdue"), ordering=BY_LIMIT),
            Tab(
                "deemed",
                pgettext_lazy("approval steps", "granted by default"),
                ordering=("-deemed_on", "-pk"),
            ),
            Tab("all", pgettext_lazy("approval steps", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        user: Any = request.user
        every = tab == "all" and sees_all_services(user)
        if not every and departments_of(user).exists():
            rows = rows.filter(department__in=departments_of(user).values("pk"))
        if tab == "open":
            return rows.filter(state__in=OPEN).exclude(plan__state="stopped")
        if tab == "overdue":
            return late_rows(rows, timezone.localdate()).exclude(plan__state="stopped")
        return rows.filter(is_deemed=True) if tab == "deemed" else rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        running = Prefetch("stops", ClockStop.objects.filter(ended_on=None), to_attr="open_stops")
        return super().get_queryset(request).prefetch_related(running)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("step and project"))
    def name_and_project(self, step: ApprovalStep) -> SafeString:
        return two_lines(step.name, str(step.plan.project))

    @admin.display(description=gettext_lazy("department"))
    def asked_of(self, step: ApprovalStep) -> str:
        return str(step.department)

    @admin.display(description=gettext_lazy("state and limit"))
    def state_and_limit(self, step: Any) -> SafeString:
        found = standing(step, step.open_stops, step.list_today, step.list_calendar)
        return format_html('<span class="o-cell">{}</span>', found.badges)

    @admin.display(description=gettext_lazy("submitted on"))
    def submitted(self, step: ApprovalStep) -> str:
        return day(step.submitted_on)

    @admin.display(description=gettext_lazy("helped by"))
    def helped_by(self, step: ApprovalStep) -> str:
        return str(step.plan.helper)


def late_rows(rows: QuerySet[Any], today: date) -> QuerySet[Any]:
    """Not decided by their day, or not answered by it."""
    undecided = Q(state=StepState.ACCEPTED, due_on__lt=today)
    return rows.filter(undecided | Q(state=StepState.SUBMITTED, answer_due_on__lt=today))


# --- The page ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class EventLine:
    """An event with its particulars in words."""

    event: StepEvent
    facts: list[tuple[str, str]]

    @property
    def mark(self) -> str:
        if self.event.kind in (EventKind.GRANTED, EventKind.DEEMED, EventKind.ISSUED):
            return "is-progress"
        return "is-move" if self.event.from_state != self.event.to_state else ""


# Particulars of an event and how they are called; days are stored as text of ISO 8601
DETAILS = {
    "submitted_on": pgettext_lazy("approval event", "submitted on"),
    "counted_from_on": pgettext_lazy("approval event", "put on record late; counts from"),
    "accepted_on": pgettext_lazy("approval event", "accepted on"),
    "handed_in_on": pgettext_lazy("approval event", "handed in on"),
    "decided_on": pgettext_lazy("approval event", "decided on"),
    "issued_on": pgettext_lazy("approval event", "issued on"),
    "began_on": gettext_lazy("clock stands from"),
    "ended_on": gettext_lazy("clock stood until"),
    "former": gettext_lazy("limit before"),
    "due_on": gettext_lazy("to be decided by"),
    "papers": gettext_lazy("papers (particulars)"),
    "promised": gettext_lazy("promised for later"),
    "number": gettext_lazy("number of the approval"),
    "why": gettext_lazy("why the clock stood"),
    "ground": gettext_lazy("ground of the refusal"),
    "settled": gettext_lazy("settled so"),
}
CHOICES: dict[str, dict[Any, Any]] = {
    "why": dict(StopReason.choices),
    "ground": dict(RefusalGround.choices),
    "settled": dict(DeemedVerdict.choices),
}


def line_of(event: StepEvent) -> EventLine:
    known = [(name, event.detail[name]) for name in DETAILS if event.detail.get(name)]
    return EventLine(event, [(str(DETAILS[name]), _said(name, value)) for name, value in known])


def _said(name: str, value: Any) -> str:
    if name in CHOICES:
        return str(CHOICES[name].get(value, value))
    if isinstance(value, list):
        return str(_(", ")).join(map(str, value))
    parsed = parse_date(value) if name.endswith("_on") or name == "former" else None
    return day(parsed) if parsed else str(value)


def step_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A step with its papers, promises, stops, files and events."""
    user: Any = request.user
    related = ("plan__project__contract__lead", "plan__helper", "department", "decided_by")
    step = get_object_or_404(visible(ApprovalStep, user).select_related(*related), pk=pk)
    today, calendar = timezone.localdate(), current_calendar()
    stops = list(step.stops.select_related("began_by", "ended_by"))
    papers = list(step.papers.select_related("file", "handed_in_by"))
    owed = [paper for paper in papers if not paper.handed_in_on]
    paper_task = getattr(step, "paper_task", None)
    rights = Rights.of(user, step.plan)
    before = ApprovalStep.objects.filter(plan=step.plan, pk__in=step.dependencies.values("on"))
    context = {
        "step": step,
        "plan": step.plan,
        "standing": standing(step, stops, today, calendar),
        "offers": offers(step, rights, facts_of(owed, stops, paper_task)),
        "before": before.order_by("order", "pk"),
        "passed": PASSED,
        "after": ApprovalStep.objects.filter(dependencies__on=step).order_by("order", "pk"),
        "papers": papers,
        "promises": step.missing_items.select_related("paper", "promise", "accepted_by"),
        "stops": stops,
        "files": step.files.select_related("uploaded_by"),
        "paper_task": paper_task,
        "events": [line_of(event) for event in step.events.select_related("by")],
        "is_late": step.pk
        in late_rows(ApprovalStep.objects.filter(pk=step.pk), today).values_list("pk", flat=True),
        "calendar": calendar,
    }
    return office_page(request, "services/step_page.html", step.name, context)


admin.site.add_page("services/step/<int:pk>/", step_page, "services_approvalstep_page")  # type: ignore[attr-defined]  # the office's site
