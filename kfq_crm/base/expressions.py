"""Expressions that read the same on SQLite and PostgreSQL."""

from __future__ import annotations

from django.db.models import BigIntegerField, Value
from django.db.models.functions import Coalesce


def or_zero(field: str) -> Coalesce:
    """A nullable foreign key as a number, so that two empty ones count as equal in a constraint.

    `nulls_distinct=False` says the same on PostgreSQL only.
    """
    return Coalesce(field, Value(0), output_field=BigIntegerField())
