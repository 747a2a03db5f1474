"""What a person's lists and pickers offer: chains, people of the own teams. Read once a request."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property

from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest

from chains.models import Chain, Segment
from chains.visibility import sees_all, visible_teams
from kfq_crm.base.models import User

Group = tuple[str, list[tuple[int, str]]]


@dataclass
class Desk:
    """Chains and people within a person's reach; every part is one query, made when asked for."""

    user: User
    _segments: dict[frozenset[int], list[Segment]] = field(default_factory=dict)

    @cached_property
    def sees_all(self) -> bool:
        return sees_all(self.user)

    @cached_property
    def chains(self) -> list[Chain]:
        """All chains (they are public), each with its team and what the person is to it."""
        membership = User.groups.through.objects.filter(
            user=self.user, group=OuterRef("team__group")
        )
        rows = Chain.objects.select_related("team").order_by("order", "pk")
        return list(rows.annotate(is_member=Exists(membership)))

    @cached_property
    def own_chains(self) -> list[Chain]:
        """Chains of the teams that the person works in or leads."""
        return [chain for chain in self.chains if self._is_own(chain)]

    @cached_property
    def chains_to_log(self) -> list[Chain]:
        """Chains for which the person may log leads."""
        with_team = [chain for chain in self.chains if hasattr(chain, "team")]
        return [c for c in with_team if self.sees_all or c.is_member]  # type: ignore[attr-defined]  # annotated

    @cached_property
    def may_reassign(self) -> bool:
        """Whether there can be leads that the person may hand over: as a head, or by office."""
        if self.user.has_perm("leads.reassign_leads"):
            return True
        return any(c.team.head_id == self.user.pk for c in self.chains if hasattr(c, "team"))

    @cached_property
    def members(self) -> list[tuple[int, str, int]]:
        """Key, name and chain of every active person in the teams that one sees."""
        teams = visible_teams(self.user)
        rows = User.staff.filter(is_active=True, groups__task_team__in=teams.values("pk"))
        ordered = rows.order_by("groups__task_team__chain__order", "display_name", "pk")
        return list(ordered.values_list("pk", "display_name", "groups__task_team__chain"))

    def members_by_chain(self, chains: Iterable[Chain] | None = None) -> list[Group]:
        """The same in groups that carry the chain's name, for a select."""
        groups = []
        for chain in self.chains if chains is None else chains:
            people = [(pk, name) for pk, name, where in self.members if where == chain.pk]
            if people:
                groups.append((chain.name, people))
        return groups

    def segments_of(self, chains: Iterable[int]) -> list[Segment]:
        """Segments of these chains in the order of the chain."""
        wanted = frozenset(chains)
        if wanted not in self._segments:
            rows = Segment.objects.filter(chain__in=wanted).order_by("chain__order", "order", "pk")
            self._segments[wanted] = list(rows) if wanted else []
        return self._segments[wanted]

    def _is_own(self, chain: Chain) -> bool:
        is_leader = hasattr(chain, "team") and chain.team.leader_id == self.user.pk
        return bool(chain.is_member or is_leader)  # type: ignore[attr-defined]  # annotated above


def desk_of(request: HttpRequest) -> Desk:
    """The desk of the person who asks, kept with the request."""
    if not hasattr(request, "desk"):
        request.desk = Desk(request.user)  # type: ignore[attr-defined, arg-type]  # ours, signed in
    return request.desk  # type: ignore[attr-defined, no-any-return]  # set above


def people_of(chain: int) -> Q:
    """Condition on people: members of the chain's team or its leader."""
    return Q(groups__task_team__chain=chain) | Q(led_teams__chain=chain)
