"""The page of a step: what it offers to whom, and every verb sent as a browser sends it."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.models import AccessEntry
from services.actions.approval_sweep import sweep_approvals
from services.actions.steps import refuse_step, submit_step
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    ClockStop,
    DeemedVerdict,
    EventKind,
    MissingItem,
    StepFile,
    StepState,
)
from tests.cast import Cast
from tests.services.approvals.pages import as_, offered, plan_page, send, step_page, verb
from tests.services.approvals.world import (
    Office,
    a_pdf,
    accepted,
    at,
    day,
    pass_step,
    step_of,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_the_eve_of_the_holidays(time_machine: Any) -> None:
    time_machine.move_to(at(9, 30), tick=False)


@pytest.fixture
def planning(plan: ApprovalPlan, office: Office) -> ApprovalStep:
    """Ready, with a main paper and another one; three working days."""
    pass_step(plan, "register", office, at(9, 28))
    return step_of(plan, "planning")


@pytest.fixture
def running(planning: ApprovalStep, plan: ApprovalPlan, office: Office) -> ApprovalStep:
    return accepted(plan, "planning", office, at(9, 29))


@pytest.fixture
def deemed(running: ApprovalStep) -> ApprovalStep:
    """Granted by default on 12 October, after the limit of 9 October."""
    sweep_approvals(at(10, 12))
    running.refresh_from_db()
    assert running.state == StepState.DEEMED
    return running


def papers(step: ApprovalStep, *names: str) -> dict[str, str]:
    return {f"has_{paper.pk}": "on" for paper in step.papers.filter(name__in=names)}


# --- What is offered ---------------------------------------------------------------------------


def test_offers_follow_state_and_side(
    client: Client, cast: Cast, office: Office, plan: ApprovalPlan
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    step = step_of(plan, "planning")
    told = {
        "helper": office.helper,
        "planner": office.planner,
        "planning_head": office.planning_head,
        "inspector": office.inspector,
        "member_a": cast.member_a,
        "chain_leader_a": cast.chain_leader_a,
        "coordinator": cast.coordinator,
    }
    seen = {name: offered(as_(client, person), step) for name, person in told.items()}
    handling = ["submit", "waive"]
    assert seen == {
        "helper": handling,
        "planner": [],
        "planning_head": [],
        "inspector": [],
        "member_a": handling,
        "chain_leader_a": [],
        "coordinator": handling,
    }
    accepted(plan, "planning", office, at(9, 29))
    seen = {name: offered(as_(client, person), step) for name, person in told.items()}
    deciding = ["grant", "return", "refuse", "stop", "reckon"]
    assert seen == {
        "helper": deciding,
        "planner": deciding,
        "planning_head": deciding,
        "inspector": [],
        "member_a": [],
        "chain_leader_a": [],
        "coordinator": deciding,
    }


def test_every_offer_opens_and_what_is_not_offered_says_why(
    client: Client, office: Office, running: ApprovalStep
) -> None:
    as_(client, office.planner)
    for name in offered(client, running):
        answer = client.get(verb(running, name))
        assertContains(answer, 'name="expected_version"')
    assertContains(client.get(verb(running, "accept")), "o-notice--amber")
    assertNotContains(client.get(verb(running, "accept")), 'name="expected_version"')


@pytest.mark.parametrize("name", ["grant", "return", "refuse", "stop", "reckon", "confirm"])
def test_another_department_is_refused(
    client: Client, office: Office, running: ApprovalStep, name: str
) -> None:
    as_(client, office.inspector)
    assert client.get(verb(running, name)).status_code == 403
    assert send(client, running, name, reason="x", number="1", note="x").status_code == 403


# --- The way of a step -------------------------------------------------------------------------


def test_application_is_submitted_with_a_file(
    client: Client, office: Office, planning: ApprovalStep
) -> None:
    form, survey = planning.papers.order_by("order")
    as_(client, office.helper)
    answer = send(
        client,
        planning,
        "submit",
        submitted_on="2026.9.29",
        **{f"file_{form.pk}": a_pdf("申请表.pdf")},
    )
    assertRedirects(answer, step_page(planning))
    planning.refresh_from_db()
    assert planning.state == StepState.SUBMITTED
    assert [row.handed_in_on for row in planning.papers.all()] == [at(9, 29).date(), None]
    page = client.get(step_page(planning))
    assertContains(page, "申请表.pdf")
    assertContains(page, survey.name)


def test_missing_main_paper_is_named_and_nothing_is_submitted(
    client: Client, office: Office, planning: ApprovalStep
) -> None:
    as_(client, office.helper)
    answer = send(client, planning, "submit", **papers(planning, "地勘报告"))
    assertContains(answer, "申请表")
    planning.refresh_from_db()
    assert planning.state == StepState.READY
    assert not planning.papers.exclude(handed_in_on=None).exists()


@pytest.mark.parametrize(
    "name",
    ["病毒.exe", "换\n行.pdf", "图.svg"],
)
def test_bad_files_are_refused_with_the_form(
    client: Client, office: Office, planning: ApprovalStep, name: str
) -> None:
    form = planning.papers.get(name="申请表")
    upload = a_pdf(name)
    upload._name = name  # as a hand-made request sends it
    if name.endswith(".pdf"):
        upload.file.write(b"MZ")  # type: ignore[union-attr]  # a BytesIO
        upload.seek(0)
    as_(client, office.helper)
    answer = send(client, planning, "submit", **{f"file_{form.pk}": upload})
    assert answer.status_code == 200
    assert not StepFile.objects.exists()


def test_acceptance_with_a_promise_keeps_the_writing_the_day_and_what_follows(
    client: Client, office: Office, planning: ApprovalStep
) -> None:
    send(as_(client, office.helper), planning, "submit", **papers(planning, "申请表"))
    survey = planning.papers.get(name="地勘报告")
    as_(client, office.planner)
    page = client.get(verb(planning, "accept"))
    assertContains(page, f'name="promise_{survey.pk}"')
    bare = send(client, planning, "accept", accepted_on="2026-09-30")
    assert f"promise_{survey.pk}" in bare.context["form"].errors
    answer = send(
        client,
        planning,
        "accept",
        accepted_on="2026-09-30",
        **{
            f"promise_{survey.pk}": a_pdf("容缺承诺书.pdf"),
            f"due_{survey.pk}": "2026.10.9",
            f"consequence_{survey.pk}": "refuse",
            f"note_{survey.pk}": "地勘单位已进场",
        },
    )
    assertRedirects(answer, step_page(planning))
    item = MissingItem.objects.get()
    assert (item.paper, str(item.due_on), item.consequence) == (survey, "2026-10-09", "refuse")
    assertContains(client.get(step_page(planning)), "容缺承诺书.pdf")


def test_main_paper_that_is_missing_blocks_the_acceptance_with_links(
    client: Client, office: Office, planning: ApprovalStep
) -> None:
    send(as_(client, office.helper), planning, "submit", **papers(planning, "申请表", "地勘报告"))
    planning.papers.filter(name="申请表").update(handed_in_on=None, handed_in_by=None)
    page = client.get(verb(planning, "accept"))
    assertContains(page, "申请表")
    assertContains(page, verb(planning, "hand_in"))
    assertContains(page, verb(planning, "return"))
    assertNotContains(page, 'type="submit" class="o-button o-button--primary"')


def test_return_and_handing_in_again(client: Client, office: Office, running: ApprovalStep) -> None:
    form = running.papers.get(name="申请表")
    as_(client, office.planner)
    answer = send(client, running, "return", papers=[form.pk], reason="缺少盖章")
    assertRedirects(answer, step_page(running))
    assertContains(client.get(step_page(running)), "缺少盖章")
    as_(client, office.helper)
    assert offered(client, running) == ["refuse", "hand_in"]
    send(client, running, "hand_in", **papers(running, "申请表"))
    running.refresh_from_db()
    assert running.state == StepState.ACCEPTED
    assert ClockStop.objects.get().ended_on


def test_grant_asks_for_the_number_and_opens_what_waits(
    client: Client, office: Office, plan: ApprovalPlan, running: ApprovalStep
) -> None:
    as_(client, office.planner)
    page = client.get(verb(running, "grant"))
    assertContains(page, step_of(plan, "permit").name)  # the consequence is named
    assert "number" in send(client, running, "grant", number=" ").context["form"].errors
    answer = send(client, running, "grant", number="地字第7号", file=a_pdf("许可.pdf"))
    assertRedirects(answer, step_page(running))
    running.refresh_from_db()
    assert (running.state, running.paper_number) == (StepState.GRANTED, "地字第7号")


def test_stop_and_resume_stay_on_record(
    client: Client, office: Office, running: ApprovalStep
) -> None:
    as_(client, office.planner)
    send(client, running, "stop", reason="procedure", note="专家评审")
    running.refresh_from_db()
    assert running.due_on is None
    page = client.get(step_page(running))
    assertContains(page, "专家评审")
    assert "resume" in offered(client, running)
    send(client, running, "resume", reason="procedure")
    running.refresh_from_db()
    assert running.due_on
    assert ClockStop.objects.get().ended_by == office.planner


def test_refusal_wants_a_ground(client: Client, office: Office, running: ApprovalStep) -> None:
    as_(client, office.planner)
    answer = send(client, running, "refuse", ground="papers", reason="材料不全")
    assert answer.context["form"].errors["ground"]
    assertRedirects(
        send(client, running, "refuse", ground="law", reason="不符合规划"), step_page(running)
    )
    running.refresh_from_db()
    assert running.state == StepState.REFUSED
    assert offered(as_(client, office.helper), running) == ["submit"]


def test_who_comes_second_is_told_what_was_faster(
    client: Client, office: Office, running: ApprovalStep
) -> None:
    seen = running.version
    sweep_approvals(at(10, 12))
    as_(client, office.planner)
    answer = client.post(
        verb(running, "grant"), {"expected_version": seen, "number": "迟到"}, follow=True
    )
    assertContains(answer, EventKind.DEEMED.label)
    running.refresh_from_db()
    assert (running.state, running.paper_number) == (StepState.DEEMED, "")


# --- After an approval by default ----------------------------------------------------------------


def test_authority_confirms_and_issues_the_paper(
    client: Client, office: Office, deemed: ApprovalStep, time_machine: Any
) -> None:
    time_machine.move_to(at(10, 12, 11), tick=False)
    as_(client, office.planner)
    assert offered(client, deemed) == ["issue", "confirm", "object"]
    assertContains(client.get(plan_page(deemed.plan)), verb(deemed, "issue"))
    send(client, deemed, "confirm", note="情况属实")
    task = deemed.paper_task
    answer = client.post(
        verb(deemed, "issue"), {"expected_version": task.version, "number": "建字第9号"}
    )
    assertRedirects(answer, step_page(deemed))
    deemed.refresh_from_db()
    task.refresh_from_db()
    assert deemed.deemed_verdict == DeemedVerdict.CONFIRMED
    assert (task.number, str(task.issued_on)) == ("建字第9号", "2026-10-12")


def test_objection_is_settled_by_the_coordination_office_alone(
    client: Client, cast: Cast, office: Office, deemed: ApprovalStep, time_machine: Any
) -> None:
    time_machine.move_to(at(10, 12, 11), tick=False)
    assert send(as_(client, office.planner), deemed, "object", reason="").status_code == 200
    send(client, deemed, "object", reason="承诺材料不实")
    assertContains(client.get(step_page(deemed)), "承诺材料不实")
    assert "settle" not in offered(client, deemed)
    assert client.get(verb(deemed, "settle")).status_code == 403
    assert offered(as_(client, cast.coordinator), deemed)[0] == "settle"
    send(client, deemed, "settle", upheld="no", reason="属实，重新办理")
    deemed.refresh_from_db()
    assert (deemed.state, deemed.may_be_deemed) == (StepState.ACCEPTED, False)


def test_page_says_that_a_late_step_counts_as_granted(
    client: Client, office: Office, running: ApprovalStep, time_machine: Any
) -> None:
    time_machine.move_to(at(10, 12), tick=False)
    as_(client, office.planner)
    assertContains(client.get(step_page(running)), "o-notice--amber")
    for name in ("return", "refuse", "stop"):
        assertNotContains(client.get(verb(running, name)), 'name="expected_version"')
    assertContains(client.get(verb(running, "grant")), 'name="expected_version"')


# --- Files ---------------------------------------------------------------------------------------


def test_file_is_handed_out_to_whoever_sees_the_plan_and_noted(
    client: Client, cast: Cast, office: Office, planning: ApprovalStep
) -> None:
    form = planning.papers.get(name="申请表")
    send(as_(client, office.helper), planning, "submit", **{f"file_{form.pk}": a_pdf()})
    address = reverse("admin:services_stepfile_download", args=[StepFile.objects.get().pk])
    answer = as_(client, office.inspector).get(address)
    assert b"".join(answer.streaming_content).startswith(b"%PDF")
    assert answer["Content-Security-Policy"] == "default-src 'none'; sandbox"
    assert AccessEntry.objects.filter(subject="stepfile").count() == 1
    assert as_(client, cast.member_b).get(address).status_code == 404
    assert as_(client, cast.outsider).get(address).status_code == 404


def test_accepting_anew_asks_for_the_promise_of_a_refused_application(
    client: Client, office: Office, plan: ApprovalPlan, planning: ApprovalStep
) -> None:
    promised = {"地勘报告": {"due_on": day(10, 8)}}
    step = accepted(plan, "planning", office, at(9, 28), promises=promised)
    step = refuse_step(step=step, ground="law", reason="不符", by=office.planner, now=at(9, 29))
    submit_step(step=step, by=office.helper, now=at(9, 30))
    survey = step.papers.get(name="地勘报告")
    as_(client, office.planner)
    assertContains(client.get(verb(step, "accept")), f'name="promise_{survey.pk}"')
    values = {
        f"promise_{survey.pk}": a_pdf(),
        f"due_{survey.pk}": "2026-10-15",
        f"consequence_{survey.pk}": "stop",
    }
    assertRedirects(send(client, step, "accept", accepted_on="", **values), step_page(step))
    step.refresh_from_db()
    assert step.state == StepState.ACCEPTED
