"""The end of a question: fed back, rated by the enterprise, reopened or closed."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.sweeps import record_sweep
from services.actions import question_mails, question_notices
from services.actions.question_story import (
    KIND,
    keep,
    lock_question,
    now_or,
    require_state,
    tell,
    words,
)
from services.models import Closing, Feedback, Question, QuestionEvent, QuestionState
from services.question_clock import question_rule, start_clock
from services.question_rights import require, rights_over

if TYPE_CHECKING:
    from datetime import datetime

    from kfq_crm.base.models import User

WORKING = (QuestionState.VERIFIED, QuestionState.ANSWERED)
SCORES = range(1, 6)
SWEEP = "close_questions"


@transaction.atomic
def give_feedback(
    *,
    question: Question,
    outcome: str,
    text: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Feedback:
    """Tell the enterprise the outcome; it is asked to rate it by a signed link.

    Whether it came in time is recorded against the limit of this day, for good.
    """
    moment = now_or(now)
    today = timezone.localdate(moment)
    locked = lock_question(question, by, expected)
    require(rights_over(by, locked).work)
    require_state(locked, *WORKING)
    said = words(text, "text", _("Write what the enterprise is told."))
    limit, locked.fed_back_at = locked.solve_by, moment
    locked.answered_at = locked.answered_at or moment
    locked.handler = locked.handler or by
    locked.state, locked.was_late = QuestionState.FED_BACK, today > limit
    locked.closes_on = today + timedelta(days=question_rule(today).rating_days)
    locked.extensions.filter(decided_at=None).update(
        granted=False, decided_at=moment, decision_reason=_("Fed back before it was decided")
    )
    feedback = Feedback(
        question=locked,
        round=locked.round,
        outcome=outcome,
        text=said,
        department=locked.department,
        given_by=by,
        given_at=moment,
        limit=limit,
        in_time=not locked.was_late,
    )
    check_columns(feedback, ("outcome", "text"))
    feedback.save()
    tell(locked, KIND.FED_BACK, by=by, at=moment, text=said, limit=limit)
    keep(locked, by=by)
    feedback.mail = question_mails.tell_feedback(feedback)
    feedback.save(update_fields=["mail"])
    return feedback


@transaction.atomic
def rate_feedback(
    *,
    feedback: Feedback,
    score: int,
    words: str = "",
    address: str = "",
    now: datetime | None = None,
) -> Feedback:
    """The enterprise's rating, once. So low as the rule says, it reopens the question: the limits
    run anew from today, with the same department; else it closes it.

    RuleViolation `rated` for a second rating, `over` once the time to rate has passed.
    """
    moment = now_or(now)
    today = timezone.localdate(moment)
    locked = concurrency.lock(Question.objects.all(), feedback.question_id)
    fresh = Feedback.objects.get(pk=feedback.pk)
    if fresh.rated_at:
        raise RuleViolation("rated", _("This has been rated already."))
    if (
        locked.state != QuestionState.FED_BACK
        or fresh.round != locked.round
        or (locked.closes_on and today > locked.closes_on)
    ):
        raise RuleViolation("over", _("The time to rate this has passed."))
    if score not in SCORES:
        raise RuleViolation("score", _("Choose one of the five ratings."), "score")
    fresh.score, fresh.words, fresh.rated_at = score, words.strip()[:1000], moment
    fresh.rated_from = address[:45]
    fresh.save()
    locked.score, locked.closes_on = score, None
    tell(locked, KIND.RATED, by=None, at=moment, text=fresh.words, score=score)
    reopens = score <= question_rule(today).reopens_up_to
    event = _reopen(locked, moment) if reopens else _close(locked, moment)
    keep(locked, by=None)
    if reopens:
        question_notices.tell_reopened(event, fresh)
    return fresh


def _reopen(question: Question, moment: datetime) -> QuestionEvent:
    question.round += 1
    question.state, question.was_late = QuestionState.VERIFIED, False
    question.answered_at = question.fed_back_at = None
    start_clock(question, timezone.localdate(moment))
    return tell(question, KIND.REOPENED, by=None, at=moment, limit=question.answer_by)


def _close(question: Question, moment: datetime) -> QuestionEvent:
    question.state, question.closing = QuestionState.CLOSED, Closing.RATED
    question.closed_at = moment
    return tell(question, KIND.CLOSED, by=None, at=moment)


def sweep_unrated(now: datetime | None = None) -> int:
    """Close everything that nobody rated in time, chunk by chunk; recorded as a run of its own.

    Must not run in a transaction.
    """
    with record_sweep(SWEEP) as sweep:
        while closed := close_unrated(now=now):
            sweep.counts["questions_closed"] = sweep.counts.get("questions_closed", 0) + closed
        return int(sweep.counts.get("questions_closed", 0))


@transaction.atomic
def close_unrated(*, now: datetime | None = None, limit: int = 500) -> int:
    """Close what nobody rated in time, in a set; returns how many. Safe to run twice or at once:
    rows are locked, and a rating in the same second either comes first or finds it closed."""
    moment = now_or(now)
    due = Question.objects.filter(
        state=QuestionState.FED_BACK, closes_on__lt=timezone.localdate(moment)
    ).order_by("closes_on", "pk")
    locked = due.select_for_update(skip_locked=True, no_key=True)
    keys = list(locked.values_list("pk", flat=True)[:limit])
    rows = Question.objects.filter(pk__in=keys, state=QuestionState.FED_BACK)
    closed = rows.update(
        state=QuestionState.CLOSED,
        closing=Closing.UNRATED,
        closes_on=None,
        closed_at=moment,
        updated_at=moment,
        version=F("version") + 1,
    )
    QuestionEvent.objects.bulk_create(
        QuestionEvent(question_id=pk, kind=KIND.CLOSED, at=moment) for pk in keys
    )
    return closed
