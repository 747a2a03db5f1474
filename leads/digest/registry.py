"""What a digest is made of. Rooms above add their own when their app is ready.

A section turns a scope into plain data (JSON), which is frozen with the digest, and names the
two templates that show these data in the formatted and in the plain text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import IO, TYPE_CHECKING, Any, ClassVar, Protocol

from django.utils import timezone

from kfq_crm.base.workdays import WorkCalendar
from leads.digest.period import Period
from leads.models import Lead

if TYPE_CHECKING:
    from chains.models import Chain
    from kfq_crm.base.models import User
    from leads.models.lead import LeadQuerySet

WIDE = ("search_text", "search_grams", "summary")


@dataclass(frozen=True)
class Scope:
    """Who reads, of which chain (None: the whole zone), which week, and as of when.

    `before` is the frozen content of the reader's digest of the week before, empty without one.
    `is_late` says that a later week is due as well: what stood open at the end of this one can
    no longer be told.
    """

    reader: User
    chain: Chain | None
    period: Period
    now: datetime
    calendar: WorkCalendar
    questions: int = 3
    before: Mapping[str, Any] = field(default_factory=dict)
    is_late: bool = False

    @property
    def today(self) -> date:
        return timezone.localdate(self.now)

    @cached_property
    def visible(self) -> LeadQuerySet:
        """All that the reader may see; built once, since every section asks the long condition."""
        return Lead.objects.visible_to(self.reader)

    @cached_property
    def leads(self) -> LeadQuerySet:
        """Of these the chain's, without their wide columns."""
        rows = self.visible.defer(*WIDE)
        return rows.filter(chain=self.chain) if self.chain else rows


class Section(ABC):
    """One part of the digest. `place` orders the parts; `of_zone` says for whom it is."""

    code: ClassVar[str]
    place: ClassVar[int]
    of_zone: ClassVar[bool] = False
    tells_of_now: ClassVar[bool] = False
    """It tells what stands open, not what happened in the week."""
    counts: ClassVar[bool] = False
    """It is nothing but numbers, in which leads that a viewer may not read are counted."""

    @property
    def template(self) -> str:
        return f"leads/digest/{self.code}"

    @abstractmethod
    def content(self, scope: Scope) -> dict[str, Any] | None:
        """Plain data; None leaves the section out. An item about a lead or a project holds its
        key as `lead` or `project`: who may not read that record never gets the item."""


class LedgerWriter(Protocol):
    """Writes the workbook that goes with a chain's digest, as the person may see it."""

    def __call__(self, chain: Chain, user: User, target: IO[bytes]) -> object: ...


_SECTIONS: dict[str, Section] = {}
_LEDGERS: list[LedgerWriter] = []


def register(section: Section) -> None:
    """Add a section; its code is unique and lasts, since frozen content is known by it."""
    if section.code in _SECTIONS:
        raise ValueError(f"the section {section.code} is registered already")
    _SECTIONS[section.code] = section


def register_ledger(writer: LedgerWriter) -> None:
    """Name what writes the attached workbook; the last one named counts."""
    _LEDGERS.append(writer)


def sections(*, of_zone: bool) -> list[Section]:
    chosen = [section for section in _SECTIONS.values() if section.of_zone == of_zone]
    return sorted(chosen, key=lambda section: section.place)


def section_of(code: str) -> Section | None:
    return _SECTIONS.get(code)


def ledger_writer() -> LedgerWriter | None:
    return _LEDGERS[-1] if _LEDGERS else None
