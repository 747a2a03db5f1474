"""The working-day calendar as it stands in the database, and the verbs that change it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base import access
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind, CalendarDay
from kfq_crm.base.workdays import PublishedDay, WorkCalendar, published_days

if TYPE_CHECKING:
    from kfq_crm.base.models import User

# A State Council notice always holds New Year's Day; a lone edited day publishes no year.
NEW_YEAR = (1, 1)
LONGEST_SPAN = 31


def current_calendar() -> WorkCalendar:
    """Own rows over the published calendar; one query. Ask once a request, not once a row."""
    overrides = dict(CalendarDay.objects.values_list("day", "is_workday"))
    published = [day for day in overrides if (day.month, day.day) == NEW_YEAR]
    return WorkCalendar(overrides=overrides, last_published=max(published, default=None))


@transaction.atomic
def set_days(
    *,
    first: date,
    last: date | None = None,
    is_workday: bool,
    label: str,
    by: User,
    address: str = "",
) -> list[CalendarDay]:
    """Say of a day, or of every day of a span, whether work is done; own rows win.

    Raises RuleViolation at `until` for a span that runs backwards or over a month.
    """
    _require_right(by, "base.change_calendarday")
    days = _span(first, last or first)
    rows = [
        CalendarDay.objects.update_or_create(
            day=day, defaults={"is_workday": is_workday, "label": label}
        )[0]
        for day in days
    ]
    for row in rows:
        _log("calendar.day_set", row, by, address)
    return rows


@transaction.atomic
def remove_day(*, row: CalendarDay, by: User, address: str = "") -> None:
    """Take an own row out; the published calendar or the weekday decides again."""
    _require_right(by, "base.delete_calendarday")
    _log("calendar.day_removed", row, by, address)
    row.delete()


def missing_days(year: int) -> list[PublishedDay]:
    """Days of the year's State Council notice, as the library holds it, that have no row yet."""
    known = set(CalendarDay.objects.filter(day__year=year).values_list("day", flat=True))
    return [one for one in published_days(year) if one.day not in known]


@transaction.atomic
def load_year(*, year: int, by: User | None, address: str = "") -> list[CalendarDay]:
    """Enter the days of the year's notice that have no row; rows that are there stay as they are.

    `by` is None for seeds. Changes no working day: the library decided these days before.
    """
    if by is not None:
        _require_right(by, "base.change_calendarday")
    rows = [
        CalendarDay(day=one.day, is_workday=one.is_workday, label=one.name)
        for one in missing_days(year)
    ]
    CalendarDay.objects.bulk_create(rows)
    if by is not None and rows:
        detail = {"year": year, "days": len(rows)}
        access.record_access(
            AccessKind.ADMINISTRATION,
            by=by,
            subject="calendar.year_loaded",
            detail=detail,
            address=address,
        )
    return rows


def _span(first: date, last: date) -> list[date]:
    length = (last - first).days + 1
    if length < 1:
        raise RuleViolation("span", _("The last day lies before the first."), "until")
    if length > LONGEST_SPAN:
        raise RuleViolation("span", _("Enter at most a month at once."), "until")
    return [first + timedelta(days=place) for place in range(length)]


def _require_right(by: User, permission: str) -> None:
    if not by.has_perm(permission):
        raise RuleViolation("not_allowed", _("Only the coordination office keeps the calendar."))


def _log(subject: str, row: CalendarDay, by: User, address: str) -> None:
    access.record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject=subject,
        detail={
            "day": row.day.isoformat(),
            "is_workday": row.is_workday,
            "label": row.label,
        },
        address=address,
    )
