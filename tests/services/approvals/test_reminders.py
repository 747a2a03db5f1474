"""Notices one working day before a limit and at it, to the authority and to the helper."""

from __future__ import annotations

from datetime import datetime

import pytest

from kfq_crm.base.models import Absence, OutgoingMail, User
from leads.actions.pipeline import update_lead
from leads.models import EscalationStep, Lead, MilestoneKind, Reminder
from leads.models.reminder import Role
from leads.reminders.engine import run_reminders
from leads.reminders.inbox import items_of, with_leads
from services.actions.approval_sweep import sweep_approvals
from services.actions.clock import stop_clock
from services.actions.plans import change_helper
from services.actions.steps import submit_step
from services.models import ApprovalPlan, ApprovalStep
from tests.cast import RULES_SINCE, Cast
from tests.factories import UserFactory
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


# --- Who is told when people change ---------------------------------------------------------------


def helped_by(person: str) -> set[tuple[str, int]]:
    rows = Reminder.objects.open().filter(rule="approval_due_helper", recipient__username=person)
    return set(rows.values_list("rule", "level"))


def test_a_new_helper_is_told_anew_and_the_former_one_no_more(
    cast: Cast, planning: ApprovalStep, office: Office
) -> None:
    told(at(9, 30))
    told(at(10, 8))
    assert helped_by("helper") == {("approval_due_helper", -1), ("approval_due_helper", 0)}
    change_helper(plan=planning.plan, helper=cast.member_a, by=office.helper)
    assert ("approval_due_helper", 0, "member_a") in told(at(10, 8, 11))
    assert helped_by("helper") == set()
    change_helper(plan=ApprovalPlan.objects.get(), helper=office.helper, by=office.helper)
    assert ("approval_due_helper", 0, "helper") in told(at(10, 8, 12))


def test_the_same_helper_named_again_is_not_told_again(
    planning: ApprovalStep, office: Office
) -> None:
    before = planning.plan.reminder_round
    plan = change_helper(plan=planning.plan, helper=office.helper, by=office.helper)
    assert plan.reminder_round == before


def test_who_leaves_the_department_keeps_no_item(planning: ApprovalStep, office: Office) -> None:
    assert ("approval_due", 0, "planning_head") in told(at(10, 8))
    assert told(at(10, 8, 11))
    items = with_leads(Reminder.objects.filter(recipient=office.planning_head, level=0))
    office.planning.head = office.planner
    office.planning.save()
    (item,) = items_of(office.planning_head, items)  # before any sweep has seen it
    assert (item.name, item.address) == (str(item.label), "")
    assert not {one for one in told(at(10, 8, 12)) if one[2] == "planning_head"}


def test_a_message_names_nothing_that_its_deputy_may_not_see(
    cast: Cast, planning: ApprovalStep, office: Office
) -> None:
    Absence.objects.create(
        user=office.planning_head,
        deputy=cast.outsider,
        first_day=day(9, 28),
        last_day=day(10, 30),
        entered_by=office.planning_head,
    )
    told(at(10, 8))
    assert ("approval_due", 0, "outsider") in told(at(10, 8, 11))  # the promise is kept
    mail = OutgoingMail.objects.get(recipient=cast.outsider)
    assert "规划许可" not in mail.text
    assert planning.plan.project.name not in mail.text


def test_disabled_people_of_the_authority_are_passed_over(
    planning: ApprovalStep, office: Office
) -> None:
    User.objects.filter(pk=office.planning_head.pk).update(is_active=False)
    assert ("approval_due", 0, "planner") in told(at(10, 8))
    User.objects.filter(pk=office.planner.pk).update(is_active=False)
    assert not {one for one in told(at(10, 8, 11)) if one[0] == "approval_due"}


def test_the_first_active_member_is_told_where_there_is_no_head(
    planning: ApprovalStep, office: Office
) -> None:
    second = UserFactory(username="second_planner", email="second@example.com")
    office.planning.members.add(second)
    office.planning.head = None
    office.planning.save()
    User.objects.filter(pk=office.planner.pk).update(is_active=False)
    assert ("approval_due", 0, "second_planner") in told(at(10, 8))


def test_a_message_calls_a_confidential_project_by_its_code_name(
    cast: Cast, plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = step_of(plan, "environment")
    step.papers.create(name="总量平衡意见")
    accepted(plan, "environment", office, at(9, 28), {"总量平衡意见": {"due_on": day(10, 8)}})
    lead = Lead.objects.get(contracts__landed_project=plan.project)
    change_helper(plan=plan, helper=lead.owner, by=office.helper)
    values = {"confidential": True, "code_name": "鲲鹏"}
    update_lead(lead=lead, values=values, by=cast.head_a, expected=None)
    plan.project.milestones.update_or_create(
        kind=MilestoneKind.LAND, defaults={"planned_on": day(10, 8)}
    )
    run_reminders(at(10, 8))
    mail = OutgoingMail.objects.get(recipient=lead.owner)
    for what in ("规划许可", "总量平衡意见"):
        assert f"鲲鹏 · {what}" in mail.text
    rules = Reminder.objects.open().filter(recipient=lead.owner).values_list("rule", flat=True)
    assert {"approval_due_helper", "approval_promise", "milestone_planned"} <= set(rules)
    assert plan.project.name not in mail.text + mail.subject
