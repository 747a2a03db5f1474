"""How much of something stands in each segment of each chain; apps above add what they keep.

A figure counts rows that the reader may see, never others: what a hidden lead would add to it
would tell that there is one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db.models import CharField, Count, Value
from django.utils.translation import gettext_lazy as _

from chains.models import AnchorFirm, Gap

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

    from kfq_crm.base.models import User

# Chain, and segment or None for what belongs to the chain as a whole, to number by name
Counts = dict[tuple[int, int | None], dict[str, int]]


@dataclass(frozen=True)
class TreeFigure:
    """Rows with the columns `chain` and `segment`, as a reader sees them."""

    name: str
    label: str | _StrPromise
    rows: Callable[[User], QuerySet[Any]]


def _open_gaps(user: User) -> QuerySet[Gap]:
    return Gap.objects.visible_to(user).filter(closed_on=None)


FIGURES: list[TreeFigure] = [
    TreeFigure("anchor_firms", _("anchor firms"), lambda u: AnchorFirm.objects.visible_to(u)),
    TreeFigure("open_gaps", _("gaps not closed"), _open_gaps),
]


def count_by_segment(user: User, chains: Collection[int]) -> Counts:
    """All figures of these chains in one query."""
    counts: Counts = {}
    first, *others = [_counted(figure, user, chains) for figure in FIGURES]
    for name, chain, segment, number in first.union(*others, all=True):
        counts.setdefault((chain, segment), {})[name] = number
    return counts


def _counted(figure: TreeFigure, user: User, chains: Collection[int]) -> QuerySet[Any, Any]:
    rows = figure.rows(user).filter(chain__in=chains).order_by()
    named = rows.annotate(figure=Value(figure.name, output_field=CharField()))
    return named.values_list("figure", "chain", "segment").annotate(number=Count("pk"))
