"""Both sides' promises of a contract side by side, as pages show them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import pgettext

from leads.models import (
    Commitment,
    CommitmentSide,
    Fulfilment,
    LookBack,
    Rectification,
    RectificationState,
)
from leads.pace import AMBER, COLOURS, GREEN, GREY, RED, Pace
from leads.permissions import Rights, rights_over
from leads.promises import Kept, kept_of, pace_today, promises_of
from leads.rulebook import pace_limits

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User
    from leads.models import Contract

VERDICT_COLOURS = {
    Fulfilment.MET: GREEN,
    Fulfilment.PARTLY: AMBER,
    Fulfilment.NOT_MET: RED,
    Fulfilment.RELEASED: GREY,
}


@dataclass(frozen=True)
class Line:
    """A promise with how it stands in a word and a colour."""

    promise: Commitment
    pace: Pace
    tasks: Sequence[Rectification]

    @property
    def word(self) -> str:
        promise = self.promise
        if promise.verdict:
            return str(promise.get_verdict_display())
        return str(promise.get_outlook_display()) or pgettext("promise", "open")

    @property
    def colour(self) -> str:
        return colour_of(self.promise)

    @property
    def share(self) -> int | None:
        """Delivered of what was promised, in percent, for a bar: 100 at most."""
        promise = self.promise
        value = promise.actual if promise.verdict else promise.measured
        if not promise.promised or value is None:
            return None
        return min(100, int(value * 100 / promise.promised))


def colour_of(promise: Commitment) -> str:
    if promise.verdict:
        return VERDICT_COLOURS[Fulfilment(promise.verdict)]
    return COLOURS.get(promise.outlook, GREY)  # type: ignore[call-overload, no-any-return]  # a text is a key


@dataclass(frozen=True)
class Side:
    """One side's promises, counted as its heading says them."""

    side: CommitmentSide
    kept: Kept
    lines: Sequence[Line]


@dataclass(frozen=True)
class Board:
    """Investor and zone beside each other, and the look-backs of the contract."""

    contract: Contract
    sides: Sequence[Side]
    look_backs: Sequence[LookBack]
    rights: Rights
    today: date

    @property
    def is_empty(self) -> bool:
        return not any(side.lines for side in self.sides)


def board_of(contract: Contract, user: User) -> Board:
    """Everything that the section of promises shows; as many statements for any number of them.

    The caller has made sure that the person sees the contract; `contract.lead` is loaded.
    """
    today = timezone.localdate()
    lines = lines_of(promises_of(contract), today)
    kept = kept_of([line.promise for line in lines], today)
    return Board(
        contract=contract,
        sides=[
            Side(side, kept[side], [line for line in lines if line.promise.side == side])
            for side in CommitmentSide
        ],
        look_backs=list(contract.look_backs.select_related("held_by").order_by("due_on", "pk")),
        rights=rights_over(user, contract.lead),
        today=today,
    )


def lines_of(rows: QuerySet[Commitment], today: date) -> list[Line]:
    """The promises with their pace and their open tasks: three statements."""
    open_tasks = Rectification.objects.filter(state=RectificationState.OPEN)
    tasks: Prefetch[Any] = Prefetch(
        "rectifications", open_tasks.select_related("owner").order_by("due_on"), to_attr="tasks"
    )
    limits = pace_limits(today)
    ordered = rows.select_related("contract").order_by("side", "due_on", "pk")
    return [
        Line(row, pace_today(row, limits, today), row.tasks)  # type: ignore[attr-defined]  # prefetched
        for row in ordered.prefetch_related(tasks)
    ]
