"""The outbox. Callers record a message in their own transaction; a sweep delivers it.

Promise: each message is recorded exactly once a key; it is sent at least once, a second copy
only if the server, the network or the process fails between acceptance and record. Every copy
carries the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from email.utils import parseaddr
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

from kfq_crm.base.access import record_access
from kfq_crm.base.destinations import Destination, destination_of, destinations, outside
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.mail_book import REMINDER
from kfq_crm.base.mail_delivery import deliver_due
from kfq_crm.base.models import AccessKind, MailAttachment, MailState, OutgoingMail
from kfq_crm.base.wake import wake_after_commit

if TYPE_CHECKING:
    from kfq_crm.base.models import User

__all__ = [
    "REMINDER",
    "Letter",
    "MailFile",
    "Outsider",
    "cancel",
    "deliver_due",
    "enqueue",
    "enqueue_all",
    "resend",
]

DELIVER = "kfq_crm.base.tasks.deliver_mail"
LONGEST_SUBJECT = 250
LARGEST_FILES = 10 * 1024 * 1024  # bytes of all files of a mail; more is refused by mail servers
CHUNK = 500


@dataclass(frozen=True)
class MailFile:
    """A file to go with a mail; its bytes are stored with the mail."""

    name: str
    content_type: str
    content: bytes


@dataclass(frozen=True)
class Outsider:
    """Somebody without an account: an enterprise's contact person, reached by mail alone."""

    name: str
    address: str


@dataclass(frozen=True)
class Letter:
    """One message to one person. `key` makes it unique for ever: a second one is not recorded.

    `kind` beginning with "reminder" rests on rest days; see `mail_book.REMINDER`.
    """

    key: str
    recipient: User | Outsider
    subject: str
    text: str
    html: str = ""
    attachments: Sequence[MailFile] = ()
    not_before: datetime | None = None
    kind: str = ""


def enqueue(
    key: str,
    *,
    recipient: User | Outsider,
    subject: str,
    text: str,
    html: str = "",
    attachments: Sequence[MailFile] = (),
    not_before: datetime | None = None,
    kind: str = "",
) -> OutgoingMail | None:
    """Record a message in the current transaction; None when the key is on record already.

    A person who cannot be reached gets a row all the same, in state `undeliverable`: the caller
    reads the state, the operations page shows it. RuleViolation at `email` for an address
    outside that is none.
    """
    letter = Letter(key, recipient, subject, text, html, attachments, not_before, kind)
    recorded = enqueue_all([letter])
    return recorded[0] if recorded else None


@transaction.atomic
def enqueue_all(letters: Iterable[Letter]) -> list[OutgoingMail]:
    """The same for many messages in sets; returns the rows of keys that were not on record."""
    letters = _first_of_each_key(letters)
    recorded: list[OutgoingMail] = []
    for start in range(0, len(letters), CHUNK):
        recorded += _record(letters[start : start + CHUNK])
    if recorded:
        wake_after_commit(DELIVER)
    return recorded


def cancel(mails: Collection[str] | QuerySet[OutgoingMail]) -> int:
    """Cancel what was not handed over, by keys or as a queryset; returns how many were.

    A message that is being handed over, or whose hand-over has no answer on record, stays: it
    may have arrived.
    """
    rows = mails if isinstance(mails, QuerySet) else OutgoingMail.objects.filter(key__in=mails)
    idle = rows.filter(state__in=[MailState.WAITING, MailState.UNDELIVERABLE], unanswered=0)
    return idle.update(state=MailState.CANCELLED)


@transaction.atomic
def resend(*, mail: OutgoingMail, by: User, address: str = "") -> OutgoingMail:
    """Try a failed or undeliverable message anew, to where the person is reached now.

    It keeps its Message-ID. RuleViolation when it is in another state or there is still no way.
    """
    if not by.has_perm("base.change_outgoingmail"):
        raise RuleViolation("not_allowed", _("Only an administrator sends mail again."))
    row = OutgoingMail.objects.select_for_update(no_key=True).get(pk=mail.pk)
    if not row.awaits_remedy:
        raise RuleViolation("not_failed", _("This message neither failed nor is undeliverable."))
    way = destination_of(row.recipient) if row.recipient else outside(row.address)
    if way.problem:
        raise RuleViolation("undeliverable", way.problem)
    row.channel, row.address = way.channel, way.address
    row.state, row.attempts, row.next_try_at = MailState.WAITING, 0, timezone.now()
    row.save()
    record_access(
        AccessKind.ADMINISTRATION, by=by, subject="mail.resent", instance=row, address=address
    )
    wake_after_commit(DELIVER)
    return row


def _first_of_each_key(letters: Iterable[Letter]) -> list[Letter]:
    first: dict[str, Letter] = {}
    for letter in letters:
        first.setdefault(letter.key, letter)
    return list(first.values())


def _record(letters: Sequence[Letter]) -> list[OutgoingMail]:
    """INSERT … ON CONFLICT DO NOTHING; the token tells which rows are ours."""
    people = {
        letter.recipient.pk: letter.recipient
        for letter in letters
        if not isinstance(letter.recipient, Outsider)
    }
    ways = destinations(people.values()) if people else {}
    token = uuid4().hex
    OutgoingMail.objects.bulk_create(
        [_row(letter, _way(letter, ways), token) for letter in letters],
        ignore_conflicts=True,
    )
    ours = OutgoingMail.objects.filter(key__in=[letter.key for letter in letters], token=token)
    ours = ours.defer("text", "html")  # the caller has them
    recorded = {row.key: row for row in ours}
    files = [
        _file_row(recorded[letter.key], file)
        for letter in letters
        if letter.key in recorded
        for file in letter.attachments
    ]
    MailAttachment.objects.bulk_create(files)
    return list(recorded.values())


def _way(letter: Letter, ways: Mapping[int, Destination]) -> Destination:
    if isinstance(letter.recipient, Outsider):
        return outside(letter.recipient.address)
    return ways[letter.recipient.pk]


def _addressee(letter: Letter) -> dict[str, Any]:
    if isinstance(letter.recipient, Outsider):
        return {"outside_name": " ".join(letter.recipient.name.split()) or letter.recipient.address}
    return {"recipient": letter.recipient}


def _row(letter: Letter, way: Destination, token: str) -> OutgoingMail:
    if sum(len(file.content) for file in letter.attachments) > LARGEST_FILES:
        raise RuleViolation("files_too_large", _("The files of a mail are too large together."))
    now = timezone.now()
    start = letter.not_before or now
    return OutgoingMail(
        key=letter.key,
        message_id=message_id(letter.key),
        kind=letter.kind,
        **_addressee(letter),
        channel=way.channel,
        address=way.address,
        subject=" ".join(letter.subject.split())[:LONGEST_SUBJECT],
        text=letter.text,
        html=letter.html,
        state=MailState.UNDELIVERABLE if way.problem else MailState.WAITING,
        last_error=way.problem,
        not_before=start,
        next_try_at=start,
        created_at=now,
        token=token,
    )


def _file_row(mail: OutgoingMail, file: MailFile) -> MailAttachment:
    return MailAttachment(
        mail=mail,
        name=file.name,
        content_type=file.content_type,
        content=file.content,
        size=len(file.content),
    )


def message_id(key: str) -> str:
    """Fixed by the key: after a restored backup, too, a copy is known as a copy."""
    digest = salted_hmac("kfq_crm.base.mail", key, algorithm="sha256").hexdigest()[:32]
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    return f"<{digest}@{domain}>"
