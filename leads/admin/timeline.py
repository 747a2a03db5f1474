"""Everything that happened to a lead in one stream, newest first."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Any

from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from leads.models import Attachment, Contract, Decision, Lead

PAGE = 50
# Of two entries of one moment the later step in the procedure stands above.
RANKS = {
    "follow_up": 0,
    "file": 1,
    "screening": 2,
    "opinion": 3,
    "review": 4,
    "contract": 5,
    "move": 6,
    "question": 7,
    "decision": 8,
}
MOST_FILES = 500


@dataclass(frozen=True)
class Entry:
    """One line of the stream; `record` is the row it tells of."""

    kind: str
    at: datetime
    by: Any
    record: Any
    files: list[Attachment] = field(default_factory=list)

    @property
    def template(self) -> str:
        return f"leads/entry/{self.kind}.html"

    @property
    def key(self) -> tuple[datetime, int, int]:
        return (self.at, RANKS[self.kind], self.record.pk)

    @property
    def cursor(self) -> str:
        """Where the next older page begins."""
        return f"{self.at.isoformat()}_{RANKS[self.kind]}_{self.record.pk}"


@dataclass
class Dossier:
    """What is on record about a lead, each table read once."""

    lead: Lead
    moves: list[Any]
    screenings: list[Any]
    opinions: list[Any]
    reviews: list[Any]
    contracts: list[Contract]
    files: list[Attachment]
    decisions: list[Decision]

    @classmethod
    def of(cls, lead: Lead) -> Dossier:
        return cls(
            lead=lead,
            moves=list(lead.stage_changes.select_related("moved_by")),
            screenings=list(lead.screenings.select_related("judged_by")),
            opinions=list(lead.opinions.select_related("recorded_by")),
            reviews=list(lead.reviews.select_related("recorded_by")),
            contracts=list(lead.contracts.select_related("landed_project", "expands")),
            files=list(
                lead.attachments.filter(progress_report=None).select_related("uploaded_by")[
                    :MOST_FILES
                ]
            ),  # photos of a site stand with their month, on the project's page
            decisions=list(
                Decision.objects.filter(blocker__lead=lead).select_related(
                    "asked_by", "answered_by"
                )
            ),
        )

    def files_of(self, column: str) -> dict[int | None, list[Attachment]]:
        """Files by the follow-up, review or contract that they belong to."""
        found: dict[int | None, list[Attachment]] = defaultdict(list)
        for attachment in self.files:
            found[getattr(attachment, f"{column}_id")].append(attachment)
        return found


@dataclass(frozen=True)
class Stream:
    """One page of the timeline; `older` is the cursor of the next one, empty at the end."""

    entries: list[Entry]
    older: str
    is_first: bool


def stream(dossier: Dossier, before: str = "") -> Stream:
    """The newest entries before the cursor. Reads the follow-ups that it shows, no others."""
    limit = _read_cursor(before) if before else None
    entries = sorted(_entries(dossier, limit), key=lambda entry: entry.key, reverse=True)
    rest = [entry for entry in entries if limit is None or entry.key < limit]
    shown = rest[:PAGE]
    return Stream(shown, shown[-1].cursor if len(rest) > PAGE else "", not before)


def _read_cursor(text: str) -> tuple[datetime, int, int]:
    try:
        moment, rank, pk = text.split("_")
        at = parse_datetime(moment.replace(" ", "+"))
        if at is None or timezone.is_naive(at):
            raise ValueError(moment)
        return (at, int(rank), int(pk))
    except ValueError as error:
        raise Http404 from error


def _entries(dossier: Dossier, limit: tuple[datetime, int, int] | None) -> Iterator[Entry]:
    yield from _follow_ups(dossier, limit)
    yield from (Entry("move", m.moved_at, m.moved_by, m) for m in dossier.moves)
    for row in dossier.screenings:
        yield Entry("screening", _moment(row.judged_on, row.created_at), row.judged_by, row)
    for row in dossier.opinions:
        yield Entry("opinion", _moment(row.given_on, row.created_at), row.recorded_by, row)
    yield from _papers(dossier)
    yield from _decisions(dossier)
    for file in dossier.files:
        if not (file.follow_up_id or file.review_id or file.contract_id):
            yield Entry("file", file.uploaded_at, file.uploaded_by, file)


def _follow_ups(dossier: Dossier, limit: tuple[datetime, int, int] | None) -> Iterator[Entry]:
    rows = dossier.lead.follow_ups.select_related("logged_by")
    if limit:
        # As many as stand at that very moment are read again and dropped by their key.
        rows = rows.filter(occurred_at__lte=limit[0])
    files = dossier.files_of("follow_up")
    for row in rows[: 2 * PAGE if limit else PAGE + 1]:
        yield Entry("follow_up", row.occurred_at, row.logged_by, row, files.get(row.pk, []))


def _papers(dossier: Dossier) -> Iterator[Entry]:
    minutes, scans = dossier.files_of("review"), dossier.files_of("contract")
    for row in dossier.reviews:
        at = _moment(row.held_on, row.created_at)
        yield Entry("review", at, row.recorded_by, row, minutes.get(row.pk, []))
    for contract in dossier.contracts:
        at = _moment(contract.signed_on, contract.created_at)
        yield Entry("contract", at, None, contract, scans.get(contract.pk, []))


def _decisions(dossier: Dossier) -> Iterator[Entry]:
    for row in dossier.decisions:
        yield Entry("question", row.created_at, row.asked_by, row)
        if row.answered_at:
            yield Entry("decision", row.answered_at, row.answered_by, row)


def _moment(day: date, recorded_at: datetime) -> datetime:
    """When a dated event took place: as recorded if on that day, else its noon."""
    if timezone.localdate(recorded_at) == day:
        return recorded_at
    return timezone.make_aware(datetime.combine(day, time(12)))
