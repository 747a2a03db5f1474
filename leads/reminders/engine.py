"""The sweep: what is due becomes reminders, once, in sets; what is due no more is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from leads.models import Reminder
from leads.models.reminder import EscalationStep, ReminderState
from leads.reminders import mails
from leads.reminders.clock import Clock, Window
from leads.reminders.recipients import Recipients
from leads.reminders.registry import all_rules
from leads.reminders.rules import Due, ReminderRule

if TYPE_CHECKING:
    from datetime import date

CHUNK = 2000


@dataclass
class SweepResult:
    """What a sweep did; shown on the operations page."""

    recorded: int = 0
    cancelled: int = 0
    mails: int = 0
    rest_day: bool = False
    unreachable: list[int] = field(default_factory=list)


def run_reminders(now: datetime | None = None) -> SweepResult:
    """Record what is due by `now` (judged in site time), cancel what no longer is, queue mails.

    Safe to run twice, at once and after a kill: rows are unique, each chunk is one
    transaction, and the next run finds what this one left. Nothing is recorded on a rest day.
    """
    moment = now or timezone.now()
    clock = Clock.on(timezone.localdate(moment))
    result = SweepResult(cancelled=cancel_stale())
    if clock.is_rest_day:
        result.rest_day = True
        return result
    recipients = Recipients(clock.today)
    steps = steps_on(clock.today)
    for rule in all_rules():
        for offset in sorted({step.offset for step in steps}):
            told = [step for step in steps if step.offset == offset]
            result.recorded += _record_level(rule, offset, told, clock, recipients)
    result.mails = mails.compose(clock, moment)
    result.unreachable = recipients.unreachable()
    return result


def steps_on(day: date) -> list[EscalationStep]:
    """The steps in force: those of the newest valid-from day that has come."""
    rows = list(EscalationStep.objects.valid_on(day))
    return [row for row in rows if row.valid_from == rows[0].valid_from]


def window_of(offset: int, clock: Clock) -> Window:
    """Due days for which a step has come; a step ahead of the day ends on the day itself."""
    return Window(clock.latest_due(offset), clock.today if offset < 0 else None)


def cancel_stale() -> int:
    """Cancel open reminders whose subject was rescheduled, closed, handed over or hidden."""
    cancelled = 0
    for rule in all_rules():
        waiting = Reminder.objects.open().filter(rule=rule.code)
        gone = waiting.exclude(pk__in=rule.current(waiting).values("pk"))
        while batch := list(gone.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
            cancelled += _cancel(batch)
    return cancelled


@transaction.atomic
def _cancel(pks: list[int]) -> int:
    mails.withdraw(pks)
    changed = Reminder.objects.filter(pk__in=pks, state=ReminderState.OPEN).update(
        state=ReminderState.CANCELLED
    )
    return changed or len(pks)


def _record_level(
    rule: ReminderRule,
    offset: int,
    told: list[EscalationStep],
    clock: Clock,
    recipients: Recipients,
) -> int:
    named = [step for step in told if rule.roles is None or step.role in rule.roles]
    recorded, after = 0, 0
    while named:
        found = rule.due(window_of(offset, clock), offset, clock, after, CHUNK)
        if not found:
            break
        after = found[-1].subject_id
        recipients.learn(found)
        rows = list(_reminders(rule, offset, named, found, clock, recipients))
        with transaction.atomic():  # a kill leaves whole subjects for the next run
            Reminder.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
        recorded += len(rows)
    return recorded


def _reminders(
    rule: ReminderRule,
    offset: int,
    told: list[EscalationStep],
    found: list[Due],
    clock: Clock,
    recipients: Recipients,
) -> Iterator[Reminder]:
    for due in found:
        named: set[int] = set()
        for step in told:
            for addressee in recipients.of(step.role, due):
                if addressee.user_id in named:
                    continue
                named.add(addressee.user_id)
                yield Reminder(
                    rule=rule.code,
                    subject_id=due.subject_id,
                    revision=due.revision,
                    level=offset,
                    recipient_id=addressee.user_id,
                    stands_for_id=addressee.stands_for_id,
                    lead_id=due.lead_id,
                    round=due.round,
                    due_on=due.due_on,
                    via=step.via,
                    recorded_on=clock.today,
                )
