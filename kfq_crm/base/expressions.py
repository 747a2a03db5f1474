"""Expressions that read the same on SQLite and PostgreSQL."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.db.models import BigIntegerField, IntegerField, Model, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce


def or_zero(field: str) -> Coalesce:
    """A nullable foreign key as a number, so that two empty ones count as equal in a constraint.

    `nulls_distinct=False` says the same on PostgreSQL only.
    """
    return Coalesce(field, Value(0), output_field=BigIntegerField())


class CountOf(Subquery):
    """How many rows a queryset finds, as a column of another query."""

    template = "(SELECT COUNT(*) FROM (%(subquery)s) AS counted)"
    output_field = IntegerField()


def capped_counts(row: Model, rows: Mapping[str, QuerySet[Any]], cap: int) -> dict[str, int]:
    """Each count ends at one more than `cap`; all of them in one query, asked beside `row`."""
    columns = {
        name: CountOf(found.order_by().values("pk")[: cap + 1]) for name, found in rows.items()
    }
    beside = row._meta.model._base_manager.filter(pk=row.pk)
    return beside.values(**columns).get() if columns else {}
