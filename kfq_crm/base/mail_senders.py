"""Hand one message over, and tell three outcomes apart: accepted, refused, no answer.

A sender raises nothing when the other side accepted. `Refused` is an answer; `Unanswered` means
that the message may have arrived; `Unreachable` that nothing can be handed over at present.
"""

from __future__ import annotations

import smtplib
from email import message_from_bytes
from email.message import Message
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives, get_connection
from django.core.mail.backends.smtp import EmailBackend as SmtpBackend
from django.utils.translation import gettext as _

from kfq_crm.base.mail_compose import compose
from kfq_crm.base.models import OutgoingMail

_GONE = (smtplib.SMTPServerDisconnected, OSError)
_CLOSING = 421


class Refused(Exception):
    """The other side said no. `permanent`: saying it again would not help."""

    def __init__(self, reason: str, *, permanent: bool) -> None:
        super().__init__(reason)
        self.permanent = permanent


class Unanswered(Exception):
    """The text was on its way and no answer came: it may have arrived."""


class Unreachable(Exception):
    """There is no connection; this message and the next ones were not handed over."""


class _Lost(Exception):
    """The connection broke before the text: certainly not handed over."""


class Sender:
    """Opened once for many messages."""

    def open(self) -> None:
        """Raises Unreachable."""
        raise NotImplementedError

    def compose(self, mail: OutgoingMail) -> Any:
        """What `hand_over` needs, made before the book names the message. May raise anything."""
        raise NotImplementedError

    def announce(self, mail: OutgoingMail, composed: Any) -> None:
        """What may be said while the book names the message: never its text. What is answered
        comes out in `hand_over`."""

    def hand_over(self, mail: OutgoingMail, composed: Any) -> None:
        """Raises Refused, Unanswered, Unreachable."""
        raise NotImplementedError

    def close(self) -> None:
        """Says good-bye where there is somebody to say it to."""


def email_sender() -> Sender:
    """For what EMAIL_URL names: an SMTP server, or any other backend of Django (files)."""
    backend = get_connection()
    return SmtpSender(backend) if isinstance(backend, SmtpBackend) else BackendSender(backend)


class StoredMessage(EmailMultiAlternatives):
    """For backends that want an object of Django: the stored message, its bytes ready-made."""

    def __init__(self, mail: OutgoingMail) -> None:
        super().__init__(mail.subject, mail.text, settings.DEFAULT_FROM_EMAIL, [mail.address])
        if mail.html:
            self.attach_alternative(mail.html, "text/html")
        self.raw = compose(mail)

    def message(self) -> Message:
        return message_from_bytes(self.raw)


class BackendSender(Sender):
    """Any backend of Django; one that writes files or keeps messages in memory."""

    def __init__(self, backend: Any) -> None:
        self.backend = backend

    def open(self) -> None:
        try:
            self.backend.open()
        except OSError as error:
            raise Unreachable(str(error)) from error

    def compose(self, mail: OutgoingMail) -> StoredMessage:
        return StoredMessage(mail)

    def hand_over(self, mail: OutgoingMail, composed: StoredMessage) -> None:
        try:
            accepted = self.backend.send_messages([composed])
        except OSError as error:
            raise Refused(str(error), permanent=False) from error
        if accepted != 1:
            raise Refused(_("The mail backend did not take it."), permanent=False)

    def close(self) -> None:
        self.backend.close()


class SmtpSender(Sender):
    """One connection for many messages, one envelope for each.

    Django's backend opens it (TLS, login, EMAIL_TIMEOUT); the conversation is held here, since
    the backend hides who was refused and at which step a connection broke.
    """

    def __init__(self, backend: SmtpBackend) -> None:
        self.backend = backend
        self._quoted_sender = smtplib.quoteaddr(parseaddr(settings.DEFAULT_FROM_EMAIL)[1])
        self._objection: Refused | _Lost | None = None

    def open(self) -> None:
        try:
            if self.backend.open():
                self.backend.connection.ehlo_or_helo_if_needed()
        except (smtplib.SMTPException, OSError) as error:
            self._drop()
            raise Unreachable(_said(error)) from error

    def compose(self, mail: OutgoingMail) -> bytes:
        return compose(mail)

    def announce(self, mail: OutgoingMail, composed: bytes) -> None:
        """From whom and to whom."""
        self._objection = None
        try:
            self._envelope(mail.address, composed)
        except (_Lost, Refused) as objection:
            self._objection = objection

    def hand_over(self, mail: OutgoingMail, composed: bytes) -> None:
        objection, self._objection = self._objection, None
        if isinstance(objection, Refused):
            raise objection
        if objection:
            # A server may end a connection between two messages: say it again on a new one
            self.open()
            self._envelope_anew(mail.address, composed)
        self._give_text(composed)

    def _envelope_anew(self, address: str, composed: bytes) -> None:
        try:
            self._envelope(address, composed)
        except _Lost as error:
            raise Refused(str(error), permanent=False) from error

    def close(self) -> None:
        try:
            self.backend.close()
        except (smtplib.SMTPException, OSError):
            self._drop()

    def _envelope(self, address: str, composed: bytes) -> None:
        smtp = self.backend.connection
        if smtp is None:
            raise _Lost
        try:
            self._check(*smtp.docmd("mail", f"FROM:{self._quoted_sender}{_size(smtp, composed)}"))
            self._check(*smtp.rcpt(address))
        except _GONE as error:
            self._drop()
            raise _Lost(_said(error)) from error

    def _give_text(self, composed: bytes) -> None:
        try:
            code, answer = self.backend.connection.data(composed)
        except smtplib.SMTPDataError as error:  # it did not want the text at all
            self._check(error.smtp_code, error.smtp_error)
        except _GONE as error:
            self._drop()
            raise Unanswered(_said(error)) from error
        else:
            self._check(code, answer)

    def _check(self, code: int, answer: bytes | str) -> None:
        if 200 <= code < 300:
            return
        if code == _CLOSING:
            self._drop()
        else:
            self._reset()
        raise Refused(_quoted(code, answer), permanent=code >= 500)

    def _reset(self) -> None:
        try:
            self.backend.connection.rset()
        except _GONE:
            self._drop()

    def _drop(self) -> None:
        """Forget a connection that is no more, without saying good-bye."""
        if self.backend.connection is not None:
            self.backend.connection.close()
            self.backend.connection = None


def _size(smtp: smtplib.SMTP, composed: bytes) -> str:
    return f" size={len(composed)}" if smtp.has_extn("size") else ""


def _quoted(code: int, answer: bytes | str) -> str:
    text = answer.decode("utf-8", "replace") if isinstance(answer, bytes) else answer
    return f"{code} {text}".strip()


def _said(error: Exception) -> str:
    return str(error) or type(error).__name__
