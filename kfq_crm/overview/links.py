"""Addresses of lists that a figure or a heading opens."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.urls import reverse

if TYPE_CHECKING:
    from kfq_crm.overview.queries.desk import Desk


def lead_list(desk: Desk, tab: str, **filters: object) -> str:
    """The list of leads, opened at the part that the desk shows the head of."""
    query: dict[str, object] = {"tab": tab, **filters}
    if desk.person:
        query["owner"] = desk.person.pk
    elif len(desk.chains) == 1:
        query["chain"] = desk.chains[0].pk
    return f"{reverse('admin:leads_lead_changelist')}?{urlencode(query)}"
