"""Where on the lead's pages each requirement of a gate is filled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from kfq_crm.base.errors import Requirement
from leads.models import Contract, Lead

VERBS = {
    "screening": "admin:leads_lead_record_screening",
    "opinions": "admin:leads_lead_record_opinion",
    "review": "admin:leads_lead_record_review",
    "contract": "admin:leads_lead_record_contract",
    "details": "admin:leads_lead_change",
}


@dataclass(frozen=True)
class LinkedRequirement:
    """One line of the checklist: what, whether it is met, where it is filled."""

    label: Any
    url: str
    is_met: bool = False


def linked(
    missing: Iterable[Requirement], lead: Lead, agreement: Contract | None = None
) -> list[LinkedRequirement]:
    """Requirements that are not met, each with the page that fills it."""
    return [LinkedRequirement(item.label, place_of(item, lead, agreement)) for item in missing]


def place_of(item: Requirement, lead: Lead, agreement: Contract | None = None) -> str:
    """Address of the place that fills the requirement.

    Where a signed agreement only lacks a reference, that is its own form.
    """
    if item.place == "follow_up":
        return reverse("admin:leads_lead_page", args=[lead.pk]) + "#entry"
    if item.place == "contract" and agreement and item.code != "agreement":
        return reverse("admin:leads_contract_change", args=[agreement.pk])
    address = reverse(VERBS[item.place], args=[lead.pk])
    if item.place == "opinions":
        address += "?department=" + item.code.removeprefix("opinion_")
    return address
