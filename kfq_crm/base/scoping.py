"""What a person may see: the one door that every read goes through."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from kfq_crm.base.models import User

M = TypeVar("M", bound=models.Model)


class ScopedQuerySet(models.QuerySet[M]):
    """A queryset that knows which of its rows a person may see.

    Every model that reaches a page, a picker, an export or a document has one. A model
    without rows to hide says so with `OpenQuerySet`; there is no default.
    """

    def visible_to(self, user: User) -> Self:
        raise NotImplementedError


class OpenQuerySet(ScopedQuerySet[M]):
    """Rows that every signed-in member of staff may see."""

    def visible_to(self, user: User) -> Self:
        return self if user.is_active else self.none()


class PermittedQuerySet(ScopedQuerySet[M]):
    """Rows that belong to administration: all of them by the model's view permission, else none."""

    def visible_to(self, user: User) -> Self:
        meta = self.model._meta
        return self if user.has_perm(f"{meta.app_label}.view_{meta.model_name}") else self.none()
