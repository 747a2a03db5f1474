"""Promised papers that did not come (容缺): put on record, and the clock stands for them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from datetime import date, datetime, timedelta

from django.db.models import F, QuerySet

from services.models import (
    ApprovalStep,
    ClockStop,
    Consequence,
    EventKind,
    MissingItem,
    StepEvent,
    StepState,
    StopReason,
)

ONE_DAY = timedelta(days=1)
Items = Mapping[int, list[MissingItem]]


def lapsing(today: date) -> QuerySet[MissingItem]:
    """Promises whose day has passed."""
    passed = MissingItem.objects.open().filter(due_on__lt=today, lapsed_on=None)
    return passed.order_by("due_on", "pk")


def lapse(pks: Collection[int], today: date, now: datetime) -> int:
    """Of these promises, put those on record that have lapsed, and stop the clocks that run.

    A clock stands from the day after the promised one; a limit that had ended by then is not
    saved by it. Where it was agreed, the application is sent back. How many lapsed; the plans
    must be locked.
    """
    rows = lapsing(today).filter(pk__in=pks).order_by("pk").select_related("paper")
    items = list(rows.select_for_update(of=("self",), no_key=True))
    MissingItem.objects.filter(pk__in=[item.pk for item in items]).update(lapsed_on=today)
    by_step: dict[int, list[MissingItem]] = defaultdict(list)
    for item in items:
        by_step[item.step_id].append(item)
    held = ApprovalStep.objects.filter(pk__in=by_step).order_by("pk")
    steps = list(held.select_for_update(no_key=True))
    stopped = [step for step in steps if _is_stopped(step, by_step[step.pk])]
    sent_back = {step.pk for step in stopped if _goes_back(step, by_step[step.pk])}
    _stop(stopped, by_step, sent_back, now)
    _record(steps, {step.pk for step in stopped}, sent_back, by_step, now)
    return len(items)


def _owed_from(items: Collection[MissingItem]) -> date:
    return min(item.due_on for item in items) + ONE_DAY


def _is_stopped(step: ApprovalStep, items: Collection[MissingItem]) -> bool:
    """Whether a clock is there to stand: one that ran out before stands for nothing."""
    if step.state not in (StepState.ACCEPTED, StepState.RETURNED) or step.clock_from_on is None:
        return False
    return step.due_on is None or _owed_from(items) <= step.due_on


def _goes_back(step: ApprovalStep, items: Collection[MissingItem]) -> bool:
    return step.state == StepState.ACCEPTED and any(
        item.consequence == Consequence.RETURN for item in items
    )


def _stop(
    steps: Collection[ApprovalStep], by_step: Items, sent_back: Collection[int], now: datetime
) -> None:
    pks = [step.pk for step in steps]
    open_stops = ClockStop.objects.filter(
        step__in=pks, reason=StopReason.MISSING, ended_on=None
    ).values_list("step_id", flat=True)
    standing = set(open_stops)
    ClockStop.objects.bulk_create(
        ClockStop(
            step=step,
            reason=StopReason.MISSING,
            began_on=max(_owed_from(by_step[step.pk]), step.clock_from_on or date.min),
        )
        for step in steps
        if step.pk not in standing
    )
    values = {"due_on": None, "version": F("version") + 1, "updated_at": now}
    rows = ApprovalStep.objects.filter(pk__in=pks)
    rows.update(due_revision=F("due_revision") + 1, **values)
    rows.filter(pk__in=sent_back).update(state=StepState.RETURNED)


def _record(
    steps: Collection[ApprovalStep],
    stopped: Collection[int],
    sent_back: Collection[int],
    by_step: Items,
    now: datetime,
) -> None:
    StepEvent.objects.bulk_create(
        StepEvent(
            step=step,
            kind=EventKind.LAPSED,
            from_state=step.state,
            to_state=StepState.RETURNED if step.pk in sent_back else step.state,
            detail={
                "papers": [item.paper.name for item in by_step[step.pk]],
                "stopped_from": _owed_from(by_step[step.pk]).isoformat()
                if step.pk in stopped
                else None,
            },
            at=now,
        )
        for step in steps
    )
