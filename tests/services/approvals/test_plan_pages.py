"""Plans, lists of steps and of promised papers: who sees what, in how many queries."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from pytest_django.fixtures import DjangoAssertNumQueries
from zeal import zeal_context

from kfq_crm.base.models import User
from leads.models import LandedProject
from services.actions.plans import give_up_plan, make_plan
from services.models import ApprovalPlan, ApprovalStep, MissingItem, PlanState
from tests.cast import Cast
from tests.services.approvals.pages import as_, plan_page, send, step_page, verb
from tests.services.approvals.world import Office, a_project, accepted, at, pass_step, step_of

pytestmark = pytest.mark.django_db

PLANS = "admin:services_approvalplan_changelist"
STEPS = "admin:services_approvalstep_changelist"
ITEMS = "admin:services_missingitem_changelist"


@pytest.fixture(autouse=True)
def _on_the_eve_of_the_holidays(time_machine: Any) -> None:
    time_machine.move_to(at(9, 30), tick=False)


def listed(client: Client, name: str, **query: str) -> list[Any]:
    answer = client.get(reverse(name, query=query or None))
    assert answer.status_code == 200
    return list(answer.context["cl"].result_list)


# --- Who sees what -----------------------------------------------------------------------------


def everybody(cast: Cast, office: Office) -> dict[str, User]:
    people = {name: person for name, person in cast.people() if person.is_active}
    return {
        **people,
        "planner": office.planner,
        "inspector": office.inspector,
        "planning_head": office.planning_head,
        "helper": office.helper,
    }


SEERS = {
    *("member_a", "second_member_a", "head_a", "chain_leader_a", "coordinator"),
    *("planner", "planning_head", "inspector", "helper"),
}


def test_plan_and_steps_are_seen_by_exactly_these(
    client: Client, cast: Cast, office: Office, plan: ApprovalPlan
) -> None:
    step = step_of(plan, "planning")
    told = {
        name: {
            as_(client, person).get(page).status_code for page in (plan_page(plan), step_page(step))
        }
        for name, person in everybody(cast, office).items()
    }
    assert {name for name, codes in told.items() if codes == {200}} == SEERS
    assert {name for name, codes in told.items() if codes == {404}} == set(told) - SEERS


def test_plan_of_a_confidential_lead_is_seen_by_its_readers_alone(
    client: Client, cast: Cast, office: Office
) -> None:
    secret = a_project(cast, confidential=True, code_name="启明")
    plan = make_plan(project=secret, template=office.template, by=cast.member_a)
    seen = {
        name
        for name, person in everybody(cast, office).items()
        if as_(client, person).get(plan_page(plan)).status_code == 200
    }
    assert seen == {"member_a", "head_a"}
    assert listed(as_(client, office.planner), STEPS, tab="all") == []
    assert listed(as_(client, office.helper), PLANS, tab="all") == []


def test_my_steps_are_those_of_my_department(
    client: Client, office: Office, plan: ApprovalPlan
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    assert {step.code for step in listed(as_(client, office.planner), STEPS)} == {"planning"}
    assert {step.code for step in listed(as_(client, office.inspector), STEPS)} == {"environment"}
    own = {"register", "planning", "permit"}
    assert {step.code for step in listed(as_(client, office.planner), STEPS, tab="all")} == own
    everything = {"planning", "environment"}
    assert {step.code for step in listed(as_(client, office.helper), STEPS)} == everything


def test_overdue_tab_holds_what_is_late_and_the_light_says_how_much(
    client: Client, office: Office, plan: ApprovalPlan, time_machine: Any
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    accepted(plan, "planning", office, at(9, 29))
    as_(client, office.planner)
    assert listed(client, STEPS, tab="overdue") == []
    time_machine.move_to(at(10, 13), tick=False)
    as_(client, office.planner)
    assert [step.code for step in listed(client, STEPS, tab="overdue")] == ["planning"]
    assertContains(client.get(reverse(STEPS, query={"tab": "overdue"})), "o-badge--red")


def test_promised_papers_come_due_and_open_their_step(
    client: Client, office: Office, plan: ApprovalPlan
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    promise = {"地勘报告": {"due_on": at(10, 9).date()}}
    step = accepted(plan, "planning", office, at(9, 29), promises=promise)
    as_(client, office.planner)
    assert [item.step_id for item in listed(client, ITEMS)] == [step.pk]
    assert listed(client, ITEMS, tab="lapsed") == []
    assertContains(client.get(reverse(ITEMS)), step_page(step))
    item = MissingItem.objects.get()
    address = reverse("admin:services_missingitem_change", args=[item.pk])
    assertRedirects(client.get(address), step_page(step))


# --- Making a plan -----------------------------------------------------------------------------


def test_button_on_the_project_makes_the_plan_with_one_press(
    client: Client, cast: Cast, office: Office, project: LandedProject
) -> None:
    page = reverse("admin:leads_landedproject_page", args=[project.pk])
    make = reverse("admin:services_approvalplan_make", args=[project.pk])
    assertContains(as_(client, cast.member_a).get(page), make)
    assertNotContains(as_(client, cast.chain_leader_a).get(page), make)
    as_(client, cast.member_a)
    form = client.get(make).context["form"]
    filled = {name: form[name].value() for name in form.fields}
    filled["template"] = getattr(filled["template"], "pk", filled["template"])
    answer = client.post(make, {"expected_version": project.version, **filled})
    plan = ApprovalPlan.objects.get()
    assertRedirects(answer, plan_page(plan))
    assert (plan.helper, plan.project) == (cast.member_a, project)
    assertContains(client.get(page), plan_page(plan))
    assertNotContains(client.get(page), make)


def test_projects_without_a_plan_are_found_by_name(
    client: Client, cast: Cast, office: Office, plan: ApprovalPlan
) -> None:
    bare = a_project(cast)
    add = reverse("admin:services_approvalplan_add")
    as_(client, office.helper)
    assert list(client.get(add).context["projects"]) == [bare]
    assert list(client.get(add, {"q": bare.name}).context["projects"]) == [bare]
    assert list(client.get(add, {"q": "没有这个"}).context["projects"]) == []
    assert as_(client, cast.chain_leader_a).get(add).status_code == 403


def test_plan_is_handed_over_and_given_up(
    client: Client, cast: Cast, office: Office, plan: ApprovalPlan
) -> None:
    as_(client, office.helper)
    send(client, plan, "helper", helper=cast.member_a.pk)
    plan.refresh_from_db()
    assert plan.helper == cast.member_a
    assert "reason" in send(client, plan, "give_up", reason=" ").context["form"].errors
    send(client, plan, "give_up", reason="项目另行选址")
    plan.refresh_from_db()
    assert plan.state == PlanState.STOPPED
    page = client.get(plan_page(plan))
    assertContains(page, "项目另行选址")
    assert all(not line.offers for line in page.context["view"].lines)
    assertNotContains(client.get(verb(plan, "give_up")), 'name="expected_version"')


# --- The drawing -------------------------------------------------------------------------------


def test_plan_page_draws_every_step_with_words_beside_the_colours(
    client: Client, office: Office, plan: ApprovalPlan
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    accepted(plan, "planning", office, at(9, 29))
    page = as_(client, office.planner).get(plan_page(plan))
    view = page.context["view"]
    assert [line.step.code for line in view.lines] == [
        "register",
        "planning",
        "environment",
        "permit",
    ]
    assert len(view.chart.rows) == 4
    assert {line.words for line in view.lines if line.standing.light == "green"}
    assert [line.step.code for line in view.todo] == ["planning"]
    assertContains(page, "<svg")
    assertContains(page, 'class="today"')


def test_late_step_moves_the_expected_end(
    client: Client, office: Office, plan: ApprovalPlan, time_machine: Any
) -> None:
    as_(client, office.helper)
    view = client.get(plan_page(plan)).context["view"]
    time_machine.move_to(at(11, 2), tick=False)
    later = as_(client, office.helper).get(plan_page(plan)).context["view"]
    assert later.planned_until == view.planned_until
    assert later.expected_until > view.expected_until
    assert later.is_late


# --- How many queries ---------------------------------------------------------------------------


def many_plans(cast: Cast, office: Office, number: int) -> list[ApprovalPlan]:
    """Plans of projects of the same chain, each with a step that runs and a promise."""
    made = []
    for _place in range(number):
        plan = make_plan(
            project=a_project(cast), template=office.template, by=office.helper, now=at(9, 28)
        )
        pass_step(plan, "register", office, at(9, 28))
        promise = {"地勘报告": {"due_on": at(10, 9).date()}}
        accepted(plan, "planning", office, at(9, 29), promises=promise)
        made.append(plan)
    return made


def copies(step: ApprovalStep, number: int) -> None:
    """So many more steps like it in its plan, each with its promise, as the tables hold them."""
    item = step.missing_items.get()
    paper = item.paper
    for place in range(number):
        step.pk, step.code = None, f"copy-{place}"
        step.save(force_insert=True)
        paper.pk, paper.step = None, step
        paper.save(force_insert=True)
        item.pk, item.step, item.paper = None, step, paper
        item.save(force_insert=True)


@pytest.mark.parametrize(
    ("name", "tab", "queries"), [(PLANS, "open", 8), (STEPS, "open", 11), (ITEMS, "due", 8)]
)
def test_lists_take_the_same_queries_at_1_and_at_50_rows(
    client: Client,
    cast: Cast,
    office: Office,
    django_assert_max_num_queries: DjangoAssertNumQueries,
    name: str,
    tab: str,
    queries: int,
) -> None:
    plan = many_plans(cast, office, 1)[0]
    as_(client, office.helper)
    address = reverse(name, query={"tab": tab})
    client.get(address)
    with django_assert_max_num_queries(queries) as one, zeal_context():
        client.get(address)
    if name == PLANS:
        rows = ApprovalPlan.objects.filter(pk=plan.pk)
        for _place in range(49):
            copied = rows.get()
            copied.pk, copied.project = None, a_copy(plan.project)
            copied.save(force_insert=True)
    else:
        others = 2 if name == STEPS else 1  # rows beside the copies: one page in all
        copies(step_of(plan, "planning"), 50 - others)
    with django_assert_max_num_queries(queries) as many, zeal_context():
        shown = client.get(address).context["cl"].result_list
    assert len(shown) >= 50
    assert len(one) == len(many)


def a_copy(project: LandedProject) -> LandedProject:
    """Another project of the report's kind; its lead is nobody's."""
    fresh = LandedProject.objects.get(pk=project.pk)
    fresh.pk, fresh.contract, fresh.source = None, None, "一.进"
    fresh.code = f"X{LandedProject.objects.count()}"
    fresh.save(force_insert=True)
    return fresh


def test_plan_page_takes_the_same_queries_at_4_and_at_50_steps(
    client: Client,
    cast: Cast,
    office: Office,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    plan = many_plans(cast, office, 1)[0]
    as_(client, office.helper)
    client.get(plan_page(plan))
    with django_assert_max_num_queries(22) as few, zeal_context():
        client.get(plan_page(plan))
    copies(step_of(plan, "planning"), 46)
    with django_assert_max_num_queries(22) as many, zeal_context():
        view = client.get(plan_page(plan)).context["view"]
    assert len(view.lines) == 50
    assert len(few) == len(many)


def test_given_up_plans_leave_the_lists_of_work(
    client: Client, cast: Cast, office: Office, time_machine: Any
) -> None:
    plan = many_plans(cast, office, 1)[0]
    give_up_plan(plan=plan, reason="停建", by=office.helper)
    time_machine.move_to(at(9, 30) + timedelta(days=40), tick=False)
    as_(client, office.helper)
    for name, tab in ((PLANS, "open"), (PLANS, "overdue"), (STEPS, "open"), (ITEMS, "due")):
        assert listed(client, name, tab=tab) == []
    assert listed(client, PLANS, tab="closed") == [plan]
