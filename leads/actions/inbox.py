"""What a person does with the items of the inbox."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from leads.models import Reminder, ReminderState
from leads.rulebook import snooze_days

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from kfq_crm.base.workdays import WorkCalendar

SNOOZED_ENOUGH = gettext_lazy(
    "This item has been put off for as long as the rule allows. Do it, or agree on another day."
)


def mark_read(*, reminder: Reminder, by: User, now: datetime | None = None) -> Reminder:
    """Note when the item was first read; a second time changes nothing."""
    Reminder.objects.visible_to(by).filter(pk=reminder.pk, read_at=None).update(
        read_at=now or timezone.now()
    )
    reminder.refresh_from_db()
    return reminder


def mark_all_read(*, by: User, now: datetime | None = None) -> int:
    """Note of every unread open item that it was read; returns of how many."""
    unread = Reminder.objects.visible_to(by).open().filter(read_at=None)
    return unread.update(read_at=now or timezone.now())


@transaction.atomic
def snooze_reminder(
    *, reminder: Reminder, until: date, reason: str, by: User, now: datetime | None = None
) -> Reminder:
    """Put an item off to a working day within the limit, with a reason. The limit holds for all
    times together.

    The due day stays: the steps above go on, only this person's inbox is quiet until then.
    """
    locked = Reminder.objects.visible_to(by).select_for_update(of=("self",)).get(pk=reminder.pk)
    if locked.state != ReminderState.OPEN:
        raise RuleViolation("no_longer_due", _("This item is no longer due."))
    today = timezone.localdate(now)
    latest = latest_snooze(locked, today, current_calendar())
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Give the reason."), "reason")
    if latest <= today:
        raise RuleViolation("snoozed_enough", SNOOZED_ENOUGH)
    if not today < until <= latest:
        raise RuleViolation(
            "snooze_limit",
            _("Choose a day after today, at the latest %(day)s.")
            % {"day": date_format(latest, "DATE_FORMAT")},
            "until",
        )
    locked.snoozed_until, locked.snooze_reason = until, reason.strip()[:200]
    locked.first_snoozed_on = locked.first_snoozed_on or today
    locked.save(update_fields=["snoozed_until", "snooze_reason", "first_snoozed_on"])
    return locked


def latest_snooze(reminder: Reminder, today: date, calendar: WorkCalendar) -> date:
    """The last day to which the item may be put off; not after `today` when none is left."""
    return calendar.add_workdays(reminder.first_snoozed_on or today, snooze_days(today))
