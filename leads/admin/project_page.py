"""The page of one landed project: where it stands, what comes next and what that still needs."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.contrib import admin
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from kfq_crm.base.workdays import WorkCalendar
from leads.actions.landing import milestones_of, next_milestone
from leads.admin.progress_chart import drawings
from leads.intervals import Interval
from leads.landing_queries import (
    BEGUN,
    BUILT,
    ProgressClock,
    completion_of,
    facts_from,
    standing_of,
    with_progress,
)
from leads.landing_rulebook import Promises
from leads.milestones import MilestoneKind, milestone_checklist
from leads.models import (
    Attachment,
    Building,
    ConstructionPermit,
    Enterprise,
    LandedProject,
    Milestone,
    OutputPeriod,
    ProgressReport,
    PromisedInterval,
)
from leads.permissions import Rights, rights_over
from leads.progress import report_due_on
from leads.project_panels import parts_of

COORDINATES = "leads.reassign_leads"
PLACES = {
    "company": "admin:leads_landedproject_company",
    "lease": "admin:leads_landedproject_lease",
    "permit": "admin:leads_landedproject_permit",
    "building": "admin:leads_landedproject_building",
    "contracted": "admin:leads_landedproject_contracted",
    "period": "admin:leads_landedproject_period",
}


def page_of(project: LandedProject) -> str:
    return reverse("admin:leads_landedproject_page", args=[project.pk])


def rights_over_project(user: Any, project: LandedProject) -> Rights:
    """Those over the lead; over a project of the report, the coordination office's alone."""
    if project.contract:
        return rights_over(user, project.contract.lead)
    return Rights(*[bool(user.has_perm(COORDINATES))] * 3)


@dataclass(frozen=True)
class Line:
    """One milestone of the project's own way, whether or not a row of it exists yet."""

    kind: MilestoneKind
    row: Milestone | None
    is_next: bool
    is_ahead: bool  # not before the latest one, which a report may state alone

    @property
    def state(self) -> str:
        if self.row and self.row.is_reached:
            return "is-done"
        return "is-now" if self.is_next else ""

    @property
    def was_moved(self) -> bool:
        """Planned for another day than at first."""
        return bool(
            self.row
            and self.row.first_planned_on
            and self.row.first_planned_on != self.row.planned_on
        )


def lines_of(project: LandedProject) -> list[Line]:
    rows = {row.kind: row for row in project.milestones.all()}
    following, kinds = next_milestone(project), milestones_of(project)
    ahead = kinds[kinds.index(following) :] if following else []
    return [Line(kind, rows.get(kind), kind == following, kind in ahead) for kind in kinds]


@dataclass(frozen=True)
class Check:
    """One line of the checklist: what, whether it is there, where it is put on record."""

    label: Any
    url: str
    is_met: bool


def checklist_of(
    project: LandedProject,
    *,
    permits: Collection[ConstructionPermit],
    buildings: Collection[Building],
    periods: Collection[OutputPeriod],
    today: date,
) -> list[Check]:
    """What the next milestone asks to be on record, and where that is done."""
    following = next_milestone(project)
    if following is None:
        return []
    facts = facts_from(
        project,
        permits=permits,
        buildings=buildings,
        periods=periods,
        milestones=project.milestones.all(),
        today=today,
    )
    lines = milestone_checklist(following, facts)
    return [Check(item.label, _place(item.place, project, buildings), met) for item, met in lines]


def _place(place: str, project: LandedProject, buildings: Collection[Building]) -> str:
    """The form that puts it on record: for an acceptance, that of the first one waiting."""
    if place == "accept":
        waiting = [row for row in buildings if row.is_counted and not row.accepted_on]
        if waiting:
            return reverse("admin:leads_building_accept", args=[waiting[0].pk])
        place = "building"
    return reverse(PLACES[place], args=[project.pk])


class ProjectView:
    """Everything that the page shows of a project; rows are read once each."""

    def __init__(self, project: Any, user: User, today: date, clock: ProgressClock) -> None:
        self.project, self.user, self.today, self.clock = project, user, today, clock
        self.lines = lines_of(project)
        self.permits = list(project.permits.all())
        self.buildings: list[Building] = list(project.buildings.all())
        self.reports: list[ProgressReport] = list(project.progress_reports.all())
        self.plan = list(project.planned_progress.all())
        self.periods = list(project.output_periods.all())
        self.flags = list(project.flags.all())
        self.completion = completion_of(self.buildings)
        self.standing = standing_of(project, clock)
        self.rights = rights_over_project(user, project)

    @property
    def next(self) -> MilestoneKind | None:
        return next_milestone(self.project)

    @cached_property
    def calendar(self) -> WorkCalendar:
        return current_calendar()

    @cached_property
    def checklist(self) -> list[Check]:
        return checklist_of(
            self.project,
            permits=self.permits,
            buildings=self.buildings,
            periods=self.periods,
            today=self.today,
        )

    @property
    def is_open(self) -> bool:
        """Whether the gate of the next milestone is open."""
        return all(check.is_met for check in self.checklist)

    @property
    def counted(self) -> list[Building]:
        return [row for row in self.buildings if row.is_counted]

    @property
    def accepted_count(self) -> int:
        return sum(bool(row.accepted_on) for row in self.counted)

    # --- Progress --------------------------------------------------------------------------

    @property
    def is_building(self) -> bool:
        return self.project.milestone == MilestoneKind.STARTED

    @property
    def has_begun(self) -> bool:
        return self.project.milestone in BEGUN

    @property
    def is_built(self) -> bool:
        return self.project.milestone in BUILT

    @cached_property
    def charts(self) -> Sequence[Any]:
        plan = {row.month: row.percent for row in self.plan}
        return drawings(plan, self.reports, self.today)

    @property
    def latest(self) -> ProgressReport | None:
        return self.reports[0] if self.reports else None

    @property
    def missing_report(self) -> date | None:
        """The month whose report is overdue, or may be written now; None if there is none."""
        begun = self._day(MilestoneKind.STARTED)
        if not self.is_building or self.project.contract_id is None or begun is None:
            return None
        month = self.clock.months.ended
        is_there = any(report.month >= month for report in self.reports)
        return None if is_there or begun >= _after(month) else month

    @property
    def report_due_on(self) -> date | None:
        month = self.missing_report
        if month is None or self.clock.due_day is None:
            return None
        return report_due_on(month, self.clock.due_day)

    # --- Promised intervals ----------------------------------------------------------------

    @cached_property
    def intervals(self) -> list[Interval]:
        promises = Promises()
        return [
            Interval(
                PromisedInterval(code).label,
                began,
                ended,
                promises.on(code, began or self.today),
                self.calendar,
                self.today,
            )
            for code, began, ended in self._spans()
        ]

    def _spans(self) -> Iterator[tuple[str, date | None, date | None]]:
        """A lease stands where land would."""
        contract = self.project.contract
        signed = contract.signed_on if contract else None
        land = self.project.lease_signed_on or self._day(MilestoneKind.LAND)
        completed = self._day(MilestoneKind.COMPLETED)
        yield PromisedInterval.LAND_ON_SIGNING, signed, land
        yield PromisedInterval.START_ON_LAND, land, self._day(MilestoneKind.STARTED)
        producing = self._day(MilestoneKind.PRODUCING)
        yield PromisedInterval.PRODUCE_ON_COMPLETION, completed, producing

    def _day(self, kind: str) -> date | None:
        return next(
            (line.row.actual_on for line in self.lines if line.row and line.kind == kind), None
        )

    # --- Full capacity ---------------------------------------------------------------------

    @property
    def owes_output(self) -> bool:
        """Whether output and tax are of interest by now."""
        figures = (self.project.contracted_output, self.project.contracted_tax)
        return self.is_built or any(figure is not None for figure in figures)

    @property
    def period_states(self) -> list[dict[str, Any]]:
        output, tax = self.project.contracted_output, self.project.contracted_tax
        return [
            {"row": row, "is_met": _meets(row.output, output) and _meets(row.tax, tax)}
            for row in self.periods
        ]


def _meets(actual: Decimal, contracted: Decimal | None) -> bool:
    return contracted is not None and actual >= contracted


def _after(month: date) -> date:
    return report_due_on(month, 1)


def project_page(request: HttpRequest, pk: int) -> HttpResponse:
    today, user = timezone.localdate(), request.user
    clock = ProgressClock.on(today)
    project = get_object_or_404(with_progress(_rows(user), clock), pk=pk)
    company = visible(Enterprise, user).filter(pk=project.enterprise_id)
    view = ProjectView(project, user, today, clock)  # type: ignore[arg-type]  # the admin lets nobody else in
    context = {
        "view": view,
        "project": project,
        "lead": project.contract.lead if project.contract else None,
        "opens_company": company.exists(),
        "lines": view.lines,
        "next": view.next,
        "may_move": view.rights.move,
        "may_work": view.rights.work,
        "rights": view.rights,
        "parts": parts_of(project, user),  # type: ignore[arg-type]  # as above
        "calendar": view.calendar,
    }
    return office_page(request, "leads/project_page.html", project.name, context)


def _rows(user: Any) -> Any:
    """The project with everything that the page shows."""
    files = Attachment.objects.visible_to(user)
    reports = ProgressReport.objects.select_related("reported_by").prefetch_related(
        Prefetch("attachments", files)
    )
    related = ("contract__lead__owner", "enterprise", "chain", "segment")
    sets = ("milestones", "permits", "buildings", "planned_progress", "output_periods", "flags")
    rows = visible(LandedProject, user).select_related(*related)
    return rows.prefetch_related(*sets, Prefetch("progress_reports", reports))


admin.site.add_page("leads/landedproject/<int:pk>/page/", project_page, "leads_landedproject_page")
