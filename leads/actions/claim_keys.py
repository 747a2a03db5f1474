"""The keys by which a claim holds its company; unique, whatever races."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from django.db import connection
from django.db.models import Q

from leads.models import Claim, ClaimKey, KeyKind
from leads.queries import any_key, held_keys, keys_of

if TYPE_CHECKING:
    from chains.models import TaskTeam
    from leads.models import Enterprise

Key = tuple[KeyKind, str]


def claimable(keys: Collection[Key]) -> list[Key]:
    """The keys of a company as claims hold them, the strongest first.

    A group and a company of that very name are one: both are held as names.
    """
    merged = {(KeyKind.NAME if kind == KeyKind.PARENT else kind, value) for kind, value in keys}
    return sorted(merged, key=lambda key: (list(KeyKind).index(key[0]), key[1]))


def keys_to_claim(enterprise: Enterprise) -> list[Key]:
    return claimable(keys_of(enterprise))


def take_keys(claim: Claim, keys: Collection[Key]) -> bool:
    """Take the keys that are free; whether all of them were.

    Sorted, so that two transactions wait in the same order. SQL by hand, because `bulk_create`
    does not tell how many met a conflict.
    """
    if not keys:
        return True
    table = connection.ops.quote_name(ClaimKey._meta.db_table)
    holders = ", ".join(["(%s, %s, %s)"] * len(keys))
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {table} (claim_id, kind, value) VALUES {holders} ON CONFLICT DO NOTHING",  # noqa: S608 — the table's name
            [value for kind, key in keys for value in (claim.pk, str(kind), key)],
        )
        return int(cursor.rowcount) == len(keys)


def free_keys(claim: Claim, kept: Collection[Key] = ()) -> list[Key]:
    """Let go of all keys but the kept ones; those let go."""
    gone = claim.keys.exclude(any_key(kept)) if kept else claim.keys.all()
    freed = [(KeyKind(kind), value) for kind, value in gone.values_list("kind", "value")]
    if freed:
        gone.delete()
    return freed


def held_by_others(keys: Collection[Key], team: TaskTeam | None) -> Claim | None:
    """Another team's claim on any of the keys, the strongest key first."""
    held = (row.claim for row in held_keys(keys))
    return next((claim for claim in held if team is None or claim.team_id != team.pk), None)


def hand_on(claim: Claim, freed: Collection[Key]) -> None:
    """A key that the team shares with a sister company's claim stays held through that one."""
    if not freed:
        return
    names = [value for kind, value in freed if kind == KeyKind.NAME]
    phones = [value for kind, value in freed if kind == KeyKind.PHONE]
    shared = (
        Q(enterprise__name_key__in=names)
        | Q(enterprise__parent_key__in=names)
        | Q(enterprise__contacts__phone_key__in=phones)
    )
    sisters = Claim.objects.active().filter(shared, team=claim.team_id).exclude(pk=claim.pk)
    for sister in sisters.select_related("enterprise").distinct():
        take_keys(sister, keys_to_claim(sister.enterprise))
