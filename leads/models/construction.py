"""What a landed project builds: permits by stage, buildings, monthly progress and its plan."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self, TypeVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import ScopedQuerySet
from leads.models.landing import LandedProject

if TYPE_CHECKING:
    from kfq_crm.base.models import User

M = TypeVar("M", bound=models.Model)


class OfProjectQuerySet(ScopedQuerySet[M]):
    """Rows that are seen exactly when their project is."""

    def visible_to(self, user: User) -> Self:
        return self.filter(project__in=LandedProject.objects.visible_to(user).values("pk"))


def _of_project(name: str) -> models.ForeignKey[LandedProject, LandedProject]:
    return models.ForeignKey(
        LandedProject,
        verbose_name=_("landed project"),
        on_delete=models.PROTECT,
        related_name=name,
    )


def _percent(label: object) -> models.DecimalField:
    return models.DecimalField(label, max_digits=5, decimal_places=2)


def _within_100(name: str) -> models.CheckConstraint:
    return models.CheckConstraint(condition=Q(percent__gte=0, percent__lte=100), name=name)


class PermitStage(models.TextChoices):
    PILES = "piles", _("pile foundation (permit)")
    BASEMENT = "basement", _("foundation pit and basement (permit)")
    STRUCTURE = "structure", _("main structure (permit)")
    WHOLE = "whole", _("all works (permit)")
    FIT_OUT = "fit_out", _("fit-out and installation (permit)")


class ConstructionPermit(Versioned):
    """One construction permit. A project has one for all works, or one a stage."""

    project = _of_project("permits")
    stage = models.CharField(_("stage of the works"), max_length=10, choices=PermitStage.choices)
    number = models.CharField(_("number of the permit"), max_length=60)
    issued_on = models.DateField(_("issued on"))
    scope = models.CharField(
        _("works that it covers"), max_length=200, blank=True, help_text=_("Buildings, storeys")
    )

    objects = OfProjectQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("construction permit")
        verbose_name_plural = _("construction permits")
        ordering = ("project", "issued_on", "pk")
        indexes = (models.Index(fields=("updated_at", "id"), name="permit_changed"),)
        constraints = (
            models.UniqueConstraint(fields=("project", "number"), name="permit_once"),
            models.CheckConstraint(condition=~Q(number=""), name="permit_has_number"),
        )

    def __str__(self) -> str:
        return f"{self.get_stage_display()} · {self.number}"


class Building(Versioned):
    """One building or zone that is accepted by itself (分区分栋验收).

    Only counted ones make up completion; a guard house or a bicycle shed need not.
    """

    project = _of_project("buildings")
    name = models.CharField(pgettext_lazy("building", "name"), max_length=60)
    area_m2 = models.DecimalField(_("floor area (m²)"), max_digits=12, decimal_places=2)
    is_counted = models.BooleanField(_("counts towards completion"), default=True)
    accepted_on = models.DateField(_("accepted on"), null=True, blank=True)
    acceptance_paper = models.CharField(
        _("paper of the acceptance"), max_length=100, blank=True, help_text=_("With its number")
    )

    objects = OfProjectQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("building of a project")
        verbose_name_plural = _("buildings of projects")
        ordering = ("project", "pk")
        indexes = (models.Index(fields=("updated_at", "id"), name="building_changed"),)
        constraints = (
            models.UniqueConstraint(fields=("project", "name"), name="building_once"),
            models.CheckConstraint(condition=~Q(name=""), name="building_has_name"),
            models.CheckConstraint(condition=Q(area_m2__gt=0), name="building_has_area"),
            models.CheckConstraint(
                condition=Q(accepted_on=None, acceptance_paper="")
                | (Q(accepted_on__isnull=False) & ~Q(acceptance_paper="")),
                name="building_acceptance_has_paper",
            ),
        )

    def __str__(self) -> str:
        return self.name


class ProgressReport(Versioned):
    """How far construction stood at the end of a month. `invested` is the sum so far, in ten
    thousand of the project's currency."""

    project = _of_project("progress_reports")
    month = models.DateField(_("month of the report"), help_text=_("Its first day"))
    percent = _percent(_("percent complete"))
    invested = models.DecimalField(_("invested so far"), max_digits=16, decimal_places=4)
    summary = models.TextField(_("what was built"), max_length=1000)
    reported_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("reported by"),
        on_delete=models.PROTECT,
        related_name="+",
    )
    reported_at = models.DateTimeField(_("reported at"))

    objects = OfProjectQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("progress report")
        verbose_name_plural = _("progress reports")
        ordering = ("project", "-month")
        indexes = (models.Index(fields=("updated_at", "id"), name="progress_changed"),)
        constraints = (
            models.UniqueConstraint(fields=("project", "month"), name="progress_once_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="progress_month_is_first"),
            _within_100("progress_percent"),
            models.CheckConstraint(condition=Q(invested__gte=0), name="progress_invested"),
        )

    def __str__(self) -> str:
        return f"{self.project} · {self.month:%Y-%m}"


class PlannedProgress(models.Model):
    """What the plan asks for at the end of a month: typed, or in a straight line between what
    was typed. The last row is the month of the planned completion."""

    project = _of_project("planned_progress")
    month = models.DateField(_("month of the plan"))
    percent = _percent(_("percent planned"))
    is_typed = models.BooleanField(_("typed, not reckoned"), default=False)

    objects = OfProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("planned progress")
        verbose_name_plural = _("planned progress (plural)")
        ordering = ("project", "month")
        constraints = (
            models.UniqueConstraint(fields=("project", "month"), name="planned_once_a_month"),
            models.CheckConstraint(condition=Q(month__day=1), name="planned_month_is_first"),
            _within_100("planned_percent"),
        )

    def __str__(self) -> str:
        return f"{self.project} · {self.month:%Y-%m}"


class OutputPeriod(Versioned):
    """Output and tax of a whole period of production, in ten thousand yuan, with its paper."""

    project = _of_project("output_periods")
    starts_on = models.DateField(_("first day of the period"))
    ends_on = models.DateField(_("last day of the period"))
    output = models.DecimalField(_("output of the period"), max_digits=16, decimal_places=4)
    tax = models.DecimalField(_("tax of the period"), max_digits=16, decimal_places=4)
    paper = models.CharField(_("paper that proves the figures"), max_length=200)

    objects = OfProjectQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("period of production")
        verbose_name_plural = _("periods of production")
        ordering = ("project", "starts_on")
        constraints = (
            models.UniqueConstraint(fields=("project", "starts_on"), name="output_period_once"),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="output_period_lasts"
            ),
            models.CheckConstraint(
                condition=Q(output__gte=0, tax__gte=0), name="output_period_not_below_0"
            ),
            models.CheckConstraint(condition=~Q(paper=""), name="output_period_has_paper"),
        )

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m-%d} – {self.ends_on:%Y-%m-%d}"


class FlagKind(models.TextChoices):
    PROVINCIAL_MAJOR = "provincial_major", _("provincial major project")
    IN_STATISTICS = "in_statistics", _("in the statistics")
    ABOVE_SCALE = "above_scale", _("above-scale enterprise")


class ProjectFlag(Versioned):
    """A list on which the project stands, from a day on, by a paper. Never a stage."""

    project = _of_project("flags")
    kind = models.CharField(_("list or register"), max_length=20, choices=FlagKind.choices)
    since_on = models.DateField(_("since"))
    paper = models.CharField(_("paper of the listing"), max_length=100)
    ended_on = models.DateField(_("taken off on"), null=True, blank=True)
    ended_reason = models.CharField(_("why it was taken off"), max_length=200, blank=True)

    objects = OfProjectQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("flag of a project")
        verbose_name_plural = _("flags of projects")
        ordering = ("project", "kind", "-since_on", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=("project", "kind"),
                condition=Q(ended_on=None),
                name="project_flag_once_at_a_time",
            ),
            models.CheckConstraint(condition=~Q(paper=""), name="project_flag_has_paper"),
            models.CheckConstraint(
                condition=Q(ended_on=None, ended_reason="")
                | (Q(ended_on__gte=F("since_on")) & ~Q(ended_reason="")),
                name="project_flag_ends_with_reason",
            ),
        )

    def __str__(self) -> str:
        return self.get_kind_display()
