"""From the contract to completion: one project through its approvals, with one of them let pass."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import transaction
from django.db.models import F
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import User
from leads.actions.landing import meet_milestone, name_local_company
from leads.models import LandedProject, MilestoneKind
from services.models import ApprovalPlan, ApprovalStep, MissingItem, PaperTask, StepState
from tests.cast import Cast
from tests.factories import a_uscc
from tests.journeys.conftest import PHONE
from tests.journeys.steps import MINUTES, has_no_sideways_scroll
from tests.services.approvals.world import Office, a_project, office

__all__ = ["office"]

pytestmark = pytest.mark.timeout(400)

DeskOf = Callable[[User], Page]
CODE = "2603-321282-04-01-123456"


@pytest.fixture
def project(cast: Cast) -> LandedProject:
    """Of 6亿元, its contract counted: above the published thresholds."""
    return a_project(cast)


def test_project_goes_from_its_contract_through_approvals_to_completion(
    cast: Cast, office: Office, project: LandedProject, desk_of: DeskOf
) -> None:
    helper, planner = desk_of(office.helper), desk_of(office.planner)
    plan = _makes_the_plan_in_one_click(desk_of(cast.member_a), project, office)
    _first_step_is_granted(helper, planner, plan)
    step = _is_accepted_with_a_promise(helper, planner, plan)
    _is_let_pass(step)
    _counts_as_granted(planner, step)
    _paper_is_issued(planner, step)
    _plan_fits_a_phone(helper, plan)
    _project_is_registered_and_has_land(project, cast.member_a)
    member = desk_of(cast.member_a)
    _starts_with_a_permit_for_the_piles(member, project)
    _is_completed_with_its_two_buildings(member, project)


# --- Approvals -----------------------------------------------------------------------------------


def _makes_the_plan_in_one_click(
    page: Page, project: LandedProject, office: Office
) -> ApprovalPlan:
    page.goto(reverse("admin:leads_contract_page", args=[project.contract_id]))
    page.goto(reverse("admin:leads_landedproject_page", args=[project.pk]))
    page.locator("#approvals .o-button--primary").click()
    _send(page)
    expect(page.locator("#gantt svg.s-chart")).to_be_visible()
    plan = ApprovalPlan.objects.get()
    assert (plan.may_be_deemed, plan.steps.count()) == (True, 4)
    return plan


def _first_step_is_granted(helper: Page, planner: Page, plan: ApprovalPlan) -> None:
    step = plan.steps.get(code="register")
    _opens(helper, step, "submit")
    _send(helper)
    planner.goto(reverse("admin:services_approvalstep_changelist"))
    planner.get_by_role("link", name=re.compile(step.name)).click()
    _presses(planner, step, "accept")
    _send(planner)
    _presses(planner, step, "grant")
    planner.locator("[name=number]").fill("备案〔2026〕1号")
    _send(planner)
    _stands(step, StepState.GRANTED)


def _is_accepted_with_a_promise(helper: Page, planner: Page, plan: ApprovalPlan) -> ApprovalStep:
    """容缺: the main paper with its file, the survey promised in writing for later."""
    step = plan.steps.get(code="planning")
    form, survey = step.papers.order_by("order", "pk")
    _opens(helper, step, "submit")
    helper.locator(f"[name=file_{form.pk}]").set_input_files([MINUTES])  # type: ignore[list-item]  # a plain dict is what it takes
    _send(helper)
    _opens(planner, step, "accept")
    _send(planner)  # without the promise
    expect(planner.locator(".errorlist").first).to_be_visible()
    planner.locator(f"[name=promise_{survey.pk}]").set_input_files([MINUTES])  # type: ignore[list-item]  # as above
    later = current_calendar().add_workdays(timezone.localdate(), 30)
    planner.locator(f"[name=due_{survey.pk}]").fill(later.isoformat())
    planner.keyboard.press("Escape")
    _send(planner)
    _stands(step, StepState.ACCEPTED)
    item = MissingItem.objects.get()
    assert (item.paper, item.due_on) == (survey, later)
    expect(planner.locator("#promises")).to_contain_text(survey.name)
    return step


def _is_let_pass(step: ApprovalStep) -> None:
    """Weeks go by: every day that was recorded of the step lies so much further back."""
    back = timedelta(days=42)
    with transaction.atomic():
        ApprovalStep.objects.filter(pk=step.pk).update(
            opened_on=F("opened_on") - back,
            submitted_on=F("submitted_on") - back,
            clock_from_on=F("clock_from_on") - back,
            due_on=F("due_on") - back,
        )


def _counts_as_granted(planner: Page, step: ApprovalStep) -> None:
    planner.goto(reverse("admin:services_approvalplan_page", args=[step.plan_id]))
    expect(planner.locator(".s-chart .words.red")).to_have_count(1)  # overdue, in words
    call_command("run_approvals")
    _stands(step, StepState.DEEMED)
    planner.goto(reverse("admin:services_approvalstep_changelist", query={"tab": "deemed"}))
    planner.get_by_role("link", name=re.compile(step.name)).click()
    expect(planner.locator("#deemed")).to_be_visible()


def _paper_is_issued(planner: Page, step: ApprovalStep) -> None:
    _presses(planner, step, "issue")
    planner.locator("[name=number]").fill("建字〔2026〕9号")
    _send(planner)
    task = PaperTask.objects.get(step=step)
    assert (task.number, task.issued_on) == ("建字〔2026〕9号", timezone.localdate())
    _presses(planner, step, "confirm")
    _send(planner)
    expect(planner.locator("#deemed")).to_contain_text("建字〔2026〕9号")


def _plan_fits_a_phone(page: Page, plan: ApprovalPlan) -> None:
    page.goto(reverse("admin:services_approvalplan_page", args=[plan.pk]))
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict is what it takes
    assert has_no_sideways_scroll(page)
    scrolls = "box => box.scrollWidth > box.clientWidth"
    assert page.locator(".s-gantt__scroll").evaluate(scrolls)


# --- The project ---------------------------------------------------------------------------------


def _project_is_registered_and_has_land(project: LandedProject, by: User) -> None:
    today = timezone.localdate()
    name_local_company(
        project=project, name="靖江试制部件有限公司", uscc=a_uscc(7), region_code="321282", by=by
    )
    for kind, paper in (("registered", "营业执照"), ("land", "出让合同")):
        meet_milestone(
            project=project,
            kind=kind,
            actual_on=today,
            evidence=paper,
            project_code=CODE if kind == "registered" else "",
            by=by,
        )


def _starts_with_a_permit_for_the_piles(page: Page, project: LandedProject) -> None:
    today = timezone.localdate().isoformat()
    permit = {"number": "施许〔2026〕3号", "issued_on": today}
    _fills(page, project, "permit", {"stage": "piles"}, permit)
    _fills(page, project, "meet", {"works": "桩基"}, {"actual_on": today, "evidence": "打桩记录"})
    project.refresh_from_db()
    assert project.milestone == MilestoneKind.STARTED


def _is_completed_with_its_two_buildings(page: Page, project: LandedProject) -> None:
    today = timezone.localdate().isoformat()
    for name, area in (("1号厂房", "8000"), ("2号厂房", "2000")):
        _fills(page, project, "building", {}, {"name": name, "area_m2": area})
    for building in project.buildings.order_by("pk"):
        _fills(page, building, "accept", {}, {"accepted_on": today, "acceptance_paper": "验收备案"})
    expect(page.locator("#buildings")).to_contain_text("100%")
    _fills(page, project, "meet", {}, {"actual_on": today, "evidence": "竣工验收备案表"})
    project.refresh_from_db()
    assert project.milestone == MilestoneKind.COMPLETED


# --- Gestures ------------------------------------------------------------------------------------


def _fills(
    page: Page, record: Any, verb: str, chosen: dict[str, str], typed: dict[str, str]
) -> None:
    page.goto(reverse(f"admin:leads_{record._meta.model_name}_{verb}", args=[record.pk]))
    for name, value in chosen.items():
        page.locator(f"select[name={name}]").select_option(value)
    for name, text in typed.items():
        page.locator(f"[name={name}]").fill(text)
    page.keyboard.press("Escape")
    _send(page)


def _opens(page: Page, step: ApprovalStep, verb: str) -> None:
    page.goto(reverse("admin:services_approvalplan_page", args=[step.plan_id]))
    page.locator("#todo").get_by_role("link", name=step.name).click()
    _presses(page, step, verb)


def _presses(page: Page, step: ApprovalStep, verb: str) -> None:
    page.locator(
        f'.o-actions a[href="{reverse(f"admin:services_approvalstep_{verb}", args=[step.pk])}"]'
    ).first.click()
    page.wait_for_url(f"**/{verb.replace('_', '-')}/")


def _send(page: Page) -> None:
    """The one button that sends the form, and what follows."""
    with page.expect_navigation():
        page.locator("form.o-form button[type=submit]").click()


def _stands(step: ApprovalStep, state: str) -> None:
    step.refresh_from_db()
    assert step.state == state
