"""The sweep: what is due becomes reminders, once, in sets; what is due no more is cancelled."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.utils import timezone

from kfq_crm.base.one_at_a_time import one_at_a_time
from kfq_crm.base.sweeps import record_sweep
from leads.models import Reminder
from leads.models.reminder import EscalationStep
from leads.reminders import mails
from leads.reminders.cancelling import cancel_stale
from leads.reminders.clock import Clock, Window
from leads.reminders.recipients import Recipients
from leads.reminders.registry import all_rules
from leads.reminders.rules import Due, ReminderRule
from leads.reminders.succession import tell_successors

SWEEP = "run_reminders"
FOUND = 20_000  # subjects that are asked for at once: what is due is searched for each time
CHUNK = 2000  # subjects a transaction


@dataclass
class SweepResult:
    """What a sweep did; shown on the operations page.

    `is_busy`: another worker sweeps at this moment, and this one did nothing. `out_of_reach`:
    people who were to be told and have no way to be told; those above them were told as well.
    """

    recorded: int = 0
    cancelled: int = 0
    messages: int = 0
    out_of_reach: tuple[int, ...] = ()
    is_rest_day: bool = False
    is_busy: bool = False

    def counts(self) -> dict[str, Any]:
        """What is worth showing of it."""
        return {name: value for name, value in asdict(self).items() if value}


def run_reminders(now: datetime | None = None) -> SweepResult:
    """Record what is due by `now` (judged in site time), cancel what no longer is, queue messages.

    Safe to run twice, at once and after a kill: one worker sweeps at a time, rows are unique,
    each chunk is one transaction, and the next run finds what this one left. Nothing is recorded
    on a rest day. Must not run in a transaction.
    """
    with one_at_a_time(SWEEP) as is_mine:
        if not is_mine:
            return SweepResult(is_busy=True)
        with record_sweep(SWEEP) as sweep:
            result = _sweep(Clock.on(timezone.localdate(now)))
            sweep.counts = result.counts()
        return result


def _sweep(clock: Clock) -> SweepResult:
    result = SweepResult(cancelled=cancel_stale())
    if clock.is_rest_day:
        result.is_rest_day = True
    else:
        record_due(clock, result)
        result.messages = mails.compose(clock)
    return result


def record_due(clock: Clock, result: SweepResult) -> None:
    """Record every step of every rule that has come, and for whoever took an office over what
    the former one was told; counts go into `result`."""
    recipients = Recipients(clock.today)
    steps = steps_on(clock.today)
    for rule in all_rules():
        named = [step for step in steps if rule.roles is None or step.role in rule.roles]
        for offset in sorted({step.offset for step in named}):
            told = [step for step in named if step.offset == offset]
            result.recorded += _record_level(rule, offset, told, clock, recipients)
    result.recorded += tell_successors(steps, clock, recipients)
    result.out_of_reach = recipients.out_of_reach()


def steps_on(day: date) -> list[EscalationStep]:
    """The steps in force: those of the newest valid-from day that has come."""
    rows = list(EscalationStep.objects.valid_on(day))
    return [row for row in rows if row.valid_from == rows[0].valid_from]


def window_of(offset: int, clock: Clock) -> Window:
    """Due days for which a step has come; a step ahead of the day ends on the day itself."""
    return Window(clock.latest_due(offset), clock.today if offset < 0 else None)


def _record_level(
    rule: ReminderRule,
    offset: int,
    told: list[EscalationStep],
    clock: Clock,
    recipients: Recipients,
) -> int:
    recorded, after, is_more = 0, 0, True
    while is_more and (found := rule.due(window_of(offset, clock), offset, clock, after, FOUND)):
        after, is_more = found[-1].subject_id, len(found) == FOUND
        recipients.learn(found)
        for start in range(0, len(found), CHUNK):
            some = found[start : start + CHUNK]
            rows = list(_reminders(rule, offset, told, some, clock, recipients))
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
