"""A message to oneself, to see whether and where it arrives."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.mail import enqueue
from kfq_crm.base.models import MailState

if TYPE_CHECKING:
    from kfq_crm.base.models import OutgoingMail, User

KIND = "trial"


def send_trial(*, by: User, now: datetime | None = None) -> OutgoingMail:
    """Record a trial message, one a minute. RuleViolation when the person cannot be reached."""
    moment = now or timezone.now()
    recorded = enqueue(
        f"{KIND}:{by.pk}:{moment:%Y%m%d%H%M}",
        recipient=by,
        subject=_("Trial message"),
        text=_("If you read this, messages of the system reach you here."),
        kind=KIND,
    )
    if recorded is None:
        raise RuleViolation("too_soon", _("A trial message is on its way; wait a minute."))
    if recorded.state == MailState.UNDELIVERABLE:
        raise RuleViolation("undeliverable", recorded.last_error)
    return recorded
