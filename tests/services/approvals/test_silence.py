"""Silence counts only where the department could have spoken: hidden plans, days typed late."""

from __future__ import annotations

import pytest

from kfq_crm.base.models import User
from leads.actions.pipeline import update_lead
from leads.models import Lead
from services.actions.approval_sweep import sweep_approvals
from services.actions.steps import refuse_step, submit_step
from services.models import ApprovalPlan, ApprovalStep, StepState
from tests.cast import Cast
from tests.services.approvals.world import (
    Office,
    accepted,
    at,
    day,
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
