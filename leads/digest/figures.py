"""The week in figures, against the week before."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Q
from django.utils.translation import gettext as _

from leads.digest.reading import during, leads_of, touched
from leads.digest.registry import Scope, Section
from leads.models import Blocker, FollowUp, StageChange
from leads.models.lead import StageChangeKind


class Figures(Section):
    """What happened is counted for both weeks; what stands open is compared with what the
    digest of the week before said."""

    code = "figures"
    place = 10
    counts = True

    def content(self, scope: Scope) -> dict[str, Any]:
        told = {row["code"]: row["now"] for row in _told_before(scope)}
        rows = [*_happened(scope), *([] if scope.is_late else _standing(scope, told))]
        for row in rows:
            row["change"] = None if row["before"] is None else row["now"] - row["before"]
        return {"rows": rows}


def _told_before(scope: Scope) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (
        scope.before.get("sections", {}).get("figures", {}).get("rows", [])
    )
    return found


def _row(code: str, label: str, now: int, before: int | None) -> dict[str, Any]:
    """`is_bad`: more of it is worse."""
    is_bad = code in {"problems", "overdue"}
    return {"code": code, "label": label, "now": now, "before": before, "is_bad": is_bad}


def _happened(scope: Scope) -> list[dict[str, Any]]:
    since = scope.period.before.begins_at
    mine = touched(scope, since)
    new = _in_both(leads_of(scope), "created_at", scope)
    moves = StageChange.objects.filter(lead__in=mine)
    moved = _in_both(moves.filter(kind=StageChangeKind.ADVANCED), "moved_at", scope)
    back = (StageChangeKind.EXITED, StageChangeKind.RETURNED)
    left = _in_both(moves.filter(kind__in=back), "moved_at", scope)
    progress = _in_both(
        FollowUp.objects.filter(lead__in=mine, is_progress=True), "created_at", scope
    )
    blocked = _in_both(Blocker.objects.filter(lead__in=mine), "created_at", scope)
    problems = (left[0] + blocked[0], left[1] + blocked[1])
    return [
        _row("new", _("new leads (figure)"), *new),
        _row("moved", _("moves to the next stage (figure)"), *moved),
        _row("progress", _("entries of progress (figure)"), *progress),
        _row("problems", _("new problems (figure)"), *problems),
    ]


def _in_both(rows: Any, column: str, scope: Scope) -> tuple[int, int]:
    """How many in the week and how many in the one before, in one query."""
    week, before = scope.period, scope.period.before
    counted = (
        rows.order_by()
        .filter(during(week, column) | during(before, column))
        .aggregate(
            now=Count("pk", filter=during(week, column)),
            then=Count("pk", filter=during(before, column)),
        )
    )
    return counted["now"], counted["then"]


def _standing(scope: Scope, told: dict[str, int]) -> list[dict[str, Any]]:
    counted = (
        leads_of(scope)
        .filter(exit="")
        .order_by()
        .aggregate(every=Count("pk"), late=Count("pk", filter=Q(next_action_on__lt=scope.today)))
    )
    return [
        _row("open", _("open leads (figure)"), counted["every"], told.get("open")),
        _row("overdue", _("overdue leads (figure)"), counted["late"], told.get("overdue")),
    ]
