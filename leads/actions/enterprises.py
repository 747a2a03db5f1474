"""Registering companies and contact persons."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base import access, concurrency
from kfq_crm.base.codes import (
    clean_industry_code,
    clean_phone,
    clean_region_code,
    clean_uscc,
    phone_key,
)
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from kfq_crm.base.names import company_key
from leads.actions.search import refresh_leads_of, set_enterprise_search
from leads.models import Contact, Enterprise
from leads.queries import find_matches

if TYPE_CHECKING:
    from chains.models import TaskTeam
    from kfq_crm.base.models import User

ENTERPRISE_FIELDS = {
    "name",
    "uscc",
    "parent_group",
    "industry_code",
    "region_code",
    "country",
    "address",
    "note",
    "is_public",
}
CONTACT_FIELDS = {"name", "post", "phone", "email", "note", "owner"}


@transaction.atomic
def register_enterprise(
    *, name: str, by: User | None, team: TaskTeam | None, **values: Any
) -> Enterprise:
    """The company on record, or a new one; a name or code already known is the same company.

    A group in common does not make two companies one. Raises RuleViolation on a wrong code.
    """
    fresh = Enterprise(name=name.strip(), registered_by=team)
    _fill(fresh, values)
    known = find_matches(name=fresh.name, uscc=fresh.uscc).first_same()
    return known or concurrency.create(fresh, by=by)


@transaction.atomic
def update_enterprise(
    *, enterprise: Enterprise, values: Mapping[str, Any], by: User, expected: int | None
) -> Enterprise:
    """Change a company's data; leads of it are found by the new words at once."""
    locked = concurrency.lock(Enterprise.objects.visible_to(by), enterprise.pk, expected)
    _fill(locked, values)
    _refuse_second_code(locked)
    concurrency.save(locked, by=by)
    refresh_leads_of(locked)
    return locked


def _fill(enterprise: Enterprise, values: Mapping[str, Any]) -> None:
    for field in ENTERPRISE_FIELDS & values.keys():
        setattr(enterprise, field, values[field])
    enterprise.uscc = clean_uscc(enterprise.uscc) if enterprise.uscc else None
    if enterprise.industry_code:
        enterprise.industry_code = clean_industry_code(enterprise.industry_code)
    if enterprise.region_code:
        enterprise.region_code = clean_region_code(enterprise.region_code)
    enterprise.name_key = company_key(enterprise.name)
    enterprise.parent_key = company_key(enterprise.parent_group) if enterprise.parent_group else ""
    set_enterprise_search(enterprise)


def _refuse_second_code(enterprise: Enterprise) -> None:
    others = Enterprise.objects.filter(uscc=enterprise.uscc).exclude(pk=enterprise.pk)
    if enterprise.uscc and others.exists():
        raise RuleViolation(
            "uscc_taken",
            _("Another company on record has this code; ask the coordination office."),
            "uscc",
        )


@transaction.atomic
def add_contact(
    *, enterprise: Enterprise, team: TaskTeam, values: Mapping[str, Any], by: User
) -> Contact:
    """Add a contact person; whoever adds one owns the relation unless another is named."""
    contact = Contact(enterprise=enterprise, team=team, owner=by)
    _fill_contact(contact, values)
    concurrency.create(contact, by=by)
    refresh_leads_of(enterprise)
    return contact


@transaction.atomic
def update_contact(
    *, contact: Contact, values: Mapping[str, Any], by: User, expected: int | None
) -> Contact:
    """Change a contact person's data. A masked number that comes back unchanged is kept."""
    locked = concurrency.lock(Contact.objects.visible_to(by), contact.pk, expected)
    values = dict(values)
    if values.get("phone") == locked.phone_for(by):
        values.pop("phone")
    _fill_contact(locked, values)
    concurrency.save(locked, by=by)
    refresh_leads_of(locked.enterprise)
    return locked


def _fill_contact(contact: Contact, values: Mapping[str, Any]) -> None:
    for field in CONTACT_FIELDS & values.keys():
        setattr(contact, field, values[field])
    if contact.phone:
        contact.phone = clean_phone(contact.phone)
    contact.phone_key = phone_key(contact.phone) if contact.phone else ""


def reveal_phone(*, contact: Contact, by: User, address: str = "") -> str:
    """The full number; the look is in the access log before the number is given out."""
    access.record_access(
        AccessKind.REVEAL,
        by=by,
        subject="contact.phone",
        instance=contact,
        detail={"enterprise": contact.enterprise_id},
        address=address,
    )
    return contact.phone
