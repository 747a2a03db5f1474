"""Construction permits and buildings of a landed project."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import fill
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.parsing import nfkc
from leads.actions.projects import delete_row, lock_row, lock_to_work
from leads.dates import check_not_future
from leads.landing_queries import BEGUN, BUILT
from leads.models import Building, ConstructionPermit, LandedProject, MilestoneKind

if TYPE_CHECKING:
    from kfq_crm.base.models import User

PERMIT = frozenset({"stage", "number", "issued_on", "scope"})
BUILDING = frozenset({"name", "area_m2", "is_counted"})


# --- Permits ----------------------------------------------------------------------------------


@transaction.atomic
def record_permit(
    *,
    project: LandedProject,
    values: Mapping[str, Any],
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ConstructionPermit:
    """Put a construction permit on record: `stage`, `number`, `issued_on`, `scope`.

    A project has one for all works or one a stage (桩基主体分段许可). Raises RuleViolation for a
    number that the project has already and for a day in the future.
    """
    locked = lock_to_work(project, by, expected)
    permit = ConstructionPermit(project=locked)
    _fill_permit(permit, values, timezone.localdate(now))
    concurrency.create(permit, by=by)
    concurrency.touch(locked, by=by)
    return permit


@transaction.atomic
def correct_permit(
    *,
    permit: ConstructionPermit,
    values: Mapping[str, Any],
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ConstructionPermit:
    """Correct what was typed wrongly. A start of works that rests on it must still fit."""
    project = lock_to_work(permit.project, by)
    row = lock_row(ConstructionPermit.objects.visible_to(by), permit, project, expected)
    _fill_permit(row, values, timezone.localdate(now))
    _check_start_rests(project, row)
    concurrency.touch(project, by=by)
    return concurrency.save(row, by=by)


@transaction.atomic
def remove_permit(
    *, permit: ConstructionPermit, by: User, expected: int | None = None
) -> LandedProject:
    """Take out a permit that was entered by mistake; not the one that the start rests on."""
    project = lock_to_work(permit.project, by)
    row = lock_row(ConstructionPermit.objects.visible_to(by), permit, project, expected)
    _check_start_rests(project, row, is_leaving=True)
    delete_row(row, by=by)
    return concurrency.touch(project, by=by)


def _fill_permit(permit: ConstructionPermit, values: Mapping[str, Any], today: date) -> None:
    fill(permit, PERMIT, values)
    permit.number = nfkc(permit.number)
    if not permit.number:
        raise RuleViolation("number_missing", _("Enter the number of the permit."), "number")
    if permit.issued_on is None:
        raise RuleViolation("blank", _("Enter the day on which it was issued."), "issued_on")
    check_not_future(permit.issued_on, today, "issued_on")
    same = ConstructionPermit.objects.filter(project=permit.project_id, number=permit.number)
    if same.exclude(pk=permit.pk).exists():
        raise RuleViolation(
            "permit_on_record", _("The project has a permit of this number already."), "number"
        )


def _check_start_rests(
    project: LandedProject, permit: ConstructionPermit, *, is_leaving: bool = False
) -> None:
    """Works that began need a permit that was issued by that day."""
    if project.contract_id is None or project.milestone not in BEGUN:
        return
    started = project.milestones.get(kind=MilestoneKind.STARTED)
    others = project.permits.exclude(pk=permit.pk)
    if others.filter(issued_on__lte=started.actual_on).exists():
        return
    if is_leaving or (started.actual_on and permit.issued_on > started.actual_on):
        raise RuleViolation(
            "start_rests_on_it",
            _("The start of works rests on this permit; no other was issued by that day."),
            None if is_leaving else "issued_on",
        )


# --- Buildings --------------------------------------------------------------------------------


@transaction.atomic
def add_building(
    *,
    project: LandedProject,
    values: Mapping[str, Any],
    by: User,
    expected: int | None = None,
) -> Building:
    """Enter a building that is accepted by itself: `name`, `area_m2`, `is_counted`.

    After completion none is added that counts: all of them were accepted.
    """
    locked = lock_to_work(project, by, expected)
    building = Building(project=locked)
    _fill_building(building, values)
    _check_not_completed(locked, building.is_counted)
    concurrency.create(building, by=by)
    concurrency.touch(locked, by=by)
    return building


@transaction.atomic
def correct_building(
    *,
    building: Building,
    values: Mapping[str, Any],
    by: User,
    expected: int | None = None,
) -> Building:
    """Correct name and area, and whether it counts, the latter until completion."""
    project = lock_to_work(building.project, by)
    row = lock_row(Building.objects.visible_to(by), building, project, expected)
    counted = row.is_counted
    _fill_building(row, values)
    _check_not_completed(project, row.is_counted != counted)
    concurrency.touch(project, by=by)
    return concurrency.save(row, by=by)


@transaction.atomic
def accept_building(
    *,
    building: Building,
    accepted_on: date,
    acceptance_paper: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Building:
    """Record that the building was accepted (分区分栋验收), on what day and by what paper.

    Raises RuleViolation when it was already, before works began, and for a day in the future.
    """
    project = lock_to_work(building.project, by)
    row = lock_row(Building.objects.visible_to(by), building, project, expected)
    if row.accepted_on:
        raise RuleViolation("accepted", _("This building has been accepted."))
    _check_begun(project, accepted_on)
    check_not_future(accepted_on, timezone.localdate(now), "accepted_on")
    paper = acceptance_paper.strip()
    if not paper:
        raise RuleViolation(
            "paper_missing", _("Name the paper of the acceptance."), "acceptance_paper"
        )
    row.accepted_on, row.acceptance_paper = accepted_on, paper
    concurrency.touch(project, by=by)
    return concurrency.save(row, by=by)


@transaction.atomic
def withdraw_acceptance(*, building: Building, by: User, expected: int | None = None) -> Building:
    """Take back an acceptance that was entered by mistake; not once completion rests on it."""
    project = lock_to_work(building.project, by)
    row = lock_row(Building.objects.visible_to(by), building, project, expected)
    if not row.accepted_on:
        raise RuleViolation("not_accepted", _("This building has not been accepted."))
    _check_not_completed(project, row.is_counted)
    row.accepted_on, row.acceptance_paper = None, ""
    concurrency.touch(project, by=by)
    return concurrency.save(row, by=by)


@transaction.atomic
def remove_building(*, building: Building, by: User, expected: int | None = None) -> LandedProject:
    """Take out a building that was entered by mistake, before it is accepted."""
    project = lock_to_work(building.project, by)
    row = lock_row(Building.objects.visible_to(by), building, project, expected)
    if row.accepted_on:
        raise RuleViolation("accepted", _("This building has been accepted."))
    delete_row(row, by=by)
    return concurrency.touch(project, by=by)


def _fill_building(building: Building, values: Mapping[str, Any]) -> None:
    fill(building, BUILDING, values)
    building.name = nfkc(building.name)
    if not building.name:
        raise RuleViolation("blank", _("Enter the name of the building."), "name")
    if building.area_m2 is None or building.area_m2 <= 0:
        raise RuleViolation("area", _("Enter the floor area, more than nothing."), "area_m2")
    same = Building.objects.filter(project=building.project_id, name=building.name)
    if same.exclude(pk=building.pk).exists():
        raise RuleViolation(
            "building_on_record", _("The project has a building of this name already."), "name"
        )


def _check_not_completed(project: LandedProject, changes_what_counts: bool) -> None:
    if changes_what_counts and project.milestone in BUILT:
        raise RuleViolation(
            "completed",
            _("The project is completed; what counts towards it does not change any more."),
            "is_counted",
        )


def _check_begun(project: LandedProject, accepted_on: date) -> None:
    if project.contract_id is None:
        return
    if project.milestone not in BEGUN:
        raise RuleViolation("not_started", _("Works have not started; nothing can be accepted."))
    started = project.milestones.get(kind=MilestoneKind.STARTED).actual_on
    if started and accepted_on < started:
        raise RuleViolation("before_start", _("This lies before works started."), "accepted_on")
