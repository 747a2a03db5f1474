"""The outbox: what is to be sent, what became of it, and when nothing is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.people_models import Channel
from kfq_crm.base.rule_models import Rule
from kfq_crm.base.scoping import PermittedQuerySet, ScopedQuerySet

if TYPE_CHECKING:
    from kfq_crm.base.models import User


class MailState(models.TextChoices):
    """`handing`: a worker holds the message in a batch; see HandOver."""

    WAITING = "waiting", pgettext_lazy("mail", "waiting")
    HANDING = "handing", pgettext_lazy("mail", "being handed over")
    SENT = "sent", pgettext_lazy("mail", "sent")
    FAILED = "failed", pgettext_lazy("mail", "failed")
    CANCELLED = "cancelled", pgettext_lazy("mail", "cancelled")
    UNDELIVERABLE = "undeliverable", pgettext_lazy("mail", "undeliverable")


class MailQuerySet(ScopedQuerySet["OutgoingMail"]):
    def visible_to(self, user: User) -> Self:
        """Everybody finds the own messages again; administrators find all of them."""
        if user.has_perm("base.view_outgoingmail"):
            return self
        return self.filter(recipient=user) if user.is_active else self.none()


class OutgoingMail(models.Model):
    """One message to one person, recorded once by its `key`; see `kfq_crm.base.mail`.

    The person has an account (`recipient`), or stands outside and is reached by mail alone:
    then `outside_name` names him or her beside the address.
    `next_try_at` is when it may go. `token` names the HandOver that holds it while it is
    `handing`. `unanswered` counts hand-overs whose answer is not on record: it may have arrived.
    """

    key = models.CharField(_("unique key"), max_length=200)
    message_id = models.CharField(_("Message-ID"), max_length=200)
    kind = models.CharField(_("kind of message"), max_length=40, blank=True)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=pgettext_lazy("mail", "recipient"),
        on_delete=models.PROTECT,
        null=True,
        related_name="mails",
    )
    outside_name = models.CharField(_("recipient without an account"), max_length=120, blank=True)
    channel = models.CharField(
        _("channel"), max_length=8, choices=Channel.choices, default=Channel.EMAIL
    )
    address = models.CharField(_("mail address"), max_length=254, blank=True)
    subject = models.CharField(_("subject line"), max_length=250)
    text = models.TextField(_("plain text"))
    html = models.TextField(_("formatted text"), blank=True)

    state = models.CharField(
        pgettext_lazy("mail", "state"),
        max_length=13,
        choices=MailState.choices,
        default=MailState.WAITING,
    )
    not_before = models.DateTimeField(_("not before"), default=timezone.now)
    next_try_at = models.DateTimeField(_("next try at"), default=timezone.now)
    attempts = models.PositiveSmallIntegerField(_("tries"), default=0)
    unanswered = models.PositiveSmallIntegerField(_("tries without an answer"), default=0)
    token = models.CharField(max_length=32, blank=True, editable=False)
    last_error = models.CharField(_("last error"), max_length=500, blank=True)
    created_at = models.DateTimeField(_("recorded at"), default=timezone.now, editable=False)
    sent_at = models.DateTimeField(_("sent at"), null=True, editable=False)

    objects = MailQuerySet.as_manager()

    class Meta:
        permissions = (("read_mail", _("May read the mail of all people")),)
        verbose_name = _("outgoing mail")
        verbose_name_plural = _("outgoing mail")
        ordering = ("-pk",)
        # Not partial: SQLite uses a partial index only for values written out in the statement
        indexes = (models.Index(fields=("state", "next_try_at", "id"), name="mail_by_state"),)
        constraints = (
            models.UniqueConstraint(fields=("key",), name="mail_once_a_key"),
            models.CheckConstraint(
                condition=Q(recipient__isnull=False, outside_name="")
                | (Q(recipient=None, channel=Channel.EMAIL) & ~Q(outside_name="") & ~Q(address="")),
                name="mail_has_one_addressee",
            ),
            models.CheckConstraint(
                condition=Q(state__in=MailState.values), name="mail_state_known"
            ),
            models.CheckConstraint(
                condition=Q(state=MailState.SENT, sent_at__isnull=False)
                | (~Q(state=MailState.SENT) & Q(sent_at=None)),
                name="mail_sent_has_time",
            ),
            models.CheckConstraint(
                condition=~Q(state=MailState.HANDING) | ~Q(token=""),
                name="mail_handing_has_token",
            ),
        )

    def __str__(self) -> str:
        return self.subject

    @property
    def addressee(self) -> str:
        """Whom it is for, in words."""
        return str(self.recipient) if self.recipient else self.outside_name

    @property
    def awaits_remedy(self) -> bool:
        """Nothing happens to it any more until somebody does something."""
        return self.state in {MailState.FAILED, MailState.UNDELIVERABLE}


class HandOver(models.Model):
    """The book of one worker's batch: which of its messages it hands over at this moment.

    Committed before the text of `current` goes out, one small write a message. When the worker
    dies, the rows of its token before `current` were accepted, `current` may have been, those
    after it were not tried; after the lease they are treated so. The rows themselves are
    written in sets, since that costs a fifth.
    """

    token = models.CharField(max_length=32, unique=True)
    current = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField()

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("mail being handed over")
        verbose_name_plural = _("mail being handed over")

    def __str__(self) -> str:
        return self.token


class MailAttachment(models.Model):
    """A file of a mail, its bytes in the row.

    In the database and not in a folder: it is written with its mail or not at all, a restored
    backup holds both or neither, every retry sends the same bytes, and the worker that sends
    may be another machine than the one that wrote. They are few and small (a ledger a week
    and chain), and `kfq_crm.base.mail` limits them.
    """

    mail = models.ForeignKey(
        OutgoingMail,
        verbose_name=_("outgoing mail"),
        on_delete=models.CASCADE,
        related_name="attachments",
    )
    name = models.CharField(_("file name"), max_length=150)
    content_type = models.CharField(_("file type"), max_length=100)
    content = models.BinaryField()
    size = models.PositiveIntegerField(_("size in bytes"))

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("file of a mail")
        verbose_name_plural = _("files of mails")
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name


class QuietHours(Rule):
    """A rule: the hours of every day, in site time, in which nothing is sent.

    `starts_at` after `ends_at` reaches over midnight. The newest row already valid holds.
    """

    starts_at = models.TimeField(_("quiet from"))
    ends_at = models.TimeField(_("quiet until"))

    class Meta:
        verbose_name = _("quiet hours")
        verbose_name_plural = _("quiet hours")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="quiet_hours_once"),
            models.CheckConstraint(
                condition=~Q(starts_at=F("ends_at")), name="quiet_hours_leave_time"
            ),
        )

    def __str__(self) -> str:
        return f"{self.starts_at:%H:%M} – {self.ends_at:%H:%M}"
