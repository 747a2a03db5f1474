"""After an edit of the calendar: deadlines that now fall on a rest day, moved on purpose only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from itertools import chain, islice
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.access import record_access
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import AccessKind
from leads.models import Blocker, Lead
from leads.permissions import NotAllowed
from leads.schedule import schedule

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from kfq_crm.base.workdays import WorkCalendar

CHUNK = 500
MAY_MOVE = "base.change_calendarday"


@dataclass(frozen=True)
class Move:
    """One open deadline that lies on a rest day by the calendar as it stands: the next step of a
    lead, or the day by which a blocker is to be cleared."""

    lead: Lead
    day: date
    to: date
    blocker: Blocker | None = None


def deadlines_on_rest_days(
    now: datetime | None = None, seen_by: User | None = None
) -> Iterator[Move]:
    """What moving would move, from today on, each kind in the order of days.

    With `seen_by` only those whose lead that person may read.
    """
    calendar, today = current_calendar(), timezone.localdate(now)
    return chain(_next_steps(calendar, today, seen_by), _blockers(calendar, today, seen_by))


def _next_steps(calendar: WorkCalendar, today: date, seen_by: User | None) -> Iterator[Move]:
    leads = Lead.objects.visible_to(seen_by) if seen_by else Lead.objects.all()
    ahead = leads.open().filter(next_action_on__gte=today)
    found = _on_rest_days(ahead, "next_action_on", calendar).select_related("chain", "owner")
    for lead in found.iterator(chunk_size=CHUNK):
        if lead.next_action_on is not None:
            yield Move(lead, lead.next_action_on, calendar.next_workday(lead.next_action_on))


def _blockers(calendar: WorkCalendar, today: date, seen_by: User | None) -> Iterator[Move]:
    rows = Blocker.objects.visible_to(seen_by) if seen_by else Blocker.objects.all()
    ahead = rows.filter(resolved_on=None, lead__exit="", due_on__gte=today)
    found = _on_rest_days(ahead, "due_on", calendar)
    found = found.select_related("owner", "lead__chain", "lead__owner")
    for row in found.iterator(chunk_size=CHUNK):
        yield Move(row.lead, row.due_on, calendar.next_workday(row.due_on), row)


def _on_rest_days(rows: QuerySet[Any], column: str, calendar: WorkCalendar) -> QuerySet[Any]:
    days = rows.order_by(column).values_list(column, flat=True).distinct()
    resting = [day for day in days if day and not calendar.is_workday(day)]
    return rows.filter(**{f"{column}__in": resting}).order_by(column, "pk")


def move_deadlines(
    *, by: User, now: datetime | None = None, limit: int | None = None, address: str = ""
) -> int:
    """Move them to the next working day, at most `limit` of them; each is one transaction, one
    that somebody moved meanwhile stays. Returns how many were moved.

    Moves leads past visibility: a holiday is one for confidential leads as well.
    """
    if not by.has_perm(MAY_MOVE):
        raise NotAllowed("not_allowed", _("Only the coordination office may do this."))
    moved = sum(_move(move, by) for move in list(islice(deadlines_on_rest_days(now), limit)))
    if moved:
        record_access(
            AccessKind.ADMINISTRATION,
            by=by,
            subject="deadlines.moved",
            detail={"rows": moved},
            address=address,
        )
    return moved


@transaction.atomic
def _move(move: Move, by: User) -> bool:
    lead = concurrency.lock(Lead.objects.all(), move.lead.pk)
    if not lead.is_open:
        return False
    if move.blocker is not None:
        return _move_blocker(lead, move.blocker, move, by)
    if lead.next_action_on != move.day:
        return False
    schedule(lead, lead.next_action, move.to)
    concurrency.save(lead, by=by, fields={"next_action_on", "due_revision"})
    return True


def _move_blocker(lead: Lead, blocker: Blocker, move: Move, by: User) -> bool:
    locked = concurrency.lock(Blocker.objects.all(), blocker.pk)
    if locked.due_on != move.day or locked.resolved_on:
        return False
    locked.due_on = move.to
    concurrency.save(locked, by=by, fields={"due_on"})
    concurrency.touch(lead, by=by)
    return True
