"""What moved in the week: new leads, progress, problems; each change in exactly one week."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Any

from django.utils.translation import gettext as _

from leads.digest.reading import (
    LISTED,
    during,
    lead_item,
    leads_of,
    readable_projects,
    said,
    touched,
)
from leads.digest.registry import WIDE, Scope, Section
from leads.models import Blocker, Contract, FollowUp, Lead, Milestone, StageChange
from leads.models.lead import StageChangeKind
from leads.stages import ORDER, Stage

if TYPE_CHECKING:
    from collections.abc import Iterable

SHOWN = {"new": 6, "progress": 8, "problems": 6}
ONWARD = (StageChangeKind.ADVANCED, StageChangeKind.REOPENED)
BACKWARD = (StageChangeKind.EXITED, StageChangeKind.RETURNED)
BANDS = "ABC"


class Moved(Section):
    code = "moved"
    place = 30

    def content(self, scope: Scope) -> dict[str, Any]:
        gathered = Gathered(scope)
        parts = {
            "new": _new(scope),
            "progress": gathered.progress(),
            "problems": gathered.problems(),
        }
        return {
            "is_quiet": not any(part["total"] for part in parts.values()),
            **parts,
        }


def _part(name: str, items: list[dict[str, Any]], is_capped: bool = False) -> dict[str, Any]:
    shown = items[: SHOWN[name]]
    return {
        "items": shown,
        "total": len(items),
        "more": len(items) - len(shown),
        "is_capped": is_capped,
    }


def _new(scope: Scope) -> dict[str, Any]:
    rows = leads_of(scope).filter(during(scope.period, "created_at")).select_related("owner")
    found = list(rows.order_by("-created_at")[:LISTED])
    found.sort(key=_weight)
    return _part("new", [lead_item(lead) for lead in found], len(found) == LISTED)


def _weight(lead: Lead) -> int:
    """The large ones first; amounts of two currencies are not compared."""
    return BANDS.find(lead.band) if lead.band else len(BANDS)


class Gathered:
    """The week's records of the chain, each table read once, told lead by lead."""

    def __init__(self, scope: Scope) -> None:
        self.scope = scope
        mine = touched(scope, scope.period.begins_at)
        related = ("lead__owner",)
        wide = tuple(f"lead__{column}" for column in WIDE)
        week = scope.period
        self.moves = _read(
            StageChange.objects.filter(during(week, "moved_at"), lead__in=mine)
            .exclude(kind=StageChangeKind.LOGGED)
            .select_related(*related)
            .defer(*wide)
            .order_by("-moved_at", "-pk")
        )
        self.talks = _read(
            FollowUp.objects.filter(during(week, "created_at"), lead__in=mine, is_progress=True)
            .select_related(*related)
            .defer(*wide)
            .order_by("-created_at", "-pk")
        )
        self.papers = _read(
            Contract.objects.filter(during(week, "created_at"), lead__in=mine)
            .select_related(*related)
            .defer(*wide)
            .order_by("-created_at", "-pk")
        )
        self.blockers = _read(
            Blocker.objects.filter(during(week, "created_at"), lead__in=mine)
            .select_related(*related, "owner")
            .defer(*wide)
            .order_by("-created_at", "-pk")
        )

    def progress(self) -> dict[str, Any]:
        lines: dict[int, list[str]] = defaultdict(list)
        leads: dict[int, Lead] = {}
        for move in self.moves:
            if move.kind in ONWARD:
                leads[move.lead_id] = move.lead
                lines[move.lead_id].append(_onward(move))
        for paper in self.papers:
            leads[paper.lead_id] = paper.lead
            lines[paper.lead_id].append(
                _("Put on record: %(kind)s") % {"kind": paper.get_kind_display()}
            )
        for talk in self.talks:
            if talk.lead_id not in leads or not lines[talk.lead_id]:
                leads[talk.lead_id] = talk.lead
            lines[talk.lead_id].append(said(talk.lead, talk.summary) or _("Progress was logged"))
        ordered = sorted(leads.values(), key=lambda lead: (-_rank(lead), _weight(lead), lead.pk))
        items = [*self._milestones(), *(_told(lead, lines[lead.pk]) for lead in ordered)]
        return _part("progress", items, _capped(self.moves, self.papers, self.talks))

    def problems(self) -> dict[str, Any]:
        lines: dict[int, list[str]] = defaultdict(list)
        leads: dict[int, Lead] = {}
        for move in self.moves:
            if move.kind in BACKWARD:
                leads[move.lead_id] = move.lead
                lines[move.lead_id].append(_backward(move))
        for blocker in self.blockers:
            leads[blocker.lead_id] = blocker.lead
            lines[blocker.lead_id].append(_blocked(blocker))
        ordered = sorted(leads.values(), key=lambda lead: (_weight(lead), lead.pk))
        items = [_told(lead, lines[lead.pk]) for lead in ordered]
        return _part("problems", items, _capped(self.moves, self.blockers))

    def _milestones(self) -> list[dict[str, Any]]:
        if self.scope.chain is None:
            return []
        reached = Milestone.objects.filter(
            during(self.scope.period, "recorded_at"),
            project__chain=self.scope.chain,
            is_reached=True,
        ).select_related("project__contract__lead")
        rows = _read(reached.order_by("-recorded_at", "-pk"))
        allowed = readable_projects(self.scope.reader, (row.project_id for row in rows))
        return [_milestone(row) for row in rows if row.project_id in allowed]


def _read(rows: Any) -> list[Any]:
    return list(rows[:LISTED])


def _capped(*tables: Iterable[Any]) -> bool:
    return any(len(list(rows)) == LISTED for rows in tables)


def _rank(lead: Lead) -> int:
    return ORDER.index(Stage(lead.stage))


def _told(lead: Lead, lines: list[str]) -> dict[str, Any]:
    """At most two lines a lead: a page is read in two minutes."""
    different = list(dict.fromkeys(lines))
    return {**lead_item(lead), "lines": different[:2], "more_lines": max(0, len(different) - 2)}


def _onward(move: StageChange) -> str:
    if move.kind == StageChangeKind.REOPENED:
        return _("Taken up again in “%(stage)s”") % {"stage": move.get_to_stage_display()}
    return _("%(start)s → %(end)s") % {
        "start": move.get_from_stage_display(),
        "end": move.get_to_stage_display(),
    }


def _backward(move: StageChange) -> str:
    if move.kind == StageChangeKind.RETURNED:
        return _("Returned to “%(stage)s”") % {"stage": move.get_to_stage_display()}
    words = _("Out of the pipeline: %(exit)s") % {"exit": move.get_exit_display()}
    reason = said(move.lead, move.lead.get_exit_reason_display() or move.reason)
    return _("%(what)s (%(why)s)") % {"what": words, "why": reason} if reason else words


def _blocked(blocker: Blocker) -> str:
    what = said(blocker.lead, blocker.description) or _("A problem was noted")
    return _("%(what)s (to clear: %(person)s)") % {"what": what, "person": blocker.owner}


def _milestone(row: Milestone) -> dict[str, Any]:
    lead = row.project.contract.lead if row.project.contract else None
    secret = bool(lead and lead.confidential)
    return {
        "project": row.project_id,
        "name": str(lead) if secret else row.project.name,
        "number": "",
        "owner": "",
        "stage": row.get_kind_display(),
        "amount": "",
        "secret": secret,
        "lines": [_("Reached: %(milestone)s") % {"milestone": row.get_kind_display()}],
        "more_lines": 0,
    }
