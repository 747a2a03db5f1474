"""The sweep: what passes when a day has passed, once, by the recorded days alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.management import call_command

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import CalendarDay, SweepRun
from leads.models import LandedProject
from leads.permissions import NotAllowed
from services.actions.approval_sweep import run_approvals, sweep_approvals
from services.actions.clock import stop_clock
from services.actions.deemed import (
    confirm_deemed,
    issue_paper,
    object_to_deemed,
    settle_objection,
)
from services.actions.plans import make_plan
from services.actions.steps import grant_step, hand_in, refuse_step, return_step, submit_step
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    DeemedVerdict,
    EventKind,
    PaperTask,
    PlanState,
    StepState,
    TemplateStep,
)
from tests.cast import Cast
from tests.services.approvals.world import (
    Office,
    accepted,
    at,
    day,
    pass_step,
    scaled,
    step_of,
)


@pytest.fixture
def planning(plan: ApprovalPlan, office: Office) -> ApprovalStep:
    """Accepted on the Monday before National Day, to be decided by 8 October."""
    pass_step(plan, "register", office, at(9, 28))
    return accepted(plan, "planning", office, at(9, 28))


@pytest.fixture
def deemed(planning: ApprovalStep) -> ApprovalStep:
    sweep_approvals(at(10, 9, 0))
    planning.refresh_from_db()
    return planning


def refusal(code: str) -> Any:
    return pytest.raises(RuleViolation, check=lambda refused: refused.code == code)


def test_nothing_passes_on_the_last_day_and_all_of_it_the_day_after(
    planning: ApprovalStep,
) -> None:
    assert planning.due_on == day(10, 8)
    assert sweep_approvals(at(10, 8, 23)).counts() == {}
    assert sweep_approvals(at(10, 9, 0)).counts() == {"deemed": 1}
    planning.refresh_from_db()
    assert (planning.state, planning.is_deemed, planning.deemed_on, planning.decided_by) == (
        StepState.DEEMED,
        True,
        day(10, 9),
        None,
    )
    event = planning.events.first()
    assert (event.kind, event.by, event.detail) == (
        EventKind.DEEMED,
        None,
        {"due_on": "2026-10-08"},
    )


def test_the_paper_is_due_within_one_working_day(deemed: ApprovalStep) -> None:
    assert deemed.paper_task.due_on == day(10, 10)  # the Saturday that is worked


def test_what_waited_begins_and_the_next_department_may_not_refuse_for_the_paper(
    plan: ApprovalPlan, office: Office, deemed: ApprovalStep
) -> None:
    pass_step(plan, "environment", office, at(10, 9))
    permit = accepted(plan, "permit", office, at(10, 9))
    with refusal("deemed_counts") as refused:
        refuse_step(
            step=permit, ground="earlier", reason="规划许可未出证", by=office.planner, now=at(10, 9)
        )
    assert "规划许可" in str(refused.value)


def test_a_deemed_grant_opens_its_dependents_and_ends_a_plan(
    plan: ApprovalPlan, office: Office, deemed: ApprovalStep
) -> None:
    accepted(plan, "environment", office, at(9, 28))
    assert sweep_approvals(at(10, 19)).counts() == {"deemed": 1, "opened": 1}
    assert step_of(plan, "permit").opened_on == day(10, 19)
    accepted(plan, "permit", office, at(10, 19))
    sweep_approvals(at(10, 30))
    plan.refresh_from_db()
    assert (plan.state, plan.closed_on) == (PlanState.DONE, day(10, 30))


def test_a_second_sweep_changes_nothing(deemed: ApprovalStep) -> None:
    assert sweep_approvals(at(10, 9, 1)).counts() == {}
    assert deemed.events.filter(kind=EventKind.DEEMED).count() == 1
    assert PaperTask.objects.count() == 1


def test_a_decision_after_the_sweep_is_told_since_when_the_step_is_granted(
    deemed: ApprovalStep, office: Office
) -> None:
    for verb, values in (
        (grant_step, {"number": "1"}),
        (refuse_step, {"ground": "law", "reason": "不"}),
        (return_step, {"reason": "补"}),
        (stop_clock, {"reason": "procedure", "note": "听证"}),
    ):
        with refusal("deemed"):
            verb(step=deemed, by=office.planner, now=at(10, 9), **values)


def test_a_small_project_and_a_safety_step_are_never_deemed(
    cast: Cast, office: Office, project: LandedProject
) -> None:
    small = scaled(project, 9999, "CNY")
    plan = make_plan(project=small, template=office.template, by=office.helper, now=at(9, 28))
    step = accepted(plan, "register", office, at(9, 28))
    assert step.due_on == day(9, 29)
    assert sweep_approvals(at(11, 30)).counts() == {}
    step.refresh_from_db()
    assert step.state == StepState.ACCEPTED


def test_a_step_marked_so_is_not_deemed_in_a_large_project(
    office: Office, project: LandedProject
) -> None:
    TemplateStep.objects.filter(code="register").update(may_be_deemed=False)
    plan = make_plan(project=project, template=office.template, by=office.helper, now=at(9, 28))
    accepted(plan, "register", office, at(9, 28))
    assert sweep_approvals(at(11, 30)).counts() == {}


def test_a_clock_that_stands_is_no_delay_of_the_department(
    planning: ApprovalStep, office: Office
) -> None:
    stop_clock(step=planning, reason="procedure", note="专家评审", by=office.planner, now=at(9, 30))
    assert sweep_approvals(at(11, 30)).counts() == {}


def test_a_returned_step_is_not_deemed(planning: ApprovalStep, office: Office) -> None:
    return_step(
        step=planning,
        papers=list(planning.papers.all()),
        reason="补正",
        by=office.planner,
        now=at(9, 30),
    )
    assert sweep_approvals(at(11, 30)).counts() == {}


def test_a_change_of_the_calendar_changes_nothing_decided_nor_recorded(
    plan: ApprovalPlan, deemed: ApprovalStep, office: Office
) -> None:
    running = accepted(plan, "environment", office, at(9, 28))
    before = ApprovalStep.objects.filter(plan=plan).order_by("pk").values()
    rows = list(before)
    for number in range(8, 17):  # as if the holiday had lasted another week
        CalendarDay.objects.create(day=day(10, number), is_workday=False)
    assert sweep_approvals(at(10, 16)).counts() == {}
    assert list(before.all()) == rows
    sweep_approvals(at(10, 17))
    running.refresh_from_db()
    assert running.state == StepState.DEEMED  # by the day that had been told to everybody


# --- Promises and silence -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("consequence", "state"),
    [("stop", StepState.ACCEPTED), ("refuse", StepState.ACCEPTED), ("return", StepState.RETURNED)],
)
def test_a_promise_that_is_not_kept_stops_the_clock_in_time(
    plan: ApprovalPlan, office: Office, consequence: str, state: str
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    promised = {"due_on": day(9, 30), "consequence": consequence}
    step = accepted(plan, "planning", office, at(9, 28), promises={"地勘报告": promised})
    assert sweep_approvals(at(9, 30, 23)).counts() == {}
    # The workers were down over the holiday and the limit: what stopped in time stays stopped
    assert sweep_approvals(at(10, 12)).counts() == {"lapsed": 1}
    step.refresh_from_db()
    assert (step.state, step.due_on) == (state, None)
    stop = step.stops.get()
    assert (stop.reason, stop.began_on, stop.began_by) == ("missing", day(10, 1), None)
    assert step.missing_items.get().lapsed_on == day(10, 12)
    step = hand_in(
        step=step, papers={step.papers.get(name="地勘报告"): None}, by=office.helper, now=at(10, 12)
    )
    # Two days were used (29 and 30 September), one is left
    assert (step.state, step.due_on) == (StepState.ACCEPTED, day(10, 13))


def test_a_promise_that_runs_longer_than_the_limit_saves_nobody(
    plan: ApprovalPlan, office: Office
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    promised = {"due_on": day(10, 9)}
    step = accepted(plan, "planning", office, at(9, 28), promises={"地勘报告": promised})
    assert sweep_approvals(at(10, 12)).counts() == {"lapsed": 1, "deemed": 1}
    step.refresh_from_db()
    assert step.state == StepState.DEEMED
    assert not step.stops.exists()


def test_a_refusal_for_papers_stands_only_where_it_was_agreed(
    plan: ApprovalPlan, office: Office
) -> None:
    pass_step(plan, "register", office, at(9, 28))
    promised = {"due_on": day(9, 30), "consequence": "refuse"}
    step = accepted(plan, "planning", office, at(9, 28), promises={"地勘报告": promised})
    sweep_approvals(at(10, 8))
    step = refuse_step(
        step=step, ground="papers", reason="承诺未兑现", by=office.planner, now=at(10, 8)
    )
    assert step.state == StepState.REFUSED
    assert not step.stops.filter(ended_on=None).exists()


def test_silence_accepts_from_the_day_of_receipt(plan: ApprovalPlan, office: Office) -> None:
    step = submit_step(step=step_of(plan, "register"), by=office.helper, now=at(9, 28))
    assert step.answer_due_on == day(10, 10)
    assert sweep_approvals(at(10, 10)).counts() == {}
    assert sweep_approvals(at(10, 11)).counts() == {"accepted": 1, "deemed": 1, "opened": 2}
    step.refresh_from_db()
    assert (step.clock_from_on, step.due_on, step.state) == (
        day(9, 28),
        day(9, 29),
        StepState.DEEMED,
    )
    kinds = set(step.events.values_list("kind", flat=True))
    assert {EventKind.ACCEPTED_SILENTLY, EventKind.DEEMED} <= kinds


# --- The authority's word, the paper --------------------------------------------------------------


def test_the_authority_confirms_and_issues_the_paper(deemed: ApprovalStep, office: Office) -> None:
    step = confirm_deemed(step=deemed, by=office.planner, now=at(10, 9))
    assert step.deemed_verdict == DeemedVerdict.CONFIRMED
    with refusal("said"):
        object_to_deemed(step=step, reason="不同意", by=office.planner)
    with refusal("number_missing"):
        issue_paper(task=step.paper_task, number=" ", by=office.planner, now=at(10, 10))
    task = issue_paper(
        task=step.paper_task, number="靖规〔2026〕9号", by=office.planner, now=at(10, 10)
    )
    step.refresh_from_db()
    assert (task.issued_on, task.issued_by, step.paper_number) == (
        day(10, 10),
        office.planner,
        "靖规〔2026〕9号",
    )
    with refusal("issued"):
        issue_paper(task=task, number="另一号", by=office.planner, now=at(10, 12))


def test_an_objection_needs_a_reason_and_leaves_the_grant_until_it_is_settled(
    cast: Cast, plan: ApprovalPlan, deemed: ApprovalStep, office: Office
) -> None:
    with refusal("reason_missing"):
        object_to_deemed(step=deemed, reason=" ", by=office.planner)
    with pytest.raises(NotAllowed):
        object_to_deemed(step=deemed, reason="不符", by=office.inspector)
    step = object_to_deemed(step=deemed, reason="地块有争议", by=office.planner, now=at(10, 9))
    assert (step.state, step.deemed_verdict) == (StepState.DEEMED, DeemedVerdict.OBJECTED)
    with pytest.raises(NotAllowed):
        settle_objection(step=step, upheld=True, reason="维持", by=office.planner)
    step = settle_objection(step=step, upheld=True, reason="维持默认", by=cast.coordinator)
    assert (step.state, step.deemed_verdict) == (StepState.DEEMED, DeemedVerdict.UPHELD)


def test_a_grant_set_aside_is_decided_anew_and_never_deemed_again(
    cast: Cast, plan: ApprovalPlan, deemed: ApprovalStep, office: Office
) -> None:
    pass_step(plan, "environment", office, at(10, 9))
    assert step_of(plan, "permit").state == StepState.READY
    object_to_deemed(step=deemed, reason="地块有争议", by=office.planner, now=at(10, 9))
    deemed.refresh_from_db()
    step = settle_objection(
        step=deemed, upheld=False, reason="确有争议", by=cast.coordinator, now=at(10, 10)
    )
    assert (step.state, step.due_on, step.may_be_deemed) == (
        StepState.ACCEPTED,
        day(10, 14),
        False,
    )
    assert step_of(plan, "permit").state == StepState.WAITING
    assert step.paper_task.dropped_on == day(10, 10)
    assert sweep_approvals(at(11, 30)).counts() == {}
    step = grant_step(step=step, number="1", by=office.planner, now=at(10, 12))
    assert step_of(plan, "permit").state == StepState.READY


# --- How it runs ----------------------------------------------------------------------------------


def test_the_command_runs_the_sweep_for_a_moment_and_records_it(
    planning: ApprovalStep, capsys: pytest.CaptureFixture[str]
) -> None:
    call_command("run_approvals", "--now", "2026-10-09")
    assert "granted by default 1" in capsys.readouterr().out
    run = SweepRun.objects.get(name="run_approvals")
    assert run.counts == {"deemed": 1}
    assert not run_approvals(at(10, 9) + timedelta(hours=1)).is_busy


def test_the_sweep_asks_as_often_for_many_as_for_one(
    cast: Cast, office: Office, planning: ApprovalStep, django_assert_max_num_queries: Any
) -> None:
    rows = [
        ApprovalStep(
            plan=planning.plan,
            code=f"copy-{number}",
            name="许可",
            department=office.planning,
            stage="started",
            working_days=3,
            may_be_deemed=True,
            state=StepState.ACCEPTED,
            clock_from_on=day(9, 28),
            due_on=day(10, 8),
        )
        for number in range(60)
    ]
    ApprovalStep.objects.bulk_create(rows)
    with django_assert_max_num_queries(30):
        assert sweep_approvals(at(10, 9)).deemed == 61
