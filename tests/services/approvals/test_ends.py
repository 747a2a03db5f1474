"""What ends with a refusal, a grant or a plan that is given up, and what then begins anew."""

from __future__ import annotations

from importlib import import_module

import pytest
from django.apps import apps

from kfq_crm.base.models import CalendarDay
from services.actions.approval_sweep import sweep_approvals
from services.actions.clock import stop_clock
from services.actions.deemed import issue_paper, object_to_deemed, settle_objection
from services.actions.papers import Promise
from services.actions.plans import give_up_plan
from services.actions.steps import (
    accept_step,
    grant_step,
    hand_in,
    refuse_step,
    return_step,
    submit_step,
)
from services.models import ApprovalPlan, ApprovalStep, ClockStop, MissingItem, PaperTask, StepState
from tests.cast import Cast
from tests.services.approvals.world import (
    Office,
    a_pdf,
    accepted,
    at,
    day,
    papers_of,
    pass_step,
    refusal,
    step_of,
)


def test_a_refused_step_waits_for_what_was_set_aside_before_it(
    cast: Cast, plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    accepted(plan, "planning", office, at(9, 28))
    pass_step(plan, "environment", office, at(9, 28))
    sweep_approvals(at(10, 9))  # planning is granted by default
    permit = accepted(plan, "permit", office, at(10, 9))
    permit = refuse_step(step=permit, ground="law", reason="不符", by=office.planner, now=at(10, 9))
    earlier = object_to_deemed(
        step=step_of(plan, "planning"), reason="有争议", by=office.planner, now=at(10, 9)
    )
    settle_objection(step=earlier, upheld=False, reason="属实", by=cast.coordinator, now=at(10, 10))
    with refusal("waits") as refused:
        submit_step(step=permit, by=office.helper, now=at(10, 12))
    assert "规划许可" in str(refused.value)
    grant_step(step=step_of(plan, "planning"), number="1", by=office.planner, now=at(10, 12))
    permit = submit_step(step=permit, by=office.helper, now=at(10, 12))
    assert permit.state == StepState.SUBMITTED


def test_a_promised_paper_that_comes_in_time_moves_no_limit(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    promised = {"地勘报告": {"due_on": day(9, 30)}}
    step = accepted(plan, "planning", office, at(9, 28), promises=promised)
    CalendarDay.objects.create(day=day(9, 29), is_workday=False)
    step = hand_in(step=step, papers=papers_of(step, "地勘报告"), by=office.helper, now=at(9, 30))
    assert (step.due_on, step.due_revision) == (day(10, 8), 1)


def test_what_silence_accepted_is_not_accepted_anew_by_a_late_department(
    planning: ApprovalStep, office: Office
) -> None:
    step = submit_step(step=planning, papers=papers_of(planning), by=office.helper, now=at(9, 28))
    assert step.answer_due_on == day(10, 10)
    with refusal("answer_passed"):
        accept_step(step=step, by=office.planner, now=at(10, 12))
    assert accept_step(step=step, by=office.planner, now=at(10, 10)).state == StepState.ACCEPTED


def test_a_grant_ends_the_stops_of_its_clock(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    stop_clock(step=step, reason="procedure", note="听证", by=office.planner, now=at(9, 29))
    step = grant_step(step=step_of(plan, "planning"), number="1", by=office.planner, now=at(9, 30))
    stop = step.stops.get()
    assert (stop.ended_on, stop.ended_by, step.due_on) == (day(9, 30), office.planner, None)


def test_a_plan_given_up_ends_its_stops_and_drops_its_papers(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    accepted(plan, "planning", office, at(9, 28))
    step = accepted(plan, "environment", office, at(9, 28))
    stop_clock(step=step, reason="applicant", note="企业申请", by=office.inspector, now=at(9, 29))
    sweep_approvals(at(10, 9))
    assert PaperTask.objects.get().dropped_on is None
    give_up_plan(plan=plan, reason="项目终止", by=office.helper, now=at(10, 12))
    stop = ClockStop.objects.get(step=step)
    assert (stop.ended_on, stop.ended_by) == (day(10, 12), office.helper)
    assert PaperTask.objects.get().dropped_on == day(10, 12)


@pytest.mark.parametrize("issued", [True, False])
def test_a_paper_that_was_issued_is_not_dropped_with_its_plan(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office, issued: bool
) -> None:
    accepted(plan, "planning", office, at(9, 28))
    sweep_approvals(at(10, 9))
    if issued:
        issue_paper(task=PaperTask.objects.get(), number="1", by=office.planner, now=at(10, 10))
    give_up_plan(plan=plan, reason="项目终止", by=office.helper, now=at(10, 12))
    assert (PaperTask.objects.get().dropped_on is None) is issued


def test_what_was_left_open_before_is_ended_by_the_migration(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    running = accepted(plan, "environment", office, at(9, 28))
    sweep_approvals(at(10, 9))
    give_up_plan(plan=plan, reason="项目终止", by=office.helper, now=at(10, 12))
    PaperTask.objects.update(dropped_on=None)
    ClockStop.objects.create(step=step, reason="missing", began_on=day(10, 1))
    ClockStop.objects.create(step=running, reason="missing", began_on=day(10, 30))
    migration = import_module("services.migrations.0007_end_what_was_left_open")
    migration.end_what_was_left_open(apps, None)
    assert PaperTask.objects.get().dropped_on == day(10, 12)
    ended = dict(ClockStop.objects.values_list("step", "ended_on"))
    assert ended == {step.pk: day(10, 9), running.pk: day(10, 30)}


def refused_with_a_promise(plan: ApprovalPlan, office: Office) -> ApprovalStep:
    """Refused on the 29th while a paper was promised for 8 October, and submitted anew."""
    promised = {"地勘报告": {"due_on": day(10, 8)}}
    step = accepted(plan, "planning", office, at(9, 28), promises=promised)
    step = refuse_step(step=step, ground="law", reason="不符", by=office.planner, now=at(9, 29))
    return submit_step(step=step, by=office.helper, now=at(9, 30))


def test_a_promise_ends_with_the_refusal_and_may_be_given_anew(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = refused_with_a_promise(plan, office)
    assert sweep_approvals(at(10, 9)).counts() == {}  # nothing lapses
    paper = step.papers.get(name="地勘报告")
    anew = Promise(paper=paper, upload=a_pdf(), due_on=day(10, 15))
    step = accept_step(step=step, promises=[anew], by=office.planner, now=at(10, 9))
    days = step.missing_items.values_list("due_on", "dropped_on")
    assert set(days) == {(day(10, 8), day(9, 29)), (day(10, 15), None)}


def test_papers_promised_with_a_refused_application_are_owed_with_the_new_one(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = refused_with_a_promise(plan, office)
    step = return_step(step=step, reason="缺地勘报告", by=office.planner, now=at(9, 30))
    assert step.state == StepState.RETURNED


def test_promises_that_outlived_a_refusal_are_dropped_by_the_migration(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = refused_with_a_promise(plan, office)
    MissingItem.objects.update(dropped_on=None)
    migration = import_module("services.migrations.0008_promises_end_with_a_refusal")
    migration.drop_promises(apps, None)
    assert step.missing_items.get().dropped_on == day(9, 30)
