"""What begins when others have passed, and the end of a plan; for one step and for many alike."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from django.db.models import Exists, F, OuterRef
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from services.actions.journal import record_events
from services.models import (
    PASSED,
    ApprovalPlan,
    ApprovalStep,
    EventKind,
    PlanState,
    StepDependency,
    StepState,
)


def open_dependents(plans: Collection[int], now: datetime) -> int:
    """Let every waiting step begin of which all that it waits for has passed; how many.

    The plans must be locked: of two predecessors that pass at once, the second sees the first.
    """
    blocked = StepDependency.objects.filter(step=OuterRef("pk")).exclude(on__state__in=PASSED)
    waiting = ApprovalStep.objects.filter(plan__in=plans, state=StepState.WAITING)
    pks = list(waiting.exclude(Exists(blocked)).order_by("pk").values_list("pk", flat=True))
    if pks:
        ApprovalStep.objects.filter(pk__in=pks).update(
            state=StepState.READY,
            opened_on=timezone.localdate(now),
            version=F("version") + 1,
            updated_at=now,
        )
        record_events(
            pks,
            EventKind.OPENED,
            from_state=StepState.WAITING,
            to_state=StepState.READY,
            now=now,
        )
    return len(pks)


def require_opened(step: ApprovalStep) -> None:
    """RuleViolation that names what the step waits for: an earlier approval may have been set
    aside since it could begin."""
    waits_for = step.depends_on.exclude(state__in=PASSED).order_by("order", "pk")
    names = list(waits_for.values_list("name", flat=True))
    if names:
        message = _("This step waits for: %(steps)s.")
        raise RuleViolation("waits", message % {"steps": _(", ").join(names)})


def close_through(plans: Collection[int], now: datetime) -> int:
    """Close the open plans of which every step has passed; how many."""
    left = ApprovalStep.objects.filter(plan=OuterRef("pk")).exclude(state__in=PASSED)
    through = ApprovalPlan.objects.filter(pk__in=plans, state=PlanState.OPEN).exclude(Exists(left))
    pks = list(through.order_by("pk").values_list("pk", flat=True))
    if pks:
        ApprovalPlan.objects.filter(pk__in=pks).update(
            state=PlanState.DONE,
            closed_on=timezone.localdate(now),
            version=F("version") + 1,
            updated_at=now,
        )
    return len(pks)


def go_on(plan: ApprovalPlan, now: datetime | None) -> None:
    """After a step of this locked plan has passed."""
    moment = now or timezone.now()
    open_dependents([plan.pk], moment)
    close_through([plan.pk], moment)
