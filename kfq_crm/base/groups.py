"""Auth Groups: which of them are roles that an administrator hands out.

Some groups belong to a record of an app above (a task team) and are kept in step by it; those
apps say so here while they load, since the ground does not know them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.contrib.auth.models import Group
from django.urls import reverse

if TYPE_CHECKING:
    from django.db.models import Model, QuerySet

    from kfq_crm.base.models import User


@dataclass(frozen=True)
class GroupOwner:
    """A model whose rows each own a Group (`field`); `page` names the address of such a row."""

    model: type[Model]
    field: str
    page: str


OWNERS: list[GroupOwner] = []


def role_groups() -> QuerySet[Group]:
    """Groups that belong to no record: the roles."""
    groups = Group.objects.order_by("pk")
    for owner in OWNERS:
        groups = groups.exclude(pk__in=owner.model._default_manager.values(owner.field))
    return groups


def owned_by(user: User) -> Iterator[tuple[str, str]]:
    """Name and address of every record whose Group the person is in."""
    for owner in OWNERS:
        rows = owner.model._default_manager.filter(**{f"{owner.field}__user": user})
        for row in rows:
            yield str(row), reverse(owner.page, args=[row.pk])
