"""What a person's lists and pickers offer: chains, people of the own teams. Read once a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.db.models import Q, Value
from django.http import HttpRequest

from chains.models import Chain, Outpost, Segment
from chains.visibility import sees_all, visible_teams
from kfq_crm.base.models import User

Option = tuple[int, str]
Group = tuple[str, list[Option]]


@dataclass
class DeskTeam:
    """A team that the person sees, with its chain and the people who can be given work."""

    pk: int
    chain_id: int
    chain_name: str
    head_id: int | None
    leader_id: int | None
    people: list[Option] = field(default_factory=list)

    def has(self, user: User) -> bool:
        return any(pk == user.pk for pk, _name in self.people)


@dataclass
class Desk:
    """Teams, chains and people within a person's reach; every part is read when asked for."""

    user: User

    @cached_property
    def sees_all(self) -> bool:
        return sees_all(self.user)

    @cached_property
    def teams(self) -> list[DeskTeam]:
        """Visible teams in the order of their chains, with their active people: one query."""
        rows = visible_teams(self.user).order_by("chain__order", "pk", "group__user__display_name")
        found: dict[int, DeskTeam] = {}
        for pk, chain, name, head, leader, person, called, is_active in rows.values_list(
            "pk",
            "chain",
            "chain__name",
            "head",
            "leader",
            "group__user",
            "group__user__display_name",
            "group__user__is_active",
        ):
            team = found.setdefault(pk, DeskTeam(pk, chain, name, head, leader))
            if is_active:
                team.people.append((person, called))
        return list(found.values())

    @cached_property
    def own_teams(self) -> list[DeskTeam]:
        """Teams that the person works in or leads."""
        return [t for t in self.teams if t.has(self.user) or t.leader_id == self.user.pk]

    @cached_property
    def work_teams(self) -> list[DeskTeam]:
        """Teams that the person works in."""
        return [team for team in self.teams if team.has(self.user)]

    @cached_property
    def teams_to_log(self) -> list[DeskTeam]:
        """Teams for which the person may log leads."""
        return self.teams if self.sees_all else self.work_teams

    @cached_property
    def may_reassign(self) -> bool:
        """Whether there can be leads that the person may hand over: as a head, or by office."""
        if self.user.has_perm("leads.reassign_leads"):
            return True
        return any(team.head_id == self.user.pk for team in self.work_teams)

    @cached_property
    def chains(self) -> list[Chain]:
        """All chains; they are public."""
        return list(Chain.objects.order_by("order", "pk"))

    def segments_of(self, chains: Iterable[int]) -> list[Segment]:
        """Segments of these chains in the order of the chain."""
        rows = Segment.objects.filter(chain__in=list(chains))
        return list(rows.order_by("chain__order", "order", "pk"))

    def places(self, chains: Iterable[int]) -> tuple[list[Option], list[Option]]:
        """Segments of these chains and outposts, for filters: one query for two short lists."""
        if not hasattr(self, "_places"):
            self._places = _places(self.user, list(chains))
        return self._places


def people_by_chain(teams: Iterable[DeskTeam]) -> list[Group]:
    """People in groups that carry the chain's name, for a select."""
    return [(team.chain_name, team.people) for team in teams if team.people]


def _places(user: User, chains: list[int]) -> tuple[list[Option], list[Option]]:
    outposts = Outpost.objects.visible_to(user).annotate(
        kind=Value("outpost"), first=Value(0), then=Value(0)
    )
    segments = Segment.objects.visible_to(user).filter(chain__in=chains)
    columns = ("kind", "first", "then", "pk", "name")
    rows: Any = outposts.order_by().values_list(*columns)
    if chains:
        placed = segments.annotate(kind=Value("segment")).order_by()
        rows = rows.union(
            placed.values_list("kind", "chain__order", "order", "pk", "name"), all=True
        )
    found: dict[str, list[Option]] = {"segment": [], "outpost": []}
    for kind, _first, _then, pk, name in sorted(rows):
        found[kind].append((pk, name))
    return found["segment"], found["outpost"]


def desk_of(request: HttpRequest) -> Desk:
    """The desk of the person who asks, kept with the request."""
    if not hasattr(request, "desk"):
        request.desk = Desk(request.user)  # type: ignore[attr-defined, arg-type]  # ours, signed in
    return request.desk  # type: ignore[attr-defined, no-any-return]  # set above


def people_of(chain: int) -> Q:
    """Condition on people: members of the chain's team or its leader."""
    return Q(groups__task_team__chain=chain) | Q(led_teams__chain=chain)
