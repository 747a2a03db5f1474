"""Knowledge that fits a question, and where the next question comes from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When

from kfq_crm.base import search
from kfq_crm.base.names import fold
from services.models import (
    KnowledgeEntry,
    Question,
    QuestionState,
    cared_for_by,
    departments_of,
    served_enterprises,
)

if TYPE_CHECKING:
    from datetime import date

    from kfq_crm.base.models import User
    from leads.models import Enterprise

PROPOSED = 5
PIECE = 2  # characters of a title that are looked for together
PIECES = 12


def valid_knowledge(user: User) -> QuerySet[KnowledgeEntry]:
    return KnowledgeEntry.objects.visible_to(user).filter(retired_on=None)


def find_knowledge(user: User, words: str) -> QuerySet[KnowledgeEntry]:
    """Entries that hold every word, the newest first."""
    return search.matching(valid_knowledge(user), words).order_by("-pk")


def proposed_knowledge(user: User, question: Question) -> list[KnowledgeEntry]:
    """Entries that share pairs of characters with the question's line, the most of them first;
    of its category before others. Nothing that shares only one pair and no category."""
    pairs = pairs_of(question.title)
    if not pairs:
        return []
    shared: Any = Value(0)
    for pair in pairs:
        holds = When(search_text__contains=pair, then=Value(1))
        shared = shared + Case(holds, default=Value(0), output_field=IntegerField())
    own = Case(
        When(category=question.category_id, then=Value(1)),
        default=Value(0),
        output_field=IntegerField(),
    )
    rows = valid_knowledge(user).annotate(shared=shared, own=own)
    fits = rows.filter(Q(shared__gte=2) | Q(shared__gte=1, own=1))
    return list(fits.order_by("-own", "-shared", "-pk")[:PROPOSED])


def pairs_of(title: str) -> list[str]:
    """Pairs of neighbouring characters, without blanks and signs, each once."""
    text = "".join(c for c in fold(title) if c.isalnum())
    pairs = dict.fromkeys(text[i : i + PIECE] for i in range(len(text) - PIECE + 1))
    return list(pairs)[:PIECES]


def find_enterprises(user: User, words: str, most: int = 10) -> list[Enterprise]:
    """Enterprises that the person may name, by name, code or pinyin initials."""
    rows = search.matching(served_enterprises(user), words).defer("note")
    return list(rows.order_by("-pk")[:most])


def own_enterprises(user: User, most: int = 10) -> list[Enterprise]:
    """Those in the own care, whose visit is due first."""
    rows = served_enterprises(user).filter(liaisons__officer=user, liaisons__ended_on=None)
    return list(rows.order_by("liaisons__next_visit_on")[:most])


def late_questions(user: User, today: date) -> QuerySet[Question]:
    """Overdue questions that wait for the person: in the own hands, or for the own department;
    for an enterprise in the own care while nobody has verified them."""
    rows = Question.objects.filter(due_on__lt=today)
    cared = Q(enterprise__in=cared_for_by(user), state=QuestionState.RECEIVED)
    departments = Q(handler=None, department__in=departments_of(user).values("pk"))
    return rows.filter(Q(handler=user) | departments | cared)
