"""The parameters of the overview, read strictly: 400 at the parameter."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _

from chains.models import Chain
from kfq_crm.base.api.problems import FieldError, invalid
from kfq_crm.base.dates import FIRST_YEAR, parse_day
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.parsing import nfkc, shown
from kfq_crm.overview.queries.moments import Moment
from kfq_crm.overview.queries.scene import Breakdown, Scene
from kfq_crm.overview.queries.sight import Sight

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from kfq_crm.base.models import User

PARAMETERS = ("as_of", "by", "chain", "year")
_YEAR = re.compile(r"[0-9]{4}")


@dataclass(frozen=True)
class Asked:
    """`day` is None for now. Equal questions of one reader have equal answers."""

    day: date | None
    year: int
    by: str = ""
    chain: Chain | None = None

    def scene(self, user: User) -> Scene:
        moment = Moment.now() if self.day is None else Moment(self.day)
        chain = self.chain.pk if self.chain else None
        return Scene(Sight(user), moment, self.year, self.by, chain)

    @property
    def key(self) -> tuple[object, ...]:
        day = self.day.isoformat() if self.day else ""
        return (day, self.year, self.by, self.chain.pk if self.chain else None)


def asked_of(query: Mapping[str, str]) -> Asked:
    """400 with everything that is wrong, each at its parameter."""
    reading = _Reading(query)
    today = timezone.localdate()
    day = reading.one("as_of", lambda text: _day(text, today))
    latest = (day or today).year
    year = reading.one("year", lambda text: _year(text, latest))
    by = reading.one("by", _breakdown)
    chain = reading.one("chain", _chain)
    if reading.errors:
        raise invalid(reading.errors)
    return Asked(None if day == today else day, year or latest, by or "", chain)


class _Reading:
    """Reads one parameter after the other and remembers what was wrong."""

    def __init__(self, query: Mapping[str, str]) -> None:
        self.query = query
        self.errors: list[FieldError] = []

    def one(self, name: str, read: Callable[[str], Any]) -> Any:
        if name not in self.query:
            return None
        try:
            return read(self.query[name])
        except RuleViolation as violation:
            self.errors.append(FieldError(name, violation.code, str(violation.message)))
            return None


def _day(text: str, today: date) -> date:
    day = parse_day(text)
    if day > today:
        message = _("Figures of a day to come are not known. Name today or a day that has passed.")
        raise RuleViolation("in_the_future", message)
    return day


def _year(text: str, latest: int) -> int:
    plain = nfkc(text)
    if not _YEAR.fullmatch(plain):
        message = _("“%(text)s” is no year. Write it with four digits, like 2026.")
        raise RuleViolation("year_invalid", message % {"text": shown(text)})
    year = int(plain)
    if not FIRST_YEAR <= year <= latest:
        message = _("The year must lie between %(first)s and %(last)s.")
        raise RuleViolation("year_out_of_range", message % {"first": FIRST_YEAR, "last": latest})
    return year


def _breakdown(text: str) -> str:
    if text not in Breakdown.values:
        message = _("There is no breakdown by “%(text)s”. Known: %(known)s.")
        words = {"text": shown(text), "known": ", ".join(Breakdown.values)}
        raise RuleViolation("unknown_breakdown", message % words)
    return text


def _chain(text: str) -> Chain:
    chains = {chain.code: chain for chain in Chain.objects.all()}
    if text not in chains:
        message = _("There is no chain “%(text)s”. Known: %(known)s.")
        words = {"text": shown(text), "known": ", ".join(chains)}
        raise RuleViolation("unknown_chain", message % words)
    return chains[text]
