"""Monthly progress of construction, and the plan that it is held against."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.core.files.base import File
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.actions.files import attach_files
from leads.actions.projects import lock_lead, lock_row, lock_to_move, lock_to_work
from leads.landing_queries import BEGUN, BUILT
from leads.models import LandedProject, MilestoneKind, PlannedProgress, ProgressReport
from leads.progress import ALL, month_of, plan_between, shown

if TYPE_CHECKING:
    from kfq_crm.base.models import User

LONGEST = 1000
FIGURES = ("percent", "invested", "summary")


@transaction.atomic
def report_progress(
    *,
    project: LandedProject,
    month: date,
    percent: Decimal,
    invested: Decimal,
    summary: str,
    by: User,
    photos: Collection[File[bytes]] = (),
    expected: int | None = None,
    now: datetime | None = None,
) -> ProgressReport:
    """Report how far construction stands: one report a month and project, with its photos.

    `month` is any day of it. Percent and the sum invested (in ten thousand of the project's
    currency) are those so far: neither falls below the month before nor rises above a later one.
    Raises RuleViolation before works start, after completion, for a month to come, and for a
    file that is no photo or paper.
    """
    if photos:
        lock_lead(project, by)
    locked = lock_to_work(project, by, expected)
    month = month_of(month)
    _check_month(locked, month, timezone.localdate(now))
    report = ProgressReport(
        project=locked, month=month, reported_by=by, reported_at=now or timezone.now()
    )
    _fill(report, {"percent": percent, "invested": invested, "summary": summary})
    concurrency.create(report, by=by)
    concurrency.touch(locked, by=by)
    _attach(locked, report, photos, by)
    return report


@transaction.atomic
def correct_progress(
    *,
    report: ProgressReport,
    values: Mapping[str, Any],
    by: User,
    photos: Collection[File[bytes]] = (),
    expected: int | None = None,
) -> ProgressReport:
    """Correct `percent`, `invested` or `summary` of a report, or add photos to it."""
    if photos:
        lock_lead(report.project, by)
    project = lock_to_work(report.project, by)
    row = lock_row(ProgressReport.objects.visible_to(by), report, project, expected)
    _fill(row, values)
    concurrency.touch(project, by=by)
    concurrency.save(row, by=by)
    _attach(project, row, photos, by)
    return row


@transaction.atomic
def plan_progress(
    *,
    project: LandedProject,
    typed: Mapping[date, Decimal],
    by: User,
    expected: int | None = None,
) -> list[PlannedProgress]:
    """Set what the plan asks for at the end of months between start and completion.

    Months are their first days. What is not typed lies on a straight line between what is. Raises
    RuleViolation without planned start and completion, outside them, and for a plan that falls.
    """
    locked = lock_to_move(project, by, expected)
    start, completion = planned_span(locked)
    if start is None or completion is None:
        raise RuleViolation(
            "no_span", _("Plan start and completion of works first; the curve runs between them.")
        )
    _check_typed(typed, month_of(start), month_of(completion))
    rows = _write_plan(locked, start, completion, typed)
    concurrency.touch(locked, by=by)
    return rows


def redraw_plan(project: LandedProject) -> None:
    """After start or completion were planned anew: the curve between them, and what was typed
    for months that still lie between. No plan without both days; part of its caller."""
    start, completion = planned_span(project)
    typed = dict(project.planned_progress.filter(is_typed=True).values_list("month", "percent"))
    if start is None or completion is None or completion < start:
        project.planned_progress.all().delete()
    else:
        _write_plan(project, start, completion, typed)


def planned_span(project: LandedProject) -> tuple[date | None, date | None]:
    """Planned start and completion of works."""
    kinds = (MilestoneKind.STARTED, MilestoneKind.COMPLETED)
    planned = dict(project.milestones.filter(kind__in=kinds).values_list("kind", "planned_on"))
    return planned.get(kinds[0]), planned.get(kinds[1])


def _write_plan(
    project: LandedProject, start: date, completion: date, typed: Mapping[date, Decimal]
) -> list[PlannedProgress]:
    last = month_of(completion)
    kept = {month: value for month, value in typed.items() if month_of(start) <= month < last}
    project.planned_progress.all().delete()
    return PlannedProgress.objects.bulk_create(
        PlannedProgress(project=project, month=month, percent=percent, is_typed=month in kept)
        for month, percent in plan_between(start, completion, kept).items()
    )


def _check_typed(typed: Mapping[date, Decimal], first: date, last: date) -> None:
    before = Decimal(0)
    for month in sorted(typed):
        percent = typed[month]
        if not first <= month < last:
            raise RuleViolation(
                "outside_plan",
                _("%(month)s lies outside the works planned from %(first)s to %(last)s.")
                % {"month": _named(month), "first": _named(first), "last": _named(last)},
                "points",
            )
        if not before <= percent <= ALL:
            raise RuleViolation(
                "plan_falls",
                _("%(month)s: between %(before)s and 100 percent, since a plan does not fall.")
                % {"month": _named(month), "before": shown(before)},
                "points",
            )
        before = percent


def _check_month(project: LandedProject, month: date, today: date) -> None:
    if project.milestone not in BEGUN:
        raise RuleViolation("not_started", _("Works have not started; there is no progress yet."))
    days = dict(project.milestones.values_list("kind", "actual_on"))
    started, completed = days.get(MilestoneKind.STARTED), days.get(MilestoneKind.COMPLETED)
    if month > today:
        raise RuleViolation("in_future", _("This month has not begun."), "month")
    if started and month < month_of(started):
        raise RuleViolation("before_start", _("This month lies before works started."), "month")
    if project.milestone in BUILT and (completed is None or month > month_of(completed)):
        raise RuleViolation(
            "completed", _("The project is completed; there is no progress after it."), "month"
        )
    if project.progress_reports.filter(month=month).exists():
        raise RuleViolation(
            "reported", _("This month is reported already; correct that report."), "month"
        )


def _fill(report: ProgressReport, values: Mapping[str, Any]) -> None:
    for name in FIGURES:
        if name in values:
            setattr(report, name, values[name])
    report.summary = report.summary.strip()
    if not report.summary:
        raise RuleViolation("blank", _("Say what was built."), "summary")
    if len(report.summary) > LONGEST:
        raise RuleViolation("max_length", _("Say it in 1,000 characters."), "summary")
    if not _lies_within(report.percent, ALL):
        raise RuleViolation("percent", _("Enter a percentage from 0 to 100."), "percent")
    if not _lies_within(report.invested, None):
        raise RuleViolation("invested", _("Enter the sum invested so far."), "invested")
    _check_rises(report)


def _lies_within(value: Decimal | None, most: Decimal | None) -> bool:
    if value is None or not value.is_finite() or value < 0:
        return False
    return most is None or value <= most


def _check_rises(report: ProgressReport) -> None:
    others = ProgressReport.objects.filter(project=report.project_id).exclude(pk=report.pk)
    earlier = others.filter(month__lt=report.month).order_by("-month").first()
    later = others.filter(month__gt=report.month).order_by("month").first()
    for name in ("percent", "invested"):
        value = getattr(report, name)
        if earlier and value < getattr(earlier, name):
            raise RuleViolation(
                "falls",
                _("In %(month)s it was %(value)s already; correct that report first.")
                % {"month": _named(earlier.month), "value": shown(getattr(earlier, name))},
                name,
            )
        if later and value > getattr(later, name):
            raise RuleViolation(
                "above_later",
                _("In %(month)s it was only %(value)s; correct that report first.")
                % {"month": _named(later.month), "value": shown(getattr(later, name))},
                name,
            )


def _attach(
    project: LandedProject, report: ProgressReport, photos: Collection[File[bytes]], by: User
) -> None:
    """Files are kept with the lead, by whom they are seen; a project of the report has none."""
    if not photos:
        return
    if project.contract is None:
        raise RuleViolation(
            "no_lead", _("A project of the report has no lead that would keep its files."), "photos"
        )
    attach_files(lead=project.contract.lead, uploads=photos, by=by, progress_report=report)


def _named(month: date) -> str:
    return f"{month:%Y-%m}"
