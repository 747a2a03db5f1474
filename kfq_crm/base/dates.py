"""The date spellings of real ledgers, and how a day is shown.

The Chinese characters here are data: what people type, not what the system says.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final, Literal

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext, pgettext_lazy

from .errors import RuleViolation
from .parsing import nfkc, shown

Precision = Literal["day", "month", "year"]

FIRST_YEAR: Final = 1949
LAST_YEAR: Final = 2100

# Excel's serial 60 is a 29 February 1900 that never was; for all later serials this is day 0.
_EXCEL_DAY_ZERO: Final = date(1899, 12, 30)
_EXCEL_SERIALS: Final = range(
    (date(FIRST_YEAR, 1, 1) - _EXCEL_DAY_ZERO).days,
    (date(LAST_YEAR, 12, 31) - _EXCEL_DAY_ZERO).days + 1,
)
_SERIAL: Final = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")

_Y, _M, _D = r"(?P<y>[0-9]+)", r"(?P<m>[0-9]{1,2})", r"(?P<d>[0-9]{1,2})"
# A time of day may follow, as databases and spreadsheets export it; it is not kept.
_TIME: Final = r"(?:[ T][0-9]{1,2}:[0-9]{2}(?::[0-9]{2}(?:\.[0-9]+)?)?)?"
_SPELLINGS: Final = tuple(
    re.compile(pattern)
    for pattern in (
        # 2024年3月5日, 2024年3月5号, 2024年3月, 2024年
        rf"{_Y} ?年(?: ?{_M} ?月(?: ?{_D} ?[日号]{_TIME})?)?",
        # 2024-03-05, 2024.3.5, 2024/3/5, 2024.3
        rf"{_Y} ?(?P<s>[-./]) ?{_M}(?: ?(?P=s) ?{_D}{_TIME})?",
        # 20240305, 202403, 2024
        r"(?P<y>[0-9]{4})(?:(?P<m>[0-9]{2})(?P<d>[0-9]{2})?)?",
    )
)


@dataclass(frozen=True)
class LedgerDate:
    """A date as a ledger states it: `day` is the first day of the month or year when `precision`
    says that no more is known."""

    day: date
    precision: Precision


def parse_ledger_date(value: object) -> LedgerDate:
    """Read a cell: text in any spelling above, a serial number of Excel's 1900 system, a date.

    A time of day is dropped; a datetime with a time zone is read in site time.
    RuleViolation codes: date_empty, date_year_short, date_out_of_range, date_invalid.
    """
    if isinstance(value, date):
        return LedgerDate(_in_range(_plain_date(value)), "day")
    text = nfkc(value)
    if not isinstance(value, bool) and _is_serial(text):
        return LedgerDate(_EXCEL_DAY_ZERO + timedelta(days=int(Decimal(text))), "day")
    return _parse_text(text)


def parse_day(value: object) -> date:
    """Read a form field that needs the day; the serial numbers of spreadsheets are not for forms.

    RuleViolation codes: those of `parse_ledger_date` and date_day_missing.
    """
    if isinstance(value, date):
        return _in_range(_plain_date(value))
    found = _parse_text(nfkc(value))
    if found.precision != "day":
        message = _("The day is missing. Type year, month and day, for example 2026-03-05.")
        raise RuleViolation("date_day_missing", message)
    return found.day


def format_day(day: date, today: date) -> str:
    """The day with its weekday, and with its year when that is not the current one."""
    parts = {"year": day.year, "month": day.month, "day": day.day, "weekday": _weekday(day)}
    if day.year == today.year:
        return pgettext("day of this year", "%(weekday)s %(day)s/%(month)s") % parts
    return pgettext("day of another year", "%(weekday)s %(day)s/%(month)s/%(year)s") % parts


_WEEKDAYS = (
    pgettext_lazy("short weekday", "Mon"),
    pgettext_lazy("short weekday", "Tue"),
    pgettext_lazy("short weekday", "Wed"),
    pgettext_lazy("short weekday", "Thu"),
    pgettext_lazy("short weekday", "Fri"),
    pgettext_lazy("short weekday", "Sat"),
    pgettext_lazy("short weekday", "Sun"),
)


def _weekday(day: date) -> str:
    return str(_WEEKDAYS[day.weekday()])


def _plain_date(value: date) -> date:
    if not isinstance(value, datetime):
        return value
    return timezone.localtime(value).date() if timezone.is_aware(value) else value.date()


def _is_serial(text: str) -> bool:
    return bool(_SERIAL.fullmatch(text)) and int(Decimal(text)) in _EXCEL_SERIALS


def _parse_text(text: str) -> LedgerDate:
    if not text:
        raise RuleViolation("date_empty", _("Type a date, for example 2026-03-05."))
    for spelling in _SPELLINGS:
        if found := spelling.fullmatch(text):
            year, month, day = found["y"], found["m"], found["d"]
            return _build(text, year, month, day)
    raise _not_a_date(text)


def _build(text: str, year: str, month: str | None, day: str | None) -> LedgerDate:
    if len(year) < 4:
        message = _("“%(text)s” has no four-digit year. Write the year in full, for example 2026.")
        raise RuleViolation("date_year_short", message % {"text": shown(text)})
    if len(year) > 4:
        raise _not_a_date(text)
    precision: Precision = "day" if day else "month" if month else "year"
    return LedgerDate(_in_range(_existing(text, year, month or "1", day or "1")), precision)


def _existing(text: str, year: str, month: str, day: str) -> date:
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        raise _not_a_date(text) from None


def _in_range(day: date) -> date:
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return day
    message = _("The year %(year)s cannot be right: it must lie between %(first)s and %(last)s.")
    bounds = {"year": day.year, "first": FIRST_YEAR, "last": LAST_YEAR}
    raise RuleViolation("date_out_of_range", message % bounds)


def _not_a_date(text: str) -> RuleViolation:
    message = _("“%(text)s” is not a valid date. Type it like 2026-03-05 or 2026/3/5.")
    return RuleViolation("date_invalid", message % {"text": shown(text)})
