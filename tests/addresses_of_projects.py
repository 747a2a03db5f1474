"""What landed projects and their promises have, for every address that opens one."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from kfq_crm.base.models import (
    User,
)
from leads.actions.commitments import judge_commitment, record_measure
from leads.actions.project_facts import set_flag
from leads.actions.rectifications import order_rectification
from leads.models import (
    CapacityRule,
    Commitment,
    LagRule,
    LookBack,
    LookBackRule,
    OutputPeriod,
    PaceRule,
    ProgressReport,
    ProgressRule,
    ServicePromise,
    WorksTerm,
)
from tests.canaries import CANARIES, World
from tests.factories import (
    a_building,
    a_permit,
)


def add_promises(world: World, promise: Commitment, by: User) -> None:
    """What is found of a promise, and the rules on it."""
    said, day = CANARIES, timezone.localdate()
    later = day + timedelta(days=30)
    measured = {"measured_on": day, "value": "0.1", "evidence": said["measured value"]}
    with transaction.atomic():
        look_back = LookBack.objects.create(
            contract=promise.contract,
            after="completed",
            number=1,
            months=3,
            milestone_on=day,
            due_on=day,
        )
    world.records |= {
        "promise": promise,
        "measure": record_measure(commitment=promise, values=measured, by=by),
        "look_back": look_back,
        "rectification": order_rectification(
            commitment=promise, task=said["rectification"], owner=by, due_on=later, by=by
        ),
        "look_back_rule": LookBackRule.objects.create(
            valid_from=later, after="completed", number=1, months=3
        ),
        "pace_rule": PaceRule.objects.create(
            valid_from=later, behind_points=10, far_behind_points=30, stale_months=6
        ),
    }
    said_of_it = {"verdict": "not_met", "actual": 0, "reason": said["verdict"]}
    judge_commitment(commitment=promise, values=said_of_it, by=by)


def add_construction(world: World, by: User) -> None:
    """What the project builds; it has not started, so that its report stands by itself."""
    project, said, day = world.records["project"], CANARIES, timezone.localdate()
    later = day + timedelta(days=30)
    world.records |= {
        "permit": a_permit(project, by=by, number=said["permit"]),
        "building": a_building(project, by=by, name=said["building"]),
        "flag": set_flag(
            project=project, kind="in_statistics", since_on=day, paper=said["listing"], by=by
        ),
        "period": OutputPeriod.objects.create(
            project=project, starts_on=day, ends_on=later, output=1, tax=1, paper="统计表"
        ),
        "service_promise": ServicePromise.objects.create(
            valid_from=later, interval="start_on_land", working_days=3
        ),
        "lag_rule": LagRule.objects.create(valid_from=later, yellow_from=5, red_over=20),
        "progress_rule": ProgressRule.objects.create(valid_from=later, due_day=8),
        "capacity_rule": CapacityRule.objects.create(valid_from=later, months=6),
        "works_term": WorksTerm.objects.create(
            valid_from=later, name="桩基", counts=True, words="桩基"
        ),
    }
    with transaction.atomic():
        world.records["progress"] = ProgressReport.objects.create(
            project=project,
            month=day.replace(day=1),
            percent=5,
            invested=1,
            summary=said["progress"],
            reported_by=by,
            reported_at=timezone.now(),
        )
