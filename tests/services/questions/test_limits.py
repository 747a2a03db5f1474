"""The four limits over National Day, by the rules of the day, and the light that they show."""

from datetime import date

import pytest

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import CalendarDay
from services import sla
from services.actions.feedback import give_feedback, rate_feedback
from services.models import LimitOf, Question, QuestionLimit
from services.question_clock import standing
from tests.services.questions.office import (
    Office,
    a_feedback,
    a_question,
    a_verified,
    an_answered,
    at,
)

pytestmark = pytest.mark.django_db


def test_limits_run_over_national_day_and_its_make_up_saturday(office: Office) -> None:
    """Rest 1–7 October 2024, work on Saturday the 12th."""
    question = a_question(office, now=at("2024-09-30"))
    assert (question.verify_by, question.answer_by, question.solve_by, question.at_most_by) == (
        date(2024, 10, 8),
        date(2024, 10, 9),
        date(2024, 10, 18),
        date(2024, 11, 8),
    )


def test_the_next_limit_follows_the_state(office: Office) -> None:
    question = a_question(office, now=at("2024-11-18"))
    assert question.due_on == question.verify_by == date(2024, 11, 19)
    question = a_verified(office, now=at("2024-11-18"))
    assert question.due_on == question.answer_by == date(2024, 11, 20)
    question = an_answered(office, now=at("2024-11-18"))
    assert question.due_on == question.solve_by == date(2024, 12, 2)
    assert a_feedback(office, now=at("2024-11-18")).question.due_on is None


def test_a_rule_added_later_moves_no_recorded_limit(office: Office) -> None:
    question = a_question(office, now=at("2024-11-18"))
    QuestionLimit.objects.create(valid_from=date(2024, 11, 19), item=LimitOf.VERIFY, working_days=5)
    question.refresh_from_db()
    assert question.verify_by == date(2024, 11, 19)
    assert a_question(office, now=at("2024-11-20")).verify_by == date(2024, 11, 27)


def test_a_calendar_changed_afterwards_moves_nothing(office: Office) -> None:
    question = a_question(office, now=at("2024-11-18"))
    CalendarDay.objects.create(day=date(2024, 11, 19), is_workday=False, label="停电")
    question.refresh_from_db()
    assert question.due_on == date(2024, 11, 19)


@pytest.mark.parametrize(
    ("today", "light"),
    [("2024-11-18", "amber"), ("2024-11-19", "amber"), ("2024-11-20", "red")],
)
def test_an_open_question_shows_its_next_limit(office: Office, today: str, light: str) -> None:
    question = a_question(office, now=at("2024-11-18"))
    shown = standing(question, current_calendar(), date.fromisoformat(today), 1)
    assert shown.light == sla.Light(light)


def test_what_was_fed_back_late_stays_red(office: Office) -> None:
    early = a_feedback(office, now=at("2024-11-18")).question
    question = an_answered(office, now=at("2024-11-18"))
    Question.objects.filter(pk=question.pk).update(solve_by=date(2024, 11, 17))
    late = a_late_feedback(office, question)
    for row, light in ((early, sla.Light.GREEN), (late, sla.Light.RED)):
        assert standing(row, current_calendar(), date(2025, 3, 1), 1).light == light


def a_late_feedback(office: Office, question: Question) -> Question:
    feedback = give_feedback(
        question=question, outcome="solved", text="已办。", by=office.clerk, now=at("2024-11-18")
    )
    assert not feedback.in_time
    return feedback.question


def test_a_reopened_question_has_its_limits_anew(office: Office) -> None:
    feedback = a_feedback(office, now=at("2024-11-18"))
    rate_feedback(feedback=feedback, score=1, now=at("2024-11-25"))
    question = Question.objects.get(pk=feedback.question_id)
    assert (question.round, question.state, question.started_on) == (
        2,
        "verified",
        date(2024, 11, 25),
    )
    assert question.due_on == date(2024, 11, 27)
