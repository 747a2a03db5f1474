"""More time for a question: asked before the limit, decided by the department's head."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from services.actions import question_notices
from services.actions.question_story import (
    KIND,
    keep,
    lock_question,
    now_or,
    require_state,
    tell,
    words,
)
from services.models import Extension, QuestionState
from services.question_rights import decider_of, require, rights_over

if TYPE_CHECKING:
    from datetime import date, datetime

    from kfq_crm.base.models import User
    from services.models import Question

LONGEST_REASON = 200
WORKING = (QuestionState.VERIFIED, QuestionState.ANSWERED)


@transaction.atomic
def ask_extension(
    *,
    question: Question,
    until: date,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Extension:
    """Ask for a later limit of the solution.

    RuleViolation once the limit has passed, for a day that is not later, for one beyond the
    longest limit (`at_most_by`), and while another request is undecided.
    """
    moment = now_or(now)
    today = timezone.localdate(moment)
    locked = lock_question(question, by, expected)
    require(rights_over(by, locked).work)
    require_state(locked, *WORKING)
    if today > locked.solve_by:
        raise RuleViolation(
            "too_late", _("The limit has passed. More time is asked for before it."), "until"
        )
    _check_day(locked, until)
    if locked.extensions.filter(decided_at=None).exists():
        raise RuleViolation("undecided", _("A request for more time is not decided yet."))
    why = words(reason, "reason", _("Say why more time is needed."), LONGEST_REASON)
    extension = Extension(
        question=locked,
        until=until,
        before=locked.solve_by,
        reason=why,
        asked_by=by,
        asked_at=moment,
    )
    extension.save()
    event = tell(locked, KIND.ASKED_TIME, by=by, at=moment, text=why, limit=locked.solve_by)
    keep(locked, by=by)
    question_notices.tell_person(event, decider_of(extension))
    return extension


@transaction.atomic
def decide_extension(
    *,
    extension: Extension,
    granted: bool,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Extension:
    """Grant or refuse it, once, with a reason when refused. Granted, the limit moves."""
    moment = now_or(now)
    locked = lock_question(extension.question, by, expected)
    fresh = Extension.objects.select_related("question__department__head").get(pk=extension.pk)
    require(rights_over(by, locked).may_decide(by, fresh))
    if fresh.decided_at:
        raise RuleViolation("decided", _("This request has been decided already."))
    require_state(locked, *WORKING)
    if not granted:
        words(reason, "reason", _("Say why it is refused."), LONGEST_REASON)
    fresh.granted, fresh.decided_by, fresh.decided_at = granted, by, moment
    fresh.decision_reason = reason.strip()[:200]
    fresh.save()
    if granted:
        locked.solve_by = fresh.until
    kind = KIND.GRANTED if granted else KIND.REFUSED
    event = tell(
        locked,
        kind,
        by=by,
        at=moment,
        text=fresh.decision_reason,
        limit=fresh.until if granted else None,
    )
    keep(locked, by=by)
    question_notices.tell_person(event, fresh.asked_by)
    return fresh


def _check_day(question: Question, until: date) -> None:
    if until <= question.solve_by:
        raise RuleViolation(
            "not_later", _("The new limit must be later than the one until now."), "until"
        )
    if until > question.at_most_by:
        raise RuleViolation(
            "beyond",
            _("A question is solved by %(day)s at the latest; no extension goes beyond.")
            % {"day": question.at_most_by.isoformat()},
            "until",
        )
