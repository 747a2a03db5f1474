"""Approval plans (帮办代办) and their steps: who sees them, in what state each step is."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from kfq_crm.base.history_records import history_records
from kfq_crm.base.models import Versioned
from kfq_crm.base.scoping import M, ScopedQuerySet
from leads.models import LandedProject, Lead, MilestoneKind
from services.models.departments import Department, departments_of, sees_all_services
from services.models.states import CLOSED, OPEN, DeemedVerdict, PlanState, StepState
from services.models.templates import ApprovalTemplate, TemplateStep

if TYPE_CHECKING:
    from datetime import date

    from django.db.models import QuerySet

    from kfq_crm.base.models import User

DECIDE_FOR = "services.decide_for_departments"
SETTLE = "services.settle_objections"


class ApprovalPlanQuerySet(ScopedQuerySet["ApprovalPlan"]):
    def visible_to(self, user: User) -> Self:
        """With the project; and unless its lead is confidential, for those who see all services,
        for its helper and for the people of every department that has a step in it."""
        if not user.is_active:
            return self.none()
        project = LandedProject.objects.visible_to(user).filter(pk=OuterRef("project"))
        if sees_all_services(user):
            return self.filter(~Q(pk__in=_confidential_plans()) | Exists(project))
        step = ApprovalStep.objects.filter(
            plan=OuterRef("pk"), department__in=departments_of(user).values("pk")
        )
        served = (Q(helper=user) | Exists(step)) & ~Q(pk__in=_confidential_plans())
        return self.filter(served | Exists(project))


def _confidential_plans() -> QuerySet[Any, Any]:
    """Keys of the plans of confidential leads: few, so they are left out as a set."""
    secret = Lead.objects.filter(confidential=True).values("pk")
    return ApprovalPlan.objects.filter(project__contract__lead__in=secret).values("pk")


def served_projects(user: User) -> QuerySet[LandedProject]:
    """Projects that the person may make a plan for: service staff need not see their leads."""
    visible = LandedProject.objects.visible_to(user)
    if not sees_all_services(user):
        return visible
    known = Q(contract=None) | Q(contract__lead__confidential=False)
    return LandedProject.objects.filter(known | Exists(visible.filter(pk=OuterRef("pk"))))


class ApprovalPlan(Versioned):
    """The approvals of one landed project, made from a template in one go."""

    project = models.ForeignKey(
        LandedProject,
        verbose_name=_("landed project"),
        on_delete=models.PROTECT,
        related_name="approval_plans",
    )
    template = models.ForeignKey(
        ApprovalTemplate,
        verbose_name=_("approval template"),
        on_delete=models.PROTECT,
        related_name="plans",
    )
    name = models.CharField(_("name of the plan"), max_length=80)
    helper = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("who helps the enterprise through"),
        on_delete=models.PROTECT,
        related_name="approval_plans",
    )
    began_on = models.DateField(_("plan begun on"))
    state = models.CharField(
        _("state of the plan"),
        max_length=8,
        choices=PlanState.choices,
        default=PlanState.OPEN,
        editable=False,
    )
    closed_on = models.DateField(_("plan closed on"), null=True, editable=False)
    close_reason = models.CharField(
        _("why it was given up"), max_length=200, blank=True, editable=False
    )
    may_be_deemed = models.BooleanField(
        _("large enough for approval by default"),
        default=False,
        editable=False,
        help_text=_("By the project's scale band when the plan was made"),
    )
    reminder_round = models.PositiveIntegerField(_("round of reminding"), default=0, editable=False)
    made_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("plan made by"),
        on_delete=models.PROTECT,
        related_name="+",
        editable=False,
    )

    objects = ApprovalPlanQuerySet.as_manager()
    history = history_records()

    class Meta:
        verbose_name = _("approval plan")
        verbose_name_plural = _("approval plans")
        ordering = ("-pk",)
        permissions = (
            ("decide_for_departments", _("May record what a department decided")),
            ("settle_objections", _("May settle objections to approvals by default")),
        )
        indexes = (
            models.Index(fields=("state", "-id"), name="approval_plan_state"),
            models.Index(fields=("helper", "state", "-id"), name="approval_plan_helper"),
        )
        constraints = (
            models.UniqueConstraint(
                fields=("project", "template"),
                condition=~Q(state="stopped"),
                name="approval_plan_once",
            ),
            models.CheckConstraint(
                condition=Q(state="open", closed_on=None)
                | (~Q(state="open") & Q(closed_on__isnull=False)),
                name="approval_plan_closed_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(state="stopped") | ~Q(close_reason=""),
                name="approval_plan_stopped_has_reason",
            ),
        )

    def __str__(self) -> str:
        return self.name


class ThroughPlanQuerySet(ScopedQuerySet[M]):
    """Rows that are seen exactly when their plan is."""

    plan_path = "plan"

    def visible_to(self, user: User) -> Self:
        if not user.is_active:
            return self.none()
        plans = ApprovalPlan.objects.visible_to(user).filter(pk=OuterRef(self.plan_path))
        return self.filter(Exists(plans))


class ApprovalStepQuerySet(ThroughPlanQuerySet["ApprovalStep"]):
    def visible_to(self, user: User) -> Self:
        """With the plan: people of a department see what stands before and after their step."""
        if sees_all_services(user):
            project = LandedProject.objects.visible_to(user).filter(pk=OuterRef("plan__project"))
            return self.filter(~Q(plan__in=_confidential_plans()) | Exists(project))
        return super().visible_to(user)

    def open(self) -> Self:
        return self.filter(state__in=OPEN)

    def of_departments(self, user: User) -> Self:
        """Steps that the person's own departments have to decide."""
        return self.filter(department__in=departments_of(user).values("pk"))

    def overdue(self, today: date) -> Self:
        return self.filter(state=StepState.ACCEPTED, due_on__lt=today)

    def known_to_authority(self) -> Self:
        """Steps that somebody at their department can see. Of a confidential lead these are only
        those of whose department an active head or member is among the lead's readers."""
        # Joined from the lead's side: the sweep locks the outer rows
        readers = Lead.readers.through.objects.filter(
            lead__contracts__landed_project__approval_plans=OuterRef("plan"), user__is_active=True
        )
        of_department = readers.filter(
            Q(user__departments=OuterRef("department"))
            | Q(user__headed_departments=OuterRef("department"))
        )
        return self.filter(~Q(plan__in=_confidential_plans()) | Exists(of_department))


class ApprovalStep(Versioned):
    """One approval of a plan, on its way from the application to the decision.

    The clock runs from `clock_from_on` while the state is `accepted` and no stop is open.
    `due_on` is the recorded last day: only actions and the sweep's stops write it, so a change of
    the calendar moves no day that was told to anybody. NULL: no clock runs.
    """

    plan = models.ForeignKey(
        ApprovalPlan,
        verbose_name=_("approval plan"),
        on_delete=models.PROTECT,
        related_name="steps",
    )
    template_step = models.ForeignKey(
        TemplateStep,
        verbose_name=_("step of a template"),
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )
    code = models.SlugField(pgettext_lazy("approval", "short code"), max_length=40)
    name = models.CharField(_("name of the approval"), max_length=80)
    department = models.ForeignKey(
        Department, verbose_name=_("department"), on_delete=models.PROTECT, related_name="steps"
    )
    stage = models.CharField(
        _("milestone that it leads to"), max_length=12, choices=MilestoneKind.choices
    )
    working_days = models.PositiveSmallIntegerField(_("limit in working days"))
    published = models.CharField(_("published rule"), max_length=100, blank=True)
    inferred = models.BooleanField(_("our inference"), default=False)
    may_be_deemed = models.BooleanField(_("may be granted by default"), default=False)
    order = models.PositiveSmallIntegerField(_("place in the plan"), default=0)
    depends_on: models.ManyToManyField[ApprovalStep, Any] = models.ManyToManyField(
        "self",
        verbose_name=_("begins after"),
        symmetrical=False,
        through="services.StepDependency",
        related_name="dependents",
    )
    planned_from_on = models.DateField(_("planned from"), null=True, editable=False)
    planned_until_on = models.DateField(_("planned until"), null=True, editable=False)

    state = models.CharField(
        _("state of the step"),
        max_length=10,
        choices=StepState.choices,
        default=StepState.WAITING,
        editable=False,
    )
    opened_on = models.DateField(_("could begin on"), null=True, editable=False)
    submitted_on = models.DateField(_("submitted on"), null=True, editable=False)
    counted_from_on = models.DateField(
        _("counted from"),
        null=True,
        editable=False,
        help_text=_("The day on which an application was put on record too late"),
    )
    answer_due_on = models.DateField(
        _("to be accepted by"),
        null=True,
        editable=False,
        help_text=_("Unanswered by then, the application counts as accepted"),
    )
    clock_from_on = models.DateField(_("accepted on"), null=True, editable=False)
    due_on = models.DateField(_("to be decided by"), null=True, editable=False)
    due_revision = models.PositiveIntegerField(default=0, editable=False)
    decided_on = models.DateField(_("decided on"), null=True, editable=False)
    decided_at = models.DateTimeField(_("decision recorded at"), null=True, editable=False)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("decision recorded by"),
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="+",
    )
    decision_note = models.CharField(_("reason of the decision"), max_length=300, blank=True)
    paper_number = models.CharField(_("number of the approval"), max_length=80, blank=True)
    is_deemed = models.BooleanField(_("was granted by default"), default=False, editable=False)
    deemed_on = models.DateField(_("granted by default on"), null=True, editable=False)
    deemed_verdict = models.CharField(
        _("what the authority says of it"),
        max_length=10,
        choices=DeemedVerdict.choices,
        blank=True,
        editable=False,
    )
    deemed_reason = models.CharField(
        _("reason of the authority"), max_length=300, blank=True, editable=False
    )

    objects = ApprovalStepQuerySet.as_manager()

    class Meta:
        verbose_name = _("approval step")
        verbose_name_plural = _("approval steps")
        ordering = ("plan", "order", "pk")
        indexes = (
            models.Index(fields=("plan", "order", "id"), name="approval_step_plan"),
            models.Index(
                fields=("department", "due_on", "id"),
                name="approval_step_desk",
                condition=Q(state__in=("ready", "submitted", "accepted", "returned")),
            ),
            models.Index(fields=("department", "state", "-id"), name="approval_step_department"),
            models.Index(fields=("state", "-id"), name="approval_step_state"),
            # What the sweeps ask for
            models.Index(
                fields=("due_on", "id"),
                name="approval_step_due",
                condition=Q(state="accepted", due_on__isnull=False),
            ),
            models.Index(
                fields=("due_on", "id"),
                name="approval_step_deemable",
                condition=Q(state="accepted", may_be_deemed=True, due_on__isnull=False),
            ),
            models.Index(
                fields=("answer_due_on", "id"),
                name="approval_step_unanswered",
                condition=Q(state="submitted", answer_due_on__isnull=False),
            ),
            models.Index(
                fields=("deemed_on", "id"), name="approval_step_deemed", condition=Q(is_deemed=True)
            ),
        )
        constraints = (
            models.UniqueConstraint(fields=("plan", "code"), name="approval_step_code"),
            models.CheckConstraint(
                condition=Q(working_days__gte=1, working_days__lte=365),
                name="approval_step_limit_sane",
            ),
            models.CheckConstraint(
                condition=Q(state__in=("granted", "deemed", "refused"), decided_at__isnull=False)
                | (~Q(state__in=("granted", "deemed", "refused")) & Q(decided_at=None)),
                name="approval_step_decision_is_dated",
            ),
            models.CheckConstraint(
                condition=Q(counted_from_on=None) | Q(counted_from_on__gt=F("submitted_on")),
                name="approval_step_counted_after_submitted",
            ),
            models.CheckConstraint(
                condition=~Q(state="accepted") | Q(clock_from_on__isnull=False),
                name="approval_step_accepted_has_clock",
            ),
            models.CheckConstraint(
                condition=Q(due_on=None) | Q(state="accepted") | Q(decided_at__isnull=False),
                name="approval_step_due_only_with_clock",
            ),
            models.CheckConstraint(
                condition=~Q(state="deemed")
                | Q(is_deemed=True, due_on__isnull=False, decided_on__gt=F("due_on")),
                name="approval_step_deemed_after_its_limit",
            ),
            models.CheckConstraint(
                condition=Q(is_deemed=False) | Q(deemed_on__isnull=False),
                name="approval_step_deemed_is_dated",
            ),
            models.CheckConstraint(
                condition=~Q(deemed_verdict__in=("objected", "upheld", "set_aside"))
                | ~Q(deemed_reason=""),
                name="approval_step_objection_has_reason",
            ),
        )

    def __str__(self) -> str:
        return self.name

    @property
    def is_closed(self) -> bool:
        return self.state in CLOSED
