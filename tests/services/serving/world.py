"""What two departments decided and answered around National Day 2026, small enough to reckon.

Steps (housing: register, planning, permit; fire: environment), accepted → decided, limit:

    first    register     28 Sep → 28 Sep   in time, 0 days
    first    planning     28 Sep → 12 Oct   3 working days end on 9 Oct (rest 1–7): late, 14 days
    first    environment  28 Sep → 30 Sep   in time, 2 days
    second   register      8 Oct →  9 Oct   in time, 1 day
    second   environment   9 Oct            passes its limit and is granted by default

Questions: housing answers one in time (rated 5), one late (rated 2, so it is asked again), fire
one in time without a rating.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import time_machine

from leads.models import LandedProject
from services.actions.approval_sweep import sweep_approvals
from services.actions.feedback import give_feedback, rate_feedback
from services.actions.handling import verify_question
from services.actions.plans import make_plan
from services.actions.steps import accept_step, grant_step, submit_step
from services.actions.templates import create_template
from services.models import ApprovalPlan, ApprovalStep, DeemedRule, Department, Feedback
from tests.cast import RULES_SINCE
from tests.services.approvals.world import a_project, step_of, template_steps
from tests.services.questions.office import Office, a_question, at


@dataclass(frozen=True)
class Serving:
    office: Office
    project: LandedProject
    first: ApprovalPlan
    second: ApprovalPlan
    secret: LandedProject


def make_serving(office: Office) -> Serving:
    DeemedRule.objects.create(
        valid_from=RULES_SINCE, smallest_band="B", paper_days=1, acceptance_days=5
    )
    first, second = _plan(office, "first"), _plan(office, "second")
    passed(first, "register", office, "2026-09-28", "2026-09-28")
    passed(first, "environment", office, "2026-09-28", "2026-09-30")
    passed(first, "planning", office, "2026-09-28", "2026-10-12")
    passed(second, "register", office, "2026-10-08", "2026-10-09")
    by_default = accepted(second, "environment", office, at("2026-10-09"))
    ApprovalStep.objects.filter(pk=by_default.pk).update(may_be_deemed=True)
    sweep_approvals(at("2026-10-28"))
    _questions(office)
    secret = a_project(office.cast, confidential=True, code_name="启明")
    return Serving(office, first.project, first, second, secret)


def _plan(office: Office, code: str) -> ApprovalPlan:
    template = create_template(
        code=code, name=code, steps=template_steps(office.housing, office.fire), by=_office(office)
    )
    with time_machine.travel(at("2026-09-27"), tick=False):
        project = a_project(office.cast)
    return make_plan(
        project=project, template=template, by=office.service, now=at("2026-09-28", "09:00")
    )


def _office(office: Office) -> Any:
    return office.cast.coordinator


def accepted(plan: ApprovalPlan, code: str, office: Office, now: datetime) -> ApprovalStep:
    step = step_of(plan, code)
    papers: Any = dict.fromkeys(step.papers.all())
    step = submit_step(step=step, papers=papers, by=office.service, now=now)
    return accept_step(step=step, by=office.service, now=now)


def passed(plan: ApprovalPlan, code: str, office: Office, begun: str, decided: str) -> ApprovalStep:
    step = accepted(plan, code, office, at(begun))
    return grant_step(step=step, number=f"号{step.pk}", by=office.service, now=at(decided, "16:00"))


def _questions(office: Office) -> None:
    quick = a_told(office, office.housing, "2026-09-28", "2026-09-30")
    rate_feedback(feedback=quick, score=5, now=at("2026-10-08"))
    slow = a_told(office, office.housing, "2026-09-01", "2026-09-28")
    rate_feedback(feedback=slow, score=2, now=at("2026-10-08"))
    a_told(office, office.fire, "2026-10-08", "2026-10-09")


def a_told(
    office: Office, department: Department, asked: str, told: str, **values: Any
) -> Feedback:
    """A question of that day, whose outcome the department tells on the other."""
    question = a_question(office, now=at(asked), **values)
    question = verify_question(
        question=question, department=department, by=office.service, now=at(asked)
    )
    return give_feedback(
        question=question,
        outcome="solved",
        text="手续清单已送达。",
        by=office.service,
        now=at(told),
    )
