"""Approvals and questions, for every address that opens one."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from kfq_crm.base import concurrency
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import (
    User,
)
from services.actions.asking_links import give_link
from services.actions.extensions import ask_extension
from services.actions.handling import verify_question
from services.actions.intake import take_in_question
from services.actions.knowledge import keep_answer
from services.actions.liaison import appoint_officer
from services.actions.papers import keep_file
from services.actions.plans import make_plan
from services.actions.steps import refuse_step, submit_step
from services.actions.templates import StepValues, create_template
from services.models import (
    DeemedRule,
    Department,
    Feedback,
    LinkRule,
    MissingItem,
    QuestionCategory,
    QuestionLimit,
    QuestionRule,
    StepPaper,
    VisitCadence,
    VisitWarning,
)
from tests.canaries import CANARIES, World, picture
from tests.cast import Cast


def add_approvals(world: World, by: User) -> None:
    """A plan of one step, which its department has refused."""
    department = Department.objects.create(code="planning", name="自然资源和规划局")
    step = StepValues("permit", "规划许可", department, "land", 20, published="行政许可法")
    world.records |= {
        "department": department,
        "approval_template": create_template(
            code="industry", name="工业项目", steps=[step], by=world.cast.coordinator
        ),
        "deemed_rule": DeemedRule.objects.create(
            valid_from=timezone.localdate() + timedelta(days=30), paper_days=1, acceptance_days=5
        ),
    }
    plan = make_plan(
        project=world.records["project"], template=world.records["approval_template"], by=by
    )
    submitted = submit_step(step=plan.steps.get(), by=by)
    world.records["approval_plan"] = plan
    refused = refuse_step(
        step=submitted, ground="law", reason=CANARIES["approval"], by=world.cast.coordinator
    )
    world.records |= {"approval_step": refused, "template_step": refused.template_step}
    with transaction.atomic():
        kept = keep_file(refused, picture(), by)
    world.records["step_file"] = kept
    paper = StepPaper.objects.create(step=refused, name=CANARIES["paper"])
    world.records["missing_item"] = MissingItem.objects.create(
        step=refused,
        paper=paper,
        promise=kept,
        due_on=timezone.localdate(),
        promised_on=timezone.localdate(),
        accepted_by=by,
    )


def add_questions(world: World, cast: Cast) -> None:
    """A question about team A's lead with what hangs on it; care, a link, knowledge, rules."""
    said, later = CANARIES, timezone.localdate() + timedelta(days=30)
    lead, by = world.records["lead"], cast.member_a
    department = Department.objects.filter(code="answers").first() or concurrency.create(
        Department(code="answers", name="答复部门"), by=None
    )
    category = QuestionCategory.objects.filter(code="power").first() or (
        QuestionCategory.objects.create(code="power", name="用电", department=department)
    )
    question = take_in_question(
        enterprise=lead.enterprise,
        lead=lead,
        values={"title": said["asked"], "text": said["asked"], "category": category},
        uploads=[picture()],
        by=by,
    )
    question = verify_question(question=question, department=department, by=cast.coordinator)
    liaison = appoint_officer(
        enterprise=lead.enterprise, officer=by, tier="key", by=cast.coordinator
    )
    entry = {"title": "用电增容怎么办", "answer": "到窗口办理。", "category": category}
    world.records |= {
        "question": question,
        "question_file": question.files.get(),
        "extension": ask_extension(
            question=question,
            until=current_calendar().add_workdays(question.solve_by, 1),
            reason="补图",
            by=cast.coordinator,
        ),
        "feedback": Feedback.objects.create(
            question=question,
            round=question.round,
            outcome="solved",
            text=said["asked"],
            department=department,
            given_by=by,
            given_at=timezone.now(),
            limit=question.solve_by,
            in_time=True,
        ),
        "liaison": liaison,
        "asking_link": give_link(
            enterprise=lead.enterprise, contact_name="周敏", by=cast.coordinator
        ),
        "knowledge": keep_answer(values=entry, by=cast.coordinator),
        "category": category,
        "question_limit": QuestionLimit.objects.create(
            valid_from=later, item="verify", working_days=2
        ),
        "question_rule": QuestionRule.objects.create(
            valid_from=later, rating_days=5, reopens_up_to=2
        ),
        "link_rule": LinkRule.objects.create(
            valid_from=later, link_days=90, per_link=3, per_address=9
        ),
        "visit_cadence": VisitCadence.objects.create(valid_from=later, tier="key", working_days=15),
        "visit_warning": VisitWarning.objects.create(valid_from=later, visits=2, days=20),
    }
