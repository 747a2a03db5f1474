"""The change feed: every write to a published record leaves a row in its own transaction."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import models, transaction

from kfq_crm.base.models import Change, ChangeKind

if TYPE_CHECKING:
    from kfq_crm.base.models import User


def resource_of(model: type[models.Model]) -> str:
    """Name of the published resource, the same in the feed and in the API's address."""
    return str(model._meta.model_name)


def record_change(instance: models.Model, kind: ChangeKind, *, by: User | None) -> Change:
    """Record one change. Must run in the transaction of the write it tells of."""
    _require_transaction()
    return Change.objects.create(
        resource=resource_of(type(instance)), object_id=instance.pk, kind=kind, changed_by=by
    )


def record_changes(
    model: type[models.Model], pks: Iterable[int], kind: ChangeKind, *, by: User | None
) -> None:
    """The same for a write in a set (`update()`, `bulk_create()`)."""
    _require_transaction()
    resource = resource_of(model)
    Change.objects.bulk_create(
        [Change(resource=resource, object_id=pk, kind=kind, changed_by=by) for pk in pks],
        batch_size=500,
    )


def _require_transaction() -> None:
    if not transaction.get_connection().in_atomic_block:
        raise transaction.TransactionManagementError("a change is recorded with its write")
