"""Deliver what is due: claim a batch, name the next message, hand it over, record.

Several workers may do it at once. Nothing is sent inside a transaction. A worker that dies
leaves one message in doubt; it is sent again under the same Message-ID.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from time import monotonic
from typing import Any

import structlog
from django.conf import settings
from django.utils import timezone

from kfq_crm.base.mail_book import Book, claim, recover, retry_delay, withhold_from_the_disabled
from kfq_crm.base.mail_senders import Refused, Sender, Unanswered, Unreachable, email_sender
from kfq_crm.base.models import Channel, OutgoingMail
from kfq_crm.base.quiet import is_quiet, is_rest_day
from kfq_crm.base.robots import RobotSender

logger = structlog.get_logger(__name__)

BATCH = 200
LONGEST_BATCH = 10.0  # seconds: who waits for a turn in a slow batch can be cancelled again
LONGEST_RUN = 240.0  # seconds; well within the task's time limit
RECORD_EVERY = 1.0  # seconds
ROBOTS = (Channel.WECOM, Channel.DINGTALK, Channel.FEISHU)


@dataclass
class Delivery:
    """What one run did; `error` tells why it stopped early."""

    sent: int = 0
    retried: int = 0
    failed: int = 0
    unanswered: int = 0
    recovered: int = 0
    is_quiet: bool = False
    error: str = ""

    @property
    def handled(self) -> int:
        return self.sent + self.retried + self.failed + self.unanswered

    def counts(self) -> dict[str, Any]:
        return {name: value for name, value in asdict(self).items() if name != "error" and value}


class Clock:
    """The time of this run: real, or going on from the moment that a caller names."""

    def __init__(self, now: datetime | None) -> None:
        self._start = now or timezone.now()
        self._began = monotonic()

    @property
    def elapsed(self) -> float:
        return monotonic() - self._began

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self.elapsed)


def deliver_due(now: datetime | None = None, limit: int = 10_000) -> Delivery:
    """Send up to `limit` messages that are due at `now`, for at most LONGEST_RUN seconds.

    Must not run in a transaction. In quiet hours nothing is sent; on rest days no reminder.
    """
    clock, done = Clock(now), Delivery()
    done.recovered = recover(clock.now())
    withhold_from_the_disabled()
    if is_quiet(clock.now()):
        done.is_quiet = True
        return done
    resting = is_rest_day(clock.now())
    for channels, sender in (((Channel.EMAIL,), email_sender()), (ROBOTS, RobotSender())):
        try:
            while done.handled < limit and clock.elapsed < LONGEST_RUN:
                room = min(BATCH, limit - done.handled)
                book = claim(clock.now(), room, channels, resting)
                if book is None:
                    break
                _Batch(book, sender, clock, done).hand_over()
        except Unreachable as error:
            logger.warning("mail_server_unreachable", error=str(error))
            done.error = str(error)
        finally:
            sender.close()
    return done


class _Batch:
    """One claimed batch, message by message."""

    def __init__(self, book: Book, sender: Sender, clock: Clock, done: Delivery) -> None:
        self.book, self.sender, self.clock, self.done = book, sender, clock, done

    def hand_over(self) -> None:
        """Raises Unreachable; whatever happens, the book is closed and says what was done."""
        began = recorded = self.clock.elapsed
        try:
            self.sender.open()
            for mail, composed in self._composed():
                if self.clock.elapsed - began > LONGEST_BATCH or not self._next(mail, composed):
                    break
                if self.clock.elapsed - recorded > RECORD_EVERY:
                    self.book.record_accepted(self.clock.now())
                    recorded = self.clock.elapsed
        finally:
            self.book.close(self.clock.now())

    def _composed(self) -> Iterator[tuple[OutgoingMail, Any]]:
        """All at once, which takes half the time; those with files in turn, for the memory."""
        light = [mail for mail in self.book.mails if not mail.has_files]  # type: ignore[attr-defined]  # set by the book
        ready = {mail.pk: self._compose(mail) for mail in light}
        for mail in self.book.mails:
            composed = ready[mail.pk] if mail.pk in ready else self._compose(mail)
            if composed is not None:
                yield mail, composed

    def _compose(self, mail: OutgoingMail) -> Any:
        try:
            return self.sender.compose(mail)
        except Exception as error:  # one unsendable message must not stop the others
            logger.warning("mail_cannot_be_composed", mail=mail.pk, error=str(error))
            self.book.fail(mail, str(error))
            self.done.failed += 1
            return None

    def _next(self, mail: OutgoingMail, composed: Any) -> bool:
        """Hand one message over; False when the claim is lost."""
        self.sender.open()
        self.book.turn_to(mail)
        try:  # the book is being written meanwhile
            self.sender.announce(mail, composed)
        finally:
            is_named = self.book.is_named()
        if not is_named:
            logger.warning("mail_claim_lost", mail=mail.pk)
            self.sender.close()
            return False
        self._say(mail, composed)
        return True

    def _say(self, mail: OutgoingMail, composed: Any) -> None:
        try:
            self.sender.hand_over(mail, composed)
        except Refused as refusal:
            self._refused(mail, refusal)
        except Unreachable:
            raise
        except Exception as error:
            if not isinstance(error, Unanswered):
                logger.exception("mail_hand_over_broke", mail=mail.pk)
            self.book.doubt(mail, self.clock.now() + settings.MAIL_LEASE, str(error))
            self.done.unanswered += 1
        else:
            self.book.accepted.append(mail.pk)
            self.done.sent += 1

    def _refused(self, mail: OutgoingMail, refusal: Refused) -> None:
        attempts = mail.attempts + 1
        if refusal.permanent or attempts >= settings.MAIL_TRIES:
            self.book.fail(mail, str(refusal))
            self.done.failed += 1
        else:
            self.book.wait(mail, self.clock.now() + retry_delay(attempts), str(refusal))
            self.done.retried += 1
