"""The way of a step: submitted, accepted, returned, handed in again, granted, refused."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, TypeAlias

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation
from services.actions.clock import begin_stop, end_stops, let_run, reckon, refuse_if_late
from services.actions.grounds import check_ground
from services.actions.journal import (
    day_of,
    lock_step,
    record_event,
    require_state,
    required_text,
)
from services.actions.opening import go_on, require_opened
from services.actions.papers import (
    Promise,
    Upload,
    ask_again,
    drop_promises,
    hand_in_papers,
    keep_file,
    owed_papers,
    promise_papers,
    require_main_papers,
)
from services.models import (
    ApprovalStep,
    ClockStop,
    EventKind,
    StepEvent,
    StepPaper,
    StepState,
    StopReason,
)
from services.permissions import require_decide, require_handle
from services.rulebook import deemed_rule

if TYPE_CHECKING:
    from kfq_crm.base.models import User

Papers: TypeAlias = "Mapping[StepPaper, Upload | None]"
PAPERS = (StopReason.RETURNED, StopReason.MISSING)  # what papers that come put an end to


@transaction.atomic
def submit_step(
    *,
    step: ApprovalStep,
    by: User,
    papers: Papers | None = None,
    submitted_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Record that the application was handed to the department, with its main papers.

    From then on the department has the rule's days to accept it or to ask for papers; silence
    accepts (行政许可法 第三十二条). After a refusal this is a new application, not made before it.
    Where the days would have ended by today, the application is put on record too late: its days,
    and the clock that silence starts, count from today.
    """
    locked = lock_step(step, by, expected)
    require_handle(by, locked.plan)
    require_state(locked, StepState.READY, StepState.REFUSED)
    require_opened(locked)
    since = locked.decided_on or locked.opened_on  # the refusal came after the opening
    day = day_of(submitted_on, now, "submitted_on", not_before=since)
    require_main_papers(locked, papers or {})
    names = hand_in_papers(locked, papers or {}, day, by)
    before, locked.state = locked.state, StepState.SUBMITTED
    _forget_decision(locked)
    _submit(locked, day, timezone.localdate(now))
    record_event(
        locked,
        EventKind.SUBMITTED,
        from_state=before,
        by=by,
        now=now,
        submitted_on=day,
        counted_from_on=locked.counted_from_on,
        papers=names,
    )
    return concurrency.save(locked, by=by)


@transaction.atomic
def accept_step(
    *,
    step: ApprovalStep,
    by: User,
    promises: Sequence[Promise] = (),
    accepted_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Accept the application: the clock runs from that day, and the last day is recorded.

    容缺: papers that are missing are accepted with a promise in writing, each with its day and
    what follows; a main paper never. Raises RuleViolation at `papers` where one is owed, and after
    the days to answer: silence accepted by then, and no new limit begins today.
    """
    locked = lock_step(step, by, expected)
    require_decide(by, locked)
    require_state(locked, StepState.SUBMITTED)
    refuse_if_late(locked, timezone.localdate(now))
    day = day_of(accepted_on, now, "accepted_on", not_before=locked.submitted_on)
    require_main_papers(locked)
    names = promise_papers(locked, promises, day, by)
    locked.state, locked.clock_from_on, locked.answer_due_on = StepState.ACCEPTED, day, None
    reckon(locked)
    record_event(
        locked,
        EventKind.ACCEPTED,
        from_state=StepState.SUBMITTED,
        by=by,
        now=now,
        accepted_on=day,
        due_on=locked.due_on,
        promised=names,
    )
    return concurrency.save(locked, by=by)


@transaction.atomic
def return_step(
    *,
    step: ApprovalStep,
    reason: str,
    by: User,
    papers: Collection[StepPaper] = (),
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Send the application back for papers; a clock that runs stands until they are handed in.

    `papers`: what is wanted again. Past its limit a step that may be granted by default is not
    sent back any more.
    """
    locked = lock_step(step, by, expected)
    require_decide(by, locked)
    require_state(locked, StepState.SUBMITTED, StepState.ACCEPTED)
    today = timezone.localdate(now)
    refuse_if_late(locked, today)
    reason = required_text(reason, "reason")
    names = ask_again(locked, papers)
    if not owed_papers(locked):
        raise RuleViolation("nothing_owed", _("Name the papers that are wanted."), "papers")
    before, locked.state, locked.answer_due_on = locked.state, StepState.RETURNED, None
    if locked.clock_from_on:
        begin_stop(locked, StopReason.RETURNED, today, by, reason)
        locked.due_on = None
    record_event(
        locked,
        EventKind.RETURNED,
        from_state=before,
        by=by,
        now=now,
        reason=reason,
        papers=names,
    )
    return concurrency.save(locked, by=by)


@transaction.atomic
def hand_in(
    *,
    step: ApprovalStep,
    papers: Papers,
    by: User,
    handed_in_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Record papers that the applicant brings: when nothing is owed any more, the clock runs
    again from the next day, and a returned step goes back to where it was.

    Also for papers that were promised for later, in time or late, whatever was decided meanwhile.
    What the department asked for or waits for is not handed in before it did so. What is put on
    record too late gives it time all the same: see `submit_step` and `let_run`.
    """
    locked = lock_step(step, by, expected)
    require_handle(by, locked.plan)
    if locked.state in (StepState.WAITING, StepState.WAIVED):
        require_state(locked, StepState.READY)
    if not papers:
        raise RuleViolation("no_papers", _("Choose the papers that were handed in."), "papers")
    day = day_of(handed_in_on, now, "handed_in_on", not_before=_asked_on(locked))
    before = locked.state
    names = hand_in_papers(locked, papers, day, by)
    stood_until = _nothing_owed(locked, day, timezone.localdate(now), by)
    record_event(
        locked,
        EventKind.HANDED_IN,
        from_state=before,
        by=by,
        now=now,
        papers=names,
        handed_in_on=day,
        counted_from_on=locked.counted_from_on if locked.state == StepState.SUBMITTED else None,
        ended_on=stood_until if stood_until != day else None,
        due_on=locked.due_on if stood_until else None,
    )
    return concurrency.save(locked, by=by)


@transaction.atomic
def grant_step(
    *,
    step: ApprovalStep,
    number: str,
    by: User,
    upload: Upload | None = None,
    note: str = "",
    decided_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Record the approval with its number: what waits for it alone can begin.

    Raises RuleViolation `deemed` when the sweep was faster, saying since when it is granted.
    """
    locked = lock_step(step, by, expected)
    require_decide(by, locked)
    require_state(locked, StepState.ACCEPTED)
    number = number.strip()
    if not number:
        raise RuleViolation("number_missing", _("Enter the number of the approval."), "number")
    locked.paper_number = number
    day = _decide(locked, StepState.GRANTED, decided_on, note.strip(), by=by, now=now)
    end_stops(locked, tuple(StopReason), day, by)
    check_columns(locked, {"paper_number", "decision_note"})
    if upload is not None:
        keep_file(locked, upload, by)
    record_event(
        locked,
        EventKind.GRANTED,
        from_state=StepState.ACCEPTED,
        by=by,
        now=now,
        reason=locked.decision_note,
        number=number,
        decided_on=day,
    )
    concurrency.save(locked, by=by)
    go_on(locked.plan, now)
    return locked


@transaction.atomic
def refuse_step(
    *,
    step: ApprovalStep,
    ground: str,
    reason: str,
    by: User,
    decided_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Record a refusal with its ground and reason; the application may be submitted anew.

    An earlier approval that was granted by default counts like any other: its missing paper is no
    ground (泰政办发〔2022〕58号). Papers are one only where nothing else was agreed for them.
    """
    locked = lock_step(step, by, expected)
    require_decide(by, locked)
    require_state(locked, StepState.SUBMITTED, StepState.ACCEPTED, StepState.RETURNED)
    refuse_if_late(locked, timezone.localdate(now))
    check_ground(locked, ground)
    before = locked.state
    reason = required_text(reason, "reason")
    day = _decide(locked, StepState.REFUSED, decided_on, reason, by=by, now=now)
    end_stops(locked, tuple(StopReason), day, by)
    drop_promises(locked, day)
    record_event(
        locked,
        EventKind.REFUSED,
        from_state=before,
        by=by,
        now=now,
        reason=reason,
        ground=ground,
        decided_on=day,
    )
    return concurrency.save(locked, by=by)


@transaction.atomic
def waive_step(
    *,
    step: ApprovalStep,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Record that this project does not need the step; what waits for it alone can begin."""
    locked = lock_step(step, by, expected)
    require_handle(by, locked.plan)
    require_state(locked, StepState.WAITING, StepState.READY)
    before, locked.state = locked.state, StepState.WAIVED
    reason = required_text(reason, "reason")
    record_event(locked, EventKind.WAIVED, from_state=before, by=by, now=now, reason=reason)
    concurrency.save(locked, by=by)
    go_on(locked.plan, now)
    return locked


def _submit(step: ApprovalStep, day: date, today: date) -> None:
    step.submitted_on, step.counted_from_on = day, None
    rule = deemed_rule(day)
    if rule is None:
        step.answer_due_on = None
        return
    calendar = current_calendar()
    until = calendar.add_workdays(day, rule.acceptance_days)
    if until <= today:
        step.counted_from_on = today
        until = calendar.add_workdays(today, rule.acceptance_days)
    step.answer_due_on = until


def _asked_on(step: ApprovalStep) -> date | None:
    """The day before which nothing is handed in: the last return, the stop that is open, or the
    day on which the step could begin."""
    days = [day for day in (step.opened_on,) if day]
    if step.state == StepState.RETURNED:
        returns = StepEvent.objects.filter(step=step, kind=EventKind.RETURNED)
        days += [timezone.localdate(at) for at in returns.values_list("at", flat=True)[:1]]
    waited = ClockStop.objects.filter(step=step, reason__in=PAPERS, ended_on=None)
    days += waited.values_list("began_on", flat=True)
    return max(days, default=None)


def _forget_decision(step: ApprovalStep) -> None:
    """A new application after a refusal, which stays among the events."""
    step.decided_on = step.decided_at = step.decided_by = None
    step.clock_from_on = step.due_on = None
    step.decision_note = ""


def _nothing_owed(step: ApprovalStep, day: date, today: date, by: User) -> date | None:
    """Set the clock going where the papers were what it stood for; until when it stood."""
    if step.state not in (StepState.RETURNED, StepState.ACCEPTED) or owed_papers(step):
        return None
    if step.state == StepState.RETURNED and step.clock_from_on is None:
        step.state = StepState.SUBMITTED
        _submit(step, day, today)
        return None
    step.state = StepState.ACCEPTED
    return let_run(step, PAPERS, day, today, by)


def _decide(
    step: ApprovalStep,
    state: StepState,
    decided_on: date | None,
    note: str,
    *,
    by: User,
    now: datetime | None,
) -> date:
    since = step.clock_from_on or step.submitted_on
    step.decided_on = day = day_of(decided_on, now, "decided_on", not_before=since)
    step.state, step.decision_note, step.answer_due_on = state, note, None
    step.decided_at, step.decided_by = now or timezone.now(), by
    return day
