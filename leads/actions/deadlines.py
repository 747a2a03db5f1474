"""After an edit of the calendar: deadlines that now fall on a rest day, moved on purpose only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.calendar import current_calendar
from leads.models import Lead
from leads.permissions import NotAllowed
from leads.schedule import schedule

if TYPE_CHECKING:
    from kfq_crm.base.models import User

CHUNK = 500


@dataclass(frozen=True)
class Move:
    """One open deadline that lies on a rest day by the calendar as it stands."""

    lead: Lead
    day: date
    to: date


def deadlines_on_rest_days(now: datetime | None = None) -> Iterator[Move]:
    """What moving would move, from today on, in the order of days."""
    calendar, today = current_calendar(), timezone.localdate(now)
    ahead = Lead.objects.open().filter(next_action_on__gte=today)
    days = ahead.order_by("next_action_on").values_list("next_action_on", flat=True).distinct()
    resting = [day for day in days if day and not calendar.is_workday(day)]
    found = ahead.filter(next_action_on__in=resting).select_related("chain", "owner")
    for lead in found.order_by("next_action_on", "pk").iterator(chunk_size=CHUNK):
        day = lead.next_action_on
        if day is not None:
            yield Move(lead, day, calendar.next_workday(day))


def move_deadlines(*, by: User, now: datetime | None = None) -> int:
    """Move them to the next working day; each lead is one transaction, a lead that somebody
    moved meanwhile stays. Returns how many were moved."""
    if not by.has_perm("base.change_calendarday"):
        raise NotAllowed("not_allowed", _("Only the coordination office may do this."))
    return sum(_move(move, by) for move in list(deadlines_on_rest_days(now)))


@transaction.atomic
def _move(move: Move, by: User) -> bool:
    locked = concurrency.lock(Lead.objects.all(), move.lead.pk)
    if locked.next_action_on != move.day or not locked.is_open:
        return False
    schedule(locked, locked.next_action, move.to)
    concurrency.save(locked, by=by, fields={"next_action_on", "due_revision"})
    return True
