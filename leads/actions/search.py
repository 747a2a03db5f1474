"""What records can be found by, kept in step with every write."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from kfq_crm.base.names import pinyin_full, pinyin_initials
from leads.models import Contact, Enterprise, Lead

LAST_DIGITS = 4


class Spelling(NamedTuple):
    """A name with the pinyin that people type for it."""

    text: str
    initials: str
    full: str


def spell(text: str) -> Spelling:
    return Spelling(text, pinyin_initials(text), pinyin_full(text))


def enterprise_texts(name: Spelling, parent_group: str, uscc: str | None) -> list[str]:
    """What a company can be found by; empty texts say nothing."""
    return [*name, parent_group, uscc or ""]


def lead_texts(
    title: Spelling, company: list[str], code_name: str, phone_keys: Iterable[str]
) -> list[str]:
    """What a lead can be found by: title, company, code name, last digits of contacts.

    The digits that the mask hides are left out: a search must not tell what a page conceals.
    """
    return [*title, *company, code_name, *(number[-LAST_DIGITS:] for number in phone_keys)]


def set_enterprise_search(enterprise: Enterprise) -> None:
    """Fill the company's search words from its columns."""
    enterprise.set_search(*_texts_of(enterprise))


def set_lead_search(lead: Lead) -> None:
    """Fill the lead's search words; contacts are those of its team."""
    _set_words(lead, lead.enterprise, _numbers_at(lead.enterprise))


def refresh_leads_of(enterprise: Enterprise) -> None:
    """Rewrite the search words of a company's leads; no revision changes, no data does.

    The leads are locked first: a title saved meanwhile would else be found by its old words.
    """
    rows = Lead.objects.select_for_update(no_key=True)
    leads = list(rows.filter(enterprise=enterprise).order_by("pk"))
    numbers = _numbers_at(enterprise) if leads else []
    for lead in leads:
        _set_words(lead, enterprise, numbers)
    Lead.objects.bulk_update(leads, ["search_text", "search_grams"], batch_size=200)


def _numbers_at(company: Enterprise) -> list[tuple[int, str]]:
    """Chain of the team that knows it, and number, of each contact at the company."""
    contacts = Contact.objects.filter(enterprise=company).exclude(phone_key="").order_by("pk")
    return list(contacts.values_list("team__chain", "phone_key"))


def _set_words(lead: Lead, company: Enterprise, numbers: Iterable[tuple[int, str]]) -> None:
    own = (number for chain, number in numbers if chain == lead.chain_id)
    lead.set_search(*lead_texts(spell(lead.title), _texts_of(company), lead.code_name, own))


def _texts_of(enterprise: Enterprise) -> list[str]:
    return enterprise_texts(spell(enterprise.name), enterprise.parent_group, enterprise.uscc)
