"""Papers of a step: handed in with their files, or promised in writing for later (容缺)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from services.actions.papers import Promise
from services.actions.steps import (
    accept_step,
    grant_step,
    submit_step,
)
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    StepFile,
    StepState,
)
from tests.services.approvals.world import (
    PDF,
    Office,
    a_pdf,
    accepted,
    at,
    day,
    papers_of,
    refusal,
)


def promise(step: ApprovalStep, name: str = "地勘报告", **values: Any) -> Promise:
    values = {"upload": a_pdf(), "due_on": day(10, 9), **values}
    return Promise(paper=step.papers.get(name=name), **values)


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
