"""The desks that invented leads lie on: every chain of the vocabulary with its team and people.

What is on record is used as it is; what is missing is made, so that an empty database will do.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import transaction

from chains.actions.teams import add_member, appoint, create_team
from chains.models import Chain, ChainKind, Segment, TaskTeam
from kfq_crm.base import concurrency
from kfq_crm.base.models import User
from seeds.generators.words import FIELDS, GIVEN, SURNAMES

# Logs every invented lead: what it did not log is somebody's work.
GENERATOR = "demo-generator"
_LEAST_MEMBERS = 4


@dataclass(frozen=True)
class Desk:
    """A chain with the numbers that rows need."""

    chain: int
    team: int
    members: tuple[int, ...]
    segments: tuple[int | None, ...]
    outposts: tuple[int | None, ...]


def generator() -> User:
    """The account that stands for the generator; nobody can sign in with it."""
    user, made = User.objects.get_or_create(
        username=GENERATOR, defaults={"display_name": "演示数据生成", "is_active": False}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user


@transaction.atomic
def desks() -> dict[str, Desk]:
    """One desk a chain, by the chain's code."""
    return {code: _desk(code, place) for place, code in enumerate(FIELDS, 1)}


def _desk(code: str, place: int) -> Desk:
    chain = Chain.objects.filter(code=code).first() or _make_chain(code, place)
    team = TaskTeam.objects.filter(chain=chain).first()
    team = team or create_team(chain=chain, name=f"{chain.name}专班", by=None)
    for number in range(team.group.user_set.count(), _LEAST_MEMBERS):
        add_member(team=team, user=_make_member(code, place, number), by=None)
    members = tuple(team.group.user_set.order_by("pk").values_list("pk", flat=True))
    if team.head_id is None:
        appoint(team=team, head=User.objects.get(pk=members[0]), by=None)
    segments = tuple(Segment.objects.filter(chain=chain).values_list("pk", flat=True))
    outposts = tuple(team.outposts.values_list("pk", flat=True))
    return Desk(chain.pk, team.pk, members, (*segments, None), outposts or (None,))


def _make_chain(code: str, place: int) -> Chain:
    field = FIELDS[code]
    chain = Chain(code=code, name=field.name, kind=ChainKind(field.kind), order=place)
    return concurrency.create(chain, by=None)


def _make_member(code: str, place: int, number: int) -> User:
    name = SURNAMES[(place * 5 + number) % len(SURNAMES)] + GIVEN[(place + number * 7) % len(GIVEN)]
    user, made = User.objects.get_or_create(
        username=f"demo-{code}-{number}", defaults={"display_name": name, "unit": "演示"}
    )
    if made:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
