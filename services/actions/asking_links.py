"""Links by which enterprises ask without an account: given out, sent, taken back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.db import transaction
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.access import record_access
from kfq_crm.base.codes import clean_phone
from kfq_crm.base.columns import at_field
from kfq_crm.base.destinations import outside
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.mail import Outsider, enqueue
from kfq_crm.base.models import AccessKind, OutgoingMail
from services.actions.question_story import now_or, words
from services.models import DIRECT, AskingLink, Liaison, is_secret
from services.question_clock import link_rule
from services.question_rights import may_name, require
from services.signed_links import are_sent, asking_address

if TYPE_CHECKING:
    from datetime import datetime

    from kfq_crm.base.models import User
    from leads.models import Enterprise


def may_give_link(user: User, enterprise: Enterprise) -> bool:
    """Service staff, and the enterprise's own liaison officer."""
    if not user.has_perm("services.add_askinglink") or not may_name(user, enterprise):
        return False
    cares = Liaison.objects.active().filter(officer=user, enterprise=enterprise).exists()
    return cares or user.has_perm(DIRECT)


@transaction.atomic
def give_link(
    *,
    enterprise: Enterprise,
    contact_name: str,
    by: User,
    contact_email: str = "",
    contact_phone: str = "",
    address: str = "",
    now: datetime | None = None,
) -> AskingLink:
    """Make a link for a person at the enterprise; it is on record who gave it to whom.

    With an e-mail address it is sent there, where links are sent at all. Valid as long as the
    rule says, or until taken back.
    """
    require(may_give_link(by, enterprise))
    moment = now_or(now)
    today = timezone.localdate(moment)
    link = AskingLink(
        enterprise=enterprise,
        contact_name=words(contact_name, "contact_name", _("Name whom the link is for.")),
        contact_email=contact_email.strip(),
        issued_by=by,
        expires_on=today + timedelta(days=link_rule(today).link_days),
        confidential=is_secret(enterprise),
    )
    if contact_phone:
        with at_field("contact_phone"):
            link.contact_phone = clean_phone(contact_phone)
    if link.contact_email:
        with at_field("contact_email"):
            outside(link.contact_email)
    concurrency.create(link, by=by)
    record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject="asking_link.given",
        instance=link,
        detail={"enterprise": enterprise.pk},
        address=address,
    )
    if link.contact_email and are_sent():
        _send(link)
    return link


def was_mailed(link: AskingLink) -> bool:
    return OutgoingMail.objects.filter(key=_mail_key(link)).exists()


def _mail_key(link: AskingLink) -> str:
    return f"asking_link:{link.pk}"


@transaction.atomic
def revoke_link(
    *,
    link: AskingLink,
    by: User,
    expected: int | None = None,
    address: str = "",
    now: datetime | None = None,
) -> AskingLink:
    """From now on the link opens a page that says it is no longer valid."""
    locked = concurrency.lock(AskingLink.objects.visible_to(by), link.pk, expected)
    require(locked.issued_by_id == by.pk or may_give_link(by, locked.enterprise))
    if locked.revoked_at:
        raise RuleViolation("revoked", _("This link was taken back already."))
    locked.revoked_at, locked.revoked_by = now_or(now), by
    record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject="asking_link.revoked",
        instance=locked,
        detail={"enterprise": locked.enterprise_id},
        address=address,
    )
    return concurrency.save(locked, by=by)


def _send(link: AskingLink) -> OutgoingMail | None:
    context = {"link": link, "address": asking_address(link)}
    with translation.override(settings.LANGUAGE_CODE):
        subject = render_to_string("services/mail/link_subject.txt", context)
        text = render_to_string("services/mail/link_body.txt", context)
    return enqueue(
        _mail_key(link),
        recipient=Outsider(link.contact_name, link.contact_email),
        subject=subject,
        text=text,
        kind="question:link",
    )
