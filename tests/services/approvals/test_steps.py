"""The way of a step: papers, promises, returns, stops, decisions, over National Day."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import CalendarDay
from services.actions.clock import reckon_again, resume_clock, stop_clock
from services.actions.papers import Promise
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
    StepFile,
    StepPaper,
    StepState,
)
from tests.services.approvals.world import (
    PDF,
    Office,
    a_pdf,
    accepted,
    at,
    day,
    pass_step,
    step_of,
)


@pytest.fixture
def planning(plan: ApprovalPlan, office: Office) -> ApprovalStep:
    """Ready: limit of 3 working days, a main paper and another one."""
    pass_step(plan, "register", office, at(9, 28))
    return step_of(plan, "planning")


def papers_of(step: ApprovalStep, *names: str) -> dict[StepPaper, None]:
    return {paper: None for paper in step.papers.all() if not names or paper.name in names}


def promise(step: ApprovalStep, name: str = "地勘报告", **values: Any) -> Promise:
    values = {"upload": a_pdf(), "due_on": day(10, 9), **values}
    return Promise(paper=step.papers.get(name=name), **values)


def refusal(code: str) -> Any:
    return pytest.raises(RuleViolation, check=lambda refused: refused.code == code)


# --- Papers and promises --------------------------------------------------------------------------


def test_an_application_needs_its_main_papers(planning: ApprovalStep, office: Office) -> None:
    with refusal("main_papers"):
        submit_step(step=planning, papers=papers_of(planning, "地勘报告"), by=office.helper)
    assert not planning.papers.exclude(handed_in_on=None).exists()


def test_the_clock_runs_from_the_acceptance_over_the_holiday(
    planning: ApprovalStep, office: Office
) -> None:
    step = submit_step(step=planning, papers=papers_of(planning), by=office.helper, now=at(9, 28))
    assert (step.state, step.answer_due_on, step.due_on) == (
        StepState.SUBMITTED,
        day(10, 10),  # five working days, the last one the Saturday that is worked
        None,
    )
    step = accept_step(step=step, by=office.planner, now=at(9, 29))
    assert (step.state, step.clock_from_on, step.due_on, step.answer_due_on) == (
        StepState.ACCEPTED,
        day(9, 29),
        day(10, 9),
        None,
    )


def test_a_paper_may_be_promised_for_later_but_not_a_main_one(
    planning: ApprovalStep, office: Office
) -> None:
    step = submit_step(
        step=planning, papers=papers_of(planning, "申请表"), by=office.helper, now=at(9, 28)
    )
    with refusal("papers_owed"):
        accept_step(step=step, by=office.planner, now=at(9, 28))
    with refusal("main_paper_promised"):
        accept_step(
            step=step,
            promises=[promise(step, "申请表")],
            by=office.planner,
            now=at(9, 28),
        )
    with refusal("promise_in_the_past"):
        accept_step(
            step=step,
            promises=[promise(step, due_on=day(9, 27))],
            by=office.planner,
            now=at(9, 28),
        )
    step = accept_step(
        step=step,
        promises=[promise(step, consequence="refuse", note="十月九日前补齐")],
        by=office.planner,
        now=at(9, 28),
    )
    item = step.missing_items.get()
    assert (item.paper.name, item.due_on, item.promise.name, item.accepted_by) == (
        "地勘报告",
        day(10, 9),
        "承诺书.pdf",
        office.planner,
    )
    assert step.due_on == day(10, 8)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("承诺书.exe", PDF, "file_kind"),
        ("承诺书.pdf", b"MZ not a document", "file_content"),
        ("承诺书.pdf", b"", "file_empty"),
        ("承诺\n书", PDF, "file_name"),
    ],
)
def test_a_promise_in_a_bad_file_is_refused_and_nothing_is_kept(
    planning: ApprovalStep, office: Office, name: str, content: bytes, code: str
) -> None:
    step = submit_step(
        step=planning, papers=papers_of(planning, "申请表"), by=office.helper, now=at(9, 28)
    )
    bad = promise(step, upload=SimpleUploadedFile(name, content))
    bad.upload.name = name
    with refusal(code):
        accept_step(step=step, promises=[bad], by=office.planner, now=at(9, 28))
    assert not StepFile.objects.exists()
    step.refresh_from_db()
    assert step.state == StepState.SUBMITTED


def kept_on_disk() -> list[Path]:
    return [path for path in Path(settings.MEDIA_ROOT).rglob("approvals/*") if path.is_file()]


def test_a_verb_that_is_refused_leaves_no_file_on_the_disk(
    plan: ApprovalPlan, planning: ApprovalStep, office: Office
) -> None:
    before = kept_on_disk()
    form, survey = planning.papers.order_by("order")
    bad = SimpleUploadedFile("图.pdf", b"MZ")
    with refusal("file_content"):
        submit_step(
            step=planning, papers={form: a_pdf(), survey: bad}, by=office.helper, now=at(9, 28)
        )
    with refusal("main_papers"):
        submit_step(step=planning, papers={survey: a_pdf()}, by=office.helper, now=at(9, 28))
    step = accepted(plan, "planning", office, at(9, 28))
    with refusal("in_future"):
        grant_step(
            step=step,
            number="1",
            upload=a_pdf(),
            decided_on=day(9, 30),
            by=office.planner,
            now=at(9, 29),
        )
    with refusal("max_length"):
        grant_step(step=step, number="长" * 81, upload=a_pdf(), by=office.planner, now=at(9, 29))
    assert kept_on_disk() == before


def test_a_file_of_200_mb_is_refused(planning: ApprovalStep, office: Office) -> None:
    step = submit_step(
        step=planning, papers=papers_of(planning, "申请表"), by=office.helper, now=at(9, 28)
    )
    upload = a_pdf()
    upload.size = 200 * 1024 * 1024
    with refusal("file_size"):
        accept_step(
            step=step, promises=[promise(step, upload=upload)], by=office.planner, now=at(9, 28)
        )


def test_a_name_with_line_breaks_loses_them(planning: ApprovalStep, office: Office) -> None:
    upload = a_pdf()
    upload._name = "图纸\r\nX-Evil: 1.pdf"  # what a browser may send; the class cleans its own
    paper = planning.papers.get(name="申请表")
    submit_step(step=planning, papers={paper: upload}, by=office.helper, now=at(9, 28))
    assert StepFile.objects.get().name == "图纸X-Evil: 1.pdf"


# --- Returned and handed in -----------------------------------------------------------------------


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
