"""Putting people into teams and taking them out; the auth Group keeps in step."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chains.models import Chain, Outpost, TaskTeam, TeamMembership
from chains.roles import MEMBER, permissions_of
from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@transaction.atomic
def create_team(*, chain: Chain, name: str, by: User | None, **values: Any) -> TaskTeam:
    """Make a chain's team with its auth Group, which carries what members may do."""
    group = Group.objects.create(name=name)
    group.permissions.set(permissions_of(MEMBER))
    return concurrency.create(TaskTeam(chain=chain, name=name, group=group, **values), by=by)


@transaction.atomic
def add_member(
    *,
    team: TaskTeam,
    user: User,
    by: User | None,
    outpost: Outpost | None = None,
    joined_on: date | None = None,
) -> TeamMembership:
    """Take a person into the team. Raises RuleViolation for somebody who is in it or disabled."""
    locked = concurrency.lock(TaskTeam.objects.all(), team.pk)
    if not user.is_active:
        raise RuleViolation("disabled", _("This account is disabled."), "user")
    if locked.memberships.current().filter(user=user).exists():
        raise RuleViolation("member", _("This person is in the team already."), "user")
    membership = TeamMembership.objects.create(
        team=locked, user=user, outpost=outpost, joined_on=joined_on or timezone.localdate()
    )
    locked.group.user_set.add(user)
    concurrency.touch(locked, by=by)
    return membership


@transaction.atomic
def remove_member(
    *, team: TaskTeam, user: User, by: User | None, left_on: date | None = None
) -> TeamMembership:
    """Take a person out; what he or she could see through the team is hidden at once."""
    locked = concurrency.lock(TaskTeam.objects.all(), team.pk)
    membership = locked.memberships.current().filter(user=user).first()
    if membership is None:
        raise RuleViolation("not_member", _("This person is not in the team."), "user")
    if locked.head_id == user.pk:
        raise RuleViolation("is_head", _("Name another team head first."), "user")
    membership.left_on = left_on or timezone.localdate()
    membership.save(update_fields=["left_on"])
    locked.group.user_set.remove(user)
    concurrency.touch(locked, by=by)
    return membership


@transaction.atomic
def appoint(
    *,
    team: TaskTeam,
    by: User | None,
    expected: int | None = None,
    **values: Any,
) -> TaskTeam:
    """Set leader, head, lead unit or name. The head must be a member; a leader need not be."""
    locked = concurrency.lock(TaskTeam.objects.all(), team.pk, expected)
    for field in {"leader", "head", "lead_unit", "name"} & values.keys():
        setattr(locked, field, values[field])
    head = locked.head
    if head and not locked.group.user_set.filter(pk=head.pk).exists():
        raise RuleViolation("head_not_member", _("The head must be a member of the team."), "head")
    if locked.group.name != locked.name:
        locked.group.name = locked.name
        locked.group.save(update_fields=["name"])
    return concurrency.save(locked, by=by)


def refresh_group_permissions() -> None:
    """Give every team's Group the permissions that members have now (after an upgrade)."""
    granted: list[Permission] = list(permissions_of(MEMBER))
    for team in TaskTeam.objects.select_related("group"):
        team.group.permissions.set(granted)
