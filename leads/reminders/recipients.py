"""Who is told: from a role to a person, past those who left, are away or cannot be reached."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from chains.models import TaskTeam
from kfq_crm.base.absences import away_on
from kfq_crm.base.models import User
from leads.models.reminder import Role

if TYPE_CHECKING:
    from datetime import date

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
        self._people: dict[int, bool] = {}

    def learn(self, found: Iterable[Due]) -> None:
        """Read who of these owners, and of all teams' people, can be reached; one query."""
        wanted = {due.owner_id for due in found} | set(self._away.values())
        wanted |= {person for team in self._teams.values() for person in team.values()}
        unknown = {pk for pk in wanted if pk} - self._people.keys()
        if unknown:
            people = User.objects.filter(pk__in=unknown, is_active=True)
            reachable = set(people.exclude(email="").values_list("pk", flat=True))
            self._people.update({pk: pk in reachable for pk in unknown})

    def of(self, role: str, due: Due) -> Iterator[Addressee]:
        """The person of a role, or a deputy; who cannot be reached never stops the others:
        the next one up is told at once as well."""
        for step in UPWARD[UPWARD.index(Role(role)) :]:
            person = self._person(step, due)
            if person is None:
                continue
            deputy = self._away.get(person, person)
            if deputy is not None and self._people.get(deputy):
                yield Addressee(deputy, person if deputy != person else None)
                return
            yield Addressee(person)

    def unreachable(self) -> list[int]:
        """People that this sweep wanted to tell and could not reach."""
        return sorted(pk for pk, reachable in self._people.items() if not reachable)

    def _person(self, role: str, due: Due) -> int | None:
        if role == Role.OWNER:
            return due.owner_id
        return self._teams.get(due.chain_id, {}).get(Role(role))
