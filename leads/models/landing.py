"""Landed projects and their milestones, from registration to full capacity."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from chains.models import Chain, Segment
from chains.visibility import chain_scope, sees_all
from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import ScopedQuerySet
from leads.milestones import MilestoneKind, ProductionProof
from leads.models.contract import Contract
from leads.models.enterprise import Enterprise
from leads.models.lead import Currency, Lead
from leads.models.rules import Band

if TYPE_CHECKING:
    from kfq_crm.base.models import User


class LandedProjectQuerySet(ScopedQuerySet["LandedProject"]):
    def visible_to(self, user: User) -> Self:
        """Seen with the lead; one of the report, which has none, by its chain's team."""
        if not user.is_active:
            return self.none()
        # Asked for each project: an `in` beside an `or` would read the leads of everybody first
        through_lead = Exists(Lead.objects.visible_to(user).filter(contracts=OuterRef("contract")))
        own = Q() if sees_all(user) else chain_scope(user)
        return self.filter(through_lead | (Q(contract=None) & own))


class LandedProject(Versioned):
    """A project after its counted contract, or one that the published report names."""

    contract = models.OneToOneField(
        Contract,
        verbose_name=_("contract"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="landed_project",
    )
    source = models.CharField(
        _("source"),
        max_length=60,
        blank=True,
        help_text=_("Section of the published report that this row rests on"),
    )
    code = models.SlugField(_("short code"), max_length=60, null=True, blank=True, unique=True)
    name = models.CharField(pgettext_lazy("project", "name"), max_length=120)
    enterprise = models.ForeignKey(
        Enterprise,
        verbose_name=_("enterprise"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
    )
    chain = models.ForeignKey(
        Chain,
        verbose_name=_("industry chain"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
    )
    segment = models.ForeignKey(
        Segment,
        verbose_name=_("segment"),
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="projects",
    )
    investment = models.DecimalField(
        _("total investment"), max_digits=16, decimal_places=4, null=True, blank=True
    )
    currency = models.CharField(
        _("currency"), max_length=3, choices=Currency.choices, default=Currency.CNY
    )
    band = models.CharField(
        _("scale band"), max_length=1, choices=Band.choices, blank=True, editable=False
    )
    investment_note = models.CharField(
        _("scale in words"),
        max_length=100,
        blank=True,
        help_text=_("What a report says where it gives no figure"),
    )
    is_lease = models.BooleanField(
        _("rents its plant"), default=False, help_text=_("A lease project takes no land")
    )
    landing_park = models.CharField(_("park where it lands"), max_length=60, blank=True)
    lease_number = models.CharField(
        _("number of the plant's lease"),
        max_length=60,
        blank=True,
        help_text=_("Of a project that rents its plant; it stands where land would"),
    )
    lease_signed_on = models.DateField(_("lease signed on"), null=True, blank=True)
    contracted_output = models.DecimalField(
        _("contracted output of a whole period"),
        max_digits=16,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("In ten thousand yuan"),
    )
    contracted_tax = models.DecimalField(
        _("contracted tax of a whole period"),
        max_digits=16,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("In ten thousand yuan"),
    )
    project_code = models.CharField(_("project code (GB/T 40058)"), max_length=29, blank=True)
    state_note = models.CharField(_("words of the report"), max_length=200, blank=True)
    milestone = models.CharField(
        _("latest milestone"),
        max_length=12,
        choices=MilestoneKind.choices,
        blank=True,
        editable=False,
    )
    is_recognised = models.BooleanField(_("recognised"), default=False, editable=False)

    objects = LandedProjectQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("landed project")
        verbose_name_plural = _("landed projects")
        ordering = ("-pk",)
        indexes = (models.Index(fields=("chain", "milestone", "-id"), name="project_chain"),)
        constraints = (
            models.CheckConstraint(
                condition=Q(contract__isnull=False) | ~Q(source=""),
                name="project_has_contract_or_source",
            ),
            models.CheckConstraint(
                condition=Q(lease_number="", lease_signed_on=None)
                | (Q(is_lease=True, lease_signed_on__isnull=False) & ~Q(lease_number="")),
                name="project_lease_is_whole",
            ),
        )

    def __str__(self) -> str:
        return self.name


class ThroughProjectQuerySet(ScopedQuerySet["Milestone"]):
    def visible_to(self, user: User) -> Self:
        return self.filter(project__in=LandedProject.objects.visible_to(user).values("pk"))


class Milestone(Versioned):
    """One milestone of a project: planned, actual and recognised dates are three facts."""

    project = models.ForeignKey(
        LandedProject,
        verbose_name=_("landed project"),
        on_delete=models.PROTECT,
        related_name="milestones",
    )
    kind = models.CharField(_("milestone"), max_length=12, choices=MilestoneKind.choices)
    planned_on = models.DateField(_("planned for"), null=True, blank=True)
    first_planned_on = models.DateField(
        _("first planned for"), null=True, blank=True, help_text=_("Stays when the plan moves")
    )
    plan_reason = models.CharField(_("why the plan was moved"), max_length=200, blank=True)
    is_reached = models.BooleanField(
        _("has been reached"),
        default=False,
        help_text=_("A report may state that it was, without the day"),
    )
    actual_on = models.DateField(_("reached on"), null=True, blank=True)
    recognised_on = models.DateField(_("recognised on"), null=True, blank=True)
    evidence = models.CharField(_("evidence"), max_length=200, blank=True)
    works = models.CharField(
        _("permanent works begun"), max_length=30, blank=True, help_text=_("Of a start of works")
    )
    proof = models.CharField(
        _("proof of production"), max_length=10, choices=ProductionProof.choices, blank=True
    )
    recorded_at = models.DateTimeField(_("recorded at"), null=True, editable=False)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("recorded by"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )

    objects = ThroughProjectQuerySet.as_manager()

    class Meta:
        verbose_name = _("milestone")
        verbose_name_plural = _("milestones")
        ordering = ("project", "pk")
        indexes = (
            models.Index(
                fields=("planned_on", "id"),
                name="milestone_awaited",
                condition=Q(is_reached=False, planned_on__isnull=False),
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=("project", "kind"), name="milestone_once"),
            models.CheckConstraint(
                condition=Q(actual_on=None) | Q(is_reached=True), name="milestone_dated_is_reached"
            ),
            models.CheckConstraint(
                condition=Q(recognised_on=None) | Q(is_reached=True),
                name="milestone_recognised_is_reached",
            ),
        )

    def __str__(self) -> str:
        return self.get_kind_display()
