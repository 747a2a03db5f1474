"""Who is told: the roles of a step, deputies, and whoever is above those out of reach."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from chains.models import TaskTeam
from kfq_crm.base.absences import away_on
from kfq_crm.base.destinations import destinations
from kfq_crm.base.models import User
from leads.models.reminder import Role

if TYPE_CHECKING:
    from leads.reminders.rules import Due

UPWARD = (Role.OWNER, Role.HEAD, Role.LEAD_UNIT, Role.LEADER)


@dataclass(frozen=True)
class Addressee:
    """A person to tell, and in whose place if not in his or her own."""

    user_id: int
    stands_for_id: int | None = None


class Recipients:
    """Everything about people that one sweep needs, read once; teams and absences are few."""

    def __init__(self, today: date) -> None:
        teams = TaskTeam.objects.values_list(
            "chain_id", "head_id", "lead_unit_person_id", "leader_id"
        )
        self._teams = {
            chain: dict(zip(UPWARD[1:], people, strict=True)) for chain, *people in teams
        }
        self._away = away_on(today)
        self._reachable: dict[int, bool] = {}
        self._missed: set[int] = set()

    def learn(self, found: Collection[Due]) -> None:
        """Read who of these owners, and of all teams' people, can be reached; two queries."""
        wanted = {due.owner_id for due in found} | set(self._away.values())
        wanted |= {person for team in self._teams.values() for person in team.values()}
        wanted |= {person for due in found for person in (due.people or {}).values()}
        unknown = {pk for pk in wanted if pk} - self._reachable.keys()
        if unknown:
            ways = destinations(User.objects.filter(pk__in=unknown))
            self._reachable.update({pk: not way.problem for pk, way in ways.items()})

    def of(self, role: str, due: Due) -> Iterator[Addressee]:
        """The person of a role, or a deputy. Whoever cannot be reached never stops the others:
        the next one up is told at once as well."""
        for step in UPWARD[UPWARD.index(Role(role)) :]:
            person = self._person(step, due)
            if person is None:
                continue
            deputy = self._away.get(person, person)
            if deputy is not None and self._reachable.get(deputy):
                yield Addressee(deputy, person if deputy != person else None)
                return
            self._missed.add(person)
            yield Addressee(person)

    def out_of_reach(self) -> tuple[int, ...]:
        """People whom this sweep wanted to tell, in vain."""
        return tuple(sorted(self._missed))

    def _person(self, role: str, due: Due) -> int | None:
        if role == Role.OWNER:
            return due.owner_id
        if due.people is not None:
            return due.people.get(role)
        return self._teams.get(due.chain_id, {}).get(Role(role))
