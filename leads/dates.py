"""Which days a person may enter for a next step or an event."""

from __future__ import annotations

from datetime import date, datetime

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation


def check_next_action(day: date, today: date) -> None:
    """A next step lies on a working day from today on; the refusal offers the next one."""
    calendar = current_calendar()
    if day < today:
        offer = calendar.next_workday(today)
        message = _("The next step cannot lie in the past; the next working day is %(day)s.")
    elif not calendar.is_workday(day):
        offer = calendar.next_workday(day)
        message = _("This is a rest day; the next working day is %(day)s.")
    else:
        return
    shown = date_format(offer, "DATE_FORMAT")
    raise RuleViolation("next_action_day", message % {"day": shown}, "next_action_on")


def check_not_future(day: date, today: date, field: str) -> None:
    if day > today:
        raise RuleViolation(
            "in_future", _("This lies in the future; enter what has happened."), field
        )


def check_happened(moment: datetime, now: datetime | None, field: str) -> None:
    """The moment of an event, judged to the minute."""
    if moment > (now or timezone.now()):
        raise RuleViolation(
            "in_future", _("This lies in the future; enter what has happened."), field
        )
