"""Answers worth keeping: made from a question, corrected, confirmed, retired."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kfq_crm.base import concurrency
from kfq_crm.base.codes import phone_key
from kfq_crm.base.columns import fill
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.names import fold
from leads.actions.search import spell
from services.actions.question_story import lock_question, words
from services.models import KnowledgeEntry
from services.question_rights import require, rights_over

if TYPE_CHECKING:
    from datetime import datetime

    from kfq_crm.base.models import User
    from services.models import Question

FIELDS = {"title", "answer", "basis", "category"}
LONGEST_ANSWER = 4000
SHORTEST_NAME = 2
SHORTEST_NUMBER = 7
CONFIDENTIAL = gettext_lazy(
    "The question is confidential: nothing that everybody reads is made from it."
)


@transaction.atomic
def keep_answer(
    *,
    values: Mapping[str, Any],
    by: User,
    question: Question | None = None,
    now: datetime | None = None,
) -> KnowledgeEntry:
    """Write an entry, from a question that was answered or without one.

    Everybody who may read the knowledge reads it: RuleViolation for a confidential question, and
    when the words name the enterprise, its contact person, telephone or address, however spelled.
    """
    require(by.has_perm("services.add_knowledgeentry"))
    entry = KnowledgeEntry(written_by=by, checked_on=timezone.localdate(now))
    if question is not None:
        locked = lock_question(question, by, None)
        require(rights_over(by, locked).work or locked.closed_at is not None)
        if locked.confidential:
            raise RuleViolation("confidential", CONFIDENTIAL)
        if not locked.feedbacks.exists() and not locked.answered_at:
            raise RuleViolation("unanswered", _("This question has no answer yet."))
        if KnowledgeEntry.objects.filter(question=locked).exists():
            raise RuleViolation("kept", _("An entry was made from this question already."))
        entry.question, entry.category = locked, locked.category
    _fill(entry, values)
    return concurrency.create(entry, by=by)


@transaction.atomic
def update_entry(
    *,
    entry: KnowledgeEntry,
    values: Mapping[str, Any],
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> KnowledgeEntry:
    """Correct an entry; whoever saves it has checked that it still holds."""
    require(by.has_perm("services.change_knowledgeentry"))
    locked = concurrency.lock(KnowledgeEntry.objects.visible_to(by), entry.pk, expected)
    _fill(locked, values)
    locked.checked_on = timezone.localdate(now)
    return concurrency.save(locked, by=by)


@transaction.atomic
def retire_entry(
    *,
    entry: KnowledgeEntry,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> KnowledgeEntry:
    """It no longer holds: kept, but proposed to nobody."""
    require(by.has_perm("services.change_knowledgeentry"))
    locked = concurrency.lock(KnowledgeEntry.objects.visible_to(by), entry.pk, expected)
    if locked.retired_on:
        raise RuleViolation("retired", _("This entry is no longer in use already."))
    locked.retired_on = timezone.localdate(now)
    return concurrency.save(locked, by=by)


def _fill(entry: KnowledgeEntry, values: Mapping[str, Any]) -> None:
    fill(entry, FIELDS, values)
    entry.title = words(" ".join(entry.title.split()), "title", _("Say the question in one line."))
    entry.answer = words(entry.answer, "answer", _("Write the answer."), LONGEST_ANSWER)
    if entry.question:
        _require_general(entry, entry.question)
    entry.set_search(*spell(entry.title), entry.answer, entry.basis)


def _require_general(entry: KnowledgeEntry, question: Question) -> None:
    """Nothing by which the asker is known travels into what everybody reads."""
    company, email = question.enterprise, question.contact_email
    names = [_letters(text) for text in (company.name_key, question.contact_name, email)]
    number = _short_number(question.contact_phone)
    for field in ("title", "answer", "basis"):
        text = fold(getattr(entry, field))
        if any(_holds(text, name) for name in names) or (number and number in _digits(text)):
            raise RuleViolation(
                "names",
                _("Leave out the names of the enterprise and its people: everybody reads this."),
                field,
            )


def _letters(text: str) -> str:
    return "".join(char for char in fold(text) if char.isalnum())


def _holds(folded: str, name: str) -> bool:
    """Whether a name stands in the text, whatever signs are between its letters. One of Latin
    letters is a word by itself; a single letter is nobody's name."""
    if len(name) < SHORTEST_NAME:
        return False
    if name.isascii():
        spaced = r"[\W_]*".join(name)
        return bool(re.search(rf"(?<![a-z0-9]){spaced}(?![a-z0-9])", folded))
    return name in _letters(folded)


def _short_number(phone: str) -> str:
    """The digits by which a number is known; of a landline those that are dialled in the town."""
    digits = phone_key(phone)
    if len(digits) < SHORTEST_NUMBER:
        return ""
    return digits[-SHORTEST_NUMBER:] if digits.startswith("0") else digits


def _digits(folded: str) -> str:
    return re.sub(r"[^0-9]", "", folded)
