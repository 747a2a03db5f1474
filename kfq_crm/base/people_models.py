"""What the system must know of people to reach them: their channel, their absences."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.scoping import ScopedQuerySet
from kfq_crm.base.versioned import Versioned

if TYPE_CHECKING:
    from kfq_crm.base.models import User


class Channel(models.TextChoices):
    EMAIL = "email", _("e-mail")
    WECOM = "wecom", _("WeCom robot")
    DINGTALK = "dingtalk", _("DingTalk robot")
    FEISHU = "feishu", _("Feishu robot")


class OwnQuerySet(ScopedQuerySet["ChannelPreference"]):
    def visible_to(self, user: User) -> Self:
        """Only the own row: an address of a robot is a key to its group."""
        return self.filter(user=user) if user.is_active else self.none()


class ChannelPreference(Versioned):
    """Where a person wants messages; without a row they go to the account's e-mail address.

    `webhook` and `secret` let anybody who knows them write to that group: they are never shown
    in full again, and never copied into a mail or a log.
    """

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        verbose_name=_("member of staff"),
        on_delete=models.PROTECT,
        related_name="channel_preference",
    )
    channel = models.CharField(
        _("channel"), max_length=8, choices=Channel.choices, default=Channel.EMAIL
    )
    webhook = models.CharField(_("address of the robot"), max_length=500, blank=True)
    secret = models.CharField(_("signing secret of the robot"), max_length=200, blank=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = _("way to reach a person")
        verbose_name_plural = _("ways to reach people")
        constraints = (
            models.CheckConstraint(
                condition=Q(channel=Channel.EMAIL, webhook="", secret="")
                | (~Q(channel=Channel.EMAIL) & ~Q(webhook="")),
                name="channel_preference_has_address",
            ),
        )

    def __str__(self) -> str:
        return f"{self.user}: {self.get_channel_display()}"


class AbsenceQuerySet(ScopedQuerySet["Absence"]):
    def visible_to(self, user: User) -> Self:
        """Who is away and who stands in is known to all staff; the reason is not recorded."""
        return self if user.is_active else self.none()

    def on(self, day: date) -> Self:
        return self.filter(first_day__lte=day, last_day__gte=day)


class Absence(Versioned):
    """Days on which a person is away, both ends included, and who stands in.

    Absences of one person do not overlap; the action sees to it under a lock.
    """

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("person who is away"),
        on_delete=models.PROTECT,
        related_name="absences",
    )
    first_day = models.DateField(_("first day away"))
    last_day = models.DateField(_("last day away"))
    deputy = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=pgettext_lazy("absence", "deputy"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text=_("Without one, what is due goes up to the next level at once"),
    )
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("entered by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )

    objects = AbsenceQuerySet.as_manager()

    class Meta:
        verbose_name = _("absence")
        verbose_name_plural = _("absences")
        ordering = ("-first_day", "pk")
        constraints = (
            models.CheckConstraint(
                condition=Q(last_day__gte=F("first_day")), name="absence_runs_forward"
            ),
            models.CheckConstraint(
                condition=Q(deputy=None) | ~Q(deputy=F("user")), name="absence_deputy_is_another"
            ),
        )
        indexes = (models.Index(fields=("last_day", "first_day"), name="absence_days"),)

    def __str__(self) -> str:
        return f"{self.user} {self.first_day:%Y-%m-%d} – {self.last_day:%Y-%m-%d}"
