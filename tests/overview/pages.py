"""What the tests of the overview's pages share."""

from datetime import date, timedelta
from typing import Any

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from chains.models import TaskTeam
from kfq_crm.base.models import User
from leads.models import Lead
from tests.factories import log_a_lead


def open_page(client: Client, who: User, address: str, **query: Any) -> Any:
    """The page as this person gets it."""
    client.force_login(who)
    return client.get(address, query)


def a_lead_due(days: int, *, by: User, **overrides: Any) -> Lead:
    """A lead whose next step is due so many days from today (negative: overdue)."""
    lead = log_a_lead(by=by, **overrides)
    return change(lead, next_action_on=timezone.localdate() + timedelta(days=days))


def change(lead: Lead, **columns: Any) -> Lead:
    """Put a lead into a state that time brings about."""
    Lead.objects.filter(pk=lead.pk).update(**columns)
    lead.refresh_from_db()
    return lead


def months_ago(months: int) -> date:
    return timezone.localdate() - timedelta(days=31 * months)


def confidential(*, by: User, **overrides: Any) -> Lead:
    values = {"confidential": True, "code_name": "启明项目", "title": "不可外传的项目名称"}
    return log_a_lead(by=by, **{**values, **overrides})


def send(client: Client, who: User, route: str, *args: Any, **data: Any) -> Any:
    """The answer to a form that this person sends."""
    client.force_login(who)
    return client.post(reverse(f"admin:{route}", args=args), data)


def team_page_of(team: TaskTeam) -> str:
    return reverse("admin:team_page", args=[team.pk])
