"""Who may change a team: its people, its head and leader, its outposts."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from chains.models import TaskTeam


def may_appoint(user: User) -> bool:
    """Head, leader, lead unit and outposts are the coordination office's to name."""
    return user.has_perm("chains.change_taskteam")


def may_change_members(user: User, team: TaskTeam) -> bool:
    """People come and go by the team's own head as well."""
    return may_appoint(user) or (user.is_active and team.head_id == user.pk)


def headed_people(user: User) -> QuerySet[User]:
    """People of the teams that the person heads."""
    return User.objects.filter(groups__task_team__head=user)


def require_appoint(user: User | None) -> None:
    """`None` is the system itself: seeds and generators."""
    if user is not None and not may_appoint(user):
        raise RuleViolation("not_allowed", _("Only the coordination office may do this."))


def require_member_change(user: User | None, team: TaskTeam) -> None:
    if user is not None and not may_change_members(user, team):
        raise RuleViolation(
            "not_allowed", _("Only the team head or the coordination office may do this.")
        )
