"""Who sees what the chains' app publishes, in keys: see `kfq_crm.base.feed.registry`."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import TYPE_CHECKING

from chains.models import AnnualTarget, Scope
from chains.models.teams import CHANGE
from chains.visibility import own_teams, sees_all
from kfq_crm.base.feed import EVERYONE

if TYPE_CHECKING:
    from kfq_crm.base.feed.registry import Audience
    from kfq_crm.base.models import User

ALL, TEAMS = "all", "teams"  # keys of who sees every team's work, and of who names teams' people


def chain_key(chain: int) -> str:
    return f"chain:{chain}"


def team_key(team: int) -> str:
    return f"team:{team}"


def scope_keys(user: User) -> Iterator[str]:
    """Keys to the work of one's own teams, or of all."""
    if sees_all(user):
        yield ALL
    for team, chain in own_teams(user).values_list("pk", "chain"):
        yield team_key(team)
        yield chain_key(chain)


def reader_keys(user: User) -> Iterator[str]:
    yield EVERYONE
    yield from scope_keys(user)
    if sees_all(user) or user.has_perm(CHANGE):
        yield TEAMS


def team_audiences(pks: Collection[int]) -> Mapping[int, Audience]:
    return {pk: frozenset({TEAMS, team_key(pk)}) for pk in pks}


def target_audiences(pks: Collection[int]) -> Mapping[int, Audience]:
    rows = AnnualTarget.objects.filter(pk__in=pks).values_list("pk", "scope", "chain", "team")
    return {pk: frozenset(_of_target(*of)) for pk, *of in rows}


def _of_target(scope: str, chain: int | None, team: int | None) -> Iterator[str]:
    yield EVERYONE if scope == Scope.ZONE else ALL
    if chain:
        yield chain_key(chain)
    if team:
        yield team_key(team)
