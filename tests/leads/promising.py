"""Contracts with promises, and milestones that were reached, for tests of looking back."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from leads.actions.commitments import judge_commitment, record_measure
from leads.actions.contracts import add_commitment
from leads.actions.look_backs import schedule_look_backs
from leads.models import (
    Commitment,
    CommitmentMeasure,
    CommitmentVerdict,
    Contract,
    LandedProject,
    LookBack,
    LookBackRule,
    Milestone,
    PaceRule,
)
from leads.stages import Stage
from tests.factories import counted_contract, lead_in

TODAY = timezone.localdate()
LONG_AGO = date(2020, 1, 1)


def ago(days: int) -> date:
    return timezone.localdate() - timedelta(days=days)


def ahead(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def rules(*pairs: tuple[str, int, int]) -> None:
    """Rules on look-backs: milestone, number, months; and the rule on the pace."""
    for after, number, months in pairs or (("completed", 1, 6), ("producing", 1, 12)):
        LookBackRule.objects.create(valid_from=LONG_AGO, after=after, number=number, months=months)
    PaceRule.objects.create(
        valid_from=LONG_AGO, behind_points=10, far_behind_points=30, stale_months=6
    )


def a_signed_contract(by: User, signed_days_ago: int = 400, **lead: Any) -> Contract:
    """A counted contract, signed so many days ago."""
    contract = counted_contract(lead_in(Stage.SIGNED, by=by, **lead))
    with transaction.atomic():
        Contract.objects.filter(pk=contract.pk).update(signed_on=ago(signed_days_ago))
    contract.refresh_from_db()
    return contract


def a_promise(contract: Contract, by: User, **values: Any) -> Commitment:
    """Of 300 employed by a day to come, unless told otherwise."""
    values = {
        "side": "investor",
        "metric": "新增就业",
        "promised": Decimal(300),
        "unit": "人",
        "due_on": ahead(100),
        **values,
    }
    return add_commitment(contract=contract, values=values, by=by)


def measure(promise: Commitment, value: Any, by: User, **values: Any) -> CommitmentMeasure:
    values = {"measured_on": ago(0), "value": value, "evidence": "社保缴纳名册", **values}
    return record_measure(commitment=promise, values=values, by=by)


def judge(promise: Commitment, verdict: str, by: User, **values: Any) -> CommitmentVerdict:
    options = {name: values.pop(name) for name in ("look_back", "expected") if name in values}
    said = {"verdict": verdict, "evidence": "核查记录", "reason": "现场核查", **values}
    return judge_commitment(commitment=promise, values=said, by=by, **options)


def reach(contract: Contract, kind: str, day: date) -> LandedProject:
    """The contract's project, with a milestone reached on that day; whatever the gates ask for."""
    with transaction.atomic():
        project, _made = LandedProject.objects.get_or_create(
            contract=contract,
            defaults={
                "name": contract.lead.title,
                "chain": contract.lead.chain,
                "enterprise": contract.lead.enterprise,
            },
        )
        Milestone.objects.update_or_create(
            project=project, kind=kind, defaults={"is_reached": True, "actual_on": day}
        )
    return project


def a_look_back(contract: Contract, months_ago: int = 0) -> LookBack:
    """The first look-back after completion, due about so many months ago; needs `rules`."""
    reach(contract, "completed", ago(183 + 31 * months_ago))
    schedule_look_backs()
    return contract.look_backs.get(after="completed", number=1)


def refusal_of(call: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field
