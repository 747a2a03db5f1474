"""What records can be found by, kept in step with every write."""

from __future__ import annotations

from collections.abc import Iterable

from kfq_crm.base.names import pinyin_full, pinyin_initials
from leads.models import Contact, Enterprise, Lead

LAST_DIGITS = 4


def set_enterprise_search(enterprise: Enterprise) -> None:
    """Fill the company's search words from its columns."""
    enterprise.set_search(*_words(enterprise.name), enterprise.parent_group, enterprise.uscc or "")


def set_lead_search(lead: Lead) -> None:
    """Fill the lead's search words: title, company, code, last digits of its team's contacts.

    The digits that the mask hides are left out: a search must not tell what a page conceals.
    """
    company = lead.enterprise
    phones = Contact.objects.filter(enterprise=company, team__chain=lead.chain_id)
    lead.set_search(
        *_words(lead.title),
        *_words(company.name),
        company.parent_group,
        company.uscc or "",
        lead.code_name,
        *(number[-LAST_DIGITS:] for number in phones.values_list("phone_key", flat=True)),
    )


def refresh_leads_of(enterprise: Enterprise) -> None:
    """Rewrite the search words of a company's leads; no revision changes, no data does."""
    leads = list(Lead.objects.filter(enterprise=enterprise).select_related("enterprise"))
    for lead in leads:
        set_lead_search(lead)
    Lead.objects.bulk_update(leads, ["search_text", "search_grams"], batch_size=200)


def _words(text: str) -> Iterable[str]:
    return (text, pinyin_initials(text), pinyin_full(text))
