"""What a person may see: the one door for every read, which writes in sets pass too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, Protocol, Self, TypeVar

from django.db import models

if TYPE_CHECKING:
    from kfq_crm.base.models import User

M = TypeVar("M", bound=models.Model)


class WriteWatcher(Protocol):
    """Carries out writes in sets to a model whose writes are recorded."""

    def update(self, rows: models.QuerySet[Any], values: Mapping[str, Any]) -> int: ...

    def bulk_create(
        self, rows: models.QuerySet[Any], instances: Iterable[Any], options: Mapping[str, Any]
    ) -> list[Any]: ...


# Filled by `feed.publish`
WATCHERS: dict[type[models.Model], WriteWatcher] = {}


class ScopedQuerySet(models.QuerySet[M]):
    """A queryset that knows which of its rows a person may see.

    Every model that reaches a page, a picker, an export or a document has one. A model
    without rows to hide says so with `OpenQuerySet`; there is no default.
    """

    def visible_to(self, user: User) -> Self:
        raise NotImplementedError

    def update(self, **values: Any) -> int:
        watcher = WATCHERS.get(self.model)
        return watcher.update(self, values) if watcher else super().update(**values)

    update.alters_data = True  # type: ignore[attr-defined]  # Django's mark: no template calls it

    def bulk_create(self, objs: Iterable[M], *args: Any, **options: Any) -> list[M]:
        watcher = WATCHERS.get(self.model)
        if watcher is None:
            return super().bulk_create(objs, *args, **options)
        names = ("batch_size", "ignore_conflicts", "update_conflicts")
        return watcher.bulk_create(self, objs, {**dict(zip(names, args, strict=False)), **options})

    bulk_create.alters_data = True  # type: ignore[attr-defined]  # as above


class OpenQuerySet(ScopedQuerySet[M]):
    """Rows that every signed-in member of staff may see."""

    def visible_to(self, user: User) -> Self:
        return self if user.is_active else self.none()


class PermittedQuerySet(ScopedQuerySet[M]):
    """Rows that belong to administration: all of them by the model's view permission, else none."""

    def visible_to(self, user: User) -> Self:
        meta = self.model._meta
        return self if user.has_perm(f"{meta.app_label}.view_{meta.model_name}") else self.none()
