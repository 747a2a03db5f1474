"""What was said and done about a lead, and what stands in its way."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.models import Versioned
from leads.models.lead import Lead, ThroughLeadQuerySet


class Method(models.TextChoices):
    CALL = "call", _("telephone call")
    WECHAT = "wechat", _("WeChat")
    VISIT_OUT = "visit_out", _("we visited them")
    VISIT_IN = "visit_in", _("they visited us")
    MEETING = "meeting", _("meeting")
    EMAIL = "email", _("e-mail (method)")
    PAPER = "paper", _("letter or paper")


class FollowUp(Versioned):
    """A contact or a step. Every one resets the contact clock; only one marked as progress
    resets the progress clock."""

    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="follow_ups"
    )
    occurred_at = models.DateTimeField(_("when it took place"))
    method = models.CharField(_("how"), max_length=10, choices=Method.choices)
    two_way = models.BooleanField(
        _("they answered"),
        default=True,
        help_text=_("Both sides took part; a message left unanswered is not a contact"),
    )
    our_people = models.CharField(_("our people"), max_length=200, blank=True)
    their_people = models.CharField(_("their people"), max_length=200, blank=True)
    summary = models.TextField(_("what happened"))
    is_progress = models.BooleanField(_("this is progress"), default=False)
    next_action = models.CharField(_("next step"), max_length=200, blank=True)
    next_action_on = models.DateField(_("next step due"), null=True, blank=True)
    logged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("logged by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    sent_as = models.UUIDField(
        _("form that it was sent with"), null=True, unique=True, editable=False
    )

    objects = ThroughLeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        ordering = ("-occurred_at", "-pk")
        indexes = (models.Index(fields=("lead", "-occurred_at"), name="follow_up_lead"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(next_action="") | Q(next_action_on__isnull=False),
                name="follow_up_next_step_dated",
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_method_display()} · {self.summary[:40]}"


class Blocker(Versioned):
    """What stands in the way: one owner, one date."""

    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, related_name="blockers"
    )
    follow_up = models.ForeignKey(
        FollowUp,
        verbose_name=_("follow-up"),
        on_delete=models.SET_NULL,
        null=True,
        editable=False,
        related_name="blockers",
    )
    description = models.CharField(_("what is in the way"), max_length=200)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who clears it"),
        on_delete=models.PROTECT,
        related_name="blockers",
    )
    due_on = models.DateField(_("to be cleared by"))
    raised_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("raised by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )
    resolved_on = models.DateField(_("cleared on"), null=True, editable=False)
    resolution = models.CharField(_("how it was cleared"), max_length=200, blank=True)

    objects = ThroughLeadQuerySet.as_manager()

    class Meta:
        verbose_name = _("blocker")
        verbose_name_plural = _("blockers")
        ordering = ("due_on", "pk")
        indexes = (
            models.Index(
                fields=("owner", "due_on"), name="blocker_open", condition=Q(resolved_on=None)
            ),
        )

    def __str__(self) -> str:
        return self.description
