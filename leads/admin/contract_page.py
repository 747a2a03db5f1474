"""The page of one contract: what was agreed, what was promised, whether it counts."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _

from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from kfq_crm.base.templatetags.office import amount
from leads.models import Contract, ContractAmountChange, ContractKind, Currency
from leads.permissions import rights_over
from leads.stages import Stage
from leads.templatetags.leads import plain

MONEY = {"investment", "fixed_investment", "added_investment"}


def contract_page(request: HttpRequest, pk: int) -> HttpResponse:
    rows = visible(Contract, request.user).select_related(
        "lead", "lead__enterprise", "lead__chain", "landed_project"
    )
    contract = get_object_or_404(rows, pk=pk)
    project = getattr(contract, "landed_project", None)
    rights = rights_over(request.user, contract.lead)  # type: ignore[arg-type]  # the admin lets nobody else in
    context = {
        "contract": contract,
        "lead": contract.lead,
        "rights": rights,
        "project": project,
        "may_open_project": rights.move and can_open_project(contract) and project is None,
        "why_not": why_not_counted(contract),
        "expands": _seen(request, contract.expands_id),
        "expansions": list(visible(Contract, request.user).filter(expands=contract)),
        "files": list(contract.attachments.select_related("uploaded_by")),
        "amount_changes": _changes(contract),
    }
    return office_page(request, "leads/contract_page.html", contract.number, context)


def can_open_project(contract: Contract) -> bool:
    return contract.counted and not contract.expands_id


def why_not_counted(contract: Contract) -> str:
    """The reason in a sentence; "" for a contract that counts."""
    if contract.counted:
        return ""
    if contract.kind != ContractKind.INVESTMENT:
        return _("Letters of intent and framework agreements never count.")
    if contract.exclusion:
        return _("It does not count: %(reason)s.") % {"reason": contract.get_exclusion_display()}
    if not contract.legal_review_reference or not contract.fair_competition_reference:
        return _("It lacks the reference of the legal or of the fair competition review.")
    if contract.lead.stage != Stage.SIGNED:
        return _("It will count when its lead moves to “%(stage)s”.") % {
            "stage": Stage.SIGNED.label
        }
    if contract.expands_id:
        return _("The contract that it expands does not count.")
    return _("Another contract of this lead counts already; a signing counts once.")


def _seen(request: HttpRequest, pk: int | None) -> Contract | None:
    """Another contract of the company, which may belong to a lead that the person cannot see."""
    return visible(Contract, request.user).filter(pk=pk).first() if pk else None


def _changes(contract: Contract) -> list[dict[str, Any]]:
    """Changes of amounts in words. A save that changed the currency states the old amounts in the
    old one; there are two."""
    rows = list(contract.amount_changes.select_related("changed_by"))
    switched = {row.changed_at for row in rows if row.field == "currency"}
    return [_change(row, row.changed_at in switched) for row in rows]


def _change(row: ContractAmountChange, is_switched: bool) -> dict[str, Any]:
    old = next(c for c in Currency if c != row.currency) if is_switched else row.currency
    if row.field == "currency":
        before, after = Currency(old).label, row.get_currency_display()
    else:
        before, after = _in_words(row, row.old_value, old), _in_words(row, row.new_value)
    label = Contract._meta.get_field(row.field).verbose_name
    return {"row": row, "label": label, "before": before, "after": after}


def _in_words(row: ContractAmountChange, value: Decimal | None, currency: str = "") -> str:
    if value is None:
        return ""
    return amount(value, currency or row.currency) if row.field in MONEY else plain(value)


admin.site.add_page("leads/contract/<int:pk>/page/", contract_page, "leads_contract_page")
