"""Tables of the ground: people, calendar, change feed, access log."""

from __future__ import annotations

from typing import ClassVar, Self

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.feed_models import Change, ChangeKind, FeedMark, FeedRule, FeedSequence
from kfq_crm.base.mail_models import HandOver, MailAttachment, MailState, OutgoingMail, QuietHours
from kfq_crm.base.people_models import Absence, Channel, ChannelPreference
from kfq_crm.base.scoping import OpenQuerySet, PermittedQuerySet
from kfq_crm.base.sweep_models import SweepRun
from kfq_crm.base.token_models import ApiRule, ApiToken, Audience, RepeatableWrite, TokenScope
from kfq_crm.base.versioned import Versioned

__all__ = [
    "Absence",
    "AccessChainHead",
    "AccessEntry",
    "AccessKind",
    "ApiRule",
    "ApiToken",
    "Audience",
    "CalendarDay",
    "Change",
    "ChangeKind",
    "Channel",
    "ChannelPreference",
    "FeedMark",
    "FeedRule",
    "FeedSequence",
    "HandOver",
    "MailAttachment",
    "MailState",
    "OutgoingMail",
    "QuietHours",
    "RepeatableWrite",
    "SweepRun",
    "TokenScope",
    "User",
    "Versioned",
]


class StaffQuerySet(OpenQuerySet["User"]):
    """People are known to each other by name and unit; pickers narrow this to a team."""

    def visible_to(self, user: User) -> Self:
        """Without the accounts of programs: nobody picks, appoints or administers those."""
        return super().visible_to(user).filter(service="")


class User(Versioned, AbstractUser):
    """A member of staff. Never deleted, only disabled: every record names who wrote it."""

    first_name = None  # type: ignore[assignment]  # a Chinese name is one field
    last_name = None  # type: ignore[assignment]  # a Chinese name is one field
    display_name = models.CharField(pgettext_lazy("person", "full name"), max_length=60)
    unit = models.CharField(_("work unit"), max_length=100, blank=True)
    post = models.CharField(_("post held"), max_length=60, blank=True)
    phone = models.CharField(_("office phone"), max_length=30, blank=True)
    must_change_password = models.BooleanField(
        _("must choose a new password"), default=False, editable=False
    )

    # The program that this account stands for; nobody signs in with it
    service = models.CharField(
        _("account of a program"), max_length=20, blank=True, default="", editable=False
    )

    objects: ClassVar[UserManager[User]] = UserManager()
    staff = StaffQuerySet.as_manager()

    REQUIRED_FIELDS = ["display_name"]

    class Meta:
        verbose_name = _("member of staff")
        verbose_name_plural = _("members of staff")
        ordering = ("username",)
        constraints = (
            models.UniqueConstraint(
                fields=("service",), condition=~Q(service=""), name="user_service_once"
            ),
            # An account of a program opens no page of the admin
            models.CheckConstraint(
                condition=Q(service="") | Q(is_staff=False, is_superuser=False),
                name="user_service_is_no_staff",
            ),
        )

    def __str__(self) -> str:
        return self.display_name or self.username

    def get_full_name(self) -> str:
        return str(self)

    def get_short_name(self) -> str:
        return str(self)


class CalendarDay(models.Model):
    """A day that departs from its weekday: a State Council holiday or a make-up day."""

    day = models.DateField(_("calendar day"), unique=True)
    is_workday = models.BooleanField(_("is a working day"))
    label = models.CharField(_("holiday or reason"), max_length=60, blank=True)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("calendar day")
        verbose_name_plural = _("working-day calendar")
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.label}".strip()


class AccessKind(models.TextChoices):
    REVEAL = "reveal", _("phone shown")
    EXPORT = "export", _("list exported")
    DOWNLOAD = "download", _("file opened")
    SIGN_IN = "sign_in", _("signed in")
    SIGN_IN_FAILED = "sign_in_failed", _("sign-in refused")
    ADMINISTRATION = "administration", _("administrative act")
    API_READ = "api_read", _("personal data read by a program")


class AccessEntry(models.Model):
    """A line of the access log. Append-only; each line carries the digest of the one before."""

    number = models.BigIntegerField(_("line"), unique=True)
    at = models.DateTimeField(_("time of access"))
    kind = models.CharField(_("kind of access"), max_length=16, choices=AccessKind.choices)
    actor = models.ForeignKey(
        User, verbose_name=_("person"), on_delete=models.PROTECT, null=True, related_name="+"
    )
    subject = models.CharField(_("what was accessed"), max_length=200, blank=True)
    object_id = models.BigIntegerField(_("record"), null=True)
    detail = models.JSONField(_("particulars"), default=dict)
    address = models.CharField(_("network address"), max_length=45, blank=True)
    previous_digest = models.CharField(max_length=64)
    digest = models.CharField(max_length=64)

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("access record")
        verbose_name_plural = _("access log")
        ordering = ("-number",)
        indexes = (models.Index(fields=("actor", "-number"), name="access_by_actor"),)

    def __str__(self) -> str:
        return f"{self.number} {self.get_kind_display()}"


class AccessChainHead(models.Model):
    """The last line of the access log, locked while the next one is written."""

    last_number = models.BigIntegerField(default=0)
    last_digest = models.CharField(max_length=64, default="")

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("access log head")
        verbose_name_plural = _("access log head")

    def __str__(self) -> str:
        return str(self.last_number)
