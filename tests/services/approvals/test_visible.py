"""Who sees which plan and all that hangs on it, as exact sets; the change feed says the same."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from kfq_crm.base.feed.registry import PUBLISHED, reader_of
from kfq_crm.base.models import User
from leads.actions.pipeline import update_lead
from leads.models import Lead
from services.actions.approval_sweep import sweep_approvals
from services.actions.plans import change_helper, make_plan
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    ApprovalTemplate,
    ClockStop,
    DeemedRule,
    Department,
    MissingItem,
    PaperTask,
    StepDependency,
    StepEvent,
    StepFile,
    StepPaper,
    TemplateDependency,
    TemplatePaper,
    TemplateStep,
)
from services.models.plans import served_projects
from tests.cast import Cast
from tests.factories import UserFactory
from tests.services.approvals.world import Office, a_project, accepted, at, day, pass_step, plan

THROUGH = (
    ApprovalStep,
    ClockStop,
    MissingItem,
    PaperTask,
    StepDependency,
    StepEvent,
    StepFile,
    StepPaper,
)
OPEN_TO_STAFF = (
    ApprovalTemplate,
    DeemedRule,
    Department,
    TemplateDependency,
    TemplatePaper,
    TemplateStep,
)
TEAM = {"member_a", "second_member_a", "head_a", "chain_leader_a", "coordinator"}
SERVED = {"helper", "planner", "planning_head", "inspector", "other_staff"}


@pytest.fixture
def people(cast: Cast, office: Office) -> dict[str, User]:
    other = UserFactory(username="other_staff")
    other.groups.set(office.helper.groups.all())
    found = dict(cast.people())
    named = ("planner", "planning_head", "inspector", "helper")
    found |= {name: getattr(office, name) for name in named} | {"other_staff": other}
    return {name: User.objects.get(pk=person.pk) for name, person in found.items()}


@pytest.fixture
def everything(plan: ApprovalPlan, office: Office) -> ApprovalPlan:
    """A plan with one of all that can hang on it."""
    pass_step(plan, "register", office, at(9, 28))
    promised = {"地勘报告": {"due_on": day(9, 29)}}
    accepted(plan, "planning", office, at(9, 28), promises=promised)
    accepted(plan, "environment", office, at(9, 28))
    sweep_approvals(at(10, 19))
    return plan


def seers(people: dict[str, User], model: type, plan: ApprovalPlan) -> set[str]:
    path = "pk" if model is ApprovalPlan else "plan" if model is ApprovalStep else "step__plan"
    return {
        name
        for name, person in people.items()
        if model.objects.visible_to(person).filter(**{path: plan.pk}).exists()  # type: ignore[attr-defined]  # every model has it
    }


def hide(plan: ApprovalPlan, by: User) -> None:
    lead = Lead.objects.get(contracts__landed_project=plan.project)
    values = {"confidential": True, "code_name": "鲲鹏"}
    update_lead(lead=lead, values=values, by=by, expected=None)


@pytest.mark.parametrize("model", [ApprovalPlan, *THROUGH], ids=lambda model: model.__name__)
def test_a_plan_is_seen_by_its_team_services_helper_and_departments(
    everything: ApprovalPlan, people: dict[str, User], model: type
) -> None:
    assert seers(people, model, everything) == TEAM | SERVED


@pytest.mark.parametrize("model", [ApprovalPlan, *THROUGH], ids=lambda model: model.__name__)
def test_of_a_confidential_lead_only_its_own_see_the_plan(
    cast: Cast, everything: ApprovalPlan, people: dict[str, User], model: type
) -> None:
    hide(everything, cast.head_a)
    assert seers(people, model, everything) == {"member_a", "head_a"}


@pytest.mark.parametrize("model", OPEN_TO_STAFF, ids=lambda model: model.__name__)
def test_departments_templates_and_rules_are_known_to_all_staff(
    office: Office, people: dict[str, User], model: type
) -> None:
    rows = model.objects  # type: ignore[attr-defined]  # every model has it
    seeing = {name for name, person in people.items() if rows.visible_to(person).exists()}
    assert seeing == people.keys() - {"disabled"}


def test_a_department_without_a_step_sees_nothing(everything: ApprovalPlan, office: Office) -> None:
    stranger = UserFactory(username="stranger")
    stranger.groups.set(office.planner.groups.all())
    Department.objects.create(code="fire", name="消防").members.add(stranger)
    assert not ApprovalPlan.objects.visible_to(stranger).exists()
    assert not ApprovalStep.objects.visible_to(stranger).exists()


def test_service_staff_makes_plans_of_open_projects_and_of_no_hidden_one(
    cast: Cast, everything: ApprovalPlan, office: Office
) -> None:
    assert everything.project in served_projects(office.helper)
    hide(everything, cast.head_a)
    assert everything.project not in served_projects(office.helper)
    assert everything.project in served_projects(cast.head_a)


def disagreements(people: dict[str, User]) -> Iterator[str]:
    for resource in ("approval-plans", "approval-steps"):
        kind = PUBLISHED[resource]
        audiences = kind.audiences(list(kind.model.objects.values_list("pk", flat=True)))
        for name, person in people.items():
            reader = reader_of(person)
            seen = set(kind.model.objects.visible_to(person).values_list("pk", flat=True))
            told = {pk for pk, audience in audiences.items() if reader.saw(audience)}
            if person.is_active and seen != told:
                yield f"{name}: {resource} {seen} != {told}"


def test_the_feed_remembers_of_a_plan_who_saw_it(
    cast: Cast, everything: ApprovalPlan, office: Office, people: dict[str, User]
) -> None:
    other = make_plan(
        project=a_project(cast), template=office.template, by=cast.member_a, now=at(9, 28)
    )
    assert list(disagreements(people)) == []
    change_helper(plan=other, helper=people["outsider"], by=cast.member_a)
    assert list(disagreements(people)) == []
    hide(everything, cast.head_a)
    assert list(disagreements(people)) == []


def test_lists_ask_as_often_for_fifty_steps_as_for_one(
    everything: ApprovalPlan, office: Office, django_assert_num_queries: object
) -> None:
    for person in (office.helper, office.planner):
        list(ApprovalStep.objects.visible_to(person)[:1])  # reads the person's permissions
        with django_assert_num_queries(1):  # type: ignore[operator]  # a fixture of pytest-django
            list(ApprovalStep.objects.visible_to(person)[:50])


__all__ = ["plan"]
