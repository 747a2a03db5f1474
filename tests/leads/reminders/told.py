"""What the sweep told whom, in the words of a test."""

from __future__ import annotations

from datetime import date

import time_machine
from django.db import transaction

from kfq_crm.base.mail import deliver_due
from leads.models import Lead, Reminder
from leads.reminders.engine import SweepResult, run_reminders
from tests.mailing import at

Told = set[tuple[str, int, str]]


def sweep(moment: str = "2026-11-23T09:00") -> SweepResult:
    """A sweep and a delivery at a moment of site time."""
    with time_machine.travel(at(moment), tick=False):
        result = run_reminders()
        deliver_due()
    return result


def told(lead: Lead | None = None, *, state: str = "open") -> Told:
    """Rule, level and username of every reminder in this state."""
    rows = Reminder.objects.filter(state=state)
    if lead is not None:
        rows = rows.filter(lead=lead)
    return set(rows.values_list("rule", "level", "recipient__username"))


def due_on(lead: Lead, day: date) -> Lead:
    """Put the next step on a day, past or to come, as if it had been agreed then."""
    with transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(
            next_action_on=day, next_action="回访", due_revision=lead.due_revision + 1
        )
    lead.refresh_from_db()
    return lead
