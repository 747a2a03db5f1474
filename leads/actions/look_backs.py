"""Look-backs: made once when their milestone is reached, moved with a reason, concluded."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.dates import check_not_future
from leads.models import Contract, Lead, LookBack, Milestone
from leads.permissions import require_move, require_work
from leads.promises import unjudged_in, unrectified_in
from leads.rulebook import look_backs_on, months_before

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User
    from leads.models import Commitment

CHUNK = 500
NAMED = 5


def schedule_look_backs(now: datetime | None = None) -> int:
    """Make the look-backs that reached milestones call for by the rules of the day; how many.

    Of a contract, milestone and number there is one: the contracts of a chunk are held while it
    is looked at which of them lack it, so that two sweeps at once make one, and the database
    refuses a second. A later change of a rule moves none that was made.
    """
    made = 0
    for (after, number), months in sorted(look_backs_on(timezone.localdate(now)).items()):
        while found := list(_wanting(after, number)[:CHUNK]):
            made += _make(found, after, number, months)
    return made


@transaction.atomic
def move_look_back(
    *,
    look_back: LookBack,
    due_on: date,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> LookBack:
    """Put off or bring forward a look-back that was not held, with a reason."""
    lead, locked = _lock(look_back, by, expected)
    require_move(by, lead)
    _check_open(locked)
    if due_on < timezone.localdate(now):
        raise RuleViolation("in_the_past", _("Choose today or a later day."), "due_on")
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why it is moved."), "reason")
    if due_on != locked.due_on:
        locked.due_revision += 1
    locked.due_on, locked.moved_reason = due_on, reason.strip()
    concurrency.touch(lead, by=by)
    return concurrency.save(locked, by=by)


@transaction.atomic
def conclude_look_back(
    *,
    look_back: LookBack,
    held_on: date,
    conclusion: str,
    by: User,
    attendees: str = "",
    expected: int | None = None,
    now: datetime | None = None,
) -> LookBack:
    """Put a look-back on record as held. It cannot be reopened.

    Every promise that was due on its day must have been judged in it, and every one found missed
    must have somebody who puts it right; RuleViolation names those that lack it.
    """
    lead, locked = _lock(look_back, by, expected)
    require_work(by, lead)
    _check_open(locked)
    check_not_future(held_on, timezone.localdate(now), "held_on")
    if held_on < locked.milestone_on:
        raise RuleViolation("before_milestone", _("This lies before the milestone."), "held_on")
    if not conclusion.strip():
        raise RuleViolation("conclusion_missing", _("Write what was concluded."), "conclusion")
    _check_gone_through(locked, held_on)
    locked.held_on, locked.held_by = held_on, by
    locked.attendees, locked.conclusion = attendees.strip(), conclusion.strip()
    locked.concluded_at = now or timezone.now()
    concurrency.touch(lead, by=by)
    return concurrency.save(locked, by=by)


def _lock(look_back: LookBack, by: User, expected: int | None) -> tuple[Lead, LookBack]:
    lead = concurrency.lock(Lead.objects.visible_to(by), look_back.contract.lead_id)
    return lead, concurrency.lock(LookBack.objects.visible_to(by), look_back.pk, expected)


def _check_open(look_back: LookBack) -> None:
    if look_back.is_held:
        raise RuleViolation("look_back_over", _("This look-back has been concluded."))


def _check_gone_through(look_back: LookBack, held_on: date) -> None:
    if unjudged := _named(unjudged_in(look_back, held_on)):
        message = _("Not judged yet: %(promises)s.")
        raise RuleViolation("unjudged", message % {"promises": unjudged})
    if unrectified := _named(unrectified_in(look_back)):
        message = _(
            "Missed, and nobody is to put it right: %(promises)s. Order a rectification, or "
            "release from the promise."
        )
        raise RuleViolation("unrectified", message % {"promises": unrectified})


def _named(promises: QuerySet[Commitment]) -> str:
    rows = list(promises.order_by("side", "due_on", "pk")[: NAMED + 1])
    names = _(", ").join(_("“%(promise)s”") % {"promise": row} for row in rows[:NAMED])
    return names + ("…" if len(rows) > NAMED else "")


# --- Making them ------------------------------------------------------------------------------


def _wanting(after: str, number: int) -> QuerySet[Milestone, Any]:
    """Contract and day of the milestones that lack this look-back."""
    made = LookBack.objects.filter(
        contract=OuterRef("project__contract"), after=after, number=number
    )
    reached = Milestone.objects.filter(
        ~Exists(made), kind=after, actual_on__isnull=False, project__contract__isnull=False
    )
    return reached.order_by("pk").values_list("project__contract", "actual_on")


@transaction.atomic
def _make(found: list[tuple[int, date]], after: str, number: int, months: int) -> int:
    contracts = [contract for contract, _day in found]
    held = Contract.objects.filter(pk__in=contracts).order_by("pk")
    list(held.select_for_update(no_key=True).values_list("pk"))
    made = set(
        LookBack.objects.filter(contract__in=contracts, after=after, number=number).values_list(
            "contract", flat=True
        )
    )
    rows = [row for row in _rows(found, after, number, months) if row.contract_id not in made]
    LookBack.objects.bulk_create(rows)
    return len(rows)


def _rows(
    found: list[tuple[int, date]], after: str, number: int, months: int
) -> Iterator[LookBack]:
    for contract, reached_on in found:
        yield LookBack(
            contract_id=contract,
            after=after,
            number=number,
            months=months,
            milestone_on=reached_on,
            due_on=months_before(reached_on, -months),
        )
