"""From a frozen digest to messages: to the reader, and to who stands in for him or her."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import mail
from kfq_crm.base.absences import stand_in
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.mail import MailFile
from kfq_crm.base.mail_models import MailAttachment
from leads.digest.letters import render
from leads.digest.links import answer_links
from leads.digest.payload import for_viewer
from leads.models import Digest, DigestState
from leads.rulebook import digest_rule

if TYPE_CHECKING:
    from kfq_crm.base.models import OutgoingMail, User

KIND = "digest"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def send_digest(digest: Digest, now: datetime) -> None:
    """Queue a locked digest for its reader and the reader's deputy; the mail then holds the
    workbook. Call it in a transaction: all of it, or none."""
    files = _files(digest)
    digest.mail = _enqueue(digest, digest.reader, now, files)
    deputy = stand_in(digest.reader, timezone.localdate(now))
    if deputy:
        _enqueue_copy(digest, deputy, now)
    digest.state, digest.ledger = DigestState.QUEUED, None
    digest.save(update_fields=["mail", "state", "ledger"])


def send_again(digest: Digest, now: datetime) -> OutgoingMail | None:
    """Queue the same content once more for the reader, under a key of its own; for a locked
    digest. Links are signed anew."""
    files = _files(digest)
    digest.copies += 1
    digest.mail = _enqueue(digest, digest.reader, now, files)
    digest.state, digest.ledger = DigestState.QUEUED, None
    digest.save(update_fields=["mail", "state", "ledger", "copies"])
    return digest.mail


def _enqueue(
    digest: Digest, person: User, now: datetime, files: list[MailFile]
) -> OutgoingMail | None:
    letter = render(
        digest.payload,
        person=person,
        links=answer_links(digest.payload, digest, person),
        has_ledger=bool(files),
    )
    return mail.enqueue(
        f"{digest.key}{person.pk}:{digest.copies}",
        recipient=person,
        kind=KIND,
        attachments=files,
        not_before=_not_before(now),
        subject=letter["subject"],
        text=letter["text"],
        html=letter["html"],
    )


def _enqueue_copy(digest: Digest, deputy: User, now: datetime) -> None:
    """A deputy reads what he or she may see; the workbook stays with the leader."""
    payload = for_viewer(digest.payload, deputy)
    letter = render(
        payload,
        person=deputy,
        links=answer_links(payload, digest, deputy),
        has_ledger=False,
        in_place_of=str(digest.reader),
    )
    mail.enqueue(
        f"{digest.key}{deputy.pk}:deputy",
        recipient=deputy,
        kind=KIND,
        not_before=_not_before(now),
        subject=letter["subject"],
        text=letter["text"],
        html=letter["html"],
    )


def _files(digest: Digest) -> list[MailFile]:
    """The frozen workbook: from the digest, or once it was mailed from the mail."""
    if digest.ledger:
        name = _("%(chain)s one-chain list") % {"chain": digest.chain}
        return [MailFile(f"{name} {digest.code}.xlsx", XLSX, bytes(digest.ledger))]
    if digest.mail_id is None:
        return []
    kept = MailAttachment.objects.filter(mail=digest.mail_id)
    return [MailFile(file.name, file.content_type, bytes(file.content)) for file in kept]


def _not_before(now: datetime) -> datetime:
    """Nothing is sent on a rest day: then at the rule's time of the next working day."""
    day, calendar = timezone.localdate(now), current_calendar()
    rule = digest_rule(day)
    if calendar.is_workday(day) or rule is None:
        return now
    following = datetime.combine(calendar.next_workday(day), rule.time)
    return timezone.make_aware(following)
