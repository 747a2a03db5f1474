"""The working-day calendar as it stands in the database."""

from __future__ import annotations

from kfq_crm.base.models import CalendarDay
from kfq_crm.base.workdays import WorkCalendar

# A State Council notice always holds New Year's Day; a lone edited day publishes no year.
NEW_YEAR = {"day__month": 1, "day__day": 1}


def current_calendar() -> WorkCalendar:
    """Own rows over the published calendar; one query. Ask once a request, not once a row."""
    overrides = dict(CalendarDay.objects.values_list("day", "is_workday"))
    last = CalendarDay.objects.filter(**NEW_YEAR).order_by("-day").first() if overrides else None
    return WorkCalendar(overrides=overrides, last_published=last.day if last else None)
