"""After an approval by default: the authority's word on it, the settlement, the paper itself."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation
from services.actions.clock import reckon
from services.actions.journal import (
    day_of,
    lock_step,
    record_event,
    record_events,
    require_state,
    required_text,
)
from services.actions.papers import Upload, keep_file
from services.models import (
    ApprovalStep,
    DeemedVerdict,
    EventKind,
    PaperTask,
    PlanState,
    StepState,
)
from services.permissions import require_decide, require_settle

if TYPE_CHECKING:
    from kfq_crm.base.models import User

SAID = {"deemed_verdict", "deemed_reason"}


@transaction.atomic
def confirm_deemed(
    *,
    step: ApprovalStep,
    by: User,
    note: str = "",
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """The authority confirms what the system recorded; it may do so after objecting as well."""
    locked = _lock_deemed(step, by, expected)
    require_decide(by, locked)
    if locked.deemed_verdict not in ("", DeemedVerdict.OBJECTED):
        raise RuleViolation("said", _("The authority has said its word on this step."))
    locked.deemed_verdict, locked.deemed_reason = DeemedVerdict.CONFIRMED, note.strip()
    _say(locked, EventKind.CONFIRMED, by=by, now=now)
    return concurrency.save(locked, by=by, fields=SAID)


@transaction.atomic
def object_to_deemed(
    *,
    step: ApprovalStep,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """The authority objects, with its reason. The approval stands until the coordination office
    has settled it, and so does all that began after it."""
    locked = _lock_deemed(step, by, expected)
    require_decide(by, locked)
    if locked.deemed_verdict:
        raise RuleViolation("said", _("The authority has said its word on this step."))
    locked.deemed_reason = required_text(reason, "reason")
    locked.deemed_verdict = DeemedVerdict.OBJECTED
    _say(locked, EventKind.OBJECTED, by=by, now=now)
    return concurrency.save(locked, by=by, fields=SAID)


@transaction.atomic
def settle_objection(
    *,
    step: ApprovalStep,
    upheld: bool,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> ApprovalStep:
    """The coordination office decides: the approval stands, or it is set aside.

    Set aside, the step is before the authority again, with a new limit from today, and is never
    granted by default any more; steps that could begin after it and were not submitted wait
    again. What was submitted goes on.
    """
    locked = _lock_deemed(step, by, expected)
    require_settle(by)
    if locked.deemed_verdict != DeemedVerdict.OBJECTED:
        raise RuleViolation("no_objection", _("Nobody has objected to this approval."))
    moment = now or timezone.now()
    reason = required_text(reason, "reason")
    locked.deemed_verdict = DeemedVerdict.UPHELD if upheld else DeemedVerdict.SET_ASIDE
    if not upheld:
        _set_aside(locked, moment, by)
    _say(locked, EventKind.SETTLED, by=by, now=now, settled=locked.deemed_verdict, reason=reason)
    return concurrency.save(locked, by=by)


@transaction.atomic
def issue_paper(
    *,
    task: PaperTask,
    number: str,
    by: User,
    upload: Upload | None = None,
    issued_on: date | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> PaperTask:
    """Record the paper of an approval granted by default; within one working day is the rule."""
    step = ApprovalStep.objects.visible_to(by).get(pk=task.step_id)
    locked = lock_step(step, by, None)
    require_decide(by, locked)
    row = concurrency.lock(PaperTask.objects.visible_to(by), task.pk, expected)
    require_state(locked, StepState.DEEMED)
    if row.issued_on:
        raise RuleViolation("issued", _("This paper has been issued."))
    number = number.strip()
    if not number:
        raise RuleViolation("number_missing", _("Enter the number of the approval."), "number")
    row.number = locked.paper_number = number
    row.issued_on = day_of(issued_on, now, "issued_on", not_before=locked.deemed_on)
    row.issued_by = by
    check_columns(row, {"number"})
    row.file = keep_file(locked, upload, by) if upload is not None else None
    record_event(
        locked,
        EventKind.ISSUED,
        from_state=locked.state,
        by=by,
        now=now,
        number=number,
        issued_on=row.issued_on,
    )
    concurrency.save(locked, by=by, fields={"paper_number"})
    return concurrency.save(row, by=by)


def _lock_deemed(step: ApprovalStep, by: User, expected: int | None) -> ApprovalStep:
    locked = lock_step(step, by, expected)
    if locked.state != StepState.DEEMED:
        raise RuleViolation("not_deemed", _("This step was not granted by default."))
    return locked


def _say(
    step: ApprovalStep,
    kind: EventKind,
    *,
    by: User,
    now: datetime | None,
    settled: str = "",
    reason: str = "",
) -> None:
    record_event(
        step,
        kind,
        from_state=StepState.DEEMED,
        by=by,
        now=now,
        reason=reason or step.deemed_reason,
        settled=settled,
    )


def _set_aside(step: ApprovalStep, now: datetime, by: User) -> None:
    today = timezone.localdate(now)
    step.state, step.may_be_deemed = StepState.ACCEPTED, False
    step.decided_on = step.decided_at = step.decided_by = None
    step.clock_from_on = today
    reckon(step)
    PaperTask.objects.filter(step=step, issued_on=None).update(dropped_on=today, updated_at=now)
    if step.plan.state == PlanState.DONE:
        step.plan.state, step.plan.closed_on = PlanState.OPEN, None
        concurrency.save(step.plan, by=by, fields={"state", "closed_on"})
    _close_again(step, now, by)


def _close_again(step: ApprovalStep, now: datetime, by: User) -> None:
    begun = ApprovalStep.objects.filter(dependencies__on=step, state=StepState.READY)
    pks = list(begun.order_by("pk").values_list("pk", flat=True))
    ApprovalStep.objects.filter(pk__in=pks).update(
        state=StepState.WAITING,
        opened_on=None,
        version=F("version") + 1,
        updated_at=now,
    )
    record_events(
        pks,
        EventKind.CLOSED_AGAIN,
        from_state=StepState.READY,
        to_state=StepState.WAITING,
        now=now,
        by=by,
        reason=step.name,
    )
