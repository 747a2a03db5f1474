"""The next step of a lead: every change of its day starts the reminders anew."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from leads.models import Lead


def schedule(lead: Lead, action: str, day: date | None) -> None:
    """Set the next step of a locked lead. Another day raises the due revision: reminders of
    the old day are cancelled by the next sweep, the new day is reminded of in its turn."""
    if day != lead.next_action_on:
        lead.due_revision += 1
    lead.next_action, lead.next_action_on = action, day
