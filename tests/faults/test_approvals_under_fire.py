"""Approval by default under concurrency: one decision is recorded, the other is told why.

Sweeps run beside each other, a department decides in the same second, a worker is killed at
whatever it is doing. Real processes and connections, on PostgreSQL.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

import pytest
from django.db import transaction

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import Change
from services.actions.approval_sweep import ApprovalSweep, sweep_approvals
from services.actions.deemed import object_to_deemed
from services.actions.steps import grant_step, refuse_step
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    EventKind,
    PaperTask,
    StepDependency,
    StepEvent,
    StepState,
)
from tests.cast import Cast
from tests.faults.processes import ROOT, database_url
from tests.services.approvals.world import Office, at, day, office, plan, project
from tests.threads import at_once

__all__ = ["office", "plan", "project"]  # pytest finds fixtures by name

pytestmark = [
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
    pytest.mark.timeout(600),
]
ROUNDS = 25
MANY = 4000


def overdue_steps(
    plan: ApprovalPlan, office: Office, number: int, prefix: str = "late"
) -> list[ApprovalStep]:
    """So many steps past their limit, each with one that waits for it alone."""
    late = [a_step(plan, office, f"{prefix}-{n}", StepState.ACCEPTED) for n in range(number)]
    waiting = [a_step(plan, office, f"{prefix}-{n}-next", StepState.WAITING) for n in range(number)]
    with transaction.atomic():
        ApprovalStep.objects.bulk_create([*late, *waiting])
    pairs = zip(late, waiting, strict=True)
    StepDependency.objects.bulk_create(StepDependency(step=after, on=on) for on, after in pairs)
    return late


def a_step(plan: ApprovalPlan, office: Office, code: str, state: StepState) -> ApprovalStep:
    runs = {"clock_from_on": day(9, 28), "due_on": day(10, 8)} if state == "accepted" else {}
    return ApprovalStep(
        plan=plan,
        code=code,
        name=code,
        department=office.planning,
        stage="started",
        working_days=3,
        may_be_deemed=True,
        state=state,
        **runs,
    )


def each_has_one_outcome(steps: list[ApprovalStep]) -> None:
    """One decision, one paper task where it is a default, and one opening of what waited."""
    keys = [step.pk for step in steps]
    decided = StepEvent.objects.filter(
        step__in=keys, kind__in=(EventKind.DEEMED, EventKind.GRANTED, EventKind.REFUSED)
    )
    assert Counter(decided.values_list("step_id", flat=True)) == Counter(keys)
    deemed = ApprovalStep.objects.filter(pk__in=keys, state=StepState.DEEMED)
    tasks = PaperTask.objects.filter(step__in=keys)
    assert sorted(tasks.values_list("step_id", flat=True)) == sorted(
        deemed.values_list("pk", flat=True)
    )
    passed = ApprovalStep.objects.filter(pk__in=keys).exclude(state=StepState.REFUSED)
    after = ApprovalStep.objects.filter(dependencies__on__in=passed.values("pk"))
    assert set(after.values_list("state", flat=True)) <= {StepState.READY}
    opened = StepEvent.objects.filter(step__in=after.values("pk"), kind=EventKind.OPENED)
    assert opened.count() == after.count() == passed.count()


def test_two_sweeps_at_once_grant_each_step_once(plan: ApprovalPlan, office: Office) -> None:
    steps = overdue_steps(plan, office, 1200)
    outcomes = at_once(*(lambda: sweep_approvals(at(10, 9)) for _ in range(3)))
    assert all(isinstance(outcome, ApprovalSweep) for outcome in outcomes), outcomes
    assert sum(outcome.deemed for outcome in outcomes) == 1200
    each_has_one_outcome(steps)


def test_a_decision_in_the_same_second_is_recorded_or_told_why(
    cast: Cast, plan: ApprovalPlan, office: Office
) -> None:
    steps = overdue_steps(plan, office, ROUNDS)
    told: Counter[str] = Counter()
    for step in steps:
        now = at(10, 9)
        granted, swept = at_once(
            lambda step=step, now=now: grant_step(
                step=step, number="1", by=office.planner, now=now
            ),
            lambda now=now: sweep_approvals(now),
        )
        assert isinstance(swept, ApprovalSweep), swept
        step.refresh_from_db()
        if isinstance(granted, RuleViolation):
            assert granted.code == "deemed"
            assert step.state == StepState.DEEMED
            told["by default"] += 1
        else:
            assert step.state == StepState.GRANTED, granted
            assert step.decided_by == office.planner
            told["granted"] += 1
    assert told.total() == ROUNDS
    each_has_one_outcome(steps)


def test_two_people_decide_at_once_and_one_of_them_is_told(
    plan: ApprovalPlan, office: Office
) -> None:
    steps = overdue_steps(plan, office, 10)
    for step in steps:
        now = at(10, 8)
        outcomes = at_once(
            lambda step=step, now=now: grant_step(
                step=step, number="1", by=office.planner, now=now
            ),
            lambda step=step, now=now: refuse_step(
                step=step, ground="law", reason="不符", by=office.planning_head, now=now
            ),
        )
        refused = [one for one in outcomes if isinstance(one, RuleViolation)]
        assert [one.code for one in refused] == ["step_state"], outcomes
    each_has_one_outcome(steps)


def test_two_that_pass_at_once_open_what_waits_for_both(plan: ApprovalPlan, office: Office) -> None:
    """Each sees only its own predecessor through, unless they take turns."""
    for number in range(10):
        first, second = overdue_steps(plan, office, 2, prefix=f"pair-{number}")
        after = ApprovalStep.objects.filter(dependencies__on=first).get()
        StepDependency.objects.create(step=after, on=second)
        outcomes = at_once(
            *(
                lambda step=step: grant_step(
                    step=step, number="1", by=office.planner, now=at(10, 8)
                )
                for step in (first, second)
            )
        )
        assert not any(isinstance(one, Exception) for one in outcomes), outcomes
        after.refresh_from_db()
        assert after.state == StepState.READY


def test_two_objections_at_once_leave_one(plan: ApprovalPlan, office: Office) -> None:
    (step,) = overdue_steps(plan, office, 1)
    sweep_approvals(at(10, 9))
    outcomes = at_once(
        *(
            lambda by=by: object_to_deemed(step=step, reason="有争议", by=by)
            for by in (office.planner, office.planning_head)
        )
    )
    assert sum(isinstance(one, RuleViolation) for one in outcomes) == 1, outcomes
    assert step.events.filter(kind=EventKind.OBJECTED).count() == 1


def sweeping(folder: Path, moment: datetime) -> subprocess.Popen[bytes]:
    """A process that sweeps in the database of this test."""
    environment = {
        **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
        "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
        "DATABASE_URL": database_url(),
        "KFQ_VAR": str(folder),
        "SECRET_KEY": "made up for tests, signs nothing that lasts",
        "LOG_LEVEL": "WARNING",
    }
    with (folder / "sweep.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "manage.py", "run_approvals", "--now", moment.isoformat()],
            cwd=ROOT,
            env=environment,
            stdout=log,
            stderr=log,
        )


@pytest.mark.slow
def test_a_sweep_that_is_killed_in_the_middle_leaves_whole_chunks_for_the_next(
    plan: ApprovalPlan, office: Office, tmp_path: Path
) -> None:
    steps = overdue_steps(plan, office, MANY)
    kills = 0
    while True:
        process = sweeping(tmp_path, at(10, 9))
        if kills < 3:
            killed_after_a_chunk(process)
            kills += 1
        elif process.wait(timeout=300) == 0:
            break
        else:
            raise AssertionError((tmp_path / "sweep.log").read_text()[-2000:])
    each_has_one_outcome(steps)
    recorded = Change.objects.filter(
        resource="approval-steps", object_id__in=[step.pk for step in steps]
    )
    assert recorded.filter(kind="updated").values("object_id").distinct().count() == MANY


def killed_after_a_chunk(process: subprocess.Popen[bytes]) -> None:
    """Kill it as soon as it has granted something more, wherever it stands by then."""
    before = StepEvent.objects.filter(kind=EventKind.DEEMED).count()
    until = time.monotonic() + 120
    while process.poll() is None and time.monotonic() < until:
        if StepEvent.objects.filter(kind=EventKind.DEEMED).count() > before:
            break
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(timeout=30)
