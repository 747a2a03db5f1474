"""What hangs on a step: dependencies, stops of its clock, and everything that happened to it."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.scoping import M
from services.models.plans import ApprovalStep, ThroughPlanQuerySet
from services.models.states import EventKind, StepState, StopReason


class ThroughStepQuerySet(ThroughPlanQuerySet[M]):
    plan_path = "step__plan"


class StepDependency(models.Model):
    """`step` begins only when `on` has passed; both of one plan."""

    step = models.ForeignKey(
        ApprovalStep,
        verbose_name=_("approval step"),
        on_delete=models.CASCADE,
        related_name="dependencies",
    )
    on = models.ForeignKey(
        ApprovalStep, verbose_name=_("begins after"), on_delete=models.CASCADE, related_name="+"
    )

    objects = ThroughStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("dependency in a plan")
        verbose_name_plural = _("dependencies in a plan")
        constraints = (
            models.UniqueConstraint(fields=("step", "on"), name="step_dependency_once"),
            models.CheckConstraint(condition=~Q(step=F("on")), name="step_dependency_other"),
        )

    def __str__(self) -> str:
        return f"{self.on} → {self.step}"


class ClockStop(models.Model):
    """A span in which a step's clock stands, both days included. Never edited once ended.

    `began_by` and `ended_by` are None where a sweep found that a promised paper did not come.
    """

    step = models.ForeignKey(
        ApprovalStep,
        verbose_name=_("approval step"),
        on_delete=models.PROTECT,
        related_name="stops",
    )
    reason = models.CharField(_("why the clock stands"), max_length=10, choices=StopReason.choices)
    note = models.CharField(_("particulars of the stop"), max_length=300, blank=True)
    began_on = models.DateField(_("clock stopped on"))
    began_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("clock stopped by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )
    ended_on = models.DateField(_("clock stood until"), null=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("clock set going by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )

    objects = ThroughStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("stop of the clock")
        verbose_name_plural = _("stops of the clock")
        ordering = ("step", "began_on", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("step", "reason"),
                condition=Q(ended_on=None),
                name="clock_stop_open_once",
            ),
            models.CheckConstraint(
                condition=Q(ended_on=None) | Q(ended_on__gte=F("began_on")),
                name="clock_stop_runs_forward",
            ),
            models.CheckConstraint(
                condition=~Q(reason__in=("procedure", "applicant")) | ~Q(note=""),
                name="clock_stop_by_hand_has_note",
            ),
        )

    def __str__(self) -> str:
        return self.get_reason_display()


class StepEvent(models.Model):
    """One thing that happened to a step: who, when, from, to, why. Never edited."""

    step = models.ForeignKey(
        ApprovalStep,
        verbose_name=_("approval step"),
        on_delete=models.PROTECT,
        related_name="events",
    )
    kind = models.CharField(_("what happened"), max_length=20, choices=EventKind.choices)
    from_state = models.CharField(
        _("state before"), max_length=10, choices=StepState.choices, blank=True
    )
    to_state = models.CharField(_("state after"), max_length=10, choices=StepState.choices)
    reason = models.CharField(_("reason given"), max_length=300, blank=True)
    detail = models.JSONField(_("particulars"), default=dict)
    at = models.DateTimeField(_("happened at"))
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        on_delete=models.PROTECT,
        null=True,
        related_name="+",
    )

    objects = ThroughStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("event of an approval")
        verbose_name_plural = _("events of approvals")
        ordering = ("-at", "-pk")
        indexes = (models.Index(fields=("step", "-id"), name="step_event_step"),)
        constraints = (
            # A step is granted by default once, whatever sweeps run beside each other
            models.UniqueConstraint(
                fields=("step",), condition=Q(kind="deemed"), name="step_deemed_once"
            ),
        )

    def __str__(self) -> str:
        return self.get_kind_display()
