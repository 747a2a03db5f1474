"""Who may write to a landed project, and the lock that every verb over it takes first."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from django.db.models import Model
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.models import Versioned
from leads.models import LandedProject, Lead
from leads.permissions import NotAllowed, require_move, require_work

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User

V = TypeVar("V", bound=Versioned)
COORDINATES = "leads.reassign_leads"


def lock_to_move(project: LandedProject, by: User, expected: int | None = None) -> LandedProject:
    """For milestones: the person in charge, the team's head, the coordination office."""
    locked = _lock(project, by, expected)
    if locked.contract:
        require_move(by, locked.contract.lead)
    return locked


def lock_to_work(project: LandedProject, by: User, expected: int | None = None) -> LandedProject:
    """For what is recorded as it comes: everybody of the lead's team."""
    locked = _lock(project, by, expected)
    if locked.contract:
        require_work(by, locked.contract.lead)
    return locked


def lock_lead(project: LandedProject, by: User) -> Lead | None:
    """Before the project, by whoever locks both: an action over the contract comes that way."""
    contract = project.contract
    return concurrency.lock(Lead.objects.visible_to(by), contract.lead_id) if contract else None


def lock_row(rows: QuerySet[V], row: V, project: LandedProject, expected: int | None) -> V:
    """A row of the locked project."""
    return concurrency.lock(rows.filter(project=project), row.pk, expected)


def delete_row(row: Model, *, by: User) -> None:
    """Delete with a history line that names who did."""
    row._history_user = by  # type: ignore[attr-defined]  # read by simple-history
    row.delete()


def _lock(project: LandedProject, by: User, expected: int | None) -> LandedProject:
    locked = concurrency.lock(LandedProject.objects.visible_to(by), project.pk, expected)
    if not locked.contract and not by.has_perm(COORDINATES):
        raise NotAllowed("not_allowed", _("Only the coordination office may do this."))
    return locked
