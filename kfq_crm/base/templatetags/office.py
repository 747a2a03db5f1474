"""How amounts, days and limits read on every page."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django import template
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kfq_crm.base.amounts import format_amount
from kfq_crm.base.dates import format_day
from kfq_crm.base.workdays import WorkCalendar

register = template.Library()


@register.filter
def amount(value: Decimal | None, currency: str = "CNY") -> str:
    """An amount as people say it: 3.2 亿元, 8,500 万元, 5,000 万美元; a dash without one."""
    return "—" if value is None else format_amount(value, currency)


@register.filter
def day(value: date | datetime | None) -> str:
    """A day as people say it, with the year when it is not this one; site time."""
    if not value:  # Templates hand over "" where a row is missing altogether.
        return "—"
    if isinstance(value, datetime):
        value = timezone.localdate(value)
    return format_day(value, timezone.localdate())


@register.simple_tag
def marked_day(value: date, calendar: WorkCalendar) -> str:
    """A reckoned day, marked when the published calendar does not reach it."""
    text = day(value)
    return text + _(" (weekends assumed)") if calendar.is_provisional(value) else text


@register.simple_tag
def limit(due: date | None, today: date, calendar: WorkCalendar) -> str:
    """A limit in words: overdue by 3 working days, due today, 2 working days left."""
    return limit_text(due, today, calendar)


def limit_text(due: date | None, today: date, calendar: WorkCalendar) -> str:
    """The same for Python; marks days that the published calendar does not reach."""
    if due is None:
        return ""
    text = _limit_words(due, today, calendar)
    return text + _(" (weekends assumed)") if calendar.is_provisional(due) else text


def _limit_words(due: date, today: date, calendar: WorkCalendar) -> str:
    if due == today:
        return _("due today")
    if due > today:
        left = calendar.workdays_between(today, due)
        return ngettext("%(days)d working day left", "%(days)d working days left", left) % {
            "days": left
        }
    over = calendar.overdue_workdays(due, today)
    if over == 0:
        return _("due on a rest day just past")
    return ngettext("%(days)d working day overdue", "%(days)d working days overdue", over) % {
        "days": over
    }


@register.filter
def limit_colour(due: date | None, today: date) -> str:
    """The badge's colour; the words beside it say the same."""
    if due is None:
        return "grey"
    return "red" if due < today else "amber" if due == today else "green"
