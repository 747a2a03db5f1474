"""Limits of a question: which rule holds, which day comes of it, which one is next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kfq_crm.base.calendar import current_calendar
from services import sla
from services.models import LimitOf, LinkRule, QuestionLimit, QuestionRule, QuestionState

if TYPE_CHECKING:
    from datetime import date

    from kfq_crm.base.workdays import WorkCalendar
    from services.models import Question

# What holds where nobody has entered a rule: the figures of 枣庄, and our own
PUBLISHED = {LimitOf.VERIFY: 1, LimitOf.ANSWER: 2, LimitOf.SOLVE: 10, LimitOf.AT_MOST: 25}
COLUMNS = {
    LimitOf.VERIFY: "verify_by",
    LimitOf.ANSWER: "answer_by",
    LimitOf.SOLVE: "solve_by",
    LimitOf.AT_MOST: "at_most_by",
}
NEXT = {
    QuestionState.RECEIVED: "verify_by",
    QuestionState.VERIFIED: "answer_by",
    QuestionState.ANSWERED: "solve_by",
}


def limits_on(day: date) -> dict[str, int]:
    """Working days to each step by the rules in force on the day."""
    rows = QuestionLimit.objects.valid_on(day)
    limits: dict[str, int] = {item.value: days for item, days in PUBLISHED.items()}
    return limits | {row.item: row.working_days for row in reversed(list(rows))}


def question_rule(day: date) -> QuestionRule:
    found: QuestionRule | None = QuestionRule.objects.valid_on(day).first()
    return found or QuestionRule(rating_days=10, reopens_up_to=2, amber_from=1)


def link_rule(day: date) -> LinkRule:
    found: LinkRule | None = LinkRule.objects.valid_on(day).first()
    return found or LinkRule(link_days=365, per_link=5, per_address=20)


def start_clock(question: Question, day: date) -> None:
    """Let the limits run from the day, which is day 0. The days are recorded: a calendar or a
    rule changed later moves none of them."""
    calendar, limits = current_calendar(), limits_on(day)
    question.started_on = day
    for item, column in COLUMNS.items():
        setattr(question, column, sla.due_on(calendar, day, limits[item], ()))
    set_next_limit(question)


def set_next_limit(question: Question) -> None:
    """`due_on` follows the state: the limit of the step that comes next, none after the last."""
    column = NEXT.get(QuestionState(question.state))
    question.due_on = getattr(question, column) if column else None


@dataclass(frozen=True)
class Standing:
    """How a question stands, for lists and pages: colour, the due day that it is judged by."""

    light: sla.Light
    due_on: date | None


def standing(question: Question, calendar: WorkCalendar, today: date, amber_from: int) -> Standing:
    """Open: by the next limit. Fed back: by the day on which it was, against the limit then."""
    if question.is_open:
        due = question.due_on
        return Standing(sla.light_of(calendar, due, today, amber_from), due)
    return Standing(sla.Light.RED if question.was_late else sla.Light.GREEN, None)
