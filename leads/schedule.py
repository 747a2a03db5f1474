"""What a lead's reminders hang on: the day of its next step, and the round they are in."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models import Lead

HANDED_OVER = {"owner", "reminder_round"}


def schedule(lead: Lead, action: str, day: date | None) -> None:
    """Set the next step of a locked lead. Another day raises the due revision: reminders of
    the old day are cancelled by the next sweep, the new day is reminded of in its turn."""
    if day != lead.next_action_on:
        lead.due_revision += 1
    lead.next_action, lead.next_action_on = action, day


def hand_to(lead: Lead, owner: User) -> None:
    """Give a locked lead to another person; the caller saves the columns HANDED_OVER."""
    if owner.pk != lead.owner_id:
        start_round(lead)
    lead.owner = owner


def start_round(lead: Lead) -> None:
    """All open reminders of the lead end with the next sweep; what is still due is recorded
    anew, for those whom it concerns now."""
    lead.reminder_round += 1
