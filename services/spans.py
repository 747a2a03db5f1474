"""Periods that a person chooses from: this month, the last one, quarter and year, or two days."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta

from django.db import models
from django.utils.translation import pgettext_lazy

from services.timeliness import Span

ONE_DAY = timedelta(days=1)


class Choice(models.TextChoices):
    MONTH = "month", pgettext_lazy("period", "this month")
    LAST_MONTH = "last_month", pgettext_lazy("period", "last month")
    QUARTER = "quarter", pgettext_lazy("period", "this quarter")
    LAST_QUARTER = "last_quarter", pgettext_lazy("period", "last quarter")
    YEAR = "year", pgettext_lazy("period", "this year")
    LAST_YEAR = "last_year", pgettext_lazy("period", "last year")


def chosen(choice: Choice, today: date) -> Span:
    """What has not ended yet ends today."""
    first = _FIRST[choice](today)
    if choice in (Choice.MONTH, Choice.QUARTER, Choice.YEAR):
        return Span(first, today)
    return Span(first, _FIRST[_AFTER[choice]](today) - ONE_DAY)


def _month(day: date) -> date:
    return day.replace(day=1)


def _quarter(day: date) -> date:
    return date(day.year, 3 * ((day.month - 1) // 3) + 1, 1)


def _year(day: date) -> date:
    return date(day.year, 1, 1)


_FIRST: dict[Choice, Callable[[date], date]] = {
    Choice.MONTH: _month,
    Choice.LAST_MONTH: lambda day: _month(_month(day) - ONE_DAY),
    Choice.QUARTER: _quarter,
    Choice.LAST_QUARTER: lambda day: _quarter(_quarter(day) - ONE_DAY),
    Choice.YEAR: _year,
    Choice.LAST_YEAR: lambda day: _year(_year(day) - ONE_DAY),
}
_AFTER = {
    Choice.LAST_MONTH: Choice.MONTH,
    Choice.LAST_QUARTER: Choice.QUARTER,
    Choice.LAST_YEAR: Choice.YEAR,
}
