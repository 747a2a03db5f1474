"""An office as large as the leads: three hundred chains with their people, beside those of the
seed. Reminders and digests are measured in it. Bulk and plain SQL; nothing here is measured."""

from __future__ import annotations

import os
from datetime import date, timedelta
from typing import Any

from django.contrib.auth.models import Group
from django.db import connection, transaction
from django.db.models import QuerySet
from django.utils import timezone

from benchmark.sides import BEGAN
from chains.models import Chain, ChainKind, TaskTeam
from chains.roles import CHAIN_LEADER, MEMBER, permissions_of, role_group
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import User

CHAINS, LEADS_A_CHAIN = 300, 100
CODE = "bench-"
# The first leads the chain, the second heads the team, the third is of the lead unit.
PEOPLE = ("leader", "head", "unit", "one", "two")

# Leads out of the whole table, the same ones at every run, as many a chain.
_TAKE = """
    CREATE TEMP TABLE taken AS
    SELECT lead.id, lot, chain.id AS chain, (
        SELECT min(belongs.user_id) + 1 + lot / %(chains)s %% %(owners)s
        FROM base_user_groups AS belongs
        WHERE belongs.group_id = chain.group_id
    ) AS owner
    FROM (
        SELECT id, row_number() OVER (ORDER BY hashint8extended(id, 7)) - 1 AS lot
        FROM leads_lead WHERE NOT confidential ORDER BY 2 LIMIT %(leads)s
    ) AS lead
    JOIN (
        SELECT chain.id, group_id, row_number() OVER (ORDER BY chain.id) - 1 AS place
        FROM chains_chain AS chain JOIN chains_taskteam AS team ON team.chain_id = chain.id
        WHERE code LIKE %(code)s
    ) AS chain ON chain.place = lot %% %(chains)s
"""
_MOVE = """
    UPDATE leads_lead SET chain_id = chain, owner_id = owner, segment_id = NULL
    FROM taken WHERE taken.id = leads_lead.id
"""
# Whoever is seeded with a team has all the roles filled, by its members.
_APPOINT = """
    UPDATE chains_taskteam AS team SET leader_id = coalesce(leader_id, one.first),
        lead_unit_person_id = coalesce(lead_unit_person_id, one.last)
    FROM (
        SELECT group_id, min(user_id) AS first, max(user_id) AS last
        FROM base_user_groups GROUP BY group_id
    ) AS one
    WHERE one.group_id = team.group_id
"""


def unrecorded(model: Any) -> Any:
    """The model's rows past its own queryset, which would record every write for the feed."""
    return QuerySet(model)


def bench_day() -> date:
    """A working day that is still to come: whatever waits now is due at its hours. The same for
    all processes of a run, which may go past midnight."""
    began = os.environ.get(BEGAN)
    today = date.fromisoformat(began) if began else timezone.localdate()
    return current_calendar().next_workday(today + timedelta(days=1))


@transaction.atomic
def open_office(leads: int) -> dict[str, int]:
    """Make the chains with their people, give them leads, and let everybody be reached."""
    chains = max(3, min(CHAINS, leads // 60))
    each = min(LEADS_A_CHAIN, leads // 2 // chains)
    _teams(_chains(chains), _people(chains))
    size = {"chains": chains, "owners": len(PEOPLE) - 1, "leads": chains * each}
    with connection.cursor() as cursor:
        cursor.execute(_TAKE, {**size, "code": f"{CODE}%"})
        cursor.execute(_MOVE)
        cursor.execute("DROP TABLE taken")
        cursor.execute(_APPOINT)
        cursor.execute("UPDATE base_user SET email = username || '@office.example'")
    return {"chains": chains, "leads_a_chain": each}


def _people(chains: int) -> list[User]:
    return User.objects.bulk_create(
        User(
            username=f"{CODE}{number}-{role}",
            display_name=f"{role} {number}",
            password="!",  # noqa: S106 — nobody can sign in with it
            is_staff=True,
        )
        for number in range(chains)
        for role in PEOPLE
    )


def _chains(count: int) -> list[Chain]:
    return Chain.objects.bulk_create(
        Chain(code=f"{CODE}{number}", name=f"{CODE}{number}", kind=ChainKind.CHAIN, order=99)
        for number in range(count)
    )


def _teams(chains: list[Chain], people: list[User]) -> None:
    groups = Group.objects.bulk_create(Group(name=chain.name) for chain in chains)
    rights = permissions_of(MEMBER)
    _link(Group.permissions.through, "group", groups, "permission", [rights] * len(groups))
    own = [people[start : start + len(PEOPLE)] for start in range(0, len(people), len(PEOPLE))]
    _link(Group.user_set.through, "group", groups, "user", own)
    leaders = role_group(CHAIN_LEADER)
    _link(Group.user_set.through, "group", [leaders], "user", [[team[0] for team in own]])
    TaskTeam.objects.bulk_create(
        TaskTeam(
            chain=chain,
            group=group,
            name=chain.name,
            leader=team[0],
            head=team[1],
            lead_unit_person=team[2],
        )
        for chain, group, team in zip(chains, groups, own, strict=True)
    )


def _link(through: Any, one: str, rows: list[Any], many: str, others: list[list[Any]]) -> None:
    through.objects.bulk_create(
        through(**{one: row, many: other})
        for row, theirs in zip(rows, others, strict=True)
        for other in theirs
    )
