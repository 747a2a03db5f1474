"""The sweep of approvals and its bare SQL, as verbs of a worker."""

from __future__ import annotations

import json
import resource
import time
from datetime import datetime, timedelta
from datetime import time as hour
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from benchmark.office import bench_day, unrecorded
from kfq_crm.base.models import User
from leads.models import LandedProject
from services.actions.approval_sweep import run_approvals
from services.models import (
    ApprovalPlan,
    ApprovalStep,
    ApprovalTemplate,
    Department,
    StepDependency,
    StepEvent,
    StepState,
)

SET = 500
A_PLAN = 20  # open steps of a plan
DUE_OF = 10  # one step in so many is past its limit, with one that waits for it
_UPDATE = (
    "UPDATE services_approvalstep SET state = 'deemed', is_deemed = true, deemed_on = %s, "
    "decided_on = %s, decided_at = %s, version = version + 1, updated_at = %s WHERE id = ANY(%s)"
)
_COLUMNS = ("step_id", "kind", "from_state", "to_state", "reason", "detail", "at")
_INSERT = f"INSERT INTO services_stepevent ({', '.join(_COLUMNS)}) VALUES "  # noqa: S608 — columns of ours
_ROW = f"({', '.join(['%s'] * len(_COLUMNS))})"


def prepare(steps: int) -> dict[str, int]:
    """So many open steps, a tenth of them overdue since yesterday."""
    by, template = User.objects.order_by("pk").first(), ApprovalTemplate.objects.get()
    departments = list(Department.objects.order_by("pk"))
    projects = unrecorded(LandedProject).bulk_create(
        LandedProject(name=f"measured project {number}", source="bench", band="B")
        for number in range(steps // A_PLAN)
    )
    plans = unrecorded(ApprovalPlan).bulk_create(
        ApprovalPlan(
            project=project,
            template=template,
            name=template.name,
            helper=by,
            began_on=bench_day() - timedelta(days=60),
            may_be_deemed=True,
            made_by=by,
        )
        for project in projects
    )
    for start in range(0, len(plans), 50):
        _steps(plans[start : start + 50], departments)
    overdue = ApprovalStep.objects.filter(due_on__lt=bench_day())
    return {"open": ApprovalStep.objects.open().count(), "due": overdue.count()}


def _steps(plans: list[ApprovalPlan], departments: list[Department]) -> None:
    made = unrecorded(ApprovalStep).bulk_create(
        _step(plan, number, departments[(plan.pk + number) % len(departments)])
        for plan in plans
        for number in range(A_PLAN)
    )
    late = [step for step in made if step.due_on and step.due_on < bench_day()]
    waiting = unrecorded(ApprovalStep).bulk_create(
        ApprovalStep(
            plan=step.plan,
            code=f"{step.code}-next",
            name=step.name,
            department=step.department,
            stage=step.stage,
            working_days=7,
            state=StepState.WAITING,
        )
        for step in late
    )
    unrecorded(StepDependency).bulk_create(
        StepDependency(step=after, on=on) for on, after in zip(late, waiting, strict=True)
    )


def _step(plan: ApprovalPlan, number: int, department: Department) -> ApprovalStep:
    days = -1 if number % DUE_OF == 0 else 1 + number
    return ApprovalStep(
        plan=plan,
        code=f"step-{number}",
        name="measured approval",
        department=department,
        stage="started",
        working_days=20,
        may_be_deemed=True,
        state=StepState.ACCEPTED,
        clock_from_on=bench_day() - timedelta(days=30),
        due_on=bench_day() + timedelta(days=days),
    )


def sweep() -> dict[str, Any]:
    """All that `run_approvals` does, in a process that has done nothing else."""
    began = time.perf_counter()
    result = run_approvals(_morning())
    seconds = time.perf_counter() - began
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {
        "seconds": seconds,
        "deemed": result.deemed,
        "opened": result.opened,
        "megabytes": most,
    }


def _morning() -> datetime:
    return timezone.make_aware(datetime.combine(bench_day(), hour(10)))


def bare() -> dict[str, float]:
    """The same steps, by the driver alone in the same sets: UPDATE, and INSERT of their events.

    All of it is taken back.
    """
    keys = list(ApprovalStep.objects.filter(is_deemed=True).order_by("pk").values_list("pk"))
    steps = [key for (key,) in keys]
    with transaction.atomic(), connection.cursor() as cursor:
        StepEvent.objects.filter(kind="deemed").delete()
        cursor.execute(
            "UPDATE services_approvalstep SET state = 'accepted', is_deemed = false, "
            "deemed_on = NULL, decided_on = NULL, decided_at = NULL WHERE id = ANY(%s)",
            [steps],
        )
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        seconds = _write(cursor.cursor, steps)
        transaction.set_rollback(True)
    return {"seconds": seconds, "rows": len(steps)}


def _write(cursor: Any, steps: list[int]) -> float:
    now, today, detail = _morning(), bench_day(), json.dumps({"due_on": "2026-01-01"})
    began = time.perf_counter()
    for start in range(0, len(steps), SET):
        some = steps[start : start + SET]
        cursor.execute(_UPDATE, [today, today, now, now, some])
        values = [
            value
            for step in some
            for value in (step, "deemed", "accepted", "deemed", "", detail, now)
        ]
        cursor.execute(f"{_INSERT} {', '.join([_ROW] * len(some))}", values)
    return time.perf_counter() - began


VERBS = {"prepare": prepare, "sweep": sweep, "bare": bare}
