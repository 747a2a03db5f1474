"""A plan of four steps with its people: the small world that tests of approvals share.

    register ─┬─ planning ──┬─ permit
              └─ environment┘

The clock is the tests' own: 2026 around National Day (rest 1–7 October, Saturday 10 worked).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from chains.roles import DEPARTMENT, SERVICE, role_group
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from leads.actions.landing import open_project
from leads.models import LandedProject, MilestoneKind
from leads.stages import Stage
from services.actions.papers import Promise
from services.actions.plans import make_plan
from services.actions.steps import accept_step, grant_step, submit_step
from services.actions.templates import PaperValues, StepValues, create_template
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    ApprovalTemplate,
    DeemedRule,
    Department,
    StepPaper,
)
from tests.cast import RULES_SINCE, Cast
from tests.factories import UserFactory, counted_contract, lead_in

MONDAY = date(2026, 9, 28)
PDF = b"%PDF-1.4 a promise in writing"


def day(month: int, number: int) -> date:
    return date(2026, month, number)


def at(month: int, number: int, hour: int = 10) -> datetime:
    return datetime(2026, month, number, hour, tzinfo=timezone.get_default_timezone())


def a_pdf(name: str = "承诺书.pdf") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, PDF, content_type="application/pdf")


@dataclass(frozen=True)
class Office:
    """Two departments with their people, service staff, the template and the rule."""

    planning: Department
    environment: Department
    planner: User  # member of the planning department
    planning_head: User
    inspector: User  # member of the environment department
    helper: User  # service staff
    template: ApprovalTemplate


@pytest.fixture
def office(cast: Cast) -> Office:
    planning_head, planner, inspector, helper = (
        UserFactory(username=name) for name in ("planning_head", "planner", "inspector", "helper")
    )
    for person in (planning_head, planner, inspector):
        person.groups.add(role_group(DEPARTMENT))
    helper.groups.add(role_group(SERVICE))
    planning = a_department("planning", "自然资源和规划局", [planner], head=planning_head)
    environment = a_department("environment", "生态环境局", [inspector])
    DeemedRule.objects.create(
        valid_from=RULES_SINCE,
        smallest_band="B",
        paper_days=1,
        acceptance_days=5,
        published="泰政办发〔2022〕58号",
    )
    return Office(
        planning=planning,
        environment=environment,
        planner=planner,
        planning_head=planning_head,
        inspector=inspector,
        helper=helper,
        template=create_template(
            code="industry",
            name="工业项目",
            steps=template_steps(planning, environment),
            by=cast.coordinator,
        ),
    )


def a_department(code: str, name: str, members: list[User], head: User | None = None) -> Department:
    department = Department.objects.create(code=code, name=name, head=head)
    department.members.set(members)
    return department


def template_steps(planning: Department, environment: Department) -> list[StepValues]:
    ground = {"published": "政府投资项目审批事项清单"}
    papers = (PaperValues("申请表", is_main=True), PaperValues("地勘报告"))
    return [
        StepValues("register", "项目备案", planning, MilestoneKind.REGISTERED, 1, **ground),
        StepValues(
            "planning",
            "规划许可",
            planning,
            MilestoneKind.STARTED,
            3,
            order=1,
            depends_on=["register"],
            papers=papers,
            **ground,
        ),
        StepValues(
            "environment",
            "环评审批",
            environment,
            MilestoneKind.STARTED,
            10,
            order=2,
            depends_on=["register"],
            **ground,
        ),
        StepValues(
            "permit",
            "施工许可",
            planning,
            MilestoneKind.STARTED,
            2,
            order=3,
            depends_on=["planning", "environment"],
            **ground,
        ),
    ]


@pytest.fixture
def project(cast: Cast) -> LandedProject:
    """Of 6亿元: above both published thresholds."""
    return a_project(cast)


def a_project(cast: Cast, **values: Any) -> LandedProject:
    lead = lead_in(Stage.SIGNED, by=cast.member_a, **values)
    return open_project(contract=counted_contract(lead), by=cast.member_a)


def scaled(project: LandedProject, amount: int, currency: str) -> LandedProject:
    project.investment, project.currency = Decimal(amount), currency
    project.save()
    return project


@pytest.fixture
def plan(office: Office, project: LandedProject) -> ApprovalPlan:
    return make_plan(project=project, template=office.template, by=office.helper, now=at(9, 28))


def step_of(plan: ApprovalPlan, code: str) -> ApprovalStep:
    return plan.steps.get(code=code)


def pass_step(plan: ApprovalPlan, code: str, office: Office, now: datetime) -> ApprovalStep:
    """Submitted, accepted and granted at one moment."""
    step = accepted(plan, code, office, now)
    return grant_step(step=step, number=f"〔2026〕{step.pk}号", by=office.helper, now=now)


def accepted(
    plan: ApprovalPlan,
    code: str,
    office: Office,
    now: datetime,
    promises: dict[str, Any] | None = None,
) -> ApprovalStep:
    """The step accepted with all papers, or with promises: name of the paper to its values."""
    step = step_of(plan, code)
    promised = promises or {}
    papers = {paper: None for paper in step.papers.all() if paper.name not in promised}
    step = submit_step(step=step, papers=papers, by=office.helper, now=now)
    return accept_step(
        step=step,
        promises=[
            Promise(paper=step.papers.get(name=name), upload=a_pdf(), **values)
            for name, values in promised.items()
        ],
        by=office.helper,
        now=now,
    )


def papers_of(step: ApprovalStep, *names: str) -> dict[StepPaper, None]:
    return {paper: None for paper in step.papers.all() if not names or paper.name in names}


def refusal(code: str) -> Any:
    return pytest.raises(RuleViolation, check=lambda refused: refused.code == code)


@pytest.fixture
def planning(plan: ApprovalPlan, office: Office) -> ApprovalStep:
    """Ready: limit of 3 working days, a main paper and another one."""
    pass_step(plan, "register", office, at(9, 28))
    return step_of(plan, "planning")
