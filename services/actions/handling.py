"""What staff do with a question: verify, assign, hand over, answer, note, correct."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.codes import mask_email
from kfq_crm.base.columns import fill
from kfq_crm.base.errors import RuleViolation
from services.actions import question_mails, question_notices
from services.actions.intake import clean_words, tells_of_secret
from services.actions.question_story import (
    KIND,
    keep,
    lock_question,
    make_findable,
    now_or,
    require_state,
    tell,
    words,
)
from services.models import OPEN_STATES, Closing, Handover, QuestionState, departments_of
from services.question_rights import correctable, require, rights_over

LONGEST_REASON = 200

if TYPE_CHECKING:
    from datetime import datetime

    from kfq_crm.base.models import User
    from services.models import Department, Question, QuestionCategory, QuestionEvent


@transaction.atomic
def verify_question(
    *,
    question: Question,
    department: Department,
    by: User,
    handler: User | None = None,
    category: QuestionCategory | None = None,
    note: str = "",
    expected: int | None = None,
    now: datetime | None = None,
) -> Question:
    """Confirm with the enterprise what is meant, and give it to the department that answers."""
    locked = lock_question(question, by, expected)
    require(rights_over(by, locked).verify)
    require_state(locked, QuestionState.RECEIVED)
    moment = now_or(now)
    locked.state, locked.verified_at = QuestionState.VERIFIED, moment
    locked.category = category or locked.category
    tell(locked, KIND.VERIFIED, by=by, at=moment, text=note.strip(), limit=locked.verify_by)
    event = _give(locked, department, handler, by=by, moment=moment)
    keep(locked, by=by)
    question_notices.tell_holder(event)
    return locked


@transaction.atomic
def decline_question(
    *,
    question: Question,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Question:
    """Not the zone's to answer, or no question at all: the enterprise is told why."""
    locked = lock_question(question, by, expected)
    require(rights_over(by, locked).verify)
    require_state(locked, QuestionState.RECEIVED)
    moment = now_or(now)
    why = words(reason, "reason", _("Say why; the enterprise is told."))
    locked.state, locked.closing = QuestionState.CLOSED, Closing.DECLINED
    locked.closed_at = moment
    tell(locked, KIND.DECLINED, by=by, at=moment, text=why, limit=locked.verify_by)
    question_mails.tell_declined(locked, why)
    return keep(locked, by=by)


@transaction.atomic
def hand_over_question(
    *,
    question: Question,
    department: Department,
    reason: str,
    by: User,
    handler: User | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> Question:
    """Give it to another department or person, with the reason; the limits go on running."""
    locked = lock_question(question, by, expected)
    require(rights_over(by, locked).work)
    require_state(locked, *OPEN_STATES)
    if department.pk == locked.department_id and (handler and handler.pk) == locked.handler_id:
        raise RuleViolation("same", _("It is there already."), "department")
    why = words(reason, "reason", _("Say why it is handed over."), LONGEST_REASON)
    event = _give(locked, department, handler, by=by, moment=now_or(now), reason=why)
    keep(locked, by=by)
    question_notices.tell_holder(event)
    return locked


@transaction.atomic
def answer_question(
    *,
    question: Question,
    answer: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Question:
    """Tell the enterprise what will be done and by whom; the solution may still be ahead."""
    locked = lock_question(question, by, expected)
    require(rights_over(by, locked).work)
    require_state(locked, QuestionState.VERIFIED)
    moment = now_or(now)
    said = words(answer, "answer", _("Write the answer to the enterprise."))
    locked.state, locked.answered_at = QuestionState.ANSWERED, moment
    locked.handler = locked.handler or by
    tell(locked, KIND.ANSWERED, by=by, at=moment, text=said, limit=locked.answer_by)
    question_mails.tell_answer(locked, said)
    return keep(locked, by=by)


@transaction.atomic
def note_on_question(
    *, question: Question, text: str, by: User, now: datetime | None = None
) -> Question:
    """A word for the colleagues; the enterprise does not read it."""
    locked = lock_question(question, by, None)
    rights = rights_over(by, locked)
    require(rights.work or rights.verify or locked.taken_in_by_id == by.pk)
    tell(locked, KIND.NOTED, by=by, at=now_or(now), text=words(text, "text"))
    return concurrency.touch(locked, by=by)


@transaction.atomic
def correct_question(
    *,
    question: Question,
    values: Mapping[str, Any],
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Question:
    """Correct the words, category, place or contact of a question that is not closed.

    Columns that are not `correctable` for this person stay as they were. Another address is a
    line of the story: the link for the rating goes there. A question is not made open where the
    enterprise is known by a confidential lead.
    """
    locked = lock_question(question, by, expected)
    own = correctable(by, locked)
    require(bool(own))
    if locked.state == QuestionState.CLOSED:
        require_state(locked, *OPEN_STATES)
    before = locked.contact_email
    fill(locked, own, values)
    locked.confidential |= tells_of_secret(locked.enterprise, locked.lead)
    clean_words(locked)
    if locked.contact_email != before:
        _tell_address(locked, before, by, now_or(now))
    make_findable(locked)
    return concurrency.save(locked, by=by)


def _tell_address(question: Question, before: str, by: User, moment: datetime) -> None:
    told = {"before": mask_email(before) or "—", "after": mask_email(question.contact_email) or "—"}
    text = _("E-mail of the contact person: %(before)s before, %(after)s now") % told
    tell(question, KIND.NOTED, by=by, at=moment, text=text)


def _give(
    question: Question,
    department: Department,
    handler: User | None,
    *,
    by: User,
    moment: datetime,
    reason: str = "",
) -> QuestionEvent:
    """The department has it from now on. A handler must be of that department."""
    if not department.is_active:
        raise RuleViolation("department", _("This department takes no work."), "department")
    if handler and not departments_of(handler).filter(pk=department.pk).exists():
        raise RuleViolation("handler", _("This person is not of that department."), "handler")
    question.department, question.handler = department, handler
    question.reminder_round += 1  # whoever has it now is told anew
    Handover.objects.create(
        question=question,
        department=department,
        handler=handler,
        reason=reason,
        at=moment,
        by=by,
    )
    kind = KIND.HANDED_OVER if reason else KIND.ASSIGNED
    name = " · ".join(str(part) for part in (department, handler) if part)
    text = f"{name}\n{reason}" if reason else name
    return tell(question, kind, by=by, at=moment, text=text)
