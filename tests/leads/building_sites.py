"""What the tests of construction share: a project, its milestones reached, why one was refused."""

from datetime import date, timedelta
from typing import Any

import pytest
from django.utils import timezone

from kfq_crm.base.errors import GateNotMet, RuleViolation
from leads.actions.construction import (
    accept_building,
)
from leads.actions.landing import meet_milestone, milestones_of, open_project
from leads.models import (
    Building,
    LandedProject,
    Milestone,
)
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import (
    a_uscc,
    counted_contract,
    lead_in,
    open_milestone_gate,
)

TODAY = timezone.localdate()
CODE = "2603-321282-04-01-123456"


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def a_project(cast: Cast, *, is_lease: bool = False) -> LandedProject:
    lead = lead_in(Stage.SIGNED, by=cast.member_a, uscc=a_uscc(1))
    return open_project(contract=counted_contract(lead), by=cast.member_a, is_lease=is_lease)


def meet(project: LandedProject, kind: str, by: Any, days_ago: int = 0, **values: Any) -> Milestone:
    told = {"evidence": "批文", "project_code": CODE, **values}
    return meet_milestone(project=project, kind=kind, actual_on=ago(days_ago), by=by, **told)


def reach(project: LandedProject, last: str, by: Any) -> LandedProject:
    """Ten days between one milestone and the next, the first a hundred days ago."""
    for place, kind in enumerate(milestones_of(project)):
        days = 100 - 10 * place
        meet(project, kind, by, days, **open_milestone_gate(project, kind, by=by, day=ago(days)))
        if kind == last:
            break
    project.refresh_from_db()
    return project


def refusal_of(call: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field


def missing_of(call: Any) -> list[str]:
    with pytest.raises(GateNotMet) as refusal:
        call()
    return [requirement.code for requirement in refusal.value.missing]


def accept(building: Building, by: Any, days_ago: int = 0, **values: Any) -> Building:
    told = {"acceptance_paper": "验收备案表1号", "accepted_on": ago(days_ago), **values}
    return accept_building(building=building, by=by, **told)
