"""No silent overwrite: the row is locked, then its revision is compared."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING, TypeVar

from kfq_crm.base import feed
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import VersionConflict
from kfq_crm.base.models import Versioned

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User

V = TypeVar("V", bound=Versioned)


def lock(queryset: QuerySet[V], pk: int, expected: int | None = None) -> V:
    """Lock one row for the rest of the transaction and return it fresh.

    `expected` is the revision that the person saw; VersionConflict when another save came
    first. Without it the row is only locked. Raises the model's DoesNotExist when the
    queryset (usually `visible_to`) hides the row.

    The lock leaves the row's key alone (FOR NO KEY UPDATE): others may meanwhile insert rows
    that point here, and two actions that lock parent and child in turn do not wait in a circle.
    """
    visible = queryset.filter(pk=pk).values("pk")
    rows = queryset.model._default_manager.select_for_update(no_key=True)
    fresh = rows.get(pk__in=visible)
    if expected is not None and fresh.version != expected:
        raise VersionConflict(fresh, expected)
    feed.remember(fresh)
    return fresh


def create(instance: V, *, by: User | None) -> V:
    """Insert a versioned record with its history line; a published one leaves its change.

    RuleViolation at the field for a value that its column cannot hold.
    """
    check_columns(instance)
    instance._history_user = by  # type: ignore[attr-defined]  # read by simple-history and by the feed
    instance.save(force_insert=True)
    return instance


def save(instance: V, *, by: User | None, fields: Collection[str] | None = None) -> V:
    """Write a locked record back: next revision, history line, and the change of a published one.

    RuleViolation at the field for a value that its column cannot hold.
    """
    check_columns(instance, fields)
    instance.version += 1
    instance._history_user = by  # type: ignore[attr-defined]  # read by simple-history and by the feed
    if fields is None:
        instance.save(force_update=True)
    else:
        instance.save(force_update=True, update_fields={*fields, "version", "updated_at"})
    return instance


def touch(instance: V, *, by: User | None) -> V:
    """Raise the revision of a parent whose rows changed, so that an open form notices."""
    return save(instance, by=by, fields=())
