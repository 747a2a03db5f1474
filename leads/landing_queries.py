"""Questions about landed projects: what is on record, how construction stands, what is missing."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import (
    Case,
    CharField,
    DecimalField,
    Exists,
    F,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce

from leads.landing_rulebook import lag_limits, report_due_day
from leads.milestones import MilestoneKind, ProjectFacts
from leads.models import (
    Building,
    ConstructionPermit,
    LandedProject,
    Milestone,
    OutputPeriod,
    PlannedProgress,
    ProgressReport,
)
from leads.progress import LagLimits, ReportMonths, Standing, month_of, report_months, standing

BUILT = (MilestoneKind.COMPLETED, MilestoneKind.PRODUCING, MilestoneKind.FULL)
BEGUN = (MilestoneKind.STARTED, *BUILT)
PERCENT: Any = DecimalField(max_digits=5, decimal_places=2)
AREA: Any = DecimalField(max_digits=12, decimal_places=2)


def name_to_tell(project: str = "") -> Case:
    """The project's name as mails may tell it, over rows from which `project` leads to it: of a
    confidential lead the code name, since mails travel."""
    lead = f"{project}contract__lead__"
    secret = When(**{f"{lead}confidential": True}, then=F(f"{lead}code_name"))
    return Case(secret, default=F(f"{project}name"), output_field=CharField())


# --- What is on record ------------------------------------------------------------------------


@dataclass(frozen=True)
class Completion:
    """Accepted and counted floor area in m², and their share in percent."""

    counted: Decimal
    accepted: Decimal

    @property
    def percent(self) -> Decimal | None:
        """None where nothing counts; rounded down, so that 100 means all of it."""
        if not self.counted:
            return None
        return Decimal(int(self.accepted * 10000 / self.counted)) / 100


def completion_of(buildings: Iterable[Building]) -> Completion:
    """分区分栋验收: accepted area over counted area."""
    counted = [building for building in buildings if building.is_counted]
    return Completion(
        sum((building.area_m2 for building in counted), Decimal(0)),
        sum((building.area_m2 for building in counted if building.accepted_on), Decimal(0)),
    )


def facts_of_project(project: LandedProject, today: date) -> ProjectFacts:
    """What the gates ask for; four queries."""
    return facts_from(
        project,
        permits=list(project.permits.all()),
        buildings=list(project.buildings.all()),
        periods=list(project.output_periods.all()),
        milestones=list(project.milestones.all()),
        today=today,
    )


def facts_from(
    project: LandedProject,
    *,
    permits: Collection[ConstructionPermit],
    buildings: Collection[Building],
    periods: Iterable[OutputPeriod],
    milestones: Iterable[Milestone],
    today: date,
) -> ProjectFacts:
    """The same from rows that were read already."""
    counted = [building for building in buildings if building.is_counted]
    return ProjectFacts(
        is_lease=project.is_lease,
        is_of_report=project.contract_id is None,
        has_company_code=bool(project.enterprise and project.enterprise.uscc),
        has_lease=bool(project.lease_number),
        permits=len(permits),
        counted_buildings=len(counted),
        accepted_buildings=sum(bool(building.accepted_on) for building in counted),
        has_contracted_figures=None not in (project.contracted_output, project.contracted_tax),
        has_full_period=full_period(project, periods, milestones, today) is not None,
    )


def full_period(
    project: LandedProject,
    periods: Iterable[OutputPeriod],
    milestones: Iterable[Milestone],
    today: date,
) -> OutputPeriod | None:
    """The first whole period of production that is over and met what the contract has."""
    begun = [row.actual_on for row in milestones if row.kind == MilestoneKind.PRODUCING]
    output, tax = project.contracted_output, project.contracted_tax
    if not begun or begun[0] is None or output is None or tax is None:
        return None
    for period in sorted(periods, key=lambda row: row.starts_on):
        if period.starts_on < begun[0] or period.ends_on > today:
            continue
        if period.output >= output and period.tax >= tax:
            return period
    return None


# --- How construction stands ------------------------------------------------------------------


@dataclass(frozen=True)
class ProgressClock:
    """The day, the months that matter on it, and the rule by which lag has a colour."""

    today: date
    months: ReportMonths
    limits: LagLimits | None
    due_day: int | None

    @classmethod
    def on(cls, today: date) -> ProgressClock:
        due_day = report_due_day(today)
        return cls(today, report_months(today, due_day), lag_limits(today), due_day)


def with_progress(
    rows: QuerySet[LandedProject], clock: ProgressClock
) -> QuerySet[LandedProject, Any]:
    """Each project with `progress_percent` (of its latest report), `planned_percent` (of the month
    it is judged by, None without a plan) and `behind`, all in points.

    Judged is the last month that is over if its report is there, else the last one whose report
    is overdue: whoever stays silent is not spared, whoever has time left is not blamed.
    """
    reports = ProgressReport.objects.filter(project=OuterRef("pk")).order_by("-month")
    reported = Exists(reports.filter(month__gte=clock.months.ended))
    reached = Coalesce("progress_percent", Value(Decimal(0)), output_field=PERCENT)
    planned = Case(
        When(~Exists(PlannedProgress.objects.filter(project=OuterRef("pk"))), then=None),
        When(reported, then=_planned_at(clock.months.ended)),
        default=_planned_at(clock.months.due),
        output_field=PERCENT,
    )
    known = with_latest_report(rows).annotate(planned_percent=planned)
    return known.annotate(behind=F("planned_percent") - reached)


def with_latest_report(rows: QuerySet[LandedProject]) -> QuerySet[LandedProject, Any]:
    """Each project with `progress_percent` and `progress_month` of its latest report."""
    reports = ProgressReport.objects.filter(project=OuterRef("pk")).order_by("-month")
    return rows.annotate(
        progress_percent=Subquery(reports.values("percent")[:1]),
        progress_month=Subquery(reports.values("month")[:1]),
    )


def _planned_at(month: date) -> Coalesce:
    """After its last month a plan stays at 100, before its first at nothing."""
    plan = PlannedProgress.objects.filter(project=OuterRef("pk"), month__lte=month)
    latest = Subquery(plan.order_by("-month").values("percent")[:1])
    return Coalesce(latest, Value(Decimal(0)), output_field=PERCENT)


def standing_of(project: Any, clock: ProgressClock) -> Standing:
    """Of a project read by `with_progress`."""
    ended = project.progress_month is not None and project.progress_month >= clock.months.ended
    return standing(
        month=clock.months.ended if ended else clock.months.due,
        is_completed=project.milestone in BUILT,
        has_begun=project.milestone in BEGUN,
        planned=project.planned_percent,
        percent=project.progress_percent,
        limits=clock.limits,
    )


def behind_plan(rows: QuerySet[Any], clock: ProgressClock) -> QuerySet[Any]:
    """Of projects read by `with_progress` those that are yellow or red, the farthest first."""
    if clock.limits is None:
        return rows.none()
    late = rows.filter(behind__gte=clock.limits.yellow_from).exclude(milestone__in=BUILT)
    return late.order_by("-behind", "-pk")


def reports_missing(rows: QuerySet[Any], month: date) -> QuerySet[Any]:
    """Projects of contracts under construction without a report of this month or a later one."""
    begun = Milestone.objects.filter(
        project=OuterRef("pk"), kind=MilestoneKind.STARTED, actual_on__lt=_next(month)
    )
    reported = ProgressReport.objects.filter(project=OuterRef("pk"), month__gte=month)
    building = rows.filter(milestone=MilestoneKind.STARTED, contract__lead__exit="")
    return building.filter(Exists(begun), ~Exists(reported))


def _next(month: date) -> date:
    return date(month.year + month.month // 12, month.month % 12 + 1, 1)


# --- Buildings --------------------------------------------------------------------------------


def with_completion(rows: QuerySet[LandedProject]) -> QuerySet[LandedProject, Any]:
    """Each project with `counted_area` and `accepted_area` in m²."""
    counted = Building.objects.filter(project=OuterRef("pk"), is_counted=True)
    return rows.annotate(
        counted_area=_area(counted), accepted_area=_area(counted.filter(~Q(accepted_on=None)))
    )


def _area(buildings: QuerySet[Building]) -> Coalesce:
    grouped = buildings.order_by().values("project").annotate(total=Sum("area_m2"))
    nothing = Value(Decimal(0), output_field=AREA)
    return Coalesce(Subquery(grouped.values("total")), nothing, output_field=AREA)


def first_report_month(milestones: Iterable[Milestone]) -> date | None:
    """The month in which works began; None where the day is unknown."""
    for row in milestones:
        if row.kind == MilestoneKind.STARTED and row.actual_on:
            return month_of(row.actual_on)
    return None
