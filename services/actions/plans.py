"""Approval plans: made for a landed project from a template in one go, handed over, given up."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import DateField, F, Value
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from leads.models import LandedProject, MilestoneKind
from services.actions.journal import record_events, required_text
from services.actions.opening import close_through, open_dependents
from services.actions.templates import refuse_circle
from services.models import (
    CLOSED,
    ApprovalPlan,
    ApprovalStep,
    ApprovalTemplate,
    ClockStop,
    EventKind,
    PaperTask,
    PlanState,
    StepDependency,
    StepPaper,
    StepState,
    TemplateDependency,
    TemplateStep,
)
from services.models.plans import served_projects
from services.ordering import Span, planned, without
from services.permissions import require_plan
from services.rulebook import deemed_rule, is_large_enough

if TYPE_CHECKING:
    from kfq_crm.base.models import User

COPIED = (
    "code",
    "name",
    "department_id",
    "stage",
    "working_days",
    "published",
    "inferred",
    "order",
)


@transaction.atomic
def make_plan(
    *,
    project: LandedProject,
    template: ApprovalTemplate,
    by: User,
    helper: User | None = None,
    began_on: date | None = None,
    now: datetime | None = None,
) -> ApprovalPlan:
    """Copy the template's steps for the project; those that wait for nothing can begin at once.

    `helper` is whoever makes it unless named. Steps to a milestone that the project has reached
    are not needed any more, and a lease project takes no land. Whether overdue steps count as
    granted is decided now, by the rule and the thresholds in force (泰政办发〔2022〕58号).
    Raises RuleViolation for a second plan from the same template and for one without steps.
    """
    locked = concurrency.lock(served_projects(by), project.pk)
    require_plan(by, locked)
    moment = now or timezone.now()
    today = timezone.localdate(moment)
    steps, before = _wanted(template, locked)
    _check_new(locked, template, steps)
    plan = ApprovalPlan(
        project=locked,
        template=template,
        name=template.name,
        helper=helper or by,
        began_on=began_on or today,
        may_be_deemed=is_large_enough(locked, deemed_rule(today), today),
        made_by=by,
    )
    concurrency.create(plan, by=by)
    spans = planned(
        current_calendar(), plan.began_on, before, {one.code: one.working_days for one in steps}
    )
    _copy(plan, steps, before, spans, by=by, now=moment)
    open_dependents([plan.pk], moment)
    close_through([plan.pk], moment)
    plan.refresh_from_db()
    return plan


@transaction.atomic
def change_helper(
    *, plan: ApprovalPlan, helper: User, by: User, expected: int | None = None
) -> ApprovalPlan:
    """Give the plan into the hands of somebody else, who is told anew of what is due."""
    locked = concurrency.lock(ApprovalPlan.objects.visible_to(by), plan.pk, expected)
    require_plan(by, locked.project)
    if not helper.is_active or helper.service:
        raise RuleViolation("helper", _("Choose an active member of staff."), "helper")
    if helper.pk != locked.helper_id:
        locked.reminder_round += 1
    locked.helper = helper
    return concurrency.save(locked, by=by, fields={"helper", "reminder_round"})


@transaction.atomic
def give_up_plan(
    *,
    plan: ApprovalPlan,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalPlan:
    """End a plan that leads nowhere any more; another may be made from the same template.

    What is decided stays; every other step is not needed any more, so no clock runs on. No paper
    is to be issued any more for what was granted by default.
    """
    locked = concurrency.lock(ApprovalPlan.objects.visible_to(by), plan.pk, expected)
    require_plan(by, locked.project)
    if locked.state != PlanState.OPEN:
        raise RuleViolation("plan_closed", _("This plan is closed already."))
    moment = now or timezone.now()
    locked.close_reason = required_text(reason, "reason")
    locked.state, locked.closed_on = PlanState.STOPPED, timezone.localdate(moment)
    _end_stops(locked, locked.closed_on, by)
    _drop_steps(locked, locked.close_reason, by=by, now=moment)
    tasks = PaperTask.objects.filter(step__plan=locked, issued_on=None, dropped_on=None)
    tasks.update(dropped_on=locked.closed_on, version=F("version") + 1, updated_at=moment)
    return concurrency.save(locked, by=by)


def _end_stops(plan: ApprovalPlan, day: date, by: User) -> None:
    running = ClockStop.objects.filter(step__plan=plan, ended_on=None)
    running.update(ended_on=Greatest("began_on", Value(day, DateField())), ended_by=by)


def _drop_steps(plan: ApprovalPlan, reason: str, *, by: User, now: datetime) -> None:
    left = ApprovalStep.objects.filter(plan=plan).exclude(state__in=CLOSED)
    states: dict[str, list[int]] = defaultdict(list)
    for pk, state in left.order_by("pk").values_list("pk", "state"):
        states[state].append(pk)
    left.update(
        state=StepState.WAIVED,
        due_on=None,
        answer_due_on=None,
        version=F("version") + 1,
        updated_at=now,
    )
    for state, pks in states.items():
        record_events(
            pks,
            EventKind.WAIVED,
            from_state=state,
            to_state=StepState.WAIVED,
            now=now,
            by=by,
            reason=reason,
        )


def _wanted(
    template: ApprovalTemplate, project: LandedProject
) -> tuple[list[TemplateStep], dict[str, set[str]]]:
    """The steps that this project needs and what each begins after."""
    steps = list(template.steps.order_by("order", "pk").prefetch_related("papers"))
    codes = {step.pk: step.code for step in steps}
    before: dict[str, set[str]] = {step.code: set() for step in steps}
    rows = TemplateDependency.objects.filter(step__template=template)
    for step, on in rows.values_list("step_id", "on_id"):
        before[codes[step]].add(codes[on])
    refuse_circle(before, {step.code: step.name for step in steps})
    left_out = {
        step.code for step in steps if step.stage == MilestoneKind.LAND and project.is_lease
    }
    return [step for step in steps if step.code not in left_out], without(before, left_out)


def _check_new(
    project: LandedProject, template: ApprovalTemplate, steps: Sequence[TemplateStep]
) -> None:
    plans = ApprovalPlan.objects.filter(project=project, template=template)
    if plans.exclude(state=PlanState.STOPPED).exists():
        raise RuleViolation(
            "plan_exists", _("This project has a plan from this template already."), "template"
        )
    if not steps or not template.is_active:
        raise RuleViolation(
            "template_unfit", _("This template is not in use or has no steps."), "template"
        )


def _copy(
    plan: ApprovalPlan,
    steps: Sequence[TemplateStep],
    before: Mapping[str, set[str]],
    spans: Mapping[str, Span],
    *,
    by: User,
    now: datetime,
) -> None:
    reached = _reached(plan.project)
    made = [
        ApprovalStep(
            plan=plan,
            template_step=step,
            may_be_deemed=plan.may_be_deemed and step.may_be_deemed,
            planned_from_on=spans[step.code].from_on,
            planned_until_on=spans[step.code].until_on,
            state=StepState.WAIVED if step.stage in reached else StepState.WAITING,
            **{name: getattr(step, name) for name in COPIED},
        )
        for step in steps
    ]
    ApprovalStep.objects.bulk_create(made)
    by_code = {step.code: step for step in made}
    StepDependency.objects.bulk_create(
        StepDependency(step=by_code[code], on=by_code[other])
        for code, others in before.items()
        for other in sorted(others)
    )
    _copy_papers(steps, by_code)
    for state in (StepState.WAITING, StepState.WAIVED):
        pks = [step.pk for step in made if step.state == state]
        record_events(pks, EventKind.PLANNED, from_state="", to_state=state, now=now, by=by)


def _copy_papers(steps: Sequence[TemplateStep], by_code: Mapping[str, ApprovalStep]) -> None:
    codes = {step.pk: step.code for step in steps}
    papers = [paper for step in steps for paper in step.papers.all()]
    StepPaper.objects.bulk_create(
        StepPaper(
            step=by_code[codes[paper.step_id]],
            name=paper.name,
            is_main=paper.is_main,
            order=paper.order,
        )
        for paper in papers
    )


def _reached(project: LandedProject) -> set[str]:
    """Milestones up to the latest one: what leads there has been done."""
    if not project.milestone:
        return set()
    order = list(MilestoneKind)
    return {str(kind) for kind in order[: order.index(MilestoneKind(project.milestone)) + 1]}
