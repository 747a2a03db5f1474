"""Who may do what to a lead that he or she can see."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef
from django.utils.translation import gettext as _

from chains.models import TaskTeam
from chains.visibility import sees_all
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User

if TYPE_CHECKING:
    from leads.models import Lead


class NotAllowed(RuleViolation):
    """The person sees the record but may not do this to it."""


@dataclass(frozen=True)
class Rights:
    """What a person may do to one lead.

    `work`: a member of the primary chain's team (leaders read only), or the coordination
    office. `move`: the person in charge, the team's head and the coordination office.
    `reassign`: the team's head and the coordination office.
    """

    work: bool = False
    move: bool = False
    reassign: bool = False


def rights_over(user: User, lead: Lead) -> Rights:
    """Everything at once, in one query beside the person's permissions."""
    everywhere = user.has_perm("leads.reassign_leads")
    if not user.has_perm("leads.change_lead"):
        return Rights(reassign=everywhere)
    membership = User.groups.through.objects.filter(user=user, group=OuterRef("group"))
    team = TaskTeam.objects.filter(chain=lead.chain_id).annotate(is_member=Exists(membership))
    head_id, is_member = team.values_list("head", "is_member").first() or (None, False)
    if not (is_member or sees_all(user)):
        return Rights(reassign=everywhere)
    leading = everywhere or head_id == user.pk
    return Rights(work=True, move=leading or lead.owner_id == user.pk, reassign=leading)


def works_on(user: User, lead: Lead) -> bool:
    return rights_over(user, lead).work


def may_move(user: User, lead: Lead) -> bool:
    return rights_over(user, lead).move


def may_reassign(user: User, lead: Lead) -> bool:
    return rights_over(user, lead).reassign


def require_work(user: User, lead: Lead) -> None:
    if not works_on(user, lead):
        raise NotAllowed("not_allowed", _("Only the lead's own team may do this."))


def require_move(user: User, lead: Lead) -> None:
    if not may_move(user, lead):
        raise NotAllowed(
            "not_allowed",
            _("Only the person in charge, the team head or the coordination office may do this."),
        )
