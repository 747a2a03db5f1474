"""Notices one working day before a limit and at it, to the authority and to the helper."""

from __future__ import annotations

from datetime import datetime

import pytest

from kfq_crm.base.models import User
from leads.actions.pipeline import update_lead
from leads.models import EscalationStep, Lead, Reminder
from leads.models.reminder import Role
from leads.reminders.engine import run_reminders
from leads.reminders.inbox import items_of, with_leads
from services.actions.approval_sweep import sweep_approvals
from services.actions.clock import stop_clock
from services.actions.steps import submit_step
from services.models import ApprovalPlan, ApprovalStep
from tests.cast import RULES_SINCE, Cast
from tests.services.approvals.world import Office, accepted, at, day, pass_step, step_of

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def planning(plan: ApprovalPlan, office: Office) -> ApprovalStep:
    """To be decided by 8 October, the first working day after the holiday."""
    for offset, role in ((-1, Role.OWNER), (0, Role.OWNER), (0, Role.HEAD)):
        EscalationStep.objects.create(valid_from=RULES_SINCE, offset=offset, role=role)
    User.objects.update(email="somebody@example.com")
    pass_step(plan, "register", office, at(9, 28))
    return accepted(plan, "planning", office, at(9, 28))


def told(now: datetime) -> set[tuple[str, int, str]]:
    run_reminders(now)
    rows = Reminder.objects.open().filter(rule__startswith="approval")
    return set(rows.values_list("rule", "level", "recipient__username"))


def test_the_notice_comes_a_working_day_before_and_at_the_limit(planning: ApprovalStep) -> None:
    assert told(at(9, 29)) == set()
    before = {
        ("approval_due", -1, "planning_head"),
        ("approval_due_helper", -1, "helper"),
    }
    assert told(at(9, 30)) == before  # the last working day before the holiday
    assert told(at(10, 4)) == before  # nothing is recorded on a rest day
    assert told(at(10, 8)) == before | {
        ("approval_due", 0, "planning_head"),
        ("approval_due_helper", 0, "helper"),
    }


def test_a_clock_that_stands_takes_its_notice_back(planning: ApprovalStep, office: Office) -> None:
    assert told(at(9, 30))
    stop_clock(step=planning, reason="procedure", note="听证", by=office.planner, now=at(9, 30))
    assert told(at(9, 30, 11)) == set()


def test_the_paper_of_a_default_is_asked_of_the_authority(planning: ApprovalStep) -> None:
    sweep_approvals(at(10, 9))
    assert told(at(10, 9)) == {("approval_paper", -1, "planning_head")}
    assert told(at(10, 10)) >= {
        ("approval_paper", 0, "planning_head"),
        ("approval_paper", 0, "helper"),
    }


def test_a_promised_paper_is_asked_of_the_helper(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = step_of(plan, "environment")
    step.papers.create(name="总量平衡意见")
    accepted(plan, "environment", office, at(9, 28), {"总量平衡意见": {"due_on": day(9, 29)}})
    assert ("approval_promise", -1, "helper") in told(at(9, 28))
    assert ("approval_promise", 0, "helper") in told(at(9, 29))


def test_an_application_is_to_be_answered(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    submit_step(step=step_of(plan, "environment"), by=office.helper, now=at(9, 28))
    assert ("approval_answer", 0, "inspector") in told(at(10, 10))


def test_of_a_confidential_lead_no_department_is_told(cast: Cast, planning: ApprovalStep) -> None:
    assert told(at(9, 30))
    lead = Lead.objects.get(contracts__landed_project=planning.plan.project)
    values = {"confidential": True, "code_name": "鲲鹏"}
    update_lead(lead=lead, values=values, by=cast.head_a, expected=None)
    assert told(at(9, 30, 11)) == set()


def test_an_item_names_the_project_and_opens_the_step(
    planning: ApprovalStep, office: Office
) -> None:
    told(at(10, 8))
    rows = Reminder.objects.filter(recipient=office.planning_head, rule="approval_due", level=0)
    (item,) = items_of(office.planning_head, with_leads(rows))
    assert item.name == f"{planning.plan.project.name} · 规划许可"
    assert item.address.endswith(f"/services/step/{planning.pk}/")
