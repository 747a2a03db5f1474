"""Putting people into teams and taking them out; the auth Group keeps in step."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import Group
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from chains.models import Chain, Outpost, TaskTeam, TeamMembership
from chains.permissions import require_appoint, require_member_change
from chains.roles import CHAIN_LEADER, MEMBER, permissions_of, role_group
from chains.visibility import sees_all
from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.service_accounts import refuse_service_accounts

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@transaction.atomic
def create_team(*, chain: Chain, name: str, by: User | None, **values: Any) -> TaskTeam:
    """Make a chain's team with its auth Group, which carries what members may do.

    Raises RuleViolation for a name that a team or group has, and for a chain with a team.
    """
    require_appoint(by)
    name = name.strip()
    _check_name(name)
    if TaskTeam.objects.filter(chain=chain).exists():
        raise RuleViolation("has_team", _("This chain has a task team already."), "chain")
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
    """Take a person into the team. Raises RuleViolation for somebody who is in it or disabled.

    Membership begins now, so `joined_on` may lie in the past only.
    """
    locked = concurrency.lock(TaskTeam.objects.all(), team.pk)
    require_member_change(by, locked)
    day = joined_on or timezone.localdate()
    refuse_service_accounts(user, field="user")
    if not user.is_active:
        raise RuleViolation("disabled", _("This account is disabled."), "user")
    if locked.memberships.current().filter(user=user).exists():
        raise RuleViolation("member", _("This person is in the team already."), "user")
    _refuse_oneself(by, user, "user")
    _check_past(day, "joined_on")
    membership = TeamMembership.objects.create(
        team=locked, user=user, outpost=outpost, joined_on=day
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
    require_member_change(by, locked)
    day = left_on or timezone.localdate()
    membership = locked.memberships.current().filter(user=user).first()
    if membership is None:
        raise RuleViolation("not_member", _("This person is not in the team."), "user")
    if locked.head_id == user.pk:
        raise RuleViolation("is_head", _("Name another team head first."), "user")
    if locked.lead_unit_person_id == user.pk:
        raise RuleViolation(
            "is_lead_unit", _("Name another person of the lead unit first."), "user"
        )
    _check_past(day, "left_on")
    if day < membership.joined_on:
        raise RuleViolation("left_early", _("This lies before the day of joining."), "left_on")
    membership.left_on = day
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
    """Set leader, head, lead unit with its person, or name. The head and the lead unit's person
    must be members; a leader need not be.

    Raises RuleViolation for a disabled account, and for a name that a team or group has.
    The group of chain leaders keeps in step, so that a leader may read what the chain has.
    """
    locked = concurrency.lock(TaskTeam.objects.all(), team.pk, expected)
    require_appoint(by)
    led_before = locked.leader
    if values.get("leader") != led_before:
        _refuse_oneself(by, values.get("leader"), "leader")
    refuse_service_accounts(values.get("leader"), field="leader")
    for field in {"leader", "head", "lead_unit", "lead_unit_person", "name"} & values.keys():
        setattr(locked, field, values[field])
    _check_people(locked, values)
    locked.name = locked.name.strip()
    if locked.group.name != locked.name:
        _check_name(locked.name)
        locked.group.name = locked.name
        locked.group.save(update_fields=["name"])
    concurrency.save(locked, by=by)
    if locked.leader != led_before:
        _keep_leaders_in_step(locked.leader, led_before)
    return locked


@transaction.atomic
def set_outposts(
    *, team: TaskTeam, outposts: Iterable[Outpost], by: User | None, expected: int | None = None
) -> TaskTeam:
    """Say from which outposts in other cities the team works."""
    locked = concurrency.lock(TaskTeam.objects.all(), team.pk, expected)
    require_appoint(by)
    locked.outposts.set(outposts)
    return concurrency.touch(locked, by=by)


def refresh_group_permissions() -> None:
    """Give every team's Group the permissions that members have now (after an upgrade)."""
    granted = permissions_of(MEMBER)
    for team in TaskTeam.objects.select_related("group"):
        team.group.permissions.set(granted)


def _refuse_oneself(by: User | None, person: User | None, field: str) -> None:
    """Who keeps accounts and teams does not let himself or herself in to what they hold."""
    if by is not None and person == by and not sees_all(by):
        raise RuleViolation("oneself", _("Nobody puts himself or herself into a team."), field)


def _keep_leaders_in_step(leader: User | None, before: User | None) -> None:
    group = role_group(CHAIN_LEADER)
    if leader:
        group.user_set.add(leader)
    if before and not before.led_teams.exists():
        group.user_set.remove(before)


def _check_people(team: TaskTeam, values: dict[str, Any]) -> None:
    for field in ("leader", "head", "lead_unit_person"):
        person = values.get(field)
        if person and not person.is_active:
            raise RuleViolation("disabled", _("This account is disabled."), field)
    head = team.head
    if head and not team.group.user_set.filter(pk=head.pk).exists():
        raise RuleViolation("head_not_member", _("The head must be a member of the team."), "head")
    unit = values.get("lead_unit_person")
    if unit and not team.group.user_set.filter(pk=unit.pk).exists():
        raise RuleViolation(
            "lead_unit_not_member",
            _("The person of the lead unit must be a member of the team, to read its leads."),
            "lead_unit_person",
        )


def _check_name(name: str) -> None:
    """A team's name is its group's as well, so it must be free among both."""
    if not name:
        raise RuleViolation("name_missing", _("A team needs a name."), "name")
    if Group.objects.filter(name=name).exists():
        raise RuleViolation("name_taken", _("A team or group with this name exists."), "name")


def _check_past(day: date, field: str) -> None:
    if day > timezone.localdate():
        raise RuleViolation(
            "in_future", _("This lies in the future; enter what has happened."), field
        )
