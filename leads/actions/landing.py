"""Landed projects: opened from a counted contract, moved from milestone to milestone."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.codes import clean_project_code
from kfq_crm.base.columns import at_field
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.names import company_key
from leads.actions.enterprises import register_enterprise
from leads.actions.milestone_gates import judge_milestone
from leads.actions.progress import planned_span, redraw_plan
from leads.actions.projects import lock_lead, lock_to_move
from leads.dates import check_not_future
from leads.models import Contract, Enterprise, LandedProject, Lead, Milestone, MilestoneKind
from leads.permissions import require_move
from leads.rulebook import band_of

if TYPE_CHECKING:
    from kfq_crm.base.models import User

TEN_THOUSANDTH = Decimal("0.0001")
CURVE = (MilestoneKind.STARTED, MilestoneKind.COMPLETED)
PLANNED = {
    MilestoneKind.STARTED: "planned_start_on",
    MilestoneKind.COMPLETED: "planned_completion_on",
    MilestoneKind.PRODUCING: "planned_production_on",
}


def milestones_of(project: LandedProject) -> list[MilestoneKind]:
    """The milestones that this project goes through; a lease project takes no land."""
    skipped = {MilestoneKind.LAND} if project.is_lease else set()
    return [kind for kind in MilestoneKind if kind not in skipped]


@transaction.atomic
def open_project(
    *,
    contract: Contract,
    by: User,
    is_lease: bool = False,
    landing_park: str = "",
    now: datetime | None = None,
) -> LandedProject:
    """Make the landed project of a counted contract, with its planned milestones."""
    lead = concurrency.lock(Lead.objects.visible_to(by), contract.lead_id)
    require_move(by, lead)
    signed = concurrency.lock(Contract.objects.visible_to(by), contract.pk)
    _check_contract(signed)
    project = LandedProject(
        contract=signed,
        name=lead.title,
        enterprise=lead.enterprise,
        chain=lead.chain,
        segment=lead.segment,
        investment=signed.investment,
        currency=signed.currency,
        band=band_of(signed.investment, signed.currency, timezone.localdate(now)),
        is_lease=is_lease,
        landing_park=landing_park or lead.landing_park,
        contracted_tax=_contracted_tax(signed),
    )
    concurrency.create(project, by=by)
    for kind in milestones_of(project):
        planned = getattr(signed, PLANNED[kind]) if kind in PLANNED else None
        row = Milestone(project=project, kind=kind, planned_on=planned, first_planned_on=planned)
        concurrency.create(row, by=by)
    redraw_plan(project)
    concurrency.touch(lead, by=by)
    return project


@transaction.atomic
def name_local_company(
    *,
    project: LandedProject,
    name: str,
    uscc: str,
    by: User,
    region_code: str = "",
    expected: int | None = None,
) -> LandedProject:
    """Give the project to the company that the investor founded here, with its own code.

    The company is registered under the investor as its parent, or found by its code or name; it
    may be the investor itself. Raises RuleViolation on a wrong or missing code and for a company
    that is hidden from the person.
    """
    lead = lock_lead(project, by)
    locked = lock_to_move(project, by, expected)
    if lead is None:
        raise RuleViolation("no_lead", _("A project of the report has no company of its own."))
    if not uscc.strip():
        raise RuleViolation(
            "uscc_missing", _("Enter the local company's social credit code first."), "uscc"
        )
    locked.enterprise = register_enterprise(
        name=name,
        by=by,
        team=lead.first_talk_team,
        uscc=uscc,
        region_code=region_code,
        parent_group=_parent_of(name, lead.enterprise),
    )
    concurrency.touch(lead, by=by)
    return concurrency.save(locked, by=by, fields={"enterprise"})


@transaction.atomic
def meet_milestone(
    *,
    project: LandedProject,
    kind: str,
    actual_on: date,
    evidence: str,
    by: User,
    project_code: str = "",
    works: str = "",
    proof: str = "",
    expected: int | None = None,
    now: datetime | None = None,
) -> Milestone:
    """Record that the next milestone is reached, on what day and by what evidence.

    `works` names the permanent works begun (开工), `proof` what shows production (投产). Raises
    RuleViolation out of order, without evidence, for a day in the future or before what it rests
    on, for evidence of works that do not count, and for 落户备案 without the company's code and a
    project code; GateNotMet with what is not on record (see `leads.milestones`).
    """
    locked = lock_to_move(project, by, expected)
    today = timezone.localdate(now)
    _check_next(locked, kind)
    _check_day(locked, actual_on, today)
    evidence = evidence.strip()
    if not evidence:
        raise RuleViolation("evidence_missing", _("Name the paper that proves it."), "evidence")
    if kind == MilestoneKind.REGISTERED:
        _check_registration(locked, project_code)
    milestone = _milestone(locked, kind)
    milestone.works, milestone.proof = judge_milestone(
        locked, kind, actual_on, evidence, works=works, proof=proof, today=today
    )
    milestone.is_reached, milestone.actual_on = True, actual_on
    milestone.evidence, milestone.recorded_by = evidence, by
    milestone.recorded_at = now or timezone.now()
    concurrency.save(milestone, by=by)
    locked.milestone = kind
    concurrency.save(locked, by=by)
    return milestone


@transaction.atomic
def plan_milestone(
    *,
    project: LandedProject,
    kind: str,
    planned_on: date | None,
    by: User,
    reason: str = "",
    expected: int | None = None,
) -> Milestone:
    """Set or move the planned day of a milestone that is not reached, and draw the curve anew.

    The day planned first stays on record; to move a planned day asks for the reason.
    """
    locked = lock_to_move(project, by, expected)
    milestone = _milestone(locked, kind)
    if milestone.is_reached:
        raise RuleViolation("reached", _("This milestone has been reached."), "planned_on")
    if milestone.planned_on and planned_on != milestone.planned_on and not reason.strip():
        raise RuleViolation(
            "reason_missing", _("The day was planned before; say why it is moved."), "reason"
        )
    if planned_on != milestone.planned_on:
        milestone.plan_reason = reason.strip()
    milestone.planned_on = planned_on
    milestone.first_planned_on = milestone.first_planned_on or planned_on
    _check_span(locked, kind, planned_on)
    concurrency.touch(locked, by=by)
    concurrency.save(milestone, by=by)
    if kind in CURVE:
        redraw_plan(locked)
    return milestone


@transaction.atomic
def recognise_milestone(
    *,
    project: LandedProject,
    kind: str,
    recognised_on: date,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Milestone:
    """Record the day on which the superior authority recognised (认定) a reached milestone."""
    locked = lock_to_move(project, by, expected)
    milestone = _milestone(locked, kind)
    if not milestone.is_reached:
        raise RuleViolation("not_reached", _("Only a reached milestone is recognised."), "kind")
    check_not_future(recognised_on, timezone.localdate(now), "recognised_on")
    if milestone.actual_on and recognised_on < milestone.actual_on:
        raise RuleViolation(
            "before_reached", _("It cannot be recognised before it was reached."), "recognised_on"
        )
    milestone.recognised_on = recognised_on
    locked.is_recognised = True
    concurrency.save(locked, by=by, fields={"is_recognised"})
    return concurrency.save(milestone, by=by)


def next_milestone(project: LandedProject) -> MilestoneKind | None:
    """The milestone that comes next; None at full capacity."""
    kinds = milestones_of(project)
    if not project.milestone:
        return kinds[0]
    order = list(MilestoneKind)
    reached = order.index(MilestoneKind(project.milestone))
    later = [kind for kind in kinds if order.index(kind) > reached]
    return later[0] if later else None


def _parent_of(name: str, investor: Enterprise) -> str:
    if investor.parent_group or company_key(name) == investor.name_key:
        return investor.parent_group
    return investor.name


def _contracted_tax(contract: Contract) -> Decimal | None:
    """Tax of a year as the contract has it, for its whole land."""
    if contract.tax_per_mu is None or contract.land_mu is None:
        return None
    return (contract.tax_per_mu * contract.land_mu).quantize(TEN_THOUSANDTH)


def _check_span(project: LandedProject, kind: str, planned_on: date | None) -> None:
    """Completion is planned after the start; both may be planned in either order."""
    if kind not in CURVE or planned_on is None:
        return
    start, completion = planned_span(project)
    start = planned_on if kind == MilestoneKind.STARTED else start
    completion = planned_on if kind == MilestoneKind.COMPLETED else completion
    if start and completion and completion < start:
        raise RuleViolation(
            "plan_order", _("Completion cannot be planned before the start."), "planned_on"
        )


def _check_contract(contract: Contract) -> None:
    if not contract.counted or contract.expands_id:
        raise RuleViolation("not_counted", _("A project starts from a counted signing only."))
    if LandedProject.objects.filter(contract=contract).exists():
        raise RuleViolation("opened", _("The project of this contract exists already."))


def _check_next(project: LandedProject, kind: str) -> None:
    following = next_milestone(project)
    if kind != following:
        raise RuleViolation(
            "milestone_order",
            _("The next milestone is “%(milestone)s”.")
            % {"milestone": following.label if following else _("none")},
            "kind",
        )


def _check_day(project: LandedProject, actual_on: date, today: date) -> None:
    check_not_future(actual_on, today, "actual_on")
    days = project.milestones.exclude(actual_on=None).values_list("actual_on", flat=True)
    last = max((day for day in days if day), default=None)
    if last and actual_on < last:
        raise RuleViolation(
            "milestone_day", _("This lies before the milestone before it."), "actual_on"
        )


def _check_registration(project: LandedProject, project_code: str) -> None:
    with at_field("project_code"):
        project.project_code = clean_project_code(project_code or project.project_code)
    if project.enterprise and not project.enterprise.uscc:
        raise RuleViolation(
            "uscc_missing", _("Enter the local company's social credit code first."), None
        )


def _milestone(project: LandedProject, kind: str) -> Milestone:
    if kind not in milestones_of(project):
        raise RuleViolation("no_milestone", _("This project has no such milestone."), "kind")
    milestone, _created = Milestone.objects.get_or_create(project=project, kind=kind)
    return milestone
