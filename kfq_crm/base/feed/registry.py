"""What is published: which models, who sees their rows, what hangs on them.

Each app registers its models in AppConfig.ready. The ground knows none of them.

Who sees a row is written down as its audience: a set of keys, such as `chain:3` or `user:7`. A
reader holds keys as well, and sees the row exactly when the two share one. Audiences serve for the
past alone, as in "who saw this before it was deleted"; what somebody sees now is asked of
`Model.objects.visible_to`. A test proves that the two agree.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from django.db.models import Model

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User

Audience = frozenset[str]
Audiences = Mapping[int, Audience]
Place = tuple[str, int]  # resource and key
Reach = dict[Place, Audience]
Keys = Callable[["User"], Iterable[str]]

EVERYONE = "everyone"  # every account that may sign in
EVERYTHING = "everything"  # held by who sees all rows of all published models

CHUNK = 500


def open_to_all(pks: Collection[int]) -> Audiences:
    return dict.fromkeys(pks, frozenset({EVERYONE}))


def nothing_hangs_on(pks: Collection[int]) -> Iterable[tuple[type[Model], Collection[int]]]:
    return ()


def nobody_gained(instances: Collection[Any]) -> tuple[Reach, Reach]:
    return {}, {}


@dataclass(frozen=True)
class Shown:
    """Columns of another record that rows of a resource repeat, such as a company's name.

    `rows` finds the rows that show records of these keys. `whole`: rows show how many records
    there are as well, as a tree does, so that a new and a deleted one change them too.
    """

    model: type[Model]
    columns: frozenset[str]
    rows: Callable[[Collection[int]], QuerySet[Any]]
    whole: bool = False


@dataclass(frozen=True)
class Published:
    """One kind of record in the feed.

    `serializer` is that of its list: the feed shows rows as the list does.

    `audiences` tells who sees these rows as they are stored now. `deciding` are the columns on
    which that rests; `sets` the many-to-many fields that rows show or that decide who sees them.
    `decides` tells more exactly whether new values of those columns matter beside the old ones.
    `hang_on` names the rows of other models whose audience follows from these rows, directly or
    through others, `touched_by` those whose audience rests on rows that need not be stored yet;
    `gained` tells of the latter, for new rows just stored, who saw them before and who does now.
    `quiet` columns are not shown: a write of them alone is no change. `shows` tells what rows
    repeat of other records.
    """

    resource: str
    model: type[Model]
    serializer: type[Any]
    audiences: Callable[[Collection[int]], Audiences] = open_to_all
    deciding: frozenset[str] = frozenset()
    sets: tuple[str, ...] = ()
    hang_on: Callable[[Collection[int]], Iterable[tuple[type[Model], Collection[int]]]] = (
        nothing_hangs_on
    )
    touched_by: Callable[[Collection[Any]], Iterable[tuple[type[Model], Collection[int]]]] = (
        nothing_hangs_on
    )
    decides: Callable[[Mapping[str, Any], Mapping[str, Any]], bool] = operator.ne
    gained: Callable[[Collection[Any]], tuple[Reach, Reach]] = nobody_gained
    quiet: frozenset[str] = frozenset()
    shows: tuple[Shown, ...] = ()

    @property
    def permission(self) -> str:
        """What a reader needs to be told of these rows at all."""
        meta = self.model._meta
        return f"{meta.app_label}.view_{meta.model_name}"


PUBLISHED: dict[str, Published] = {}
BY_MODEL: dict[type[Model], Published] = {}
READER_KEYS: list[Keys] = []


def reader_keys(keys: Keys) -> Keys:
    """Register a function that says which keys a reader holds."""
    READER_KEYS.append(keys)
    return keys


def resource_of(model: type[Model]) -> str:
    """Name of the published resource, the same in the feed and in the API's address."""
    return BY_MODEL[model].resource


@dataclass(frozen=True)
class Reader:
    """Somebody who reads the feed: the keys and the resources that are his or hers now.

    `manner` is whatever else changes what he or she reads of a row.
    """

    user: User
    keys: frozenset[str]
    resources: frozenset[str]
    manner: str = ""

    @property
    def sees_everything(self) -> bool:
        return EVERYTHING in self.keys and self.resources == frozenset(PUBLISHED)

    def saw(self, audience: Iterable[str]) -> bool:
        return EVERYTHING in self.keys or not self.keys.isdisjoint(audience)

    @property
    def fingerprint(self) -> bytes:
        """Differs when the reader may see other rows without a row having changed."""
        own = (str(self.user.pk), self.manner)
        told = "\n".join([*own, *sorted(self.keys), "", *sorted(self.resources)])
        return blake2b(told.encode(), digest_size=8).digest()


def reader_of(user: User, *, resources: Collection[str] | None = None, manner: str = "") -> Reader:
    """The person as a reader, of these resources or of all that he or she may read."""
    if not user.is_active:
        return Reader(user, frozenset(), frozenset(), manner)
    keys = frozenset(key for function in READER_KEYS for key in function(user))
    allowed = {
        name
        for name, kind in PUBLISHED.items()
        if (resources is None or name in resources) and user.has_perm(kind.permission)
    }
    return Reader(user, keys, frozenset(allowed), manner)
