"""一链一清单 as one workbook: a sheet each, written row by row so that memory stays flat."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import IO, TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from kfq_crm.base.xlsx import Page, write_pages
from kfq_crm.overview.queries.teams import (
    companies_of,
    leads_of,
    policies_of,
    project_name,
    projects_of,
    sites_of,
)
from leads.models.lead import Currency, WaitingFor
from leads.stages import Stage

if TYPE_CHECKING:
    from chains.models import Chain, ChainPolicy, Site, TargetCompany
    from kfq_crm.base.models import User
    from leads.models import LandedProject, Lead

CHUNK = 1000
WIDTH = 18


@dataclass(frozen=True)
class Sheet:
    """A sheet's name, its columns and how a record becomes a row."""

    title: str
    headers: list[str]
    rows: Any
    cells: Callable[[Any], Iterable[Any]]


def write_ledger(chain: Chain, user: User, target: IO[bytes]) -> dict[str, int]:
    """Write what the person sees of the chain; returns how many rows each sheet holds.

    Confidential leads stand under their code names, for the file travels.
    """
    pages = [
        Page(sheet.title, [(header, WIDTH) for header in sheet.headers], _rows(sheet))
        for sheet in _sheets(chain, user)
    ]
    counts = write_pages(pages, target)
    return {page.title: count for page, count in zip(pages, counts, strict=True)}


def _rows(sheet: Sheet) -> Iterator[list[Any]]:
    for record in sheet.rows.iterator(chunk_size=CHUNK):
        yield [_cell(value) for value in sheet.cells(record)]


def _cell(value: Any) -> Any:
    """A moment as its day in site time."""
    return timezone.localdate(value) if isinstance(value, datetime) else value


def _words(choices: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """What is shown for each value, looked up once and not in every row."""
    return {"": "", **{value: str(label) for value, label in choices}}


def _sheets(chain: Chain, user: User) -> Iterator[Sheet]:
    yield _companies(chain, user)
    yield _leads(chain, user)
    yield _projects(chain, user)
    yield _policies(chain, user)
    yield _sites(chain, user)


def _companies(chain: Chain, user: User) -> Sheet:
    def cells(row: TargetCompany) -> list[Any]:
        gap = f"{row.gap.get_kind_display()} {row.gap}" if row.gap else ""
        return [
            row.name,
            str(row.segment or ""),
            gap,
            row.get_state_display(),
            row.region,
            row.uscc,
            row.reason,
            str(row.owner or ""),
        ]

    headers = [
        pgettext("company", "Name"),
        _("Segment"),
        _("Gap it would close"),
        _("State of the approach"),
        _("Region"),
        _("Credit code"),
        _("Why it is sought"),
        _("Person in charge"),
    ]
    return Sheet(_("Target companies"), headers, companies_of(chain, user), cells)


def _leads(chain: Chain, user: User) -> Sheet:
    stages, currencies, waits = map(_words, (Stage.choices, Currency.choices, WaitingFor.choices))

    def cells(row: Lead) -> list[Any]:
        return [
            row.number,
            str(row),
            "" if row.confidential else str(row.enterprise),
            str(row.segment or ""),
            stages[row.stage],
            row.investment,
            currencies[row.currency] if row.investment else "",
            str(row.owner),
            "" if row.confidential else row.next_action,
            row.next_action_on,
            waits[row.waiting_for],
            row.waiting_since,
            row.last_contact_on,
            row.last_progress_on,
            row.created_at,
        ]

    headers = [
        pgettext("lead", "Number"),
        _("Project or code name"),
        _("Enterprise (column)"),
        _("Segment"),
        _("Stage (column)"),
        _("Total investment (ten thousand)"),
        _("Currency (column)"),
        _("Person in charge"),
        _("Next step"),
        _("Next step due"),
        _("Waiting for whom"),
        _("Waiting since"),
        _("Last contact"),
        _("Last progress"),
        _("Logged on"),
    ]
    return Sheet(_("Open leads"), headers, leads_of(chain, user), cells)


def _projects(chain: Chain, user: User) -> Sheet:
    def cells(row: LandedProject) -> list[Any]:
        return [
            project_name(row),
            str(row.segment or ""),
            row.get_milestone_display(),
            row.investment,
            row.get_currency_display() if row.investment else "",
            row.investment_note,
            row.landing_park,
            _("yes (recognised)") if row.is_recognised else "",
            row.state_note or row.source,
        ]

    headers = [
        _("Project or code name"),
        _("Segment"),
        _("Latest milestone"),
        _("Total investment (ten thousand)"),
        _("Currency (column)"),
        _("Scale in words"),
        _("Park"),
        _("Recognised (column)"),
        _("Words of the report"),
    ]
    return Sheet(_("Landed projects"), headers, projects_of(chain, user), cells)


def _policies(chain: Chain, user: User) -> Sheet:
    def cells(row: ChainPolicy) -> list[Any]:
        return [row.title, row.document_number, row.valid_until, row.summary]

    headers = [
        _("Policy title"),
        _("Document number"),
        _("Valid until"),
        _("What it offers"),
    ]
    return Sheet(_("Policies"), headers, policies_of(chain, user), cells)


def _sites(chain: Chain, user: User) -> Sheet:
    def cells(row: Site) -> list[Any]:
        return [row.label, row.place, row.area_mu, row.plant_m2, row.get_state_display()]

    headers = [
        _("Site"),
        _("Where it lies"),
        _("Area (mu)"),
        _("Plant area (m²)"),
        pgettext("site", "State"),
    ]
    return Sheet(_("Sites"), headers, sites_of(chain, user), cells)
