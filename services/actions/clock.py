"""The clock of a step: set going, stopped and resumed, each with its line on record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from services.actions.journal import (
    day_of,
    lock_step,
    record_event,
    require_state,
    required_text,
)
from services.models import ApprovalStep, ClockStop, EventKind, StepState, StopReason
from services.models.states import STOPPED_BY_HAND
from services.permissions import require_decide
from services.sla import Stop, due_on

if TYPE_CHECKING:
    from kfq_crm.base.models import User


def stops_of(step: ApprovalStep) -> list[Stop]:
    rows = ClockStop.objects.filter(step=step).values_list("began_on", "ended_on")
    return [Stop(began, ended) for began, ended in rows]


def reckon(step: ApprovalStep) -> None:
    """Set the step's last day anew from its start, its stops and the calendar of today.

    The revision goes up with the day, so that notices of the former day are withdrawn.
    """
    day = _last_day(step, stops_of(step))
    if day != step.due_on:
        step.due_on = day
        step.due_revision += 1


def _last_day(step: ApprovalStep, stops: Iterable[Stop]) -> date | None:
    if step.clock_from_on is None:
        return None
    return due_on(current_calendar(), step.clock_from_on, step.working_days, stops)


def begin_stop(
    step: ApprovalStep, reason: StopReason, day: date, by: User | None, note: str = ""
) -> None:
    """Stop the clock of a locked step from this day on and reckon it anew; the caller saves it."""
    ClockStop.objects.create(step=step, reason=reason, note=note, began_on=day, began_by=by)
    reckon(step)


def let_run(
    step: ApprovalStep, reasons: tuple[StopReason, ...], day: date, today: date, by: User
) -> date | None:
    """End the open stops of these reasons with this day and reckon the step anew; the day with
    which they ended, None where none was open.

    `day` is typed and may be long ago: where the limit would end by today, the clock stood until
    today, so that the department has a working day at least on which it can act.
    """
    stops = ClockStop.objects.filter(step=step)
    rows = stops.values_list("began_on", "ended_on", "reason")
    as_if = [
        Stop(began, ended or (max(day, began) if reason in reasons else None))
        for began, ended, reason in rows
    ]
    until = _last_day(step, as_if)
    day = today if until and until <= today else day
    if not end_stops(step, reasons, day, by):
        return None
    reckon(step)
    return day


def end_stops(step: ApprovalStep, reasons: tuple[StopReason, ...], day: date, by: User) -> bool:
    """End the open stops of these reasons with this day, the last that is left out.

    Whether there was one. The caller reckons the step anew and saves it.
    """
    stops = ClockStop.objects.filter(step=step, reason__in=reasons, ended_on=None)
    ended = False
    for stop in stops:
        stop.ended_on, stop.ended_by = max(day, stop.began_on), by
        stop.save(update_fields=["ended_on", "ended_by"])
        ended = True
    return ended


def refuse_if_late(step: ApprovalStep, today: date) -> None:
    """Past its limit, a step that may be granted by default is neither stopped nor refused:
    the sweep will grant it (泰政办发〔2022〕58号). A grant is still welcome. In the same way an
    application that nobody answered in time counts as accepted (行政许可法 第三十二条). Neither
    holds where nobody at the department can see the step: the sweep leaves it alone as well."""
    if not silence_counts(step, today):
        return
    if step.may_be_deemed and step.due_on and step.due_on < today:
        message = _("The limit ended on %(day)s: the step counts as granted.")
        told = {"day": date_format(step.due_on, "DATE_FORMAT")}
        raise RuleViolation("limit_passed", message % told)
    if step.answer_due_on and step.answer_due_on < today:
        message = _("Nobody answered by %(day)s: the application counts as accepted.")
        told = {"day": date_format(step.answer_due_on, "DATE_FORMAT")}
        raise RuleViolation("answer_passed", message % told)


def silence_counts(step: ApprovalStep, today: date) -> bool:
    """Whether the step's day has passed and its department could have spoken until then."""
    is_unanswered = bool(step.answer_due_on and step.answer_due_on < today)
    is_overdue = bool(step.may_be_deemed and step.due_on and step.due_on < today)
    if not (is_unanswered or is_overdue):
        return False
    return ApprovalStep.objects.known_to_authority().filter(pk=step.pk).exists()


@transaction.atomic
def stop_clock(
    *,
    step: ApprovalStep,
    reason: str,
    note: str,
    by: User,
    began_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Stop the clock for a hearing, a test, an expert review, or at the applicant's wish.

    Such time is not the department's (行政许可法 第四十五条). Raises RuleViolation past the
    limit, before the acceptance, and for a reason that comes with a return or a promise.
    """
    locked = lock_step(step, by, expected)
    require_decide(by, locked)
    require_state(locked, StepState.ACCEPTED)
    if reason not in STOPPED_BY_HAND:
        raise RuleViolation("stop_reason", _("Choose why the clock is to stand."), "reason")
    note = required_text(note, "note")
    today = timezone.localdate(now)
    refuse_if_late(locked, today)
    day = day_of(began_on, now, "began_on", not_before=locked.clock_from_on)
    if ClockStop.objects.filter(step=locked, reason=reason, ended_on=None).exists():
        raise RuleViolation("stopped", _("The clock stands for this reason already."), "reason")
    if locked.due_on and day > locked.due_on:
        raise RuleViolation("limit_passed", _("The limit had ended before that day."), "began_on")
    begin_stop(locked, StopReason(reason), day, by, note)
    record_event(
        locked,
        EventKind.STOPPED,
        from_state=locked.state,
        by=by,
        now=now,
        reason=note,
        why=reason,
        began_on=day,
    )
    return concurrency.save(locked, by=by, fields={"due_on", "due_revision"})


@transaction.atomic
def resume_clock(
    *,
    step: ApprovalStep,
    reason: str,
    by: User,
    ended_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Set the clock going that was stopped by hand; the day after `ended_on` counts again."""
    locked = lock_step(step, by, expected)
    require_decide(by, locked)
    require_state(locked, StepState.ACCEPTED)
    stop = ClockStop.objects.filter(step=locked, reason=reason, ended_on=None).first()
    if stop is None or reason not in STOPPED_BY_HAND:
        raise RuleViolation("not_stopped", _("The clock does not stand for this reason."), "reason")
    day = day_of(ended_on, now, "ended_on", not_before=stop.began_on)
    end_stops(locked, (StopReason(reason),), day, by)
    reckon(locked)
    record_event(
        locked,
        EventKind.RESUMED,
        from_state=locked.state,
        by=by,
        now=now,
        why=reason,
        ended_on=day,
        due_on=locked.due_on,
    )
    return concurrency.save(locked, by=by, fields={"due_on", "due_revision"})


@transaction.atomic
def reckon_again(
    *,
    step: ApprovalStep,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """Reckon the last day of a step anew after the calendar was changed; nothing does so by itself.

    Only for a clock that runs, never for what is decided. The day before stays on record.
    """
    locked = lock_step(step, by, expected)
    require_decide(by, locked)
    require_state(locked, StepState.ACCEPTED)
    refuse_if_late(locked, timezone.localdate(now))
    former = locked.due_on
    reckon(locked)
    if locked.due_on == former:
        raise RuleViolation("same_day", _("The limit ends on the same day as before."))
    record_event(
        locked,
        EventKind.RECKONED,
        from_state=locked.state,
        by=by,
        now=now,
        reason=required_text(reason, "reason"),
        former=former,
        due_on=locked.due_on,
    )
    return concurrency.save(locked, by=by, fields={"due_on", "due_revision"})
