"""Silence counts only where the department could have spoken: hidden plans, days typed late."""

from __future__ import annotations

from datetime import date, datetime

import pytest

from kfq_crm.base.models import User
from leads.actions.pipeline import update_lead
from leads.models import Lead
from services.actions.approval_sweep import sweep_approvals
from services.actions.steps import hand_in, refuse_step, return_step, submit_step
from services.models import ApprovalPlan, ApprovalStep, StepState
from tests.cast import Cast
from tests.services.approvals.world import (
    Office,
    accepted,
    at,
    day,
    papers_of,
    refusal,
    step_of,
)


def hide(plan: ApprovalPlan, by: User) -> Lead:
    lead = Lead.objects.get(contracts__landed_project=plan.project)
    values = {"confidential": True, "code_name": "鲲鹏"}
    return update_lead(lead=lead, values=values, by=by, expected=None)


# --- A confidential lead --------------------------------------------------------------------------


def test_of_a_confidential_lead_no_step_is_accepted_by_silence_nor_granted_by_default(
    cast: Cast, plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    running = accepted(plan, "planning", office, at(9, 28))
    waiting = submit_step(step=step_of(plan, "environment"), by=office.helper, now=at(9, 28))
    hide(plan, cast.head_a)
    assert sweep_approvals(at(10, 30)).counts() == {}
    for step, state in ((running, StepState.ACCEPTED), (waiting, StepState.SUBMITTED)):
        step.refresh_from_db()
        assert step.state == state
    assert running in ApprovalStep.objects.visible_to(cast.head_a).overdue(day(10, 30))


@pytest.mark.parametrize("reader", ["planner", "planning_head"])
def test_of_a_confidential_lead_the_silence_of_a_department_that_reads_it_counts(
    cast: Cast, plan: ApprovalPlan, planning: ApprovalStep, office: Office, reader: str
) -> None:
    running = accepted(plan, "planning", office, at(9, 28))
    accepted(plan, "environment", office, at(9, 28))
    hide(plan, cast.head_a).readers.add(getattr(office, reader))
    assert sweep_approvals(at(10, 30)).counts() == {"deemed": 1}  # of the reader's department
    running.refresh_from_db()
    assert running.state == StepState.DEEMED


def test_a_reader_who_is_disabled_speaks_for_no_department(
    cast: Cast, plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    accepted(plan, "planning", office, at(9, 28))
    hide(plan, cast.head_a).readers.add(office.planner)
    User.objects.filter(pk=office.planner.pk).update(is_active=False)
    assert sweep_approvals(at(10, 30)).counts() == {}


def test_a_hidden_step_is_still_decided_after_its_limit(
    cast: Cast, plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    hide(plan, cast.head_a).readers.add(cast.coordinator)
    step = refuse_step(
        step=step, ground="law", reason="不符合规划", by=cast.coordinator, now=at(10, 12)
    )
    assert step.state == StepState.REFUSED


# --- Days typed on the applicant's side -----------------------------------------------------------


def test_a_new_application_is_not_made_before_the_refusal(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = submit_step(step=planning, papers=papers_of(planning), by=office.helper, now=at(9, 28))
    step = refuse_step(step=step, ground="law", reason="不符", by=office.planner, now=at(9, 30))
    with refusal("too_early"):
        submit_step(step=step, submitted_on=day(9, 29), by=office.helper, now=at(10, 9))


def test_an_application_put_on_record_late_counts_from_that_day(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = submit_step(
        step=planning,
        papers=papers_of(planning),
        submitted_on=day(9, 28),
        by=office.helper,
        now=at(10, 12),
    )
    assert (step.submitted_on, step.counted_from_on, step.answer_due_on) == (
        day(9, 28),
        day(10, 12),
        day(10, 19),
    )
    assert step.events.first().detail["counted_from_on"] == "2026-10-12"
    assert sweep_approvals(at(10, 19)).counts() == {}
    # Silence starts the clock of three days on the day of the record as well
    assert sweep_approvals(at(10, 20)).counts() == {"accepted": 1, "deemed": 1}
    step.refresh_from_db()
    assert (step.clock_from_on, step.due_on) == (day(10, 12), day(10, 15))


@pytest.mark.parametrize(
    ("recorded", "until"),
    [
        (at(10, 9), day(10, 10)),  # the department still has the next day, which is worked
        (at(10, 10), day(10, 16)),  # nothing is left of the last day
    ],
)
def test_an_application_of_an_earlier_day_leaves_the_department_a_working_day(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office, recorded: datetime, until: date
) -> None:
    step = submit_step(
        step=planning,
        papers=papers_of(planning),
        submitted_on=day(9, 28),
        by=office.helper,
        now=recorded,
    )
    assert step.answer_due_on == until


def test_papers_are_not_handed_in_before_they_were_asked_for(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = submit_step(step=planning, papers=papers_of(planning), by=office.helper, now=at(9, 28))
    form = step.papers.get(name="申请表")
    step = return_step(step=step, papers=[form], reason="缺章", by=office.planner, now=at(9, 30))
    early = {"papers": {form: None}, "by": office.helper, "now": at(10, 12)}
    with refusal("too_early"):
        hand_in(step=step, handed_in_on=day(9, 29), **early)
    step = hand_in(step=step, handed_in_on=day(9, 30), **early)
    assert (step.submitted_on, step.answer_due_on) == (day(9, 30), day(10, 13))
    assert sweep_approvals(at(10, 12)).counts() == {}


def test_papers_put_on_record_late_leave_the_clock_standing_until_then(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    form = step.papers.get(name="申请表")
    step = return_step(step=step, papers=[form], reason="缺章", by=office.planner, now=at(9, 30))
    late = {"papers": {form: None}, "by": office.helper, "now": at(10, 20)}
    with refusal("too_early"):
        hand_in(step=step, handed_in_on=day(9, 29), **late)
    step = hand_in(step=step, handed_in_on=day(9, 30), **late)
    # One day was used, two are left after the day of the record
    assert (step.state, step.due_on) == (StepState.ACCEPTED, day(10, 22))
    assert step.stops.get().ended_on == day(10, 20)
    assert sweep_approvals(at(10, 20)).counts() == {}


def test_a_promised_paper_is_not_handed_in_before_its_clock_stood(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    promised = {"地勘报告": {"due_on": day(9, 29)}}
    step = accepted(plan, "planning", office, at(9, 28), promises=promised)
    sweep_approvals(at(9, 30))  # the clock stands from the 30th
    late = {"papers": papers_of(step, "地勘报告"), "by": office.helper, "now": at(10, 20)}
    with refusal("too_early"):
        hand_in(step=step, handed_in_on=day(9, 29), **late)
    step = hand_in(step=step, handed_in_on=day(9, 30), **late)
    assert (step.state, step.due_on) == (StepState.ACCEPTED, day(10, 22))
