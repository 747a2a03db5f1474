"""Working-day arithmetic over the State Council calendar with its make-up days.

Pure: the caller hands in the own rows of the calendar. A day is decided by the first that knows
it: an own row, the `chinesecalendar` library (2004 to its last published year), the weekday.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import MAXYEAR, MINYEAR, date, datetime, timedelta
from functools import cached_property, lru_cache

from chinese_calendar.constants import Holiday as _Holiday
from chinese_calendar.constants import holidays as _national_rest_days
from chinese_calendar.constants import workdays as _national_make_up_days

_SATURDAY = 5
_LIBRARY_YEARS = range(
    min(_national_rest_days).year,
    max(_national_rest_days).year + 1,
)
_ONE_DAY = timedelta(days=1)
_NAMES = {holiday.value: holiday.chinese for holiday in _Holiday}


@dataclass(frozen=True)
class PublishedDay:
    """A day that a State Council notice names: a rest day, or work made up for one."""

    day: date
    is_workday: bool
    name: str


def published_days(year: int) -> list[PublishedDay]:
    """What the library holds of a year's notice, in order; nothing of a year beyond its last."""
    kinds = ((_national_rest_days, False), (_national_make_up_days, True))
    found = [
        PublishedDay(day, works, _NAMES.get(name, name))
        for days, works in kinds
        for day, name in days.items()
        if day.year == year
    ]
    return sorted(found, key=lambda one: one.day)


@dataclass(frozen=True)
class WorkCalendar:
    """The calendar as it stands; build it once and keep it, each year is worked out only once.

    `overrides` are the own rows: True for a working day. `last_published` is any day of the last
    year whose State Council notice the own rows hold; None when they hold none.
    Every method takes dates and refuses datetimes, whose day depends on a time zone.
    """

    overrides: Mapping[date, bool] = field(default_factory=dict)
    last_published: date | None = None

    def is_workday(self, day: date) -> bool:
        own = self.overrides.get(_checked(day))
        return is_national_workday(day) if own is None else own

    def is_provisional(self, day: date) -> bool:
        """Whether the day lies beyond the last published year and is judged by its weekday alone.

        Any result that depends on such a day lies beyond that year itself, so asking for the
        result (or the later end of a span) is enough.
        """
        return _checked(day).year > self.last_published_year and day not in self.overrides

    @property
    def last_published_year(self) -> int:
        own = self.last_published.year if self.last_published else MINYEAR
        return max(own, _LIBRARY_YEARS[-1])

    def next_workday(self, day: date, include: bool = True) -> date:
        """The first working day from `day` on, `day` itself counting unless told otherwise."""
        if include and self.is_workday(day):
            return day
        return self.add_workdays(day, 1)

    def add_workdays(self, start: date, n: int) -> date:
        """The n-th working day after `start`, before it when n is negative; n = 0 is `start`.

        `start` is day 0 whether it is a working day or not: one working day after a Saturday is
        the Monday. OverflowError beyond the years that dates can have.
        """
        if n == 0:
            return _checked(start)
        before = self._rank(start)
        if n < 0 and not self.is_workday(start):
            before += 1  # going back, the rest day itself stands after the last working day
        return self._at_rank(start.year, before + n)

    def workdays_between(self, start: date, end: date) -> int:
        """Working days after `start` up to and including `end`; negative when `end` is earlier."""
        if end < start:
            return -self.workdays_between(end, start)
        whole_years = sum(len(self._workdays_of(year)) for year in range(start.year, end.year))
        return whole_years + self._rank(end) - self._rank(start)

    def overdue_workdays(self, due: date, today: date) -> int:
        """Working days that have begun since `due`; 0 on the day itself and before.

        Due on a Friday, the weekend brings nothing, the Monday is day 1.
        """
        return max(0, self.workdays_between(due, today))

    def _rank(self, day: date) -> int:
        """How many working days its year has up to and including `day`."""
        return bisect_right(self._workdays_of(_checked(day).year), day)

    def _at_rank(self, year: int, rank: int) -> date:
        """The working day with that rank counted from 1 January of `year`, which is rank 1 or 0;
        ranks below 1 lie in earlier years."""
        while rank < 1:
            year -= 1
            rank += len(self._workdays_of(year))
        while rank > len(self._workdays_of(year)):
            rank -= len(self._workdays_of(year))
            year += 1
        return self._workdays_of(year)[rank - 1]

    def _workdays_of(self, year: int) -> tuple[date, ...]:
        if year not in self._years:
            self._years[year] = self._apply_own_rows(year)
        return self._years[year]

    def _apply_own_rows(self, year: int) -> tuple[date, ...]:
        own = self._overrides_by_year.get(year)
        if not own:
            return _national_workdays(year)
        kept = {day for day in _national_workdays(year) if own.get(day, True)}
        return tuple(sorted(kept | {day for day, works in own.items() if works}))

    @cached_property
    def _years(self) -> dict[int, tuple[date, ...]]:
        return {}

    @cached_property
    def _overrides_by_year(self) -> dict[int, dict[date, bool]]:
        years: dict[int, dict[date, bool]] = defaultdict(dict)
        for day, works in self.overrides.items():
            years[_checked(day).year][day] = works
        return years


def _checked(day: date) -> date:
    # A datetime is a date to Python, yet equals none: it would miss every own row in silence.
    if isinstance(day, datetime):
        raise TypeError("Working days are counted on dates; convert the datetime in site time.")
    return day


def is_national_workday(day: date) -> bool:
    """As the library's own `is_workday`, which scans its table anew on every call."""
    if day in _national_make_up_days:
        return True
    return day.weekday() < _SATURDAY and day not in _national_rest_days


@lru_cache(maxsize=256)
def _national_workdays(year: int) -> tuple[date, ...]:
    if not MINYEAR <= year <= MAXYEAR:
        raise OverflowError(f"no calendar for the year {year}")
    first = date(year, 1, 1)
    length = (date(year, 12, 31) - first).days + 1
    days = (first + n * _ONE_DAY for n in range(length))
    return tuple(day for day in days if is_national_workday(day))
