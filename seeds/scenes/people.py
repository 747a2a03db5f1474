"""Invented staff: accounts, outposts, who leads, heads and belongs to which team."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.hashers import make_password

from chains.actions.teams import add_member, appoint
from chains.models import Outpost, TaskTeam
from chains.roles import (
    ADMINISTRATION,
    CHAIN_LEADER,
    COORDINATION,
    DEPARTMENT,
    MAYORS_OFFICE,
    SERVICE,
    role_group,
)
from kfq_crm.base import concurrency
from kfq_crm.base.models import User
from seeds.loading.store import read

DOMAIN = "@demo.invalid"  # can never be delivered to
GROUPS = {
    "leader": CHAIN_LEADER,
    "coordinator": COORDINATION,
    "administrator": ADMINISTRATION,
    "mayor_reader": MAYORS_OFFICE,
    "service": SERVICE,
    "liaison": SERVICE,
    "department": DEPARTMENT,
}


def create_people(password: str) -> tuple[dict[str, User], dict[str, Outpost]]:
    """People by user name and outposts by code.

    One password for all, hashed once: that takes its time.
    """
    data = read("demo_people")
    hashed = make_password(password)
    people = {row["username"]: _person(row, hashed) for row in data["people"]}
    outposts = {row["code"]: _outpost(row) for row in data["outposts"]}
    posted = {
        row["username"]: outposts[row["outpost"]] for row in data["people"] if "outpost" in row
    }
    for row in data["teams"]:
        _staff_team(row, people, outposts, posted)
    return people, outposts


def demo_accounts() -> tuple[list[User], int]:
    """The demo accounts of this database: those worth naming, and how many more there are."""
    shown = [row["username"] for row in read("demo_people")["people"] if row.get("shown")]
    there = User.objects.filter(email__endswith=DOMAIN, is_active=True).order_by("pk")
    named = list(there.filter(username__in=shown))
    return named, there.count() - len(named)


def _person(row: dict[str, Any], password: str) -> User:
    user = User.objects.create(
        username=row["username"],
        display_name=row["name"],
        unit=row["unit"],
        post=row["post"],
        email=row["username"] + DOMAIN,
        password=password,
        is_staff=True,
    )
    if row["role"] in GROUPS:
        user.groups.add(role_group(GROUPS[row["role"]]))
    return user


def _outpost(row: dict[str, Any]) -> Outpost:
    outpost = concurrency.create(Outpost(name=row["name"], city=row["city"]), by=None)
    outpost.teams.set(TaskTeam.objects.filter(chain__code__in=row["chains"]))
    return outpost


def _staff_team(
    row: dict[str, Any],
    people: dict[str, User],
    outposts: dict[str, Outpost],
    posted: dict[str, Outpost],
) -> None:
    team = TaskTeam.objects.get(chain__code=row["chain"])
    for name in (row["head"], *row["members"]):
        add_member(team=team, user=people[name], outpost=posted.get(name), by=None)
    appoint(
        team=team,
        leader=people[row["leader"]],
        head=people[row["head"]],
        lead_unit=row["lead_unit"],
        lead_unit_person=people[row["lead_unit_person"]],
        by=None,
    )
