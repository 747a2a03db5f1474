"""Tables of the change feed."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from kfq_crm.base.rule_models import Rule
from kfq_crm.base.scoping import PermittedQuerySet


class ChangeKind(models.TextChoices):
    CREATED = "created", _("made")
    UPDATED = "updated", _("altered")
    DELETED = "deleted", _("removed")
    # The record is as it was; others than before may see it
    REVEALED = "revealed", _("shown to others than before")


class Change(models.Model):
    """One write to a published record, stored in the transaction of that write.

    `number` stays empty until the sequencer numbers committed rows: a number given at
    the moment of writing would let a reader skip a transaction that commits late.

    `audience_before` is set when, and only when, the write took the record away from readers or
    gave it to others: the keys (see `feed.audience`) of those who saw it until then.
    """

    resource = models.CharField(_("kind of record"), max_length=40)
    object_id = models.BigIntegerField(_("record"))
    kind = models.CharField(_("kind of change"), max_length=8, choices=ChangeKind.choices)
    recorded_at = models.DateTimeField(_("recorded at"), auto_now_add=True)
    # No index: nobody asks for a person's changes, and every writer would pay for it
    changed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("changed by"),
        on_delete=models.PROTECT,
        null=True,
        db_index=False,
        related_name="+",
    )
    audience_before = models.JSONField(_("who saw it before"), null=True, editable=False)
    number = models.BigIntegerField(_("place in the feed"), null=True, unique=True, editable=False)

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("change feed")
        ordering = ("-pk",)
        indexes = (
            models.Index(fields=("id",), name="change_unnumbered", condition=Q(number=None)),
        )

    def __str__(self) -> str:
        return f"{self.resource} {self.object_id} {self.get_kind_display()}"


class FeedSequence(models.Model):
    """The one row that numbers the feed; a restored backup gets a new epoch.

    Changes up to `pruned_through` are gone; a cursor last used on `pruned_on` or before may have
    missed some of them.
    """

    epoch = models.UUIDField(default=uuid.uuid4, editable=False)
    last_number = models.BigIntegerField(default=0)
    pruned_through = models.BigIntegerField(default=0)
    pruned_on = models.DateField(null=True)

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("feed sequence")
        verbose_name_plural = _("feed sequence")

    def __str__(self) -> str:
        return str(self.last_number)


class FeedMark(models.Model):
    """The number that the feed had reached at some moment of a day."""

    day = models.DateField(_("day of the feed"), unique=True)
    number = models.BigIntegerField(_("number reached"))

    objects = PermittedQuerySet.as_manager()

    class Meta:
        verbose_name = _("mark of the feed")
        verbose_name_plural = _("marks of the feed")
        ordering = ("day",)

    def __str__(self) -> str:
        return f"{self.day:%Y-%m-%d} {self.number}"


class FeedRule(Rule):
    """For how many days a reader may stay away and still go on from its cursor."""

    days = models.PositiveSmallIntegerField(_("days that changes are kept"))

    class Meta:
        verbose_name = _("rule on the change feed")
        verbose_name_plural = _("rules on the change feed")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="feed_rule_once"),
            models.CheckConstraint(condition=Q(days__gte=1), name="feed_rule_positive"),
        )

    def __str__(self) -> str:
        return ngettext("%(days)d day", "%(days)d days", self.days) % {"days": self.days}
