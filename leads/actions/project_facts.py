"""What else is put on record of a landed project: its lease, what it owes, lists it stands on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.parsing import nfkc
from leads.actions.projects import delete_row, lock_row, lock_to_move, lock_to_work
from leads.dates import check_not_future
from leads.landing_queries import BEGUN
from leads.landing_rulebook import whole_months
from leads.models import (
    FlagKind,
    LandedProject,
    MilestoneKind,
    OutputPeriod,
    ProjectFlag,
)
from leads.progress import months_after

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@transaction.atomic
def record_lease(
    *,
    project: LandedProject,
    number: str,
    signed_on: date,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> LandedProject:
    """Put the lease of the plant (厂房租赁合同) on record; it stands where land would.

    Raises RuleViolation for a project that takes land, once works have begun, and for a day in
    the future.
    """
    locked = lock_to_work(project, by, expected)
    if not locked.is_lease:
        raise RuleViolation("takes_land", _("This project takes land; it has no lease."))
    if locked.lease_number and locked.milestone in BEGUN:
        raise RuleViolation("started", _("Works have begun on this lease; it stays as it is."))
    number = nfkc(number)
    if not number:
        raise RuleViolation("number_missing", _("Enter the number of the lease."), "number")
    check_not_future(signed_on, timezone.localdate(now), "signed_on")
    locked.lease_number, locked.lease_signed_on = number, signed_on
    return concurrency.save(locked, by=by, fields={"lease_number", "lease_signed_on"})


@transaction.atomic
def enter_contracted_figures(
    *,
    project: LandedProject,
    output: Decimal,
    tax: Decimal,
    by: User,
    expected: int | None = None,
) -> LandedProject:
    """Output and tax of a whole period as the contract has them, in ten thousand yuan.

    They are the measure of full capacity and do not change once it is reached.
    """
    locked = lock_to_move(project, by, expected)
    if locked.milestone == MilestoneKind.FULL:
        raise RuleViolation("full", _("Full capacity was reached by these figures."))
    for name, value in (("output", output), ("tax", tax)):
        if value is None or value < 0:
            raise RuleViolation("negative", _("Enter an amount that is not negative."), name)
    locked.contracted_output, locked.contracted_tax = output, tax
    return concurrency.save(locked, by=by, fields={"contracted_output", "contracted_tax"})


@transaction.atomic
def record_period(
    *,
    project: LandedProject,
    starts_on: date,
    output: Decimal,
    tax: Decimal,
    paper: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> OutputPeriod:
    """Record what a whole period of production brought, in ten thousand yuan, with its paper.

    The period has as many months as the rule in force says. It begins in production, and is over.
    """
    locked = lock_to_work(project, by, expected)
    today = timezone.localdate(now)
    ends_on = period_end(starts_on, today)
    _check_period(locked, starts_on, ends_on, today)
    period = OutputPeriod(
        project=locked,
        starts_on=starts_on,
        ends_on=ends_on,
        output=output,
        tax=tax,
        paper=paper.strip(),
    )
    if not period.paper:
        raise RuleViolation("paper_missing", _("Name the paper that proves it."), "paper")
    for name, value in (("output", output), ("tax", tax)):
        if value is None or value < 0:
            raise RuleViolation("negative", _("Enter an amount that is not negative."), name)
    concurrency.create(period, by=by)
    concurrency.touch(locked, by=by)
    return period


def period_end(starts_on: date, today: date) -> date:
    """The last day of a whole period that begins on this day."""
    after = months_after(starts_on.replace(day=1), whole_months(today))
    last_of_month = months_after(after, 1) - timedelta(days=1)
    return min(after.replace(day=min(starts_on.day, last_of_month.day)), last_of_month) - timedelta(
        days=1
    )


@transaction.atomic
def remove_period(*, period: OutputPeriod, by: User, expected: int | None = None) -> LandedProject:
    """Take out a period that was entered by mistake, before full capacity rests on it."""
    project = lock_to_work(period.project, by)
    row = lock_row(OutputPeriod.objects.visible_to(by), period, project, expected)
    if project.milestone == MilestoneKind.FULL:
        raise RuleViolation("full", _("Full capacity was reached by these figures."))
    delete_row(row, by=by)
    return concurrency.touch(project, by=by)


@transaction.atomic
def set_flag(
    *,
    project: LandedProject,
    kind: str,
    since_on: date,
    paper: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ProjectFlag:
    """Note that the project is on a list (省重大, 入统, 入规), since when and by what paper.

    A flag is no stage: it may come at any time. Raises RuleViolation while it is set already.
    """
    locked = lock_to_work(project, by, expected)
    check_not_future(since_on, timezone.localdate(now), "since_on")
    if not paper.strip():
        raise RuleViolation("paper_missing", _("Name the paper that proves it."), "paper")
    if kind not in FlagKind:
        raise RuleViolation("flag_unknown", _("There is no such list."), "kind")
    if locked.flags.filter(kind=kind, ended_on=None).exists():
        raise RuleViolation("flagged", _("The project is on this list already."), "kind")
    flag = ProjectFlag(project=locked, kind=kind, since_on=since_on, paper=paper.strip())
    concurrency.create(flag, by=by)
    concurrency.touch(locked, by=by)
    return flag


@transaction.atomic
def end_flag(
    *,
    flag: ProjectFlag,
    ended_on: date,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ProjectFlag:
    """Note that the project was taken off a list, when and why."""
    project = lock_to_work(flag.project, by)
    row = lock_row(ProjectFlag.objects.visible_to(by), flag, project, expected)
    if row.ended_on:
        raise RuleViolation("ended", _("The project was taken off this list already."))
    check_not_future(ended_on, timezone.localdate(now), "ended_on")
    if ended_on < row.since_on:
        raise RuleViolation("before_listing", _("This lies before the listing."), "ended_on")
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why it was taken off."), "reason")
    row.ended_on, row.ended_reason = ended_on, reason.strip()
    concurrency.touch(project, by=by)
    return concurrency.save(row, by=by)


def _check_period(project: LandedProject, starts_on: date, ends_on: date, today: date) -> None:
    begun = project.milestones.filter(kind=MilestoneKind.PRODUCING).values_list(
        "actual_on", flat=True
    )
    producing = next(iter(begun), None)
    if producing is None:
        raise RuleViolation("not_producing", _("Production has not begun."))
    if starts_on < producing:
        raise RuleViolation(
            "before_production", _("The period begins in production, not before."), "starts_on"
        )
    if ends_on > today:
        raise RuleViolation(
            "period_runs",
            _("A whole period from that day ends on %(day)s and is not over.")
            % {"day": f"{ends_on:%Y-%m-%d}"},
            "starts_on",
        )
    if project.output_periods.filter(starts_on=starts_on).exists():
        raise RuleViolation("period_on_record", _("This period is on record already."), "starts_on")
