"""Limits, escalation steps and the reminders that came of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.scoping import ScopedQuerySet
from leads.models.lead import Lead
from leads.models.rules import Band, Rule

if TYPE_CHECKING:
    from datetime import date

    from kfq_crm.base.models import User


class LimitItem(models.TextChoices):
    FIRST_RESPONSE = "first_response", _("first response to a new lead")
    SCREENING_VERDICT = "screening_verdict", _("screening verdict on a lead")
    REFERRER_REPLY = "referrer_reply", _("reply to whoever referred it")


class ResponseLimit(Rule):
    """Working days from the logging of a lead to an answer (江府办函〔2024〕37号)."""

    item = models.CharField(_("what is due"), max_length=20, choices=LimitItem.choices)
    band = models.CharField(
        _("scale band"),
        max_length=1,
        choices=Band.choices,
        blank=True,
        help_text=_("Empty: holds for every scale without a rule of its own"),
    )
    working_days = models.PositiveSmallIntegerField(_("working days"))

    class Meta:
        verbose_name = _("response limit")
        verbose_name_plural = _("response limits")
        ordering = ("item", "band", "-valid_from")
        constraints = (
            models.UniqueConstraint(
                fields=("item", "band", "valid_from"), name="response_limit_once"
            ),
            models.CheckConstraint(
                condition=Q(working_days__gte=1), name="response_limit_positive"
            ),
        )

    def __str__(self) -> str:
        return f"{self.get_item_display()} {self.band}: {self.working_days}"


class Role(models.TextChoices):
    OWNER = "owner", _("person in charge (role)")
    HEAD = "head", _("team head (role)")
    LEAD_UNIT = "lead_unit", _("lead unit (role)")
    LEADER = "leader", _("chain leader (role)")


class Via(models.TextChoices):
    MAIL = "mail", _("message and inbox")
    DIGEST = "digest", _("weekly digest")


class EscalationStep(Rule):
    """Who is told, how many working days before (negative) or after the due day.

    The steps that share the newest valid-from day are in force together.
    """

    offset = models.SmallIntegerField(_("working days after the due day"))
    role = models.CharField(_("who is told"), max_length=10, choices=Role.choices)
    via = models.CharField(_("by what means"), max_length=6, choices=Via.choices, default=Via.MAIL)

    class Meta:
        verbose_name = _("escalation step")
        verbose_name_plural = _("escalation steps")
        ordering = ("-valid_from", "offset", "role")
        constraints = (
            models.UniqueConstraint(
                fields=("valid_from", "offset", "role"), name="escalation_step_once"
            ),
            models.CheckConstraint(
                condition=Q(offset__gte=-10, offset__lte=60), name="escalation_step_sane"
            ),
        )

    def __str__(self) -> str:
        return f"{self.offset:+d} → {self.get_role_display()}"


class SnoozeRule(Rule):
    """How long an item may be put off, however often, from the first time on."""

    working_days = models.PositiveSmallIntegerField(_("working days"))

    class Meta:
        verbose_name = _("rule on putting off")
        verbose_name_plural = _("rules on putting off")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="snooze_rule_once"),
            models.CheckConstraint(condition=Q(working_days__gte=1), name="snooze_rule_positive"),
        )

    def __str__(self) -> str:
        return str(self.working_days)


class ReminderState(models.TextChoices):
    OPEN = "open", _("open (reminder)")
    CANCELLED = "cancelled", _("no longer due")


class ReminderQuerySet(ScopedQuerySet["Reminder"]):
    def visible_to(self, user: User) -> Self:
        """One's own items; nobody reads another's inbox."""
        return self.filter(recipient=user) if user.is_active else self.none()

    def open(self) -> Self:
        return self.filter(state=ReminderState.OPEN)

    def on_desk(self, today: date) -> Self:
        """Open items that are not snoozed."""
        return self.open().filter(Q(snoozed_until=None) | Q(snoozed_until__lte=today))

    def latest_steps(self) -> Self:
        """Without the items that a later step on the same thing, to the same person, replaces:
        who was told yesterday and is told today has one thing to do."""
        same = ("rule", "subject_id", "revision", "round", "recipient")
        later = Reminder.objects.open().filter(
            **{name: OuterRef(name) for name in same}, level__gt=OuterRef("level")
        )
        return self.exclude(Exists(later))


class Reminder(models.Model):
    """One item in one person's inbox: recorded exactly once, whatever crashes or repeats.

    `revision` is the due date's revision on the subject: a rescheduled subject starts anew.
    `round` is the lead's: handed over, reopened or hidden it starts anew, whatever is due.
    `level` is the working-day offset of the step. `stands_for` names whom a deputy replaces.
    """

    rule = models.CharField(_("rule of the reminder"), max_length=40)
    subject_id = models.BigIntegerField(_("record"))
    revision = models.BigIntegerField(_("revision of the due day"))
    round = models.PositiveIntegerField(_("round of reminding"), default=0)
    level = models.SmallIntegerField(_("escalation step"))
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recipient"),
        on_delete=models.PROTECT,
        related_name="reminders",
    )
    stands_for = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("in place of"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    lead = models.ForeignKey(
        Lead, verbose_name=_("lead"), on_delete=models.PROTECT, null=True, related_name="reminders"
    )
    due_on = models.DateField(_("due on"))
    via = models.CharField(_("by what means"), max_length=6, choices=Via.choices)
    recorded_on = models.DateField(_("recorded on"))
    state = models.CharField(
        _("state of the reminder"),
        max_length=10,
        choices=ReminderState.choices,
        default=ReminderState.OPEN,
    )
    mail = models.ForeignKey(
        "base.OutgoingMail",
        verbose_name=_("message"),
        on_delete=models.SET_NULL,
        null=True,
        related_name="reminders",
    )
    read_at = models.DateTimeField(_("read at"), null=True)
    snoozed_until = models.DateField(_("put off until"), null=True)
    first_snoozed_on = models.DateField(_("first put off on"), null=True)
    snooze_reason = models.CharField(_("reason for putting off"), max_length=200, blank=True)

    objects = ReminderQuerySet.as_manager()

    class Meta:
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        ordering = ("due_on", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("rule", "subject_id", "revision", "round", "level", "recipient"),
                name="reminder_once",
            ),
            models.CheckConstraint(
                condition=Q(snoozed_until=None) | ~Q(snooze_reason=""),
                name="reminder_snooze_has_reason",
            ),
        )
        indexes = (
            models.Index(
                fields=("recipient", "due_on"), name="reminder_desk", condition=Q(state="open")
            ),
            models.Index(
                fields=("recipient",),
                name="reminder_unmailed",
                condition=Q(state="open", mail=None, via="mail"),
            ),
            models.Index(fields=("rule", "state", "id"), name="reminder_rule_state"),
        )

    def __str__(self) -> str:
        return f"{self.rule} {self.subject_id} {self.level:+d}"
