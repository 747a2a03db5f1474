"""Who may read a recorded message, and what of it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.access import record_access
from kfq_crm.base.mail_book import REMINDER
from kfq_crm.base.models import AccessKind

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from kfq_crm.base.models import MailAttachment, OutgoingMail, User

MANAGE: Final = "base.change_outgoingmail"
READ_ALL: Final = "base.read_mail"
FOLDER: Final = "kfq_crm.base.mail_files.MailFolder"

# What a kind is called, by how its code begins; apps add theirs.
KINDS: dict[str, str | _StrPromise] = {
    REMINDER: _("Follow-up reminder"),
    "digest": _("Weekly digest"),
    "trial": _("Trial message"),
}

_LINK = re.compile(r"""https?://[^\s<>"']+""", re.IGNORECASE)
_TARGET = re.compile(r"""\b(href|action|src)(\s*=\s*)("[^"]*"|'[^']*'|[^\s>]+)""", re.IGNORECASE)


def kind_label(kind: str) -> str:
    for code, label in KINDS.items():
        if kind.startswith(code):
            return str(label)
    return str(_("Other message"))


def is_kept_here() -> bool:
    """Without a mail server nobody receives the mail: it ends in the state folder."""
    return bool(settings.EMAIL_BACKEND == FOLDER)


def may_read(user: User, mail: OutgoingMail) -> bool:
    """Recipient, holders of `base.read_mail`, and where mail only ends in files whoever runs
    the system, who could read those files as well. Everybody else sees when and where it went.
    """
    if not user.is_active:
        return False
    if mail.recipient_id == user.pk or user.has_perm(READ_ALL):
        return True
    return is_kept_here() and user.has_perm(MANAGE)


def note_reading(user: User, mail: OutgoingMail, *, address: str) -> None:
    """Put on record that somebody read what was written to somebody else."""
    if mail.recipient_id != user.pk:
        record_access(
            AccessKind.REVEAL, by=user, subject="mail.opened", instance=mail, address=address
        )


def note_download(user: User, file: MailAttachment, *, address: str) -> None:
    detail = {"mail": file.mail_id, "size": file.size}
    record_access(
        AccessKind.DOWNLOAD,
        by=user,
        subject="mail.file",
        instance=file,
        detail=detail,
        address=address,
    )


def text_for(user: User, mail: OutgoingMail) -> str:
    """The plain text. Links are the recipient's: some of them answer in his or her name."""
    if mail.recipient_id == user.pk:
        return mail.text
    return _LINK.sub(str(_("[link, for the recipient only]")), mail.text)


def html_for(user: User, mail: OutgoingMail) -> str:
    """The formatted text; the same holds for its links. Pictures from outside are never shown
    (the page's policy sees to it)."""
    if mail.recipient_id == user.pk:
        return mail.html
    dead = _TARGET.sub(r"data-\1\2''", mail.html)
    return _LINK.sub(str(_("[link, for the recipient only]")), dead)
