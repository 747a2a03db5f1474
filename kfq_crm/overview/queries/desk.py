"""Whose work the workbench shows: one's own, a team's, or the whole zone's."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from chains.models import Chain
from chains.visibility import own_teams, sees_all
from kfq_crm.base.models import User
from leads.models import Lead

if TYPE_CHECKING:
    from collections.abc import Mapping

    from django.db.models import QuerySet

    from chains.models import TaskTeam


@dataclass(frozen=True)
class Choice:
    """One position of the switch above the workbench."""

    label: str
    query: str
    is_chosen: bool = False


@dataclass(frozen=True)
class Desk:
    """The person who looks, and what of the work lies before him or her.

    `person` is whose leads the day shows, None for everybody's in `chains`; `whole_zone` says
    that the chains are all of them. `may_log` is False for those who only read.
    """

    user: User
    chains: tuple[Chain, ...] = ()
    teams: tuple[TaskTeam, ...] = ()
    person: User | None = None
    whole_zone: bool = False
    may_log: bool = False
    choices: list[Choice] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        """Staff who have nothing to do with leads: no team, no office over all."""
        return not self.chains

    @property
    def is_own(self) -> bool:
        return self.person == self.user

    def day_leads(self) -> QuerySet[Lead]:
        """Open leads that the day's lists are drawn from."""
        if self.person:
            seen = Lead.objects.visible_to(self.user).open()
            return seen.filter(owner=self.person, chain__in=self.chain_keys)
        return self.chain_leads().open()

    def chain_leads(self) -> QuerySet[Lead]:
        """Leads of the desk's chains; without a condition where these are all."""
        seen = Lead.objects.visible_to(self.user)
        return seen if self.whole_zone else seen.filter(chain__in=self.chain_keys)

    @property
    def chain_keys(self) -> list[int]:
        return [chain.pk for chain in self.chains]


def desk_of(user: User, asked: Mapping[str, str]) -> Desk:
    """The person's desk, switched to what was asked for as far as he or she may."""
    may_log = user.has_perm("leads.add_followup")
    if sees_all(user):
        return _zone_desk(user, asked.get("chain", ""), may_log)
    teams = tuple(own_teams(user).select_related("chain", "head", "leader"))
    headed = [team for team in teams if team.head_id == user.pk]
    if headed:
        return _team_desk(user, headed, asked.get("person", ""), may_log)
    chains = tuple(team.chain for team in teams)
    led = any(team.leader_id == user.pk for team in teams)
    person = None if led else user
    return Desk(user=user, chains=chains, teams=teams, person=person, may_log=may_log)


def _zone_desk(user: User, asked: str, may_log: bool) -> Desk:
    chains = tuple(Chain.objects.all())
    chosen = next((chain for chain in chains if str(chain.pk) == asked), None)
    choices = [Choice(_("Whole zone"), "?", chosen is None)]
    choices += [Choice(chain.name, f"?chain={chain.pk}", chain == chosen) for chain in chains]
    return Desk(
        user=user,
        chains=(chosen,) if chosen else chains,
        whole_zone=chosen is None,
        may_log=may_log,
        choices=choices,
    )


def _team_desk(user: User, teams: list[TaskTeam], asked: str, may_log: bool) -> Desk:
    groups = [team.group_id for team in teams]
    people = list(
        User.staff.filter(groups__in=groups, is_active=True).distinct().order_by("display_name")
    )
    chosen = next((person for person in people if str(person.pk) == asked), None)
    choices = [Choice(_("Whole team"), "?", chosen is None)]
    choices += [
        Choice(
            _("Myself") if person == user else str(person), f"?person={person.pk}", person == chosen
        )
        for person in sorted(people, key=lambda person: person != user)
    ]
    return Desk(
        user=user,
        chains=tuple(team.chain for team in teams),
        teams=tuple(teams),
        person=chosen,
        may_log=may_log,
        choices=choices,
    )
