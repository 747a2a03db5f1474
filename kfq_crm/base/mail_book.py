"""Claims and records: which worker holds which messages, and what became of them.

A batch is claimed by a conditional UPDATE under a token and gets a book with a lease. Before
the text of a message goes out, the book names it in a committed statement. Rows are recorded
as sent in sets; see HandOver for what a dead worker's book tells.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F, QuerySet
from django.utils.translation import gettext as _

from kfq_crm.base.models import HandOver, MailAttachment, MailState, OutgoingMail
from kfq_crm.base.wire import rows_changed, wire_of

REMINDER = "reminder"  # kinds that begin with it rest on rest days
LONGEST_ERROR = OutgoingMail._meta.get_field("last_error").max_length

_NEEDED = (
    *("message_id", "channel", "address", "subject", "text", "html", "attempts"),
    *("not_before", "created_at", "outside_name"),
    *("recipient__username", "recipient__display_name"),
)

# Written out: it runs once a message, and building it as a queryset costs more than running it.
_TURN_TO = f"UPDATE {HandOver._meta.db_table} SET current = {{}} WHERE token = {{}}"  # noqa: S608 — the only name put in is the table's
_BY_CURSOR = _TURN_TO.format("%s", "%s")
_BY_WIRE = _TURN_TO.format("$1", "$2").encode()


def claim(now: datetime, limit: int, channels: tuple[str, ...], resting: bool) -> Book | None:
    """Take up to `limit` due messages, the longest due first; None when nothing is due.

    Must not run in a transaction: other workers see the claim at once.
    """
    due = OutgoingMail.objects.filter(
        state=MailState.WAITING, next_try_at__lte=now, channel__in=channels
    )
    if resting:
        due = due.exclude(kind__startswith=REMINDER)
    token = uuid4().hex
    with transaction.atomic(durable=True):
        candidates = due.order_by("next_try_at", "pk").select_for_update(skip_locked=True)
        picked = list(candidates.values_list("pk", flat=True)[:limit])
        if not due.filter(pk__in=picked).update(state=MailState.HANDING, token=token):
            return None
        HandOver.objects.create(token=token, lease_until=now + settings.MAIL_LEASE)
    return Book(token, picked)


class Book:
    """One batch. Every write asks for the token: after the lease it may be another worker's."""

    def __init__(self, token: str, picked: list[int]) -> None:
        self.token = token
        self.accepted: list[int] = []
        mails = OutgoingMail.objects.filter(pk__in=picked, token=token)
        mails = mails.select_related("recipient").only(*_NEEDED)
        # By number, since the book tells "before" and "after" by it
        self.mails = _with_files_known(list(mails.order_by("pk")))
        self._cursor = connection.cursor()
        self._wire = wire_of(connection)

    def turn_to(self, mail: OutgoingMail) -> None:
        """Name the message that goes out next. On PostgreSQL the statement is only sent: it runs
        while others are spoken to, and `is_named` must be asked before anything else is."""
        if self._wire:
            self._wire.send_query_params(_BY_WIRE, [b"%d" % mail.pk, self.token.encode()])
            self._wire.flush()
        else:
            self._cursor.execute(_BY_CURSOR, [mail.pk, self.token])

    def is_named(self) -> bool:
        """Whether that is committed; False when the lease was over and all is lost."""
        if self._wire:
            return bool(rows_changed(self._wire))
        return bool(self._cursor.rowcount)

    def record_accepted(self, now: datetime) -> None:
        """Write down what the other side took since the last time."""
        if self.accepted:
            self._settle(self.accepted, state=MailState.SENT, sent_at=now, last_error="")
            self.accepted = []

    def wait(self, mail: OutgoingMail, until: datetime, error: str) -> None:
        """Refused for the time being."""
        self._settle([mail.pk], state=MailState.WAITING, next_try_at=until, last_error=error)

    def fail(self, mail: OutgoingMail, error: str) -> None:
        """Refused for good, or tried often enough."""
        self._settle([mail.pk], state=MailState.FAILED, last_error=error)

    def doubt(self, mail: OutgoingMail, until: datetime, error: str) -> None:
        """No answer: it may have arrived, and goes again when any answer must have been given."""
        self._settle([mail.pk], **_doubtful(mail.attempts + 1, until, error))

    def close(self, now: datetime) -> None:
        """Record what was accepted, give back what was not tried, end the claim."""
        self._cursor.close()
        with transaction.atomic():
            self.record_accepted(now)
            _rows(self.token).update(state=MailState.WAITING, token="")
            HandOver.objects.filter(token=self.token).delete()

    def _settle(self, pks: list[int], *, last_error: str, **values: Any) -> None:
        rows = _rows(self.token).filter(pk__in=pks)
        rows.update(
            token="",
            attempts=F("attempts") + 1,
            last_error=last_error[:LONGEST_ERROR],
            **values,
        )


def recover(now: datetime) -> int:
    """Settle the books whose lease is over; returns how many messages are in doubt."""
    left = HandOver.objects.filter(lease_until__lte=now)
    return sum(_settle_left(book, now) for book in left)


def _settle_left(book: HandOver, now: datetime) -> int:
    with transaction.atomic():
        mine, _kinds = HandOver.objects.filter(pk=book.pk, lease_until__lte=now).delete()
        if not mine:  # another worker settles it, or its owner is alive after all
            return 0
        rows, tried = _rows(book.token), {"token": "", "attempts": F("attempts") + 1}
        claimed_at = book.lease_until - settings.MAIL_LEASE
        rows.filter(pk__lt=book.current).update(
            state=MailState.SENT, sent_at=claimed_at, last_error="", **tried
        )
        doubtful = rows.filter(pk=book.current).first()
        if doubtful:
            error = _("The worker ended while handing it over.")
            rows.filter(pk=book.current).update(
                **_doubtful(doubtful.attempts + 1, now, error), **tried
            )
        rows.update(state=MailState.WAITING, token="")
        return int(doubtful is not None)


def withhold_from_the_disabled() -> None:
    """People whose account was disabled meanwhile get nothing more."""
    rows = OutgoingMail.objects.filter(state=MailState.WAITING, recipient__is_active=False)
    rows.update(state=MailState.UNDELIVERABLE, last_error=_("The account is disabled."))


def retry_delay(attempts: int) -> timedelta:
    """Doubling pauses that add up to MAIL_RETRY_SPAN over MAIL_TRIES tries."""
    pauses: int = settings.MAIL_TRIES - 1
    shortest = settings.MAIL_RETRY_SPAN.total_seconds() / (2**pauses - 1)
    return timedelta(seconds=shortest * 2 ** (min(attempts, pauses) - 1))


def _doubtful(attempts: int, until: datetime, error: str) -> dict[str, Any]:
    state = MailState.WAITING if attempts < settings.MAIL_TRIES else MailState.FAILED
    return {
        "state": state,
        "next_try_at": until,
        "unanswered": F("unanswered") + 1,
        "last_error": error,
    }


def _rows(token: str) -> QuerySet[OutgoingMail]:
    return OutgoingMail.objects.filter(state=MailState.HANDING, token=token)


def _with_files_known(mails: list[OutgoingMail]) -> list[OutgoingMail]:
    """Most mails have no file: one question for the batch instead of one each."""
    keys = [mail.pk for mail in mails]
    having = set(MailAttachment.objects.filter(mail__in=keys).values_list("mail", flat=True))
    for mail in mails:
        mail.has_files = mail.pk in having  # type: ignore[attr-defined]  # read by compose
    return mails
