"""Rectification (整改): somebody puts a missed promise right by a day, and proves it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.actions.commitments import judge_commitment, lock_promise
from leads.actions.files import attach_files
from leads.models import Commitment, CommitmentVerdict, Lead, LookBack, Rectification
from leads.models.lookback import RectificationState
from leads.permissions import NotAllowed, require_work, rights_over, works_on
from leads.promises import FINAL

if TYPE_CHECKING:
    from django.core.files.base import File

    from kfq_crm.base.models import User


@transaction.atomic
def order_rectification(
    *,
    commitment: Commitment,
    task: str,
    owner: User | None,
    due_on: date | None,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Rectification:
    """Give a missed promise, or one that is about to be missed, to somebody with a day.

    It follows from the promise's newest verdict, if there is one. Two at once: with `expected`
    the second meets VersionConflict.
    """
    lead, promise = lock_promise(commitment, by, expected)
    require_work(by, lead)
    today = timezone.localdate(now)
    if promise.verdict in FINAL:
        raise RuleViolation("settled", _("This promise has been settled; nothing is to be done."))
    if not task.strip():
        raise RuleViolation("task_missing", _("Say what is to be put right."), "task")
    ordered = Rectification(
        commitment=promise,
        verdict=promise.verdicts.order_by("-number").first(),
        task=task.strip(),
        owner=_checked_owner(owner, lead),
        due_on=_checked_day(due_on, today),
        opened_on=today,
        opened_by=by,
    )
    concurrency.create(ordered, by=by)
    concurrency.touch(promise, by=by)
    concurrency.touch(lead, by=by)
    return ordered


@transaction.atomic
def judge_with_rectification(
    *,
    commitment: Commitment,
    values: Mapping[str, Any],
    task: Mapping[str, Any],
    by: User,
    look_back: LookBack | None = None,
    uploads: Iterable[File[bytes]] = (),
    expected: int | None = None,
    now: datetime | None = None,
) -> CommitmentVerdict:
    """`judge_commitment`, and for a missed promise at once the task that puts it right, if one is
    named (`task`, `owner`, `due_on`): both or neither."""
    found = judge_commitment(
        commitment=commitment,
        values=values,
        by=by,
        look_back=look_back,
        uploads=uploads,
        expected=expected,
        now=now,
    )
    wanted = any(task.get(name) for name in ("task", "owner", "due_on"))
    if wanted and found.verdict not in FINAL:
        order_rectification(
            commitment=commitment,
            task=task.get("task") or "",
            owner=task.get("owner"),
            due_on=task.get("due_on"),
            by=by,
            now=now,
        )
    return found


@transaction.atomic
def change_rectification(
    *,
    rectification: Rectification,
    owner: User | None,
    due_on: date | None,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Rectification:
    """Hand an open task to somebody else or move its day, with a reason; the history keeps both.

    By whoever leads the project: nobody moves his or her own day alone.
    """
    lead, locked = _lock(rectification, by, expected)
    if not rights_over(by, lead).move:
        raise NotAllowed(
            "not_allowed",
            _("Only the person in charge, the team head or the coordination office may do this."),
        )
    _check_open(locked)
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why it is changed."), "reason")
    if due_on != locked.due_on:
        locked.due_on = _checked_day(due_on, timezone.localdate(now))
        locked.due_revision += 1
    locked.owner = _checked_owner(owner, lead)
    locked.change_reason = reason.strip()
    concurrency.touch(lead, by=by)
    return concurrency.save(locked, by=by)


@transaction.atomic
def complete_rectification(
    *,
    rectification: Rectification,
    result: str,
    evidence: str,
    by: User,
    uploads: Iterable[File[bytes]] = (),
    expected: int | None = None,
    now: datetime | None = None,
) -> Rectification:
    """Report a task as done, with its evidence. The promise keeps its verdict until somebody
    judges it anew."""
    lead, locked = _lock(rectification, by, expected)
    require_work(by, lead)
    _check_open(locked)
    if not result.strip():
        raise RuleViolation("result_missing", _("Say what was done."), "result")
    if not evidence.strip():
        raise RuleViolation("evidence_missing", _("Name the paper that proves it."), "evidence")
    locked.evidence = evidence.strip()
    _close(locked, RectificationState.DONE, result, by, now)
    contract = locked.commitment.contract
    locked.files.set(attach_files(lead=lead, uploads=uploads, by=by, contract=contract))
    concurrency.touch(lead, by=by)
    return locked


@transaction.atomic
def cancel_rectification(
    *,
    rectification: Rectification,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Rectification:
    """Take a task back that makes no sense any more, with a reason."""
    lead, locked = _lock(rectification, by, expected)
    if not rights_over(by, lead).move:
        raise NotAllowed(
            "not_allowed",
            _("Only the person in charge, the team head or the coordination office may do this."),
        )
    _check_open(locked)
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why it is taken back."), "reason")
    _close(locked, RectificationState.CANCELLED, reason, by, now)
    concurrency.touch(lead, by=by)
    return locked


def _lock(
    rectification: Rectification, by: User, expected: int | None
) -> tuple[Lead, Rectification]:
    lead_id = rectification.commitment.contract.lead_id
    lead = concurrency.lock(Lead.objects.visible_to(by), lead_id)
    rows = Rectification.objects.visible_to(by)
    return lead, concurrency.lock(rows, rectification.pk, expected)


def _close(
    locked: Rectification, state: RectificationState, result: str, by: User, now: datetime | None
) -> None:
    locked.state, locked.result = state, result.strip()
    locked.closed_on, locked.closed_by = timezone.localdate(now), by
    concurrency.save(locked, by=by)


def _check_open(rectification: Rectification) -> None:
    if not rectification.is_open:
        raise RuleViolation("closed", _("This task has been closed already."))


def _checked_owner(owner: User | None, lead: Lead) -> User:
    if owner is None:
        raise RuleViolation("owner_missing", _("Name who puts it right."), "owner")
    seen = Lead.objects.visible_to(owner).filter(pk=lead.pk).exists()
    if not (seen and works_on(owner, lead)):
        raise RuleViolation(
            "owner_outside", _("Choose somebody who works on this project."), "owner"
        )
    return owner


def _checked_day(due_on: date | None, today: date) -> date:
    if due_on is None or due_on < today:
        raise RuleViolation(
            "due_day", _("Give the day by which it is put right, from today on."), "due_on"
        )
    return due_on
