"""The first lines of every verb on a step, and the lines that it leaves in the step's history."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.dates import check_not_future
from services.models import ApprovalPlan, ApprovalStep, EventKind, PlanState, StepEvent, StepState

if TYPE_CHECKING:
    from kfq_crm.base.models import User


def lock_step(step: ApprovalStep, by: User, expected: int | None) -> ApprovalStep:
    """The step, locked after its plan: two steps that close together open what waits for both.

    DoesNotExist when hidden, VersionConflict, RuleViolation in a plan that was given up.
    """
    plan = concurrency.lock(ApprovalPlan.objects.visible_to(by), step.plan_id)
    locked = concurrency.lock(ApprovalStep.objects.all(), step.pk, expected)
    locked.plan = plan
    if plan.state == PlanState.STOPPED:
        raise RuleViolation("plan_closed", _("This plan was given up."))
    return locked


def require_state(step: ApprovalStep, *states: StepState) -> None:
    """RuleViolation that says what the step is now; of one granted by default, since when, why."""
    if step.state in states:
        return
    if step.state == StepState.DEEMED and step.due_on and step.deemed_on:
        raise RuleViolation(
            "deemed",
            _(
                "This step was granted by default on %(day)s: its limit ended on %(due)s. The"
                " authority may confirm or object."
            )
            % {
                "day": date_format(step.deemed_on, "DATE_FORMAT"),
                "due": date_format(step.due_on, "DATE_FORMAT"),
            },
        )
    raise RuleViolation(
        "step_state",
        _("This cannot be done while the step is “%(state)s”.")
        % {"state": step.get_state_display()},
    )


def day_of(day: date | None, now: datetime | None, field: str, *, not_before: date | None) -> date:
    """The day that was entered, or today; neither in the future nor before what came before."""
    today = timezone.localdate(now)
    day = day or today
    check_not_future(day, today, field)
    if not_before and day < not_before:
        raise RuleViolation(
            "too_early",
            _("This cannot lie before %(day)s.") % {"day": date_format(not_before, "DATE_FORMAT")},
            field,
        )
    return day


def required_text(text: str, field: str) -> str:
    """A reason without its blanks; RuleViolation when nothing is left."""
    text = text.strip()
    if not text:
        raise RuleViolation("reason_missing", _("Give the reason."), field)
    return text


def record_event(
    step: ApprovalStep,
    kind: EventKind,
    *,
    from_state: str,
    by: User | None,
    now: datetime | None,
    reason: str = "",
    **detail: Any,
) -> StepEvent:
    """One line of the step's history; days in `detail` become text of ISO 8601."""
    event = StepEvent(
        step=step,
        kind=kind,
        from_state=from_state,
        to_state=step.state,
        reason=reason,
        detail={name: _plain(value) for name, value in detail.items() if value not in (None, "")},
        at=now or timezone.now(),
        by=by,
    )
    event.save(force_insert=True)
    return event


def record_events(
    steps: Iterable[int],
    kind: EventKind,
    *,
    from_state: str,
    to_state: str,
    now: datetime,
    by: User | None = None,
    reason: str = "",
) -> None:
    """The same line for many steps, by their keys."""
    StepEvent.objects.bulk_create(
        (
            StepEvent(
                step_id=pk,
                kind=kind,
                from_state=from_state,
                to_state=to_state,
                reason=reason,
                at=now,
                by=by,
            )
            for pk in steps
        ),
        batch_size=500,
    )


def _plain(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Collection) and not isinstance(value, str):
        return list(value)
    return value
