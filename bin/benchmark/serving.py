"""Decided steps and answered questions in bulk, the table of departments, its bare SQL and the
lists behind it, as verbs of a worker."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import count, cycle, islice
from typing import Any

from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from benchmark import deeming
from benchmark.office import bench_day, unrecorded
from benchmark.worker import opened
from chains.roles import COORDINATION, role_group
from kfq_crm.base.models import User
from leads.models import Enterprise
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    Closing,
    Department,
    Feedback,
    Question,
    QuestionCategory,
    QuestionState,
    Source,
    StepState,
)
from services.spans import Choice, chosen
from services.timeliness import Span, table_of

BATCH, YEAR = 5_000, 360
LONGEST = 40  # days from acceptance to decision
client = Client(SERVER_NAME="localhost")
_STEPS = """
SELECT department_id, COUNT(*), COUNT(*) FILTER (WHERE is_deemed OR decided_on > due_on),
    COUNT(*) FILTER (WHERE is_deemed),
    PERCENTILE_CONT(0.5) WITHIN GROUP (ORDER BY decided_on - clock_from_on)
FROM services_approvalstep
WHERE state IN ('granted', 'refused', 'deemed') AND decided_on BETWEEN %s AND %s
GROUP BY 1
"""
_FEEDBACK = """
SELECT department_id, COUNT(*), COUNT(*) FILTER (WHERE NOT in_time), COUNT(score),
    COUNT(*) FILTER (WHERE score <= 2), SUM(score)
FROM services_feedback WHERE given_at >= %s AND given_at < %s GROUP BY 1
"""


def prepare(steps: int, questions: int) -> dict[str, Any]:
    """So many decided steps and fed-back questions over a year, and somebody signed in."""
    if not ApprovalPlan.objects.exists():
        deeming.prepare(max(deeming.A_PLAN, steps // 10))
    gc.disable()  # rows by the hundred thousand make no circles
    for _made in _many(ApprovalStep, islice(_decided(), steps)):
        pass
    numbers = count()
    for asked in _many(Question, islice(_questions(), questions)):
        told = zip(asked, numbers, strict=False)
        unrecorded(Feedback).bulk_create(_told(question, number) for question, number in told)
    user = User.objects.create_user("bench-services", display_name="bench", is_staff=True)
    user.groups.add(role_group(COORDINATION))
    client.force_login(user, "django.contrib.auth.backends.ModelBackend")
    return {
        "page": f"{reverse('admin:services_timeliness')}?period={Choice.YEAR}",
        "lists": {
            "steps": f"{reverse('admin:services_approvalstep_changelist')}?tab=all",
            "questions": f"{reverse('admin:services_question_changelist')}?tab=all",
        },
    }


def _many(model: Any, rows: Iterator[Any]) -> Iterator[list[Any]]:
    """Batch by batch, past the feed: what is measured reads the rows alone."""
    while batch := list(islice(rows, BATCH)):
        yield unrecorded(model).bulk_create(batch)


def _day(number: int) -> date:
    return bench_day() - timedelta(days=1 + number % YEAR)


def _decided() -> Iterator[ApprovalStep]:
    """Every third one late; they come by turns to all plans and departments."""
    plans, departments = list(ApprovalPlan.objects.all()), list(Department.objects.all())
    turns = zip(cycle(plans), cycle(departments), strict=False)
    for number, (plan, department) in enumerate(turns):
        decided, late = _day(number), number % 3 == 0
        yield ApprovalStep(
            plan=plan,
            code=f"decided-{number}",
            name="planning permit",
            department=department,
            stage="started",
            working_days=20,
            state=StepState.GRANTED,
            submitted_on=decided - timedelta(days=1 + number % LONGEST),
            clock_from_on=decided - timedelta(days=number % LONGEST),
            due_on=decided - timedelta(days=1) if late else decided,
            decided_on=decided,
            decided_at=timezone.now(),
        )


def _questions() -> Iterator[Question]:
    departments = list(Department.objects.all())
    companies = list(Enterprise.objects.order_by("pk")[:1000])
    category, by = QuestionCategory.objects.all()[0], User.objects.order_by("pk")[0]
    turns = zip(cycle(departments), cycle(companies), strict=False)
    for number, (department, company) in enumerate(turns):
        day = _day(number)
        yield Question(
            enterprise=company,
            title=f"more power, question {number}",
            text="Which papers are needed?",
            category=category,
            source=Source.STAFF,
            taken_in_by=by,
            taken_in_at=timezone.now(),
            department=department,
            state=QuestionState.CLOSED,
            closing=Closing.UNRATED,
            started_on=day,
            verify_by=day,
            answer_by=day,
            solve_by=day,
            at_most_by=day,
        )


def _told(question: Question, number: int) -> Feedback:
    at = timezone.now() - timedelta(days=1 + number % YEAR)
    score = number % 5 + 1 if number % 2 else None
    return Feedback(
        question=question,
        round=1,
        outcome="solved",
        text="Done.",
        department_id=question.department_id,
        given_by_id=question.taken_in_by_id,
        given_at=at,
        limit=question.solve_by,
        in_time=number % 4 > 0,
        score=score,
        rated_at=at if score else None,
    )


def page(path: str) -> dict[str, Any]:
    return opened(client, path)


def table() -> dict[str, float]:
    """The table alone, and the same numbers by the driver."""
    user, span = User.objects.get(username="bench-services"), _span()
    began = time.perf_counter()
    found = table_of(user, span)
    between = time.perf_counter()
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, [span.first, span.last])
        steps = sum(row[1] for row in cursor.fetchall())
        cursor.execute(_FEEDBACK, [span.begins_at, span.ends_at])
        cursor.fetchall()
    if found.total.decided != steps:
        raise SystemExit(f"{steps} steps were decided, the table says {found.total.decided}")
    return {
        "ms": (between - began) * 1000,
        "bare": (time.perf_counter() - between) * 1000,
        "steps": steps,
        "questions": found.total.fed_back,
    }


def _span() -> Span:
    return chosen(Choice.YEAR, timezone.localdate())


VERBS = {"prepare": prepare, "page": page, "table": table}
