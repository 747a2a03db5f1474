"""A part of a list with the number of all: the rows at hand, the count only up to a cap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeVar

from django.db import models

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.db.models import QuerySet

M = TypeVar("M", bound=models.Model)
CAP = 200


@dataclass(frozen=True)
class Pile(Generic[M]):
    """The first rows, how many there are (up to CAP), and the list that holds them all."""

    rows: list[M]
    total: int
    url: str = ""

    def __bool__(self) -> bool:
        return self.total > 0

    def __iter__(self) -> Iterator[M]:
        return iter(self.rows)

    @property
    def number(self) -> str:
        """As shown: nobody waits for a million rows to be counted."""
        return capped_text(self.total)

    @property
    def has_more(self) -> bool:
        return self.total > len(self.rows)


def pile(rows: QuerySet[M], shown: int, url: str = "", cap: int = CAP) -> Pile[M]:
    """Two queries, whatever the size."""
    return Pile(list(rows[:shown]), capped_count(rows, cap), url)


def capped_count(rows: QuerySet[M], cap: int = CAP) -> int:
    """How many rows, but never more than the cap: the database stops there."""
    return rows.order_by()[: cap + 1].count()


def capped_text(total: int, cap: int = CAP) -> str:
    return f"{cap}+" if total > cap else str(total)
