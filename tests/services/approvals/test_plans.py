"""Plans: made in one go, in order, for the right scale, once; handed over and given up."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kfq_crm.base.errors import RuleViolation, VersionConflict
from leads.models import LandedProject
from leads.permissions import NotAllowed
from services.actions.plans import change_helper, give_up_plan, make_plan
from services.actions.steps import grant_step, submit_step, waive_step
from services.actions.templates import save_template
from services.models import (
    ApprovalPlan,
    ApprovalTemplate,
    EventKind,
    PlanState,
    StepState,
    TemplateStep,
)
from tests.cast import Cast
from tests.services.approvals.world import (
    MONDAY,
    Office,
    accepted,
    at,
    day,
    pass_step,
    scaled,
    step_of,
    template_steps,
)


def test_a_plan_copies_the_template_and_opens_what_waits_for_nothing(
    plan: ApprovalPlan, office: Office
) -> None:
    states = dict(plan.steps.values_list("code", "state"))
    assert states == {
        "register": StepState.READY,
        "planning": StepState.WAITING,
        "environment": StepState.WAITING,
        "permit": StepState.WAITING,
    }
    permit = step_of(plan, "permit")
    assert {one.code for one in permit.depends_on.all()} == {"planning", "environment"}
    assert [paper.name for paper in step_of(plan, "planning").papers.all()] == [
        "申请表",
        "地勘报告",
    ]
    assert plan.helper == office.helper
    assert step_of(plan, "register").events.get(kind=EventKind.OPENED).by is None


def test_planned_days_run_at_once_after_the_last_that_a_step_waits_for(plan: ApprovalPlan) -> None:
    planned = {
        step.code: (step.planned_from_on, step.planned_until_on) for step in plan.steps.all()
    }
    assert planned == {
        "register": (MONDAY, day(9, 29)),
        "planning": (day(9, 29), day(10, 9)),  # 30 September, then 8 and 9 October
        "environment": (day(9, 29), day(10, 19)),  # with the Saturday that is worked
        "permit": (day(10, 19), day(10, 21)),
    }


@pytest.mark.parametrize(
    ("amount", "currency", "expected"),
    [
        (10000, "CNY", True),
        (9999, "CNY", False),
        (1000, "USD", True),
        (999, "USD", False),  # though it is worth more than many yuan: nothing is converted
    ],
)
def test_only_projects_of_the_published_scale_may_be_deemed(
    cast: Cast, office: Office, project: LandedProject, amount: int, currency: str, expected: bool
) -> None:
    plan = make_plan(
        project=scaled(project, amount, currency), template=office.template, by=office.helper
    )
    assert plan.may_be_deemed is expected
    assert set(plan.steps.values_list("may_be_deemed", flat=True)) == {expected}


def test_a_step_that_no_delay_may_grant_stays_so_in_a_large_project(
    office: Office, project: LandedProject
) -> None:
    TemplateStep.objects.filter(code="permit").update(may_be_deemed=False)
    plan = make_plan(project=project, template=office.template, by=office.helper)
    assert [s.code for s in plan.steps.filter(may_be_deemed=False)] == ["permit"]


def test_a_second_plan_from_the_same_template_is_refused_until_the_first_is_given_up(
    plan: ApprovalPlan, office: Office
) -> None:
    with pytest.raises(RuleViolation) as refused:
        make_plan(project=plan.project, template=office.template, by=office.helper)
    assert refused.value.code == "plan_exists"
    with pytest.raises(IntegrityError), transaction.atomic():
        ApprovalPlan.objects.create(
            project=plan.project,
            template=office.template,
            name="双份",
            helper=office.helper,
            began_on=MONDAY,
            made_by=office.helper,
        )
    give_up_plan(plan=plan, reason="项目撤资", by=office.helper)
    assert make_plan(project=plan.project, template=office.template, by=office.helper).pk != plan.pk


def test_a_lease_project_takes_no_land_and_its_steps_close_ranks(
    office: Office, project: LandedProject
) -> None:
    TemplateStep.objects.filter(code__in=("planning", "environment")).update(stage="land")
    project.is_lease = True
    project.save()
    plan = make_plan(project=project, template=office.template, by=office.helper)
    assert [step.code for step in plan.steps.all()] == ["register", "permit"]
    assert [one.code for one in step_of(plan, "permit").depends_on.all()] == ["register"]


def test_steps_to_a_reached_milestone_are_not_needed(
    office: Office, project: LandedProject
) -> None:
    project.milestone = "registered"
    project.save()
    plan = make_plan(project=project, template=office.template, by=office.helper)
    states = dict(plan.steps.values_list("code", "state"))
    assert states["register"] == StepState.WAIVED
    assert states["planning"] == states["environment"] == StepState.READY


def test_a_change_of_the_template_moves_no_plan(
    cast: Cast, plan: ApprovalPlan, office: Office
) -> None:
    steps = template_steps(office.planning, office.environment)[:1]
    save_template(template=office.template, steps=steps, by=cast.coordinator)
    assert plan.steps.count() == 4
    assert office.template.steps.count() == 1


def test_parallel_steps_open_together_and_a_joint_one_after_both(
    plan: ApprovalPlan, office: Office
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    assert step_of(plan, "planning").state == step_of(plan, "environment").state == StepState.READY
    pass_step(plan, "planning", office, at(9, 29))
    assert step_of(plan, "permit").state == StepState.WAITING
    pass_step(plan, "environment", office, at(9, 30))
    permit = step_of(plan, "permit")
    assert permit.state == StepState.READY
    assert permit.opened_on == day(9, 30)
    pass_step(plan, "permit", office, at(9, 30))
    plan.refresh_from_db()
    assert (plan.state, plan.closed_on) == (PlanState.DONE, day(9, 30))


def test_a_waived_step_counts_as_passed(plan: ApprovalPlan, office: Office) -> None:
    waive_step(step=step_of(plan, "register"), reason="已备案", by=office.helper, now=at(9, 28))
    assert step_of(plan, "planning").state == StepState.READY


def test_a_plan_given_up_ends_its_steps_and_keeps_what_was_decided(
    plan: ApprovalPlan, office: Office
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    running = accepted(plan, "environment", office, at(9, 28))
    give_up_plan(plan=plan, reason="项目撤资", by=office.helper, now=at(9, 29))
    running.refresh_from_db()
    assert (running.state, running.due_on) == (StepState.WAIVED, None)
    assert step_of(plan, "register").state == StepState.GRANTED
    assert running.events.first().reason == "项目撤资"
    with pytest.raises(RuleViolation) as refused:
        submit_step(step=step_of(plan, "planning"), by=office.helper)
    assert refused.value.code == "plan_closed"


def test_who_may_make_a_plan(cast: Cast, office: Office, project: LandedProject) -> None:
    values: dict[str, Any] = {"project": project, "template": office.template}
    for person in (cast.member_b, office.planner, cast.outsider):
        with pytest.raises(LandedProject.DoesNotExist):
            make_plan(**values, by=person)
    with pytest.raises(NotAllowed):
        make_plan(**values, by=cast.chain_leader_a)
    assert make_plan(**values, by=cast.member_a).helper == cast.member_a


def test_who_may_act_on_a_step(cast: Cast, plan: ApprovalPlan, office: Office) -> None:
    register = step_of(plan, "register")
    with pytest.raises(NotAllowed):
        submit_step(step=register, by=office.planner)
    submitted = submit_step(step=register, by=cast.member_a, now=at(9, 28))
    with pytest.raises(NotAllowed):
        grant_step(step=submitted, number="1", by=cast.member_a)
    with pytest.raises(NotAllowed):
        grant_step(step=submitted, number="1", by=office.inspector)
    with pytest.raises(ApprovalPlan.DoesNotExist):
        grant_step(step=submitted, number="1", by=cast.member_b)


def test_a_plan_that_changed_meanwhile_is_not_overwritten(
    cast: Cast, plan: ApprovalPlan, office: Office
) -> None:
    change_helper(plan=plan, helper=cast.member_a, by=office.helper, expected=plan.version)
    with pytest.raises(VersionConflict):
        change_helper(plan=plan, helper=office.helper, by=office.helper, expected=plan.version)
    with pytest.raises(RuleViolation):
        change_helper(plan=plan, helper=cast.disabled, by=office.helper)


def test_a_template_without_steps_makes_no_plan(
    cast: Cast, office: Office, project: LandedProject
) -> None:
    empty = ApprovalTemplate.objects.create(code="empty", name="空模板")
    with pytest.raises(RuleViolation) as refused:
        make_plan(project=project, template=empty, by=office.helper)
    assert refused.value.code == "template_unfit"
