"""What a person leaves behind in a team goes to those who stay."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from chains.actions.lists import hand_over_companies
from chains.actions.teams import remove_member
from chains.models import TaskTeam
from chains.permissions import require_member_change
from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.models import Blocker, Lead
from leads.schedule import HANDED_OVER, hand_to, start_round
from leads.stages import Exit

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from kfq_crm.base.models import User


def left_behind(team: TaskTeam, person: User) -> QuerySet[Lead]:
    """Leads of the team that somebody must go on with: open ones, and shelved ones that wake."""
    return Lead.objects.filter(Q(exit="") | Q(exit=Exit.SHELVED), chain=team.chain_id, owner=person)


@transaction.atomic
def take_out_of_team(
    *, team: TaskTeam, person: User, heir: User | None, by: User, left_on: date | None = None
) -> int:
    """Take a person out of a team and give the work to another member; returns how many leads.

    All or nothing. Leads that `by` may not see go to the team's head, who sees them already:
    nobody learns of them by handing them over. Raises RuleViolation when there is work and no
    heir, and for an heir who is not in the team.
    """
    locked_team = concurrency.lock(TaskTeam.objects.all(), team.pk)
    require_member_change(by, locked_team)
    leads = list(left_behind(locked_team, person).order_by("pk").values_list("pk", flat=True))
    _check_heir(locked_team, person, heir, needed=_leaves_work(locked_team, person, by))
    visible = set(Lead.objects.visible_to(by).filter(pk__in=leads).values_list("pk", flat=True))
    for pk in leads:
        lead = concurrency.lock(Lead.objects.all(), pk)
        hand_to(lead, _successor(locked_team, heir if pk in visible else None))
        concurrency.save(lead, by=by, fields=HANDED_OVER)
    _hand_over_blockers(locked_team, person, heir, by)
    hand_over_companies(chain=locked_team.chain, person=person, heir=heir, by=by)
    remove_member(team=locked_team, user=person, by=by, left_on=left_on)
    return len(leads)


def _leaves_work(team: TaskTeam, person: User, by: User) -> bool:
    """Whether there is anything that `by` knows of."""
    return (
        Lead.objects.visible_to(by).filter(pk__in=left_behind(team, person).values("pk")).exists()
    )


def _check_heir(team: TaskTeam, person: User, heir: User | None, *, needed: bool) -> None:
    if heir is None:
        if needed:
            raise RuleViolation(
                "heir_missing", _("Choose who goes on with this person's leads."), "heir"
            )
        return
    in_team = team.group.user_set.filter(pk=heir.pk, is_active=True).exists()
    if heir == person or not in_team:
        raise RuleViolation("heir_not_member", _("Choose somebody who stays in the team."), "heir")


def _successor(team: TaskTeam, heir: User | None) -> User:
    successor = heir or team.head
    if successor is None:
        raise RuleViolation("no_head", _("Name a team head first, who takes over the rest."))
    return successor


def _hand_over_blockers(team: TaskTeam, person: User, heir: User | None, by: User) -> None:
    """What the person was to clear goes with the lead, to whoever has it in charge now."""
    rows = Blocker.objects.filter(owner=person, resolved_on=None, lead__chain=team.chain_id)
    for pk, lead_id in list(rows.order_by("lead", "pk").values_list("pk", "lead_id")):
        lead = concurrency.lock(Lead.objects.all(), lead_id)
        blocker = concurrency.lock(Blocker.objects.all(), pk)
        visible = Lead.objects.visible_to(by).filter(pk=lead_id).exists()
        blocker.owner = _successor(team, heir if visible else None)
        concurrency.save(blocker, by=by)
        start_round(lead)
        concurrency.save(lead, by=by, fields={"reminder_round"})
