"""What simple-history leaves to the project."""

from __future__ import annotations

from functools import cache
from typing import Any

from simple_history.manager import HistoryManager
from simple_history.models import HistoricalRecords


class Manager(HistoryManager):
    """Its class is made once, not at every look at a record's history."""

    @classmethod
    @cache
    def from_queryset(cls, queryset_class: Any, class_name: str | None = None) -> Any:
        return super().from_queryset(queryset_class, class_name)


def history_records(**options: Any) -> HistoricalRecords:
    """Every version of a record's rows, with who wrote it."""
    return HistoricalRecords(history_manager=Manager, **options)
