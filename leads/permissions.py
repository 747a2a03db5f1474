"""Who may do what to a lead that he or she can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from chains.models import TaskTeam
from chains.visibility import sees_all
from kfq_crm.base.errors import RuleViolation

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models import Lead


class NotAllowed(RuleViolation):
    """The person sees the record but may not do this to it."""


def works_on(user: User, lead: Lead) -> bool:
    """A member of the primary chain's team (leaders read only), or the coordination office."""
    if not user.has_perm("leads.change_lead"):
        return False
    if sees_all(user):
        return True
    return TaskTeam.objects.filter(chain=lead.chain_id, group__user=user).exists()


def may_move(user: User, lead: Lead) -> bool:
    """Moves of stage are for the person in charge, the team's head and the coordination office."""
    if not works_on(user, lead):
        return False
    return lead.owner_id == user.pk or heads(user, lead) or user.has_perm("leads.reassign_leads")


def may_reassign(user: User, lead: Lead) -> bool:
    return user.has_perm("leads.reassign_leads") or (works_on(user, lead) and heads(user, lead))


def heads(user: User, lead: Lead) -> bool:
    return TaskTeam.objects.filter(chain=lead.chain_id, head=user).exists()


def require_work(user: User, lead: Lead) -> None:
    if not works_on(user, lead):
        raise NotAllowed("not_allowed", _("Only the lead's own team may do this."))


def require_move(user: User, lead: Lead) -> None:
    if not may_move(user, lead):
        raise NotAllowed(
            "not_allowed",
            _("Only the person in charge, the team head or the coordination office may do this."),
        )
