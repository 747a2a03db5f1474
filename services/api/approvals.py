"""Approval plans of landed projects and their steps."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chains.api.filters import by_chain, by_chain_kind
from kfq_crm.base.api.filters import (
    CodesFilter,
    FlagFilter,
    RecordsFilter,
    day_range,
    visible_rows,
)
from kfq_crm.base.api.rows import Label, Labels, RowSerializer
from leads.api.filters import AskedFilterSet, MethodFlag
from leads.api.labels import CODED, NAMED, chain_label, project_label, staff_label
from leads.api.views import LeadsViewSet
from leads.models import LandedProject, MilestoneKind
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    ApprovalTemplate,
    DeemedVerdict,
    Department,
    PlanState,
    StepState,
)

SHOWN = ("created_at", "updated_at", "version")
PROJECT = {"label": _("landed project"), "help_text": _("Project, with its name")}


def department_label(**kwargs: Any) -> Label:
    said = {"label": _("department"), "help_text": _("Department, with its code")}
    return Label(Department, CODED, **{**said, **kwargs})


class ApprovalPlanSerializer(RowSerializer):
    project = project_label(**PROJECT)
    chain = chain_label(path="project__chain")
    template = Label(
        ApprovalTemplate,
        CODED,
        label=_("approval template"),
        help_text=_("Template that it was made from, with its code"),
    )
    helper = staff_label(
        label=_("who helps the enterprise through"),
        help_text=_("Who helps the enterprise through the steps"),
    )

    class Meta:
        model = ApprovalPlan
        fields = (
            *("id", "name", "project", "chain", "template", "helper", "began_on"),
            *("state", "closed_on", "close_reason", "may_be_deemed", *SHOWN),
        )

    texts = {
        "name": _("Name of the plan"),
        "began_on": _("Day on which the plan began"),
        "state": _("Whether it is under way, through or given up"),
        "closed_on": _("Day on which it was through or given up"),
        "close_reason": _("Why it was given up"),
        "may_be_deemed": _("Whether the project is large enough for approval by default"),
    }


class ApprovalPlanFilters(AskedFilterSet):
    project = RecordsFilter(
        rows=visible_rows(LandedProject), label=_("Numbers of landed projects, behind commas")
    )
    chain = by_chain("project__chain")
    chain_kind = by_chain_kind("project__chain__kind")
    template = RecordsFilter(
        rows=visible_rows(ApprovalTemplate), by="code", label=_("Codes of templates, behind commas")
    )
    state = CodesFilter(choices=PlanState.choices, label=_("States of plans, behind commas"))
    may_be_deemed = FlagFilter(label=_("Large enough for approval by default, or not"))
    began_from, began_to = day_range("began_on", _("Begun between"))
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class ApprovalPlans(LeadsViewSet):
    """Approval plans of landed projects: who helps, since when, how far."""

    resource = "approval-plans"
    model = ApprovalPlan
    serializer_class = ApprovalPlanSerializer
    filterset_class = ApprovalPlanFilters


class ApprovalStepSerializer(RowSerializer):
    plan = Label(
        ApprovalPlan,
        NAMED,
        label=_("approval plan"),
        help_text=_("Plan that it belongs to, with its name"),
    )
    project = project_label(path="plan__project", **PROJECT)
    chain = chain_label(path="plan__project__chain")
    department = department_label()
    begins_after = Labels(
        ApprovalStep.depends_on,
        CODED,
        path="depends_on",
        label=_("begins after"),
        help_text=_("Steps that must have passed before it begins"),
    )

    class Meta:
        model = ApprovalStep
        fields = (
            *("id", "code", "name", "plan", "project", "chain", "department", "stage"),
            *("begins_after", "working_days", "published", "may_be_deemed"),
            *("planned_from_on", "planned_until_on", "state", "opened_on", "submitted_on"),
            *("answer_due_on", "clock_from_on", "due_on", "decided_on", "decision_note"),
            *("paper_number", "is_deemed", "deemed_on", "deemed_verdict", "deemed_reason"),
            *SHOWN,
        )

    texts = {
        "code": _("Short code of the approval within its plan"),
        "name": _("Name of the approval"),
        "stage": _("Milestone of the project that it leads to"),
        "working_days": _("Limit in working days from the acceptance"),
        "published": _("Document that sets the limit; empty where the figure is an inference"),
        "may_be_deemed": _("Whether it counts as granted when the department lets it pass"),
        "planned_from_on": _("Day from which the plan had it run"),
        "planned_until_on": _("Day by which the plan had it decided"),
        "state": _("How far it has come"),
        "opened_on": _("Day from which it could be submitted"),
        "submitted_on": _("Day on which the application was submitted"),
        "answer_due_on": _("Day by which it is accepted or sent back"),
        "clock_from_on": _("Day of the acceptance, from which the limit runs"),
        "due_on": _("Last day of the limit as recorded; empty while no clock runs"),
        "decided_on": _("Day of the decision"),
        "decision_note": _("Reason of the decision"),
        "paper_number": _("Number of the approval"),
        "is_deemed": _("Whether it was granted by default"),
        "deemed_on": _("Day on which it was granted by default"),
        "deemed_verdict": _("What the authority says of the approval by default"),
        "deemed_reason": _("Reason of the authority"),
    }


def past_its_limit(today: date) -> Q:
    """A clock that stands has no last day, so it is not past it."""
    return Q(state=StepState.ACCEPTED, due_on__isnull=False, due_on__lt=today)


class ApprovalStepFilters(AskedFilterSet):
    plan = RecordsFilter(
        rows=visible_rows(ApprovalPlan), label=_("Numbers of approval plans, behind commas")
    )
    project = RecordsFilter(
        field_name="plan__project",
        rows=visible_rows(LandedProject),
        label=_("Numbers of landed projects, behind commas"),
    )
    chain = by_chain("plan__project__chain")
    chain_kind = by_chain_kind("plan__project__chain__kind")
    department = RecordsFilter(
        rows=visible_rows(Department), by="code", label=_("Codes of departments, behind commas")
    )
    state = CodesFilter(choices=StepState.choices, label=_("States of steps, behind commas"))
    stage = CodesFilter(
        choices=MilestoneKind.choices, label=_("Milestones that they lead to, behind commas")
    )
    verdict = CodesFilter(
        field_name="deemed_verdict",
        choices=DeemedVerdict.choices,
        label=_("Words of the authority on approval by default, behind commas"),
    )
    deemed = FlagFilter(field_name="is_deemed", label=_("Granted by default, or not"))
    overdue = MethodFlag(past_its_limit, label=_("Past the limit, or not"))
    due_from, due_to = day_range("due_on", _("To be decided between"))
    decided_from, decided_to = day_range("decided_on", _("Decided between"))
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class ApprovalSteps(LeadsViewSet):
    """Steps of approval plans: by which department, by when, with what outcome."""

    resource = "approval-steps"
    model = ApprovalStep
    serializer_class = ApprovalStepSerializer
    filterset_class = ApprovalStepFilters
