"""Contracts: recording, counting once, keeping every change of an amount."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns, fill
from kfq_crm.base.errors import RuleViolation
from leads.actions.claims import require_not_taken
from leads.actions.commitments import PROMISE_FIELDS, check_promise
from leads.actions.outlooks import set_outlook
from leads.dates import check_not_future
from leads.models import (
    Commitment,
    Contract,
    ContractAmountChange,
    ContractKind,
    LandedProject,
    Lead,
)
from leads.permissions import require_move, require_work
from leads.rulebook import band_of
from leads.stages import Stage

if TYPE_CHECKING:
    from kfq_crm.base.models import User

AMOUNTS = ("investment", "fixed_investment", "added_investment", "land_mu", "tax_per_mu")
CONTRACT_FIELDS = {
    "number",
    "kind",
    "signed_on",
    "our_party",
    "their_party",
    "investment",
    "fixed_investment",
    "currency",
    "land_mu",
    "planned_start_on",
    "planned_completion_on",
    "planned_production_on",
    "tax_per_mu",
    "breach_clauses",
    "legal_review_reference",
    "fair_competition_reference",
    "expands",
    "added_investment",
    "exclusion",
    "separate_reason",
}
COMMITMENT_FIELDS = {"side", *PROMISE_FIELDS}


@transaction.atomic
def record_contract(
    *, lead: Lead, values: Mapping[str, Any], by: User, now: datetime | None = None
) -> Contract:
    """Record a signed paper of a lead. A letter of intent or framework never counts.

    On a lead that is signed already, an expansion counts at once with its added amount.
    """
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk)
    require_move(by, locked)
    require_not_taken(locked, now)
    contract = Contract(lead=locked)
    _fill(contract, values, by, now)
    concurrency.create(contract, by=by)
    concurrency.touch(locked, by=by)
    if locked.stage == Stage.SIGNED:
        count_signing(locked, by=by)
    contract.refresh_from_db()
    return contract


@transaction.atomic
def update_contract(
    *,
    contract: Contract,
    values: Mapping[str, Any],
    by: User,
    expected: int | None,
    reason: str = "",
    now: datetime | None = None,
) -> Contract:
    """Change a contract; a change of an amount needs a reason and stays on record.

    The landed project shows the contract's amounts, so it changes along.
    """
    lead = concurrency.lock(Lead.objects.visible_to(by), contract.lead_id)
    require_move(by, lead)
    locked = concurrency.lock(Contract.objects.visible_to(by), contract.pk, expected)
    before = {name: getattr(locked, name) for name in AMOUNTS}
    currency, expands = locked.currency, locked.expands_id
    _fill(locked, values, by, now)
    _check_still_counts(locked, expands)
    changed = [name for name in AMOUNTS if getattr(locked, name) != before[name]]
    if currency != locked.currency:
        changed = [*changed, "currency"]
    _record_amounts(locked, changed, before, reason, by, now)
    concurrency.save(locked, by=by)
    concurrency.touch(lead, by=by)
    if changed:
        _carry_to_project(locked, by, timezone.localdate(now))
    if lead.stage == Stage.SIGNED:
        count_signing(lead, by=by)
        locked.refresh_from_db()
    return locked


@transaction.atomic
def add_commitment(
    *, contract: Contract, values: Mapping[str, Any], by: User, now: datetime | None = None
) -> Commitment:
    """Add a promise of either side."""
    lead = concurrency.lock(Lead.objects.visible_to(by), contract.lead_id)
    require_work(by, lead)
    locked = concurrency.lock(Contract.objects.visible_to(by), contract.pk)
    promise = Commitment(contract=locked)
    fill(promise, COMMITMENT_FIELDS, values)
    check_promise(promise)
    set_outlook(promise, timezone.localdate(now))
    concurrency.create(promise, by=by)
    concurrency.touch(locked, by=by)
    concurrency.touch(lead, by=by)
    return promise


def count_signing(lead: Lead, *, by: User) -> None:
    """Count what counts: the first investment agreement once, each expansion's added amount.

    Must run in the transaction that signs the lead. The database holds the rule as well.
    Raises RuleViolation when the company's signing was counted on another lead since the paper
    was recorded, and the paper does not say why it is another one.
    """
    _lock_papers_of(lead.enterprise_id)
    for contract in lead.contracts.filter(counted=False).order_by("signed_on", "pk"):
        if _counts(contract):
            if not contract.expands_id:
                _check_signed_before(contract, by)
            contract.counted = True
            concurrency.save(contract, by=by, fields={"counted"})


def _lock_papers_of(enterprise: int) -> None:
    """Two leads of one company that are signed in the same moment wait here in turn."""
    leads = Lead.objects.filter(enterprise=enterprise).values("pk")
    papers = Contract.objects.filter(lead__in=leads).order_by("pk")
    list(papers.select_for_update(no_key=True).values_list("pk"))


def _counts(contract: Contract) -> bool:
    complete = contract.legal_review_reference and contract.fair_competition_reference
    if contract.kind != ContractKind.INVESTMENT or contract.exclusion or not complete:
        return False
    if contract.expands_id:
        return bool(contract.expands and contract.expands.counted)
    return not contract.lead.contracts.filter(counted=True, expands=None).exists()


def _fill(contract: Contract, values: Mapping[str, Any], by: User, now: datetime | None) -> None:
    fill(contract, CONTRACT_FIELDS, values)
    check_columns(contract)
    check_not_future(contract.signed_on, timezone.localdate(now), "signed_on")
    _check_number(contract)
    _check_amounts(contract)
    _check_expansion(contract)
    _check_plan(contract)
    if contract.kind == ContractKind.INVESTMENT and not contract.expands_id:
        _check_signed_before(contract, by)


def _check_number(contract: Contract) -> None:
    if Contract.objects.filter(number=contract.number).exclude(pk=contract.pk).exists():
        raise RuleViolation("number_taken", _("A contract with this number exists."), "number")


def _check_amounts(contract: Contract) -> None:
    for name in AMOUNTS:
        value = getattr(contract, name)
        if value is not None and value <= 0:
            raise RuleViolation("amount", _("The amount must be above zero."), name)
    if contract.fixed_investment and contract.fixed_investment > contract.investment:
        raise RuleViolation(
            "fixed_above_total",
            _("Fixed investment cannot be above the total investment."),
            "fixed_investment",
        )


def _check_expansion(contract: Contract) -> None:
    if contract.expands_id and not contract.added_investment:
        raise RuleViolation(
            "added_missing", _("Give the amount that the expansion adds."), "added_investment"
        )
    if not contract.expands_id and contract.added_investment:
        raise RuleViolation("expands_missing", _("Name the contract that it expands."), "expands")
    first = contract.expands
    if first and first.pk == contract.pk:
        raise RuleViolation("expands_itself", _("A contract cannot expand itself."), "expands")
    if first and first.lead.enterprise_id != contract.lead.enterprise_id:
        raise RuleViolation("expands_other", _("That is another company's contract."), "expands")


def _check_plan(contract: Contract) -> None:
    plan = ("planned_start_on", "planned_completion_on", "planned_production_on")
    days = [(name, getattr(contract, name)) for name in plan if getattr(contract, name)]
    for (_first, earlier), (name, later) in pairwise(days):
        if later < earlier:
            raise RuleViolation("plan_order", _("This lies before the step before it."), name)


def _check_still_counts(contract: Contract, expands: int | None) -> None:
    if not contract.counted:
        return
    if contract.kind != ContractKind.INVESTMENT or contract.exclusion:
        raise RuleViolation("counted", _("A counted signing cannot be taken back."), "kind")
    if contract.expands_id != expands:
        raise RuleViolation("counted", _("A counted signing cannot be taken back."), "expands")
    if not contract.legal_review_reference or not contract.fair_competition_reference:
        raise RuleViolation(
            "counted",
            _("A counted signing keeps its references."),
            "fair_competition_reference"
            if contract.legal_review_reference
            else "legal_review_reference",
        )


def _carry_to_project(contract: Contract, by: User, today: date) -> None:
    project = LandedProject.objects.filter(contract=contract).first()
    if project:
        locked = concurrency.lock(LandedProject.objects.all(), project.pk)
        locked.investment, locked.currency = contract.investment, contract.currency
        locked.band = band_of(contract.investment, contract.currency, today)
        concurrency.save(locked, by=by, fields={"investment", "currency", "band"})


def _check_signed_before(contract: Contract, by: User) -> None:
    """A company whose signing was counted on another lead is not counted again unnoticed.

    The day is told only to whoever sees that lead.
    """
    earlier = Contract.objects.filter(
        counted=True, expands=None, lead__enterprise=contract.lead.enterprise_id
    ).exclude(lead=contract.lead_id)
    if not earlier.exists() or contract.exclusion or contract.separate_reason:
        return
    seen = earlier.visible_to(by).order_by("signed_on").first()
    counted = (
        _("A signing of this company was counted on %(day)s.")
        % {"day": date_format(seen.signed_on, "DATE_FORMAT")}
        if seen
        else _("A signing of this company was counted before.")
    )
    way_out = _(
        "Record an expansion, choose why this one does not count, or explain why it is a separate "
        "project."
    )
    raise RuleViolation("signed_before", f"{counted} {way_out}", "separate_reason")


def _record_amounts(
    contract: Contract,
    changed: list[str],
    before: Mapping[str, Any],
    reason: str,
    by: User,
    now: datetime | None,
) -> None:
    if changed and not reason.strip():
        raise RuleViolation("reason_missing", _("Say why the amount changes."), "change_reason")
    moment = now or timezone.now()  # One save is one moment, by which its rows are told together.
    ContractAmountChange.objects.bulk_create(
        ContractAmountChange(
            contract=contract,
            field=name,
            old_value=before.get(name),
            new_value=getattr(contract, name) if name in before else None,
            currency=contract.currency,
            reason=reason,
            changed_at=moment,
            changed_by=by,
        )
        for name in changed
    )
