"""Promises as they are read: what a look-back covers, how they stand, how many are kept."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING

from django.db.models import Count, Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from leads.models import (
    Commitment,
    CommitmentSide,
    CommitmentVerdict,
    Fulfilment,
    LookBack,
    Rectification,
)
from leads.models.lookback import RectificationState
from leads.pace import IN_DANGER, Limits, Pace, Promise, pace_of

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from leads.models import Contract

FINAL = (Fulfilment.MET, Fulfilment.RELEASED)
MISSED = (Fulfilment.PARTLY, Fulfilment.NOT_MET)

PACE_DEFINITION = _(
    "Expected is the promised amount by the share of the time that has passed, from the day from "
    "which it is counted to the day for which it is promised. What was measured last is compared "
    "with it on the day of the measurement, in percentage points of the promise."
)
KEPT_DEFINITION = _(
    "Kept of those that are due: promises whose day has come or that were judged before it, "
    "without those that were released. Partly kept counts as not kept."
)


def promises_of(contract: Contract) -> QuerySet[Commitment]:
    """Both sides' promises of a contract and of its expansions on the same lead, which have no
    project and so no look-back of their own."""
    with_it = Q(contract=contract) | Q(contract__expands=contract, contract__lead=contract.lead_id)
    return Commitment.objects.filter(with_it)


def covered_by(look_back: LookBack, day: date) -> QuerySet[Commitment]:
    """What a look-back held on that day goes through: every promise that is due and not settled,
    and what was judged in it already. A promise without a day is always due."""
    here = CommitmentVerdict.objects.filter(commitment=OuterRef("pk"), look_back=look_back)
    open_and_due = ~Q(verdict__in=FINAL) & (Q(due_on=None) | Q(due_on__lte=day))
    return promises_of(look_back.contract).filter(open_and_due | Exists(here))


def unjudged_in(look_back: LookBack, day: date) -> QuerySet[Commitment]:
    """What is still to be judged before the look-back can be concluded."""
    here = CommitmentVerdict.objects.filter(commitment=OuterRef("pk"), look_back=look_back)
    return covered_by(look_back, day).filter(~Exists(here))


def unrectified_in(look_back: LookBack) -> QuerySet[Commitment]:
    """Promises found missed in this look-back for which nobody has been told to put it right."""
    missed_here = CommitmentVerdict.objects.filter(
        commitment=OuterRef("pk"), look_back=look_back, verdict__in=MISSED
    )
    ordered = Rectification.objects.filter(commitment=OuterRef("pk")).exclude(
        state=RectificationState.CANCELLED
    )
    answered = ordered.filter(Q(verdict__look_back=look_back) | Q(state=RectificationState.OPEN))
    rows = promises_of(look_back.contract).filter(verdict__in=MISSED)
    return rows.filter(Exists(missed_here), ~Exists(answered))


def counted_from(promise: Commitment) -> date:
    """The day from which it is counted; `contract` is loaded."""
    return promise.starts_on or promise.contract.signed_on


def as_promised(promise: Commitment) -> Promise:
    return Promise(
        promised=promise.promised,
        starts_on=counted_from(promise),
        due_on=promise.due_on,
        measured=promise.measured,
        measured_on=promise.measured_on,
    )


def pace_today(promise: Commitment, limits: Limits | None, today: date) -> Pace:
    """How it stands; a judged promise has no outlook any more."""
    pace = pace_of(as_promised(promise), limits, today)
    return Pace("", None, pace.expected, pace.projected) if promise.verdict else pace


def in_danger(rows: QuerySet[Commitment]) -> QuerySet[Commitment]:
    """Open promises that earn a warning, by the outlook that the sweep and the actions keep."""
    return rows.filter(outlook__in=IN_DANGER)


@dataclass(frozen=True)
class Kept:
    """Promises of one side in numbers; `due` holds those that count (see `KEPT_DEFINITION`)."""

    total: int = 0
    met: int = 0
    partly: int = 0
    not_met: int = 0
    released: int = 0
    unjudged: int = 0
    in_danger: int = 0

    @property
    def due(self) -> int:
        return self.met + self.partly + self.not_met + self.unjudged

    @property
    def share(self) -> Decimal | None:
        """Kept of those due, 0 to 1; None where nothing is due."""
        return Decimal(self.met) / self.due if self.due else None


def promises_kept(rows: QuerySet[Commitment], today: date) -> Mapping[str, Kept]:
    """Promises kept, for each side, of the given rows as of the day. One statement.

    `rows` are what the asking person may see: the caller narrows them. Verdicts given after the
    day are not taken back; `unjudged` are promises whose day has passed without a verdict.
    """
    counts = {
        "total": Count("pk"),
        **{code.value: Count("pk", filter=Q(verdict=code)) for code in Fulfilment},
        "unjudged": Count("pk", filter=Q(verdict="", due_on__lt=today)),
        "in_danger": Count("pk", filter=Q(outlook__in=IN_DANGER)),
    }
    found = {}
    for side, *numbers in rows.order_by().values_list("side").annotate(**counts):
        found[side] = Kept(**dict(zip(counts, numbers, strict=True)))
    return {side.value: found.get(side.value, Kept()) for side in CommitmentSide}


def kept_of(promises: Iterable[Commitment], today: date) -> Mapping[str, Kept]:
    """The same of promises already read: a page that lists them counts what it lists."""
    rows = list(promises)
    return {
        side.value: _kept([row for row in rows if row.side == side], today)
        for side in CommitmentSide
    }


def _kept(rows: list[Commitment], today: date) -> Kept:
    said = {code.value: sum(row.verdict == code for row in rows) for code in Fulfilment}
    return Kept(
        total=len(rows),
        unjudged=sum(not row.verdict and bool(row.due_on and row.due_on < today) for row in rows),
        in_danger=sum(row.outlook in IN_DANGER for row in rows),
        **said,
    )
