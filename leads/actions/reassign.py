"""Handing leads over to another person of the team."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from chains.models import TaskTeam
from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.models import Lead
from leads.permissions import NotAllowed, may_reassign
from leads.schedule import HANDED_OVER, hand_to

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@transaction.atomic
def reassign_leads(
    *, leads: Iterable[Lead], owner: User, by: User, expected: int | None = None
) -> int:
    """Give leads to another member of their own teams, all of them or none.

    `expected` is the revision that the person saw, where one lead alone is handed over.
    Raises RuleViolation when the new owner is not in a lead's team. Locks in the order of
    keys, so that two hand-overs at once cannot wait for each other.
    """
    pks = sorted(lead.pk for lead in leads)
    checked: set[int] = set()
    for pk in pks:
        locked = concurrency.lock(Lead.objects.visible_to(by), pk, expected)
        if locked.chain_id not in checked:
            _check_hand_over(locked, owner, by)
            checked.add(locked.chain_id)
        hand_to(locked, owner)
        concurrency.save(locked, by=by, fields=HANDED_OVER)
    return len(pks)


def _check_hand_over(lead: Lead, owner: User, by: User) -> None:
    """The same for every lead of a chain."""
    if not may_reassign(by, lead):
        raise NotAllowed("not_allowed", _("Only the team head or the coordination office may."))
    team = TaskTeam.objects.filter(chain=lead.chain_id, group__user=owner)
    if not owner.is_active or not team.exists():
        raise RuleViolation(
            "not_in_team",
            _("%(person)s is not in the team of “%(lead)s”.") % {"person": owner, "lead": lead},
            "owner",
        )
