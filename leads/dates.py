"""Which days a person may enter for a next step or an event."""

from __future__ import annotations

import re
from datetime import date, datetime, time
from typing import Final

from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.dates import parse_day
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.parsing import nfkc, shown

NOON: Final = time(12)
_WITH_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:.*")


def moment_on(day: date, clock: time | None, now: datetime) -> datetime:
    """When something took place, in site time: noon where only the day is known, and of today
    not later than now."""
    moment = timezone.make_aware(datetime.combine(day, clock or NOON))
    return min(moment, now) if clock is None and day == timezone.localdate(now) else moment


def parse_moment(text: str, now: datetime) -> datetime:
    """Read a day in any spelling, or a day and time of ISO 8601; in site time without an offset.

    RuleViolation codes: those of `parse_day` and moment_invalid.
    """
    plain = nfkc(text)
    if not _WITH_TIME.fullmatch(plain):
        return moment_on(parse_day(plain), None, now)
    try:
        moment = parse_datetime(plain)
    except ValueError:
        moment = None
    if moment is None:
        message = _("“%(text)s” is not a day and time. Write it like 2026-03-05T14:30.")
        raise RuleViolation("moment_invalid", message % {"text": shown(plain)})
    parse_day(moment.date())
    return timezone.make_aware(moment) if timezone.is_naive(moment) else moment


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
