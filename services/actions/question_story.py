"""What every verb over a question does: lock it, write a line of its story, keep it findable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.actions.search import spell
from services.models import Question, QuestionEvent, QuestionEventKind
from services.question_clock import set_next_limit

if TYPE_CHECKING:
    from datetime import date, datetime

    from kfq_crm.base.models import User


def lock_question(question: Question, by: User, expected: int | None) -> Question:
    """The row, locked and fresh; the model's DoesNotExist when the person may not see it."""
    return concurrency.lock(Question.objects.visible_to(by), question.pk, expected)


def tell(
    question: Question,
    kind: str,
    *,
    by: User | None,
    at: datetime,
    text: str = "",
    limit: date | None = None,
    score: int | None = None,
) -> QuestionEvent:
    """Write a line of the story; `limit` is the day by which this step was due."""
    return QuestionEvent.objects.create(
        question=question,
        kind=kind,
        at=at,
        by=by,
        text=text,
        limit=limit,
        was_late=limit is not None and timezone.localdate(at) > limit,
        score=score,
    )


def keep(question: Question, *, by: User | None) -> Question:
    """Write a question back with the limit that its state brings."""
    set_next_limit(question)
    return concurrency.save(question, by=by)


def make_findable(question: Question) -> None:
    """By its words, the enterprise, and its number once it has one."""
    number = question.number if question.pk else ""
    company = spell(question.enterprise.name)
    question.set_search(*spell(question.title), question.text, *company, number)


LONGEST = 2000


def words(text: str, field: str, message: str = "", most: int = LONGEST) -> str:
    """The text without blanks at its ends; RuleViolation at the field when nothing is left, or
    more than `most` characters."""
    clean = text.strip()
    if not clean:
        raise RuleViolation("blank", message or _("Say it in words."), field)
    if len(clean) > most:
        told = _("At most %(most)d characters; these are %(number)d.")
        raise RuleViolation("too_long", told % {"most": most, "number": len(clean)}, field)
    return clean


def require_state(question: Question, *states: str) -> None:
    if question.state not in states:
        raise RuleViolation(
            "state",
            _("The question is in the state “%(state)s”; this step is not possible now.")
            % {"state": question.get_state_display()},
        )


def now_or(now: datetime | None) -> datetime:
    return now or timezone.now()


KIND = QuestionEventKind
