"""Plans and steps as programs read them, and as the change feed tells of them."""

from __future__ import annotations

from typing import Any

import pytest

from kfq_crm.base.models import Change, TokenScope, User
from services.actions.approval_sweep import sweep_approvals
from services.models import ApprovalPlan, StepState
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.services.approvals.world import Office, accepted, at, pass_step, step_of

READ = [TokenScope.LEADS_READ]


@pytest.fixture
def running(plan: ApprovalPlan, office: Office) -> ApprovalPlan:
    pass_step(plan, "register", office, at(9, 28))
    accepted(plan, "planning", office, at(9, 28))
    return plan


def reader(client_of: ClientOf, user: User) -> Program:
    return client_of(User.objects.get(pk=user.pk), scopes=READ)


def test_a_step_says_by_whom_and_by_when(
    client_of: ClientOf, cast: Cast, running: ApprovalPlan
) -> None:
    (row,) = reader(client_of, cast.member_a).rows("/approval-steps/", state="accepted")
    assert row["department"]["code"] == "planning"
    assert row["project"]["name"] == running.project.name
    assert (row["due_on"], row["clock_from_on"]) == ("2026-10-08", "2026-09-28")
    assert [one["code"] for one in row["begins_after"]] == ["register"]
    (plan,) = reader(client_of, cast.member_a).rows("/approval-plans/")
    assert (plan["state"], plan["may_be_deemed"]) == ("open", True)


@pytest.mark.parametrize(
    ("parameters", "codes"),
    [
        ({"department": "environment"}, {"environment"}),
        ({"state": "ready,waiting"}, {"environment", "permit"}),
        ({"deemed": "true"}, {"planning"}),
        ({"overdue": "true"}, set()),
        ({"due_to": "2026-10-08", "due_from": "2026-10-08"}, {"planning"}),
        ({"stage": "registered"}, {"register"}),
        ({"chain": "aerospace"}, {"register", "planning", "environment", "permit"}),
        ({"decided_from": "2026-10-01"}, {"planning"}),
    ],
)
def test_steps_are_filtered(
    client_of: ClientOf,
    cast: Cast,
    running: ApprovalPlan,
    parameters: dict[str, Any],
    codes: set[str],
) -> None:
    sweep_approvals(at(10, 9))
    rows = reader(client_of, cast.member_a).rows("/approval-steps/", **parameters)
    assert {row["code"] for row in rows} == codes


def test_who_sees_no_plan_reads_none(
    client_of: ClientOf, cast: Cast, office: Office, running: ApprovalPlan
) -> None:
    step = step_of(running, "planning")
    for person in (cast.member_b, cast.outsider):
        program = reader(client_of, person)
        answer = program.ask(f"/approval-steps/{step.pk}/")
        assert answer.status_code in (403, 404)
    assert reader(client_of, office.planner).rows("/approval-steps/", plan=running.pk)


def test_a_page_of_steps_asks_as_often_for_fifty_as_for_one(
    client_of: ClientOf, cast: Cast, running: ApprovalPlan, django_assert_max_num_queries: Any
) -> None:
    program = reader(client_of, cast.member_a)
    program.rows("/approval-steps/")
    with django_assert_max_num_queries(12):
        assert len(program.rows("/approval-steps/")) == 4


def test_the_sweep_leaves_a_change_of_each_step_that_it_moved(
    running: ApprovalPlan, office: Office
) -> None:
    Change.objects.all().delete()
    planning = step_of(running, "planning")
    sweep_approvals(at(10, 9))
    told = Change.objects.filter(resource="approval-steps")
    assert set(told.values_list("object_id", "kind")) == {(planning.pk, "updated")}
    planning.refresh_from_db()
    assert planning.state == StepState.DEEMED
