"""Templates of approval plans: which steps, by which department, within how many days."""

from __future__ import annotations

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext, pgettext_lazy

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.rule_models import Rule
from kfq_crm.base.scoping import OpenQuerySet
from leads.models import MilestoneKind
from leads.models.rules import Band
from services.models.departments import Department


class ApprovalTemplate(Versioned):
    """The steps of one kind of project. A plan copies them: a change here moves no plan."""

    code = models.SlugField(pgettext_lazy("template", "short code"), max_length=40, unique=True)
    name = models.CharField(pgettext_lazy("template", "name"), max_length=80, unique=True)
    about = models.CharField(_("which projects it is for"), max_length=200, blank=True)
    is_active = models.BooleanField(_("offered for new plans"), default=True)

    objects = OpenQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("approval template")
        verbose_name_plural = _("approval templates")
        ordering = ("name", "pk")

    def __str__(self) -> str:
        return self.name


class TemplateStep(Versioned):
    """One approval: what, by whom, within how many working days of its acceptance."""

    template = models.ForeignKey(
        ApprovalTemplate,
        verbose_name=_("approval template"),
        on_delete=models.CASCADE,
        related_name="steps",
    )
    code = models.SlugField(pgettext_lazy("approval", "short code"), max_length=40)
    name = models.CharField(_("name of the approval"), max_length=80)
    department = models.ForeignKey(
        Department,
        verbose_name=_("department"),
        on_delete=models.PROTECT,
        related_name="template_steps",
    )
    stage = models.CharField(
        _("milestone that it leads to"), max_length=12, choices=MilestoneKind.choices
    )
    working_days = models.PositiveSmallIntegerField(_("limit in working days"))
    published = models.CharField(
        _("published rule"), max_length=100, blank=True, help_text=_("Number of the document")
    )
    inferred = models.BooleanField(
        _("our inference"), default=False, help_text=_("No published document gives this figure")
    )
    may_be_deemed = models.BooleanField(
        _("may be granted by default"),
        default=True,
        help_text=_("Off for what no delay may grant, such as a safety acceptance"),
    )
    order = models.PositiveSmallIntegerField(_("place in the plan"), default=0)
    depends_on: models.ManyToManyField[TemplateStep, TemplateDependency] = models.ManyToManyField(
        "self",
        verbose_name=_("begins after"),
        symmetrical=False,
        through="TemplateDependency",
        related_name="dependents",
        blank=True,
    )

    objects = OpenQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("step of a template")
        verbose_name_plural = _("steps of a template")
        ordering = ("template", "order", "pk")
        constraints = (
            models.UniqueConstraint(fields=("template", "code"), name="template_step_code"),
            models.CheckConstraint(
                condition=Q(working_days__gte=1, working_days__lte=365),
                name="template_step_limit_sane",
            ),
            models.CheckConstraint(
                condition=Q(inferred=True) | ~Q(published=""), name="template_step_has_ground"
            ),
        )

    def __str__(self) -> str:
        return self.name


class TemplateDependency(models.Model):
    """`step` begins only when `on` is granted; both of one template, never in a circle."""

    step = models.ForeignKey(
        TemplateStep,
        verbose_name=_("step of a template"),
        on_delete=models.CASCADE,
        related_name="dependencies",
    )
    on = models.ForeignKey(
        TemplateStep, verbose_name=_("begins after"), on_delete=models.CASCADE, related_name="+"
    )

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("dependency in a template")
        verbose_name_plural = _("dependencies in a template")
        constraints = (
            models.UniqueConstraint(fields=("step", "on"), name="template_dependency_once"),
            models.CheckConstraint(condition=~Q(step=F("on")), name="template_dependency_other"),
        )

    def __str__(self) -> str:
        return f"{self.on} → {self.step}"


class TemplatePaper(models.Model):
    """A paper that the applicant hands in. A main one cannot be promised for later."""

    step = models.ForeignKey(
        TemplateStep,
        verbose_name=_("step of a template"),
        on_delete=models.CASCADE,
        related_name="papers",
    )
    name = models.CharField(_("name of the paper"), max_length=120)
    is_main = models.BooleanField(
        _("main paper"), default=False, help_text=_("Must be there before the step is accepted")
    )
    order = models.PositiveSmallIntegerField(_("place in the list"), default=0)

    objects = OpenQuerySet.as_manager()

    class Meta:
        verbose_name = _("paper of a template")
        verbose_name_plural = _("papers of a template")
        ordering = ("step", "order", "pk")
        constraints = (
            models.UniqueConstraint(fields=("step", "name"), name="template_paper_once"),
        )

    def __str__(self) -> str:
        return self.name


class DeemedRule(Rule):
    """From what scale on an overdue approval counts as granted (泰政办发〔2022〕58号).

    The amounts are those of the scale band, in each currency by itself. `acceptance_days`: who
    does not answer to an application within them has accepted it (行政许可法 第三十二条).
    """

    smallest_band = models.CharField(
        _("smallest scale band"), max_length=1, choices=Band.choices, default=Band.B
    )
    paper_days = models.PositiveSmallIntegerField(_("working days to issue the paper"))
    acceptance_days = models.PositiveSmallIntegerField(
        _("working days to accept or to ask for papers")
    )

    class Meta:
        verbose_name = _("rule on approval by default")
        verbose_name_plural = _("rules on approval by default")
        ordering = ("-valid_from",)
        constraints = (
            models.UniqueConstraint(fields=("valid_from",), name="deemed_rule_once"),
            models.CheckConstraint(
                condition=Q(paper_days__gte=1, acceptance_days__gte=1),
                name="deemed_rule_positive",
            ),
        )

    def __str__(self) -> str:
        days = ngettext("%(days)d working day", "%(days)d working days", self.paper_days)
        return f"{self.get_smallest_band_display()} · {days % {'days': self.paper_days}}"
