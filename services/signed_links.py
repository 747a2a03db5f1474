"""Signed addresses for people without an account: to ask, and to rate.

A link names a row and carries a signature. It opens a page; nothing is written before a form on
that page is sent. Whether it still holds is asked of the row, so that it can be taken back.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from services.models import AskingLink, Feedback

if TYPE_CHECKING:
    from datetime import datetime

ASKING = "services.asking"
RATING = "services.rating"


class LinkRefused(Exception):
    """`is_expired` tells a link that was good from one that never was."""

    def __init__(self, *, is_expired: bool) -> None:
        super().__init__("expired" if is_expired else "invalid")
        self.is_expired = is_expired


def are_sent() -> bool:
    """Whether mails hold links: only where the system knows its own address."""
    return bool(settings.SITE_URL)


def asking_token(link: AskingLink) -> str:
    return signing.Signer(salt=ASKING).sign_object(link.pk)


def asking_address(link: AskingLink) -> str:
    """Whole address; without the site's own only the path, which staff can still complete."""
    return settings.SITE_URL + reverse("admin:ask", args=[asking_token(link)])


def read_asking(token: str, now: datetime | None = None) -> AskingLink:
    """Raises LinkRefused for a link that is forged, too old or taken back."""
    link = AskingLink.objects.select_related("enterprise").filter(pk=_key(token, ASKING)).first()
    if link is None or not link.is_valid(timezone.localdate(now)):
        raise LinkRefused(is_expired=True)
    return link


def rating_token(feedback: Feedback) -> str:
    return signing.Signer(salt=RATING).sign_object(feedback.pk)


def rating_address(feedback: Feedback) -> str:
    return settings.SITE_URL + reverse("admin:rate", args=[rating_token(feedback)])


def read_rating(token: str) -> Feedback:
    """The feedback that is to be rated, rated or not; LinkRefused for a link that is forged."""
    rows = Feedback.objects.select_related("question__enterprise", "department")
    feedback = rows.filter(pk=_key(token, RATING)).first()
    if feedback is None:
        raise LinkRefused(is_expired=True)
    return feedback


def _key(token: str, salt: str) -> int:
    try:
        key = signing.Signer(salt=salt).unsign_object(token)
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkRefused(is_expired=False) from error
    if type(key) is not int:
        raise LinkRefused(is_expired=False)
    return key
