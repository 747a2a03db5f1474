"""What happens to approvals when a day has passed, in sets: promises lapse, silence accepts, and
what a department let pass counts as granted (超时默认, 泰政办发〔2022〕58号).

Each chunk is one transaction: its plans are locked first, in the order of their keys, as every
verb on a step locks its own. Whoever comes second finds the step decided and says so. A kill
leaves whole chunks for the next run. Only recorded days are compared with today: the calendar
serves to name new days, never to judge old ones.

Silence counts only where somebody at the department could have spoken: of a confidential lead a
step is neither accepted nor granted so, unless its department is among the lead's readers.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection
from dataclasses import asdict, dataclass
from datetime import date, datetime

from django.db import transaction
from django.db.models import F, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.one_at_a_time import one_at_a_time
from kfq_crm.base.sweeps import record_sweep
from kfq_crm.base.workdays import WorkCalendar
from services.actions.journal import record_events
from services.actions.lapsing import lapse, lapsing
from services.actions.opening import close_through, open_dependents
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    EventKind,
    MissingItem,
    PaperTask,
    StepEvent,
    StepState,
)
from services.rulebook import deemed_rule

SWEEP = "run_approvals"
CHUNK = 500  # steps a transaction
PAPER_DAYS = 1  # where no rule is in force any more: the published working day


@dataclass
class ApprovalSweep:
    """What a sweep did. `is_busy`: another worker sweeps at this moment, this one did nothing."""

    lapsed: int = 0
    accepted: int = 0
    deemed: int = 0
    opened: int = 0
    is_busy: bool = False

    def counts(self) -> dict[str, int]:
        """What is worth showing of it."""
        return {name: value for name, value in asdict(self).items() if value}


@dataclass(frozen=True)
class Moment:
    """When the sweep runs, and what names new days in it; the calendar is read once."""

    now: datetime
    today: date
    calendar: WorkCalendar
    paper_days: int

    @classmethod
    def at(cls, now: datetime) -> Moment:
        today = timezone.localdate(now)
        rule = deemed_rule(today)
        return cls(now, today, current_calendar(), rule.paper_days if rule else PAPER_DAYS)


def run_approvals(now: datetime | None = None) -> ApprovalSweep:
    """What has passed by `now`, judged in site time: the day after a limit at the earliest.

    Safe to run twice, at once and after a kill. Must not run in a transaction.
    """
    with one_at_a_time(SWEEP) as is_mine:
        if not is_mine:
            return ApprovalSweep(is_busy=True)
        with record_sweep(SWEEP) as sweep:
            result = sweep_approvals(now)
            sweep.counts = result.counts()
        return result


def sweep_approvals(now: datetime | None = None) -> ApprovalSweep:
    """The sweep itself, which others may run beside it: each step still has one outcome.

    Promises lapse before anything is granted: a clock that stands for them stood in time.
    """
    moment = Moment.at(now or timezone.now())
    result = ApprovalSweep()
    result.lapsed = _in_chunks(lapsing(moment.today), "step__plan", _lapse, moment)
    result.accepted = _in_chunks(unanswered(moment.today), "plan", _accept, moment)

    def deem(pks: Collection[int], plans: Collection[int], at: Moment) -> int:
        granted, opened = _deem(pks, plans, at)
        result.opened += opened
        return granted

    result.deemed = _in_chunks(overdue(moment.today), "plan", deem, moment)
    return result


# --- What is due --------------------------------------------------------------------------------


def unanswered(today: date) -> QuerySet[ApprovalStep]:
    """Applications that nobody accepted or sent back in time."""
    due = ApprovalStep.objects.filter(state=StepState.SUBMITTED, answer_due_on__lt=today)
    return due.known_to_authority().order_by("answer_due_on", "pk")


def overdue(today: date) -> QuerySet[ApprovalStep]:
    """Steps that count as granted, by the recorded day; a clock that stands has none."""
    due = ApprovalStep.objects.filter(
        state=StepState.ACCEPTED, may_be_deemed=True, due_on__lt=today
    )
    return due.known_to_authority().order_by("due_on", "pk")


def _in_chunks(
    found: QuerySet[MissingItem] | QuerySet[ApprovalStep],
    plan: str,
    act: Callable[[Collection[int], Collection[int], Moment], int],
    moment: Moment,
) -> int:
    """Act on all that is found, a transaction a chunk; how many.

    What is acted on is found no more; a chunk on which nothing was done would come back for ever.
    """
    done = 0
    while rows := list(found.values_list("pk", plan)[:CHUNK]):
        plans = {key for _pk, key in rows}
        with transaction.atomic():
            _lock(plans)
            count = act([pk for pk, _plan in rows], plans, moment)
        done += count
        if not count and not _is_moving(found, rows[0][0]):
            break
    return done


def _is_moving(found: QuerySet[MissingItem] | QuerySet[ApprovalStep], pk: int) -> bool:
    """Whether somebody else took the chunk's first row meanwhile."""
    return not found.filter(pk=pk).exists()


def _lock(plans: Collection[int]) -> None:
    rows = ApprovalPlan.objects.filter(pk__in=plans).order_by("pk")
    list(rows.select_for_update(no_key=True).values_list("pk", flat=True))


def _lapse(pks: Collection[int], plans: Collection[int], moment: Moment) -> int:
    return lapse(pks, moment.today, moment.now)


# --- Granted by default -------------------------------------------------------------------------


def _deem(pks: Collection[int], plans: Collection[int], moment: Moment) -> tuple[int, int]:
    """Grant those of the steps that are still overdue; how many, and how many began after them."""
    still = overdue(moment.today).filter(pk__in=pks)
    steps = list(still.order_by("pk").select_for_update(no_key=True).values_list("pk", "due_on"))
    if not steps:
        return 0, 0
    ApprovalStep.objects.filter(pk__in=[pk for pk, _due in steps]).update(
        state=StepState.DEEMED,
        is_deemed=True,
        deemed_on=moment.today,
        decided_on=moment.today,
        decided_at=moment.now,
        version=F("version") + 1,
        updated_at=moment.now,
    )
    _record_deemed(steps, moment)
    until = moment.calendar.add_workdays(moment.today, moment.paper_days)
    PaperTask.objects.bulk_create(
        (PaperTask(step_id=pk, due_on=until) for pk, _due in steps), batch_size=CHUNK
    )
    opened = open_dependents(plans, moment.now)
    close_through(plans, moment.now)
    return len(steps), opened


def _record_deemed(steps: Collection[tuple[int, date | None]], moment: Moment) -> None:
    StepEvent.objects.bulk_create(
        (
            StepEvent(
                step_id=pk,
                kind=EventKind.DEEMED,
                from_state=StepState.ACCEPTED,
                to_state=StepState.DEEMED,
                detail={"due_on": due.isoformat() if due else None},
                at=moment.now,
            )
            for pk, due in steps
        ),
        batch_size=CHUNK,
    )


# --- Silence accepts ----------------------------------------------------------------------------


def _accept(pks: Collection[int], plans: Collection[int], moment: Moment) -> int:
    """Start the clocks from the day of receipt, as the law does (行政许可法 第三十二条); of an
    application that was put on record too late, from the day of the record."""
    still = unanswered(moment.today).filter(pk__in=pks).order_by("pk")
    received = Coalesce("counted_from_on", "submitted_on")
    rows = still.select_for_update(no_key=True).values_list("pk", received, "working_days")
    alike: dict[tuple[date, int], list[int]] = defaultdict(list)
    for pk, received_on, days in rows:
        if received_on:
            alike[received_on, days].append(pk)
    for (received_on, days), keys in alike.items():
        ApprovalStep.objects.filter(pk__in=keys).update(
            state=StepState.ACCEPTED,
            clock_from_on=received_on,
            answer_due_on=None,
            due_on=moment.calendar.add_workdays(received_on, days),
            due_revision=F("due_revision") + 1,
            version=F("version") + 1,
            updated_at=moment.now,
        )
    accepted = [pk for keys in alike.values() for pk in keys]
    record_events(
        accepted,
        EventKind.ACCEPTED_SILENTLY,
        from_state=StepState.SUBMITTED,
        to_state=StepState.ACCEPTED,
        now=moment.now,
    )
    return len(accepted)
