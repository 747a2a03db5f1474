"""What an overview is asked for, and the way from there to the database."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.regions import JIANGYIN_PARK
from kfq_crm.overview.queries.moments import Moment, midnight, stored
from kfq_crm.overview.queries.sight import Sight
from leads.models import Contract, LandedProject, Lead
from leads.rulebook import fewest_told, stall_limits

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kfq_crm.base.models import User


class Breakdown(models.TextChoices):
    CHAIN = "chain", _("by chain (breakdown)")
    TEAM = "team", _("by task team (breakdown)")
    OUTPOST = "outpost", _("by outpost (breakdown)")
    MONTH = "month", _("by month (breakdown)")


# What a text calls the tables of a moment.
PLACES: dict[type[models.Model], str] = {
    Lead: "{leads}",
    Contract: "{contracts}",
    LandedProject: "{projects}",
}
# A chain has one team: the same rows under another name.
DIMENSIONS = {Breakdown.TEAM.value: "chain"}


@dataclass(frozen=True)
class Week:
    """From this Monday up to but not including `before`, in site time."""

    first: date
    before: date

    @classmethod
    def of(cls, day: date) -> Week:
        monday = day - timedelta(days=day.weekday())
        return cls(monday, monday + timedelta(days=7))

    @property
    def last(self) -> Week:
        return Week(self.first - timedelta(days=7), self.first)


@dataclass
class Scene:
    """A reader, a moment, a year, a breakdown ("" for each figure's own) and perhaps one chain.

    None of them changes how hidden leads are parted: always over the whole zone, by chain.
    """

    sight: Sight
    moment: Moment
    year: int
    by: str = ""
    chain: int | None = None
    _limits: dict[date, date | None] = field(init=False, default_factory=dict)
    _kept: list[str] = field(init=False, default_factory=list)

    @classmethod
    def for_reader(cls, user: User, day: date | None = None, **asked: Any) -> Scene:
        """As the records stood at the end of that day; as they stand now without one."""
        now = Moment.now()
        moment = now if day is None or day == now.day else Moment(day)
        asked.setdefault("year", moment.day.year)
        return cls(Sight(user), moment, **asked)

    @property
    def dimension(self) -> str:
        return DIMENSIONS.get(self.by, self.by) or Breakdown.CHAIN.value

    @property
    def week(self) -> Week:
        return Week.of(self.moment.day)

    @cached_property
    def fewest(self) -> int:
        """By today's rule: what may be told is judged when it is told."""
        return fewest_told(Moment.now().day)

    def yellow(self, day: date) -> date | None:
        """Leads without progress since before that day are stuck; None without a rule."""
        if day not in self._limits:
            limits = stall_limits(day)
            self._limits[day] = limits.yellow if limits else None
        return self._limits[day]

    def parts(self) -> list[str]:
        """Rows that may be read, then those that are only counted."""
        return ["visible", "hidden"] if self.sight.counts_hidden else ["visible"]

    def ask(
        self,
        text: str,
        *,
        part: str,
        group: dict[str, str],
        moment: Moment | None = None,
        seen: str = "",
        chain_of: str = "lead.chain_id",
    ) -> list[tuple[Any, ...]]:
        """Rows of a statement whose first column is the group.

        `group`: what each breakdown groups by. In the text, `{group}` and `{where}` stand for
        the breakdown and for what may be counted; `{leads}`, `{contracts}` and `{projects}` for
        the tables as they stood.
        """
        at = moment or self.moment
        hidden = part == "hidden"
        where = self.sight.hidden() if hidden else seen or self.sight.visible()
        if self.chain is not None and not hidden:
            where += f" AND {chain_of} = %(chain)s"
        statement = text.format(
            group=group[Breakdown.CHAIN.value if hidden else self.dimension],
            where=where,
            leads=self._table(at, Lead, text),
            contracts=self._table(at, Contract, text),
            projects=self._table(at, LandedProject, text),
        )
        return _rows(
            statement.strip(), {**self._parameters(at, statement), **self.sight.parameters}
        )

    def _table(self, at: Moment, model: type[models.Model], text: str) -> str:
        """Tables of a past moment are made once for all figures of the scene."""
        if at.is_now or at != self.moment:
            return at.table(model)
        name = at.kept_as(model)
        if name not in self._kept and PLACES[model] in text:
            _execute(f"DROP TABLE IF EXISTS {name}")
            made = f"CREATE TEMPORARY TABLE {name} AS SELECT * FROM {at.table(model)} AS then_made"  # noqa: S608 — names of ours
            _execute(made, {"until": at.until})
            if connection.vendor == "postgresql":
                _execute(f"ANALYZE {name}")
            self._kept.append(name)
        return name

    @contextmanager
    def at_once(self) -> Iterator[None]:
        """All figures of the block are of one state of the records.

        PostgreSQL shows them as of one instant; SQLite would have to take its write lock for
        that, so that there a write between two questions may show in the second. After an error
        the transaction takes the tables of a past moment away.
        """
        with one_state():
            yield
            for name in self._kept:
                _execute(f"DROP TABLE {name}")
            self._kept.clear()

    def _parameters(self, at: Moment, statement: str) -> dict[str, Any]:
        """Every statement takes of them what it names."""
        yellow = self.yellow(at.day) if "%(yellow)s" in statement else None
        return {
            "until": at.until,
            "day": at.day,
            "zone": settings.TIME_ZONE,
            "chain": self.chain,
            "park": f"%{JIANGYIN_PARK}%",
            "year_from": date(self.year, 1, 1),
            "year_before": date(self.year + 1, 1, 1),
            "year_begins": midnight(date(self.year, 1, 1)),
            "year_ends": midnight(date(self.year + 1, 1, 1)),
            "week_begins": midnight(self.week.first),
            "week_before_begins": midnight(self.week.last.first),
            "yellow": yellow,
            "yellow_begins": yellow and midnight(yellow),
        }


def month_of(column: str) -> str:
    """The month of a moment in site time, as 2026-03."""
    if connection.vendor == "postgresql":
        return f"to_char({column} AT TIME ZONE %(zone)s, 'YYYY-MM')"
    return f"substr(django_datetime_trunc('month', {column}, %(zone)s, 'UTC'), 1, 7)"


def month_of_day(column: str) -> str:
    """The month of a date."""
    if connection.vendor == "postgresql":
        return f"to_char({column}, 'YYYY-MM')"
    return f"substr({column}, 1, 7)"


@contextmanager
def one_state() -> Iterator[None]:
    """All that is asked inside sees the records of one instant (PostgreSQL, outermost)."""
    if connection.vendor != "postgresql" or connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        yield


def _rows(statement: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, {name: stored(value) for name, value in parameters.items()})
        return list(cursor.fetchall())


def _execute(statement: str, parameters: dict[str, Any] | None = None) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            statement, {name: stored(value) for name, value in (parameters or {}).items()}
        )
