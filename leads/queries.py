"""Reads over leads: facts for the gates, matches of companies, what a person has on the desk."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import TYPE_CHECKING

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from chains.models import Outpost
from kfq_crm.base.codes import clean_phone, phone_key
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from kfq_crm.base.names import company_key
from kfq_crm.base.parsing import nfkc
from kfq_crm.base.search import matching
from leads.models import (
    ClaimKey,
    Contact,
    Contract,
    ContractKind,
    Enterprise,
    KeyKind,
    Lead,
)
from leads.stages import LeadFacts

if TYPE_CHECKING:
    from django.db.models import QuerySet

# As `Lead.number` writes it; 18 digits are within every database's range.
LEAD_NUMBER = re.compile(r"xs0*([1-9][0-9]{0,17})", re.IGNORECASE)


def facts_of(lead: Lead) -> LeadFacts:
    """Everything the gates ask about, in five queries."""
    return facts_from(
        lead,
        verdict=lead.screenings.values_list("verdict", flat=True).first() or "",
        talked=lead.follow_ups.filter(two_way=True).exists(),
        departments=lead.opinions.values_list("department", flat=True),
        has_minutes=lead.reviews.exists(),
        contracts=lead.contracts.filter(kind=ContractKind.INVESTMENT),
    )


def facts_from(
    lead: Lead,
    *,
    verdict: str,
    talked: bool,
    departments: Iterable[str],
    has_minutes: bool,
    contracts: Iterable[Contract],
) -> LeadFacts:
    """The same from rows that the caller has read already."""
    agreement = signed_agreement(contracts)
    return LeadFacts(
        has_investor=bool(lead.enterprise_id),
        has_chain=bool(lead.chain_id),
        has_owner=bool(lead.owner_id),
        has_source=bool(lead.source),
        duplicate_checked=lead.duplicates_checked_at is not None,
        verdict=verdict,
        two_way_contact=talked,
        next_action_dated=lead.next_action_on is not None,
        opinions=frozenset(departments),
        has_minutes=has_minutes,
        has_investment_agreement=agreement is not None,
        has_legal_review=bool(agreement and agreement.legal_review_reference),
        has_fair_competition_review=bool(agreement and agreement.fair_competition_reference),
    )


def signed_agreement(contracts: Iterable[Contract]) -> Contract | None:
    """The investment agreement with the most references, so that one complete paper is enough."""
    return max(
        (contract for contract in contracts if contract.kind == ContractKind.INVESTMENT),
        key=lambda c: bool(c.legal_review_reference) + bool(c.fair_competition_reference),
        default=None,
    )


@dataclass(frozen=True)
class Match:
    """A company on record that may be the one typed, and why."""

    enterprise: Enterprise
    kind: KeyKind


@dataclass(frozen=True)
class Matches:
    """Matches of a company, the strongest kind first, a company once."""

    found: list[Match] = field(default_factory=list)

    def first_same(self) -> Enterprise | None:
        """The company that is the same by code or by name; two codes are two companies."""
        same = (m for m in self.found if m.kind in {KeyKind.USCC, KeyKind.NAME})
        return next((match.enterprise for match in same), None)


def company_keys(
    *, name: str, uscc: str | None = None, parent: str = "", phones: tuple[str, ...] = ()
) -> list[tuple[KeyKind, str]]:
    """The keys that a company is known by, strongest first. `parent` is a name as typed."""
    keys = [(KeyKind.USCC, uscc)] if uscc else []
    if parent:
        keys.append((KeyKind.PARENT, company_key(parent)))
    keys.append((KeyKind.NAME, company_key(name)))
    numbers = (phone_key(number) for number in phones)
    return [*keys, *((KeyKind.PHONE, number) for number in numbers if number)]


def find_matches(
    *, name: str, uscc: str | None = None, parent: str = "", phones: tuple[str, ...] = ()
) -> Matches:
    """Companies on record that share a key with the one typed; one query a kind.

    Reads past visibility on purpose: whether a company is held is asked of all teams. Callers
    show a person nothing of it but the claim's notice.
    """
    found: dict[int, Match] = {}
    for kind, value in company_keys(name=name, uscc=uscc, parent=parent, phones=phones):
        for enterprise in _by_key(kind, value, uscc)[:20]:
            found.setdefault(enterprise.pk, Match(enterprise, kind))
    return Matches(list(found.values()))


def _by_key(kind: KeyKind, value: str, uscc: str | None) -> QuerySet[Enterprise]:
    rows = Enterprise.objects.order_by("pk")
    if kind == KeyKind.USCC:
        return rows.filter(uscc=value)
    if kind == KeyKind.PARENT:
        # A subsidiary names its parent, or the typed parent is itself the company on record.
        return rows.filter(Q(parent_key=value) | Q(name_key=value))
    if kind == KeyKind.NAME:
        same_name = rows.filter(name_key=value)
        return same_name.filter(Q(uscc=None) | Q(uscc=uscc)) if uscc else same_name
    holders = Contact.objects.filter(phone_key=value, enterprise=OuterRef("pk"))
    return rows.filter(Exists(holders))


def keys_of(enterprise: Enterprise) -> list[tuple[KeyKind, str]]:
    """All keys of a company on record, with its contacts' numbers."""
    phones = enterprise.contacts.exclude(phone_key="").values_list("phone_key", flat=True)
    return company_keys(
        name=enterprise.name,
        uscc=enterprise.uscc,
        parent=enterprise.parent_group,
        phones=tuple(phones),
    )


def any_key(keys: Collection[tuple[KeyKind, str]]) -> Q:
    """Condition on claim keys: one of these; none when there are none."""
    condition = Q(pk__in=[])
    for kind, value in keys:
        condition |= Q(kind=kind, value=value)
    return condition


def held_keys(keys: Collection[tuple[KeyKind, str]]) -> list[ClaimKey]:
    """Those of the keys that claims in force hold, the strongest first, with claim and team."""
    strength = list(KeyKind)
    held = ClaimKey.objects.filter(any_key(keys)).select_related("claim__team")
    return sorted(held, key=lambda row: (strength.index(KeyKind(row.kind)), row.pk))


def typed_phone(text: str) -> str:
    """Digits of a number as typed, empty when it is none: a match never fails on a typing slip."""
    try:
        return phone_key(clean_phone(text))
    except RuleViolation:
        return ""


def members_of(chain: int) -> QuerySet[User]:
    """People of a chain's team who can be given work; what pickers of a person offer."""
    members = User.staff.filter(is_active=True, groups__task_team__chain=chain)
    return members.order_by("display_name")


def outposts_for(user: User, lead: Lead | None = None) -> QuerySet[Outpost]:
    """Outposts that a lead can come from: those not closed, and the one that it has."""
    kept = lead.outpost_id if lead else None
    return Outpost.objects.visible_to(user).filter(Q(closed_on=None) | Q(pk=kept))


def expandable_contracts(lead: Lead, user: User) -> QuerySet[Contract]:
    """Counted contracts of the lead's company that a person sees; a new one may expand them."""
    counted = Contract.objects.visible_to(user).filter(counted=True, expands=None)
    return counted.filter(lead__enterprise=lead.enterprise_id)


def open_leads(user: User) -> QuerySet[Lead]:
    """Open leads that a person sees, with what a row shows."""
    return (
        Lead.objects.visible_to(user)
        .open()
        .select_related("enterprise", "chain", "segment", "owner")
    )


def search_leads(leads: QuerySet[Lead], words: str) -> QuerySet[Lead]:
    """Leads that hold every word, or the one of that number (XS000123)."""
    number = LEAD_NUMBER.fullmatch(nfkc(words))
    return leads.filter(pk=number[1]) if number else matching(leads, words)


def stalled(leads: QuerySet[Lead], before: date) -> QuerySet[Lead]:
    """Open leads without progress since before that day."""
    return leads.filter(stalled_since(before), exit="")


def stalled_since(before: date) -> Q:
    """Condition on leads: the last progress lies before that day; one that never had any counts
    from the day it was logged."""
    logged_before = timezone.make_aware(datetime.combine(before, time.min))
    return Q(last_progress_on__lt=before) | Q(last_progress_on=None, created_at__lt=logged_before)
