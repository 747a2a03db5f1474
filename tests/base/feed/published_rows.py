"""Rows of published resources that hang on a landed project, a contract or a company."""

from datetime import date, timedelta

from django.db import models, transaction
from django.utils import timezone

from kfq_crm.base.models import User
from leads.actions.rectifications import order_rectification
from leads.models import (
    Contract,
    LandedProject,
    Lead,
    LookBack,
    ProgressReport,
)
from services.actions.intake import take_in_question
from services.actions.plans import make_plan
from services.actions.templates import StepValues, create_template
from services.models import (
    Department,
    LimitOf,
    QuestionCategory,
    QuestionLimit,
    QuestionRule,
)
from tests.cast import Cast
from tests.factories import (
    a_building,
    a_permit,
)


def construction_of(project: LandedProject, by: User) -> list[models.Model]:
    with transaction.atomic():
        report = ProgressReport.objects.create(
            project=project,
            month=timezone.localdate().replace(day=1),
            percent=5,
            invested=1,
            reported_by=by,
            reported_at=timezone.now(),
        )
    return [a_permit(project, by=by), a_building(project, by=by), report]


def look_back_of(contract: Contract, by: User) -> list[models.Model]:
    today = timezone.localdate()
    day = {"milestone_on": today, "due_on": today}
    with transaction.atomic():
        look_back = LookBack.objects.create(
            contract=contract, after="completed", number=1, months=3, **day
        )
    promise = contract.commitments.get()
    task = order_rectification(
        commitment=promise, task="补缴", owner=by, due_on=today + timedelta(days=9), by=by
    )
    return [look_back, task]


def services_of(project: LandedProject, lead: Lead, cast: Cast) -> list[models.Model]:
    """A plan of one approval, and a question of the lead's company."""
    with transaction.atomic():
        department = Department.objects.create(code="planning", name="自然资源和规划局")
        category = QuestionCategory.objects.create(code="power", name="用电")
    step = StepValues("permit", "规划许可", department, "land", 20, published="行政许可法")
    template = create_template(code="industry", name="工业项目", steps=[step], by=cast.coordinator)
    plan = make_plan(project=project, template=template, by=cast.head_a)
    QuestionLimit.objects.bulk_create(
        QuestionLimit(valid_from=date(2020, 1, 1), item=item, working_days=days)
        for days, item in enumerate(LimitOf.values, 1)
    )
    QuestionRule.objects.create(valid_from=date(2020, 1, 1), rating_days=10, reopens_up_to=2)
    asked = take_in_question(
        enterprise=lead.enterprise,
        lead=lead,
        values={"title": "何时增容", "text": "变电所何时增容", "category": category},
        by=cast.head_a,
    )
    return [plan, plan.steps.get(), asked]
