"""Registering companies and contact persons."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from chains.models import TaskTeam
from chains.visibility import sees_all
from kfq_crm.base import access, concurrency
from kfq_crm.base.codes import (
    clean_industry_code,
    clean_phone,
    clean_region_code,
    clean_uscc,
    phone_key,
)
from kfq_crm.base.columns import at_field, fill
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from kfq_crm.base.names import company_key
from leads.actions.claims import refresh_keys, refuse_loosening, refuse_taken
from leads.actions.search import refresh_leads_of, set_enterprise_search
from leads.models import Contact, Enterprise
from leads.permissions import NotAllowed
from leads.queries import find_matches, keys_of

if TYPE_CHECKING:
    from collections.abc import Callable

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

    A group in common does not make two companies one. Raises RuleViolation on a wrong code, and
    for a company on record that is hidden from the person: logging a lead tells who holds it.
    """
    company = match_or_register(name=name, by=by, team=team, **values).enterprise
    if by and not Enterprise.objects.visible_to(by).filter(pk=company.pk).exists():
        raise RuleViolation(
            "on_record", _("This company is on record already; log a lead to claim it."), "name"
        )
    return company


@dataclass(frozen=True)
class Registered:
    """`is_new`: nobody else has seen the company yet, so nothing hangs on it."""

    enterprise: Enterprise
    is_new: bool


def match_or_register(
    *, name: str, by: User | None, team: TaskTeam | None, **values: Any
) -> Registered:
    """As `register_enterprise`, past visibility: for a caller that claims the company next.

    What the company on record lacks (its code, its parent) is completed from what was typed.
    Must run in a transaction.
    """
    fresh = Enterprise(name=name, registered_by=team)
    _fill(fresh, values)
    known = find_matches(name=fresh.name, uscc=fresh.uscc).first_same()
    if known:
        return Registered(_completed(known, fresh, by=by), is_new=False)
    if not fresh.uscc:
        return Registered(concurrency.create(fresh, by=by), is_new=True)
    try:
        with transaction.atomic():
            return Registered(concurrency.create(fresh, by=by), is_new=True)
    except IntegrityError:  # somebody registered this code in this very moment
        return Registered(Enterprise.objects.get(uscc=fresh.uscc), is_new=False)


def _completed(known: Enterprise, typed: Enterprise, *, by: User | None) -> Enterprise:
    blanks = [
        name
        for name in ("uscc", "parent_group", "region_code", "country")
        if getattr(typed, name) and not getattr(known, name)
    ]
    if blanks:
        known = concurrency.lock(Enterprise.objects.all(), known.pk)
        _fill(known, {name: getattr(known, name) or getattr(typed, name) for name in blanks})
        try:
            with transaction.atomic():
                concurrency.save(known, by=by)
        except IntegrityError as error:  # another company got this code in this very moment
            raise _code_taken() from error
        refresh_leads_of(known)
        refresh_keys(known)
    return known


@transaction.atomic
def update_enterprise(
    *, enterprise: Enterprise, values: Mapping[str, Any], by: User, expected: int | None
) -> Enterprise:
    """Change a company's data; leads of it are found by the new words at once.

    Raises ClaimHeld when a claimed company would take a name or code that another team holds,
    RuleViolation when somebody else would take away what a team's claim holds it by.
    """
    locked = concurrency.lock(Enterprise.objects.visible_to(by), enterprise.pk, expected)
    _require_permission(by, "leads.change_enterprise")
    before = set(keys_of(locked)), locked.is_public
    _fill(locked, values)
    _refuse_second_code(locked)
    if locked.is_public != before[1] and not sees_all(by):
        raise NotAllowed("not_allowed", _("Only the coordination office may do this."), "is_public")
    after = set(keys_of(locked))
    refuse_taken(locked, after - before[0], "name")
    refuse_loosening(locked, before[0] - after, by)
    concurrency.save(locked, by=by)
    refresh_leads_of(locked)
    refresh_keys(locked)
    return locked


def _fill(enterprise: Enterprise, values: Mapping[str, Any]) -> None:
    fill(enterprise, ENTERPRISE_FIELDS, values)
    enterprise.name = (enterprise.name or "").strip()
    enterprise.uscc = _cleaned(clean_uscc, enterprise.uscc, "uscc") or None
    enterprise.industry_code = _cleaned(
        clean_industry_code, enterprise.industry_code, "industry_code"
    )
    enterprise.region_code = _cleaned(clean_region_code, enterprise.region_code, "region_code")
    enterprise.name_key = company_key(enterprise.name)
    enterprise.parent_key = company_key(enterprise.parent_group or "")
    if not enterprise.name_key:
        raise RuleViolation("name_missing", _("Enter the name of the company."), "name")
    set_enterprise_search(enterprise)


def _cleaned(clean: Callable[[object], str], text: str | None, field: str) -> str:
    if not text:
        return ""
    with at_field(field):
        return clean(text)


def _refuse_second_code(enterprise: Enterprise) -> None:
    others = Enterprise.objects.filter(uscc=enterprise.uscc).exclude(pk=enterprise.pk)
    if enterprise.uscc and others.exists():
        raise _code_taken()


def _code_taken() -> RuleViolation:
    message = _("Another company on record has this code; ask the coordination office.")
    return RuleViolation("uscc_taken", message, "uscc")


@transaction.atomic
def add_contact(
    *, enterprise: Enterprise, team: TaskTeam, values: Mapping[str, Any], by: User
) -> Contact:
    """Add a contact person of one's own team at a company that one sees.

    Whoever adds one owns the relation unless another is named.
    """
    _require_permission(by, "leads.add_contact")
    if not sees_all(by) and not team.group.user_set.filter(pk=by.pk).exists():
        raise NotAllowed("not_your_team", _("You can add contacts of your own team only."), "team")
    known = Enterprise.objects.visible_to(by).get(pk=enterprise.pk)
    contact = first_contact(enterprise=known, team=team, values=values, by=by)
    refresh_leads_of(known)
    refresh_keys(known)
    return contact


def first_contact(
    *, enterprise: Enterprise, team: TaskTeam, values: Mapping[str, Any], by: User
) -> Contact:
    """As `add_contact` for a caller that logs the lead, claims and search words next."""
    contact = Contact(enterprise=enterprise, team=team, owner=by)
    _fill_contact(contact, values)
    return concurrency.create(contact, by=by)


@transaction.atomic
def update_contact(
    *, contact: Contact, values: Mapping[str, Any], by: User, expected: int | None
) -> Contact:
    """Change a contact person's data. A masked number that comes back unchanged is kept.

    Another owner of the relation reads the number unmasked: the hand-over is in the access log,
    and only the owner, the team's head or the coordination office may do it.
    """
    locked = concurrency.lock(Contact.objects.visible_to(by), contact.pk, expected)
    _require_permission(by, "leads.change_contact")
    values = dict(values)
    if values.get("phone") == locked.phone_for(by):
        values.pop("phone")
    owner_before = locked.owner
    _fill_contact(locked, values)
    if locked.owner_id != owner_before.pk:
        _hand_over(locked, owner_before, by)
    concurrency.save(locked, by=by)
    refresh_leads_of(locked.enterprise)
    refresh_keys(locked.enterprise)
    return locked


def _hand_over(contact: Contact, before: User, by: User) -> None:
    if by.pk not in {before.pk, contact.team.head_id} and not sees_all(by):
        raise NotAllowed(
            "not_owner", _("Only the one who owns the relation or the team head may."), "owner"
        )
    heir = contact.team.group.user_set.filter(pk=contact.owner_id, is_active=True)
    if not heir.exists():
        raise RuleViolation("not_in_team", _("The new owner must be in the same team."), "owner")
    access.record_access(
        AccessKind.REVEAL,
        by=by,
        subject="contact.owner",
        instance=contact,
        detail={"enterprise": contact.enterprise_id, "owner": contact.owner_id},
    )


def _fill_contact(contact: Contact, values: Mapping[str, Any]) -> None:
    fill(contact, CONTACT_FIELDS, values)
    contact.phone = _cleaned(clean_phone, contact.phone, "phone")
    contact.phone_key = phone_key(contact.phone) if contact.phone else ""


@transaction.atomic
def reveal_phone(*, contact: Contact, by: User, address: str = "") -> str:
    """The full number; the look is in the access log before the number is given out.

    Raises DoesNotExist for a contact that is hidden from the person.
    """
    seen = Contact.objects.visible_to(by).get(pk=contact.pk)
    access.record_access(
        AccessKind.REVEAL,
        by=by,
        subject="contact.phone",
        instance=seen,
        detail={"enterprise": seen.enterprise_id},
        address=address,
    )
    return seen.phone


def _require_permission(by: User, permission: str) -> None:
    if not by.has_perm(permission):
        raise NotAllowed("not_allowed", _("You may read this, not change it."))
