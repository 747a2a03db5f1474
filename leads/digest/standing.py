"""What stands open now: overdue by name, questions to the leader, the coming week."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils.translation import gettext as _

from leads.digest.reading import (
    lead_item,
    leads_of,
    readable_leads,
    readable_projects,
    said,
)
from leads.digest.registry import Scope, Section
from leads.models import Blocker, Decision, Lead, Milestone, Reminder, Via
from leads.reminders.registry import rule_of
from leads.stages import Exit

if TYPE_CHECKING:
    from django.db.models import QuerySet

OVERDUE_SHOWN = 10
COMING_SHOWN = 12
ESCALATED_READ = 200
NEXT_ACTION = "next_action"


class Overdue(Section):
    """Open leads past their day, the longest first; what was escalated to the reader with it."""

    code = "overdue"
    place = 40
    tells_of_now = True

    def content(self, scope: Scope) -> dict[str, Any]:
        late = leads_of(scope).filter(exit="", next_action_on__lt=scope.today)
        shown = list(late.select_related("owner").order_by("next_action_on", "pk")[:OVERDUE_SHOWN])
        escalated = _escalated(scope)
        told = {row.lead_id for row in escalated if row.rule == NEXT_ACTION}
        items = [_late(lead, scope, lead.pk in told) for lead in shown]
        items += [_owed(row, scope) for row in escalated if row.rule != NEXT_ACTION]
        items.sort(key=lambda item: item["due_on"])
        total = late.order_by().count() + sum(row.rule != NEXT_ACTION for row in escalated)
        return {
            "items": items[:OVERDUE_SHOWN],
            "total": total,
            "more": max(0, total - OVERDUE_SHOWN),
        }


def _escalated(scope: Scope) -> list[Reminder]:
    """Reminders that reach the reader by the digest, also where a deputy got them."""
    mine = Q(recipient=scope.reader) | Q(stands_for=scope.reader)
    rows = (
        Reminder.objects.open()
        .filter(mine, via=Via.DIGEST, lead__chain=scope.chain)
        .select_related("lead__owner")
        .order_by("due_on", "pk")
    )
    found = list(rows[:ESCALATED_READ])
    allowed = readable_leads(scope.reader, (row.lead_id for row in found), scope.visible)
    seen: dict[tuple[str, int], Reminder] = {}
    for row in found:
        if row.lead_id in allowed:
            seen.setdefault((row.rule, row.subject_id), row)
    return list(seen.values())


def _late(lead: Lead, scope: Scope, is_escalated: bool) -> dict[str, Any]:
    due_on: Any = lead.next_action_on
    return {
        **lead_item(lead),
        "what": said(lead, lead.next_action),
        "is_escalated": is_escalated,
        **_delay(due_on, scope),
    }


def _owed(row: Reminder, scope: Scope) -> dict[str, Any]:
    """Something else than the next step: an answer, a verdict, a blocker."""
    rule = rule_of(row.rule)
    lead: Any = row.lead
    return {
        **lead_item(lead),
        "what": str(rule.label) if rule else "",
        "is_escalated": True,
        **_delay(row.due_on, scope),
    }


def _delay(due_on: date, scope: Scope) -> dict[str, Any]:
    return {
        "due_on": due_on.isoformat(),
        "days": scope.calendar.overdue_workdays(due_on, scope.today),
        "is_provisional": scope.calendar.is_provisional(due_on),
    }


class Questions(Section):
    """At most so many questions a week; the most urgent first, the rest waits."""

    code = "questions"
    place = 20
    tells_of_now = True

    def content(self, scope: Scope) -> dict[str, Any] | None:
        rows = list(
            Decision.objects.waiting()
            .filter(blocker__lead__chain=scope.chain)
            .select_related("blocker__lead__owner", "asked_by")
        )
        allowed = readable_leads(scope.reader, (row.blocker.lead_id for row in rows), scope.visible)
        rows = [row for row in rows if row.blocker.lead_id in allowed]
        if not rows:
            return None
        asked = rows[: scope.questions]
        return {"items": [_question(row) for row in asked], "waiting": len(rows) - len(asked)}


def _question(row: Decision) -> dict[str, Any]:
    return {
        **lead_item(row.blocker.lead),
        "decision": row.pk,
        "question": row.question,
        "asked_by": str(row.asked_by),
        "due_on": row.blocker.due_on.isoformat(),
    }


class Coming(Section):
    """Dated steps, blockers, milestones and wake-ups of the seven days after the week."""

    code = "coming"
    place = 60
    tells_of_now = True

    def content(self, scope: Scope) -> dict[str, Any]:
        first, last = scope.period.after.start, scope.period.after.last_day
        items = [
            *_steps(scope, first, last),
            *_blockers(scope, first, last),
            *_milestones(scope, first, last),
            *_wake_ups(scope, first, last),
        ]
        items.sort(key=lambda item: item["day"])
        return {
            "first": first.isoformat(),
            "last": last.isoformat(),
            "items": items[:COMING_SHOWN],
            "more": max(0, len(items) - COMING_SHOWN),
        }


def _dated(item: dict[str, Any], day: date | None, kind: str, what: str) -> dict[str, Any]:
    return {**item, "day": day.isoformat() if day else "", "kind": kind, "what": what}


def _first(rows: QuerySet[Any]) -> list[Any]:
    return list(rows[: COMING_SHOWN * 4])


def _steps(scope: Scope, first: date, last: date) -> list[dict[str, Any]]:
    rows = leads_of(scope).filter(exit="", next_action_on__range=(first, last))
    found = _first(rows.select_related("owner").order_by("next_action_on", "pk"))
    return [
        _dated(lead_item(lead), lead.next_action_on, _("next step"), said(lead, lead.next_action))
        for lead in found
    ]


def _blockers(scope: Scope, first: date, last: date) -> list[dict[str, Any]]:
    rows = Blocker.objects.filter(
        lead__chain=scope.chain, lead__exit="", resolved_on=None, due_on__range=(first, last)
    )
    found = _first(rows.select_related("lead__owner").order_by("due_on", "pk"))
    allowed = readable_leads(scope.reader, (row.lead_id for row in found), scope.visible)
    return [
        _dated(lead_item(row.lead), row.due_on, _("to be cleared"), said(row.lead, row.description))
        for row in found
        if row.lead_id in allowed
    ]


def _milestones(scope: Scope, first: date, last: date) -> list[dict[str, Any]]:
    rows = Milestone.objects.filter(
        project__chain=scope.chain, is_reached=False, planned_on__range=(first, last)
    )
    found = _first(rows.select_related("project__contract__lead").order_by("planned_on", "pk"))
    allowed = readable_projects(scope.reader, (row.project_id for row in found))
    return [
        _dated(_project(row), row.planned_on, _("planned"), row.get_kind_display())
        for row in found
        if row.project_id in allowed
    ]


def _project(row: Milestone) -> dict[str, Any]:
    lead = row.project.contract.lead if row.project.contract else None
    secret = bool(lead and lead.confidential)
    return {
        "project": row.project_id,
        "name": str(lead) if secret else row.project.name,
        "owner": "",
        "secret": secret,
    }


def _wake_ups(scope: Scope, first: date, last: date) -> list[dict[str, Any]]:
    rows = leads_of(scope).filter(exit=Exit.SHELVED, wake_on__range=(first, last))
    found = _first(rows.select_related("owner").order_by("wake_on", "pk"))
    return [
        _dated(lead_item(lead), lead.wake_on, _("shelved lead to be looked at"), "")
        for lead in found
    ]
