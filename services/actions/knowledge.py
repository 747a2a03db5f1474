"""Answers worth keeping: made from a question, corrected, confirmed, retired."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import fill
from kfq_crm.base.errors import RuleViolation
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


@transaction.atomic
def keep_answer(
    *,
    values: Mapping[str, Any],
    by: User,
    question: Question | None = None,
    now: datetime | None = None,
) -> KnowledgeEntry:
    """Write an entry, from a question that was answered or without one.

    Everybody who may read the knowledge reads it: RuleViolation when the words name the
    enterprise, its contact person or telephone.
    """
    require(by.has_perm("services.add_knowledgeentry"))
    entry = KnowledgeEntry(written_by=by, checked_on=timezone.localdate(now))
    if question is not None:
        locked = lock_question(question, by, None)
        require(rights_over(by, locked).work or locked.closed_at is not None)
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
    """No name of the asker travels into what everybody reads."""
    hidden = (question.enterprise.name, question.contact_name, question.contact_phone)
    for field in ("title", "answer", "basis"):
        if any(name and name in getattr(entry, field) for name in hidden):
            raise RuleViolation(
                "names",
                _("Leave out the names of the enterprise and its people: everybody reads this."),
                field,
            )
