"""The way of a step: papers, promises, returns, stops, decisions, over National Day."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kfq_crm.base.errors import VersionConflict
from kfq_crm.base.models import CalendarDay
from services.actions.clock import reckon_again, resume_clock, stop_clock
from services.actions.steps import (
    accept_step,
    grant_step,
    hand_in,
    refuse_step,
    return_step,
    submit_step,
)
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    ClockStop,
    EventKind,
    StepState,
)
from tests.services.approvals.world import (
    Office,
    accepted,
    at,
    day,
    papers_of,
    refusal,
    step_of,
)


def test_a_returned_step_stops_the_clock_until_the_papers_are_in(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    assert step.due_on == day(10, 8)
    form = step.papers.get(name="申请表")
    step = return_step(
        step=step, papers=[form], reason="签章不全", by=office.planner, now=at(9, 30)
    )
    assert (step.state, step.due_on) == (StepState.RETURNED, None)
    step = hand_in(step=step, papers={form: None}, by=office.helper, now=at(10, 8))
    # One day was used (29 September); two are left after 8 October
    assert (step.state, step.due_on) == (StepState.ACCEPTED, day(10, 10))
    stop = step.stops.get()
    assert (stop.reason, stop.began_on, stop.ended_on) == ("returned", day(9, 30), day(10, 8))
    assert (stop.began_by, stop.ended_by) == (office.planner, office.helper)
    kinds = [event.kind for event in step.events.all()]
    assert kinds[:3] == [EventKind.HANDED_IN, EventKind.RETURNED, EventKind.ACCEPTED]


def test_some_of_the_papers_do_not_start_the_clock(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    step = return_step(
        step=step, papers=list(step.papers.all()), reason="重报", by=office.planner, now=at(9, 29)
    )
    step = hand_in(step=step, papers=papers_of(step, "申请表"), by=office.helper, now=at(9, 30))
    assert (step.state, step.due_on) == (StepState.RETURNED, None)


def test_returned_before_the_acceptance_no_clock_runs_and_silence_starts_anew(
    planning: ApprovalStep, office: Office
) -> None:
    step = submit_step(step=planning, papers=papers_of(planning), by=office.helper, now=at(9, 28))
    form = step.papers.get(name="申请表")
    step = return_step(step=step, papers=[form], reason="缺章", by=office.planner, now=at(9, 29))
    assert (step.state, step.answer_due_on) == (StepState.RETURNED, None)
    assert not step.stops.exists()
    step = hand_in(step=step, papers={form: None}, by=office.helper, now=at(9, 30))
    assert (step.state, step.submitted_on, step.answer_due_on) == (
        StepState.SUBMITTED,
        day(9, 30),
        day(10, 13),
    )


def test_a_return_names_what_is_wanted(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    with refusal("nothing_owed"):
        return_step(step=step, reason="再看看", by=office.planner, now=at(9, 29))
    with refusal("reason_missing"):
        return_step(
            step=step,
            papers=list(step.papers.all()),
            reason=" ",
            by=office.planner,
            now=at(9, 29),
        )


def test_past_its_limit_a_step_is_neither_returned_nor_stopped_nor_refused(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    late = {"by": office.planner, "now": at(10, 9)}
    with refusal("limit_passed"):
        return_step(step=step, papers=list(step.papers.all()), reason="补", **late)
    with refusal("limit_passed"):
        stop_clock(step=step, reason="procedure", note="专家评审", **late)
    with refusal("limit_passed"):
        refuse_step(step=step, ground="law", reason="不符合规划", **late)
    assert grant_step(step=step, number="1", **late).state == StepState.GRANTED


def test_an_unanswered_application_is_not_sent_back_after_its_days(
    planning: ApprovalStep, office: Office
) -> None:
    step = submit_step(step=planning, papers=papers_of(planning), by=office.helper, now=at(9, 28))
    with refusal("answer_passed"):
        return_step(
            step=step,
            papers=list(step.papers.all()),
            reason="补正",
            by=office.planner,
            now=at(10, 12),
        )


# --- Stops by hand --------------------------------------------------------------------------------


def test_a_hearing_stops_the_clock_and_every_stop_is_on_record(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "environment", office, at(9, 28))
    assert step.due_on == day(10, 16)
    step = stop_clock(
        step=step, reason="procedure", note="专家评审", by=office.inspector, now=at(10, 9)
    )
    assert step.due_on is None
    with refusal("stopped"):
        stop_clock(step=step, reason="procedure", note="再评", by=office.inspector, now=at(10, 9))
    step = resume_clock(step=step, reason="procedure", by=office.inspector, now=at(10, 12))
    # The 9th, the Saturday that is worked and the 12th are left out
    assert step.due_on == day(10, 21)
    with refusal("not_stopped"):
        resume_clock(step=step, reason="procedure", by=office.inspector, now=at(10, 12))
    kinds = list(step.events.values_list("kind", flat=True))[:2]
    assert kinds == [EventKind.RESUMED, EventKind.STOPPED]


def test_two_stops_that_overlap_leave_a_day_out_once(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "environment", office, at(9, 28))
    step = stop_clock(
        step=step, reason="procedure", note="公示", by=office.inspector, now=at(10, 8)
    )
    step = stop_clock(
        step=step, reason="applicant", note="企业申请", by=office.inspector, now=at(10, 9)
    )
    step = resume_clock(step=step, reason="procedure", by=office.inspector, now=at(10, 9))
    assert step.due_on is None
    step = resume_clock(step=step, reason="applicant", by=office.inspector, now=at(10, 10))
    assert step.due_on == day(10, 21)


@pytest.mark.parametrize(
    ("reason", "note", "began_on", "code"),
    [
        ("returned", "某事", None, "stop_reason"),
        ("holiday", "某事", None, "stop_reason"),
        ("procedure", "", None, "reason_missing"),
        ("procedure", "听证", day(10, 10), "in_future"),
        ("procedure", "听证", day(9, 27), "too_early"),
    ],
)
def test_a_stop_without_ground_is_refused(
    plan: ApprovalPlan,
    planning: ApprovalStep,
    office: Office,
    reason: str,
    note: str,
    began_on: date | None,
    code: str,
) -> None:
    step = accepted(plan, "environment", office, at(9, 28))
    with refusal(code):
        stop_clock(
            step=step,
            reason=reason,
            note=note,
            began_on=began_on,
            by=office.inspector,
            now=at(10, 9),
        )


def test_the_database_itself_refuses_a_second_open_stop(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "environment", office, at(9, 28))
    ClockStop.objects.create(step=step, reason="missing", began_on=day(9, 29))
    with pytest.raises(IntegrityError), transaction.atomic():
        ClockStop.objects.create(step=step, reason="missing", began_on=day(9, 30))


def test_a_change_of_the_calendar_moves_a_limit_only_when_somebody_reckons_it_anew(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "environment", office, at(9, 28))
    CalendarDay.objects.create(day=day(10, 10), is_workday=False)
    step.refresh_from_db()
    assert step.due_on == day(10, 16)
    step = reckon_again(step=step, reason="调休取消", by=office.helper, now=at(10, 9))
    assert (step.due_on, step.due_revision) == (day(10, 19), 2)
    assert step.events.first().detail == {"former": "2026-10-16", "due_on": "2026-10-19"}
    with refusal("same_day"):
        reckon_again(step=step, reason="再算", by=office.helper, now=at(10, 9))


# --- Decisions ------------------------------------------------------------------------------------


def test_a_refused_application_may_be_made_anew(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    step = refuse_step(
        step=step, ground="law", reason="容积率不符", by=office.planner, now=at(9, 29)
    )
    assert (step.state, step.decided_by) == (StepState.REFUSED, office.planner)
    assert step_of(plan, "permit").state == StepState.WAITING
    step = submit_step(step=step, by=office.helper, now=at(9, 30))
    assert (step.state, step.decided_on, step.clock_from_on) == (StepState.SUBMITTED, None, None)
    step = accept_step(step=step, by=office.planner, now=at(9, 30))
    assert step.due_on == day(10, 10)


def test_papers_are_no_ground_while_a_promise_runs(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(
        plan, "planning", office, at(9, 28), promises={"地勘报告": {"due_on": day(9, 30)}}
    )
    with refusal("papers_no_ground"):
        refuse_step(step=step, ground="papers", reason="缺件", by=office.planner, now=at(9, 29))
    with refusal("all_there"):
        refuse_step(step=step, ground="earlier", reason="缺证", by=office.planner, now=at(9, 29))
    with refusal("ground"):
        refuse_step(step=step, ground="mood", reason="不", by=office.planner, now=at(9, 29))


@pytest.mark.parametrize(
    ("values", "code"),
    [
        ({"number": " "}, "number_missing"),
        ({"decided_on": day(9, 30)}, "in_future"),
        ({"decided_on": day(9, 27)}, "too_early"),
    ],
)
def test_a_grant_is_numbered_and_dated(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office, values: dict[str, Any], code: str
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    with refusal(code):
        grant_step(**{"step": step, "number": "1", "by": office.planner, "now": at(9, 29)} | values)


def test_a_step_that_changed_meanwhile_is_not_decided_over(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    step = accepted(plan, "planning", office, at(9, 28))
    seen = step.version
    stop_clock(step=step, reason="procedure", note="听证", by=office.planner, now=at(9, 29))
    with pytest.raises(VersionConflict):
        grant_step(step=step, number="1", by=office.planner, expected=seen, now=at(9, 29))


def test_a_waiting_step_takes_nothing(plan: ApprovalPlan, office: Office) -> None:
    step = step_of(plan, "permit")
    for verb, values in (
        (submit_step, {}),
        (accept_step, {}),
        (grant_step, {"number": "1"}),
        (hand_in, {"papers": {}}),
        (refuse_step, {"ground": "law", "reason": "不"}),
    ):
        with refusal("step_state"):
            verb(step=step, by=office.helper, **values)
