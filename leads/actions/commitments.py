"""Promises of a contract: measured, judged, amended. Nothing that was found is ever overwritten."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns, fill
from kfq_crm.base.errors import RuleViolation
from leads.actions.files import attach_files
from leads.actions.outlooks import set_outlook
from leads.dates import check_not_future
from leads.models import (
    Commitment,
    CommitmentMeasure,
    CommitmentVerdict,
    Fulfilment,
    Lead,
    LookBack,
)
from leads.permissions import NotAllowed, require_work, rights_over
from leads.promises import FINAL, counted_from

if TYPE_CHECKING:
    from django.core.files.base import File

    from kfq_crm.base.models import User

PROMISE_FIELDS = {"metric", "promised", "unit", "due_on", "clause", "starts_on"}
MEASURE_FIELDS = {"measured_on", "value", "evidence"}
VERDICT_FIELDS = {"verdict", "actual", "judged_on", "evidence", "reason"}
Uploads = Iterable["File[bytes]"]


@transaction.atomic
def amend_commitment(
    *,
    commitment: Commitment,
    values: Mapping[str, Any],
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Commitment:
    """Change what was promised, as both sides agreed; the words before stay in the history.

    A promise that was judged stands open again, with its verdicts on record: the team's head or
    the coordination office alone may do that. Who promises is never changed.
    """
    lead, promise = lock_promise(commitment, by, expected)
    require_work(by, lead)
    if promise.verdict:
        _require_lead_of(by, lead)
    if not reason.strip():
        raise RuleViolation("reason_missing", _("Say why the promise is amended."), "amend_reason")
    fill(promise, PROMISE_FIELDS, values)
    check_promise(promise)
    promise.verdict, promise.actual, promise.judged_on = "", None, None
    set_outlook(promise, timezone.localdate(now))
    promise._change_reason = reason.strip()[:100]  # type: ignore[attr-defined]  # read by simple-history
    concurrency.touch(lead, by=by)
    return concurrency.save(promise, by=by)


@transaction.atomic
def record_measure(
    *,
    commitment: Commitment,
    values: Mapping[str, Any],
    by: User,
    uploads: Uploads = (),
    now: datetime | None = None,
) -> CommitmentMeasure:
    """Put on record how much of a promise was delivered by a day, reckoned from its beginning."""
    lead, promise = lock_promise(commitment, by)
    require_work(by, lead)
    today = timezone.localdate(now)
    _check_measurable(promise)
    measure = CommitmentMeasure(
        commitment=promise, recorded_by=by, recorded_at=now or timezone.now()
    )
    fill(measure, MEASURE_FIELDS, values)
    _check_measure(measure, today)
    measure.save(force_insert=True)
    measure.files.set(attach_files(lead=lead, uploads=uploads, by=by, contract=promise.contract))
    _take_over_newest(promise, today)
    concurrency.touch(lead, by=by)
    concurrency.save(promise, by=by)
    return measure


@transaction.atomic
def withdraw_measure(
    *, measure: CommitmentMeasure, reason: str, by: User, now: datetime | None = None
) -> CommitmentMeasure:
    """Take a wrong value out of the reckoning; it stays readable, with who, when and why."""
    lead, promise = lock_promise(measure.commitment, by)
    require_work(by, lead)
    locked = CommitmentMeasure.objects.select_for_update(no_key=True).get(pk=measure.pk)
    if locked.recorded_by_id != by.pk and not rights_over(by, lead).move:
        raise NotAllowed(
            "not_allowed", _("Only who recorded the value or who leads this project may do this.")
        )
    if locked.withdrawn_at:
        raise RuleViolation("withdrawn", _("This value has been withdrawn already."))
    locked.withdrawn_reason = reason.strip()
    if not locked.withdrawn_reason:
        raise RuleViolation("reason_missing", _("Say what is wrong with the value."), "reason")
    check_columns(locked)
    locked.withdrawn_by, locked.withdrawn_at = by, now or timezone.now()
    locked.save(force_update=True)
    _take_over_newest(promise, timezone.localdate(now))
    concurrency.touch(lead, by=by)
    concurrency.save(promise, by=by)
    return locked


@transaction.atomic
def judge_commitment(
    *,
    commitment: Commitment,
    values: Mapping[str, Any],
    by: User,
    look_back: LookBack | None = None,
    uploads: Uploads = (),
    expected: int | None = None,
    now: datetime | None = None,
) -> CommitmentVerdict:
    """Say what became of a promise: kept, partly, not, or released from it.

    Always a new row beside the earlier ones. Released needs the team's head or the coordination
    office. RuleViolation for a verdict that the amounts contradict, without evidence or reason,
    on a day to come or before the last verdict, and for a look-back that is over or another
    contract's. Two at once: with `expected` the second meets VersionConflict.
    """
    lead, promise = lock_promise(commitment, by, expected)
    require_work(by, lead)
    today = timezone.localdate(now)
    found = CommitmentVerdict(
        commitment=promise,
        look_back=look_back and _open_look_back(look_back, promise, by),
        promised=promise.promised,
        promised_for=promise.due_on,
        judged_on=today,
        recorded_by=by,
        recorded_at=now or timezone.now(),
    )
    fill(found, VERDICT_FIELDS, values)
    earlier = promise.verdicts.order_by("-number").first()
    found.number = earlier.number + 1 if earlier else 1
    _check_verdict(found, earlier, today)
    if found.verdict == Fulfilment.RELEASED:
        _require_lead_of(by, lead)
    found.save(force_insert=True)
    found.files.set(attach_files(lead=lead, uploads=uploads, by=by, contract=promise.contract))
    promise.verdict, promise.actual = found.verdict, found.actual
    promise.judged_on = found.judged_on
    set_outlook(promise, today)
    concurrency.touch(lead, by=by)
    concurrency.save(promise, by=by)
    return found


def check_promise(promise: Commitment) -> None:
    """Refuse what is no promise; `contract` is loaded."""
    check_columns(promise)
    if promise.promised is not None and promise.promised <= 0:
        raise RuleViolation("amount", _("The amount must be above zero."), "promised")
    if promise.promised is not None and not promise.unit:
        raise RuleViolation("unit_missing", _("Say in which unit the amount is."), "unit")
    if promise.due_on and promise.due_on < counted_from(promise):
        field = "starts_on" if promise.starts_on else "due_on"
        raise RuleViolation(
            "due_before_start", _("It cannot be due before it is counted from."), field
        )


def lock_promise(
    commitment: Commitment, by: User, expected: int | None = None
) -> tuple[Lead, Commitment]:
    """Lead and promise, locked in this order as every action does; hidden raises DoesNotExist."""
    lead = concurrency.lock(Lead.objects.visible_to(by), commitment.contract.lead_id)
    locked = concurrency.lock(Commitment.objects.visible_to(by), commitment.pk, expected)
    return lead, locked


def _require_lead_of(by: User, lead: Lead) -> None:
    if not rights_over(by, lead).reassign:
        raise NotAllowed(
            "not_allowed", _("Only the team head or the coordination office may do this.")
        )


# --- Measures ---------------------------------------------------------------------------------


def _check_measurable(promise: Commitment) -> None:
    if promise.promised is None:
        raise RuleViolation(
            "no_amount",
            _("No amount is promised, so there is nothing to measure; judge it instead."),
        )
    if promise.verdict in FINAL:
        raise RuleViolation("judged", _("This promise has been settled."))


def _check_measure(measure: CommitmentMeasure, today: date) -> None:
    for name in ("measured_on", "value"):
        if getattr(measure, name) is None:
            raise RuleViolation("missing", _("This is needed."), name)
    check_columns(measure)
    check_not_future(measure.measured_on, today, "measured_on")
    if measure.measured_on < counted_from(measure.commitment):
        raise RuleViolation(
            "before_start", _("This lies before the day from which it is counted."), "measured_on"
        )
    if measure.value < 0:
        raise RuleViolation("amount", _("The value cannot be below zero."), "value")
    same_day = measure.commitment.measures.filter(
        measured_on=measure.measured_on, withdrawn_at=None
    )
    if same_day.exists():
        raise RuleViolation(
            "measured",
            _("A value of that day is on record; withdraw it first if it is wrong."),
            "measured_on",
        )


def _take_over_newest(promise: Commitment, today: date) -> None:
    newest = promise.measures.filter(withdrawn_at=None).order_by("-measured_on").first()
    promise.measured = newest.value if newest else None
    promise.measured_on = newest.measured_on if newest else None
    set_outlook(promise, today)


# --- Verdicts ---------------------------------------------------------------------------------


def _open_look_back(look_back: LookBack, promise: Commitment, by: User) -> LookBack:
    """Held until the verdict is written: whoever concludes it in the same second waits."""
    locked = concurrency.lock(LookBack.objects.visible_to(by), look_back.pk)
    if locked.is_held:
        raise RuleViolation("look_back_over", _("This look-back has been concluded."))
    if promise.contract_id != locked.contract_id and (
        promise.contract.expands_id != locked.contract_id
    ):
        raise ValueError("a look-back goes through the promises of its own contract")
    return locked


def _check_verdict(
    found: CommitmentVerdict, earlier: CommitmentVerdict | None, today: date
) -> None:
    check_columns(found)
    check_not_future(found.judged_on, today, "judged_on")
    first = earlier.judged_on if earlier else found.commitment.contract.signed_on
    if found.judged_on < first:
        raise RuleViolation(
            "verdict_day", _("This lies before the signing or the last verdict."), "judged_on"
        )
    if found.verdict != Fulfilment.RELEASED:
        _check_amount(found)
    if found.verdict in (Fulfilment.MET, Fulfilment.PARTLY) and not found.evidence:
        raise RuleViolation("evidence_missing", _("Name the paper that proves it."), "evidence")
    if not found.reason and (earlier or found.verdict != Fulfilment.MET):
        message = (
            _("Say why the verdict differs from the last one, or what is new.")
            if earlier
            else _("Say why.")
        )
        raise RuleViolation("reason_missing", message, "reason")


def _check_amount(found: CommitmentVerdict) -> None:
    if found.actual is not None and found.actual < 0:
        raise RuleViolation("amount", _("The value cannot be below zero."), "actual")
    if found.promised is None:
        return
    if found.actual is None:
        raise RuleViolation("actual_missing", _("Enter how much was delivered."), "actual")
    if found.verdict == Fulfilment.MET and found.actual < found.promised:
        raise RuleViolation(
            "below_promise",
            _("Less than promised was delivered: it is not kept in full."),
            "actual",
        )
    if found.verdict == Fulfilment.NOT_MET and found.actual >= found.promised:
        raise RuleViolation(
            "promise_reached",
            _("The whole amount was delivered; if it came late, it is partly kept."),
            "actual",
        )
    if found.verdict == Fulfilment.PARTLY and found.actual == Decimal(0):
        raise RuleViolation("nothing_delivered", _("Nothing was delivered: not kept."), "actual")
