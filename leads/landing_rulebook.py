"""The rules about landed projects in force on a day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from itertools import groupby

from kfq_crm.base.parsing import nfkc
from leads.intervals import Promise
from leads.models import CapacityRule, LagRule, ProgressRule, ServicePromise, WorksTerm
from leads.progress import LagLimits

# Comma and enumeration comma; NFKC makes a comma of the full-width one
BETWEEN_WORDS = re.compile(r"[,\u3001]")


def lag_limits(day: date) -> LagLimits | None:
    """Points behind plan that turn yellow and red; None without a rule."""
    rule = LagRule.objects.valid_on(day).first()
    return LagLimits(rule.yellow_from, rule.red_over) if rule else None


def report_due_day(day: date) -> int | None:
    """Day of the next month by which a month's report is due; None without a rule."""
    rule = ProgressRule.objects.valid_on(day).first()
    return rule.due_day if rule else None


def whole_months(day: date) -> int:
    """Months of a period in which output and tax must be met; a year without a rule."""
    rule = CapacityRule.objects.valid_on(day).first()
    return rule.months if rule else 12


class Promises:
    """All promised intervals, read once; a promise is the one of the day the interval began."""

    def __init__(self) -> None:
        rows = ServicePromise.objects.order_by("interval", "-valid_from")
        self._rows = {
            interval: list(group) for interval, group in groupby(rows, key=lambda r: r.interval)
        }

    def on(self, interval: str, day: date | None) -> Promise | None:
        for row in self._rows.get(interval, []):
            if day is not None and row.valid_from <= day:
                return Promise(row.working_days, row.inferred)
        return None


@dataclass(frozen=True)
class Works:
    """A kind of works and the words by which papers name it."""

    name: str
    counts: bool
    words: tuple[str, ...]

    def named_in(self, text: str) -> str:
        """The first of its words that the text holds; "" if none."""
        return next((word for word in self.words if word in text), "")


def works_on(day: date) -> list[Works]:
    """Kinds of works in force, those that start a project first."""
    newest: dict[str, WorksTerm] = {}
    for row in WorksTerm.objects.valid_on(day):
        newest.setdefault(row.name, row)
    rows = sorted(newest.values(), key=lambda row: (not row.counts, row.pk))
    return [Works(row.name, row.counts, _words(row.words)) for row in rows]


def _words(text: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in BETWEEN_WORDS.split(nfkc(text)) if word.strip())
