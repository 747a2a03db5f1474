"""Who sees what: from a person to the teams, from a team to its chain.

Every door (list, form, picker, filter, search, history, export, download, figure) asks
`Model.objects.visible_to(user)`; those querysets are built from the subqueries here.
Seeing all is a permission, never a group's name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Self

from django.db.models import Q

from chains.models.teams import SEE_ALL, TaskTeam
from kfq_crm.base.scoping import M, ScopedQuerySet

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User


def sees_all(user: User) -> bool:
    """Whether the person sees every team's work (confidential leads apart)."""
    return user.is_active and user.has_perm(SEE_ALL)


def own_teams(user: User) -> QuerySet[TaskTeam]:
    """Teams that the person works in or leads."""
    return _teams_of(user.pk).all() if user.is_active else TaskTeam.objects.none()


@lru_cache(maxsize=1024)
def _teams_of(user: int) -> QuerySet[TaskTeam]:
    """Only the question, never the answer: it is put several times in every scope."""
    return TaskTeam.objects.of_key(user)


def visible_teams(user: User) -> QuerySet[TaskTeam]:
    return TaskTeam.objects.visible_to(user)


def team_scope(user: User, path: str = "team") -> Q:
    """Condition: the row's team is one of the person's."""
    return Q(**{f"{path}__in": own_teams(user).values("pk")})


def chain_scope(user: User, path: str = "chain") -> Q:
    """Condition: the row's chain is the chain of one of the person's teams."""
    return Q(**{f"{path}__in": own_teams(user).values("chain")})


class ChainScopedQuerySet(ScopedQuerySet[M]):
    """Rows of a chain, for its team and for those who see all."""

    def visible_to(self, user: User) -> Self:
        if sees_all(user):
            return self
        return self.filter(chain_scope(user)) if user.is_active else self.none()
