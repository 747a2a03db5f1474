"""Contracts: the list, recording one on its lead, changing one with a reason."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import Tab
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import amount, day
from leads.actions.contracts import add_commitment, update_contract
from leads.actions.entries import record_contract_with_files
from leads.actions.files import attach_files
from leads.actions.landing import open_project
from leads.admin.action_page import ActionPage, register
from leads.admin.contract_forms import (
    FIELDSETS,
    CommitmentForm,
    ContractChangeForm,
    ContractRecordForm,
)
from leads.admin.lead_actions import AttachForm, AttachPage
from leads.admin.project_forms import OpenProjectForm
from leads.models import Contract, Lead
from leads.permissions import rights_over


@admin.register(Contract)
class ContractAdmin(ScopedModelAdmin):
    """Contracts are recorded on their lead; here they are found, read and corrected."""

    list_display = ("paper", "lead_name", "kind", "signed_day", "amount", "counts")
    phone_columns = ("lead_name", "kind", "amount")
    list_filter = ("kind", "exclusion")
    list_select_related = ("lead", "lead__enterprise")
    list_defer = ("breach_clauses", "lead__search_text", "lead__search_grams", "lead__summary")
    search_fields = ("number", "their_party")
    page_name = "admin:leads_contract_page"
    empty_hint = gettext_lazy("No contract is on record. Contracts are recorded on their lead.")
    form = ContractChangeForm
    fieldsets = (
        *FIELDSETS,
        (gettext_lazy("Reason of the change"), {"fields": ("change_reason",)}),
    )

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab(
                "counted",
                pgettext_lazy("contracts", "counted"),
                gettext_lazy("No signing has been counted yet."),
            ),
            Tab(
                "others",
                pgettext_lazy("contracts", "not counted"),
                gettext_lazy("Every contract on record counts."),
            ),
            Tab("all", pgettext_lazy("contracts", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        return rows if tab == "all" else rows.filter(counted=tab == "counted")

    @admin.display(description=pgettext_lazy("contract", "Contract number"), ordering="number")
    def paper(self, contract: Contract) -> str:
        return contract.number

    @admin.display(description=gettext_lazy("Lead (column)"))
    def lead_name(self, contract: Contract) -> str:
        return str(contract.lead)

    @admin.display(description=gettext_lazy("Signed on"), ordering="signed_on")
    def signed_day(self, contract: Contract) -> str:
        return day(contract.signed_on)

    @admin.display(description=gettext_lazy("Total investment"), ordering="investment")
    def amount(self, contract: Contract) -> str:
        return format_html(
            '<span class="o-number">{}</span>', amount(contract.investment, contract.currency)
        )

    @admin.display(description=gettext_lazy("Counts?"))
    def counts(self, contract: Contract) -> str:
        if contract.counted:
            return format_html('<span class="o-badge o-badge--green">{}</span>', _("counts"))
        return format_html('<span class="o-badge">{}</span>', _("does not count"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        if not super().has_change_permission(request, obj):
            return False
        return obj is None or rights_over(request.user, obj.lead).move  # type: ignore[arg-type]  # staff

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        if request.method == "GET" and object_id:
            contract = self.get_object(request, object_id)
            if contract and not self.has_change_permission(request, contract):
                return HttpResponseRedirect(page_of(contract))
        return super().changeform_view(request, object_id, *args, **kwargs)

    def write(
        self,
        request: HttpRequest,
        instance: Any,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Contract:
        kept = dict(values)
        reason = kept.pop("change_reason", "")
        return update_contract(
            contract=instance,
            values=kept,
            by=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
            expected=expected,
            reason=reason,
        )

    def response_post_save_change(self, request: HttpRequest, obj: Any) -> HttpResponse:
        return HttpResponseRedirect(page_of(obj))


def page_of(contract: Contract) -> str:
    return reverse("admin:leads_contract_page", args=[contract.pk])


class RecordContractPage(ActionPage):
    """A new contract of a lead."""

    title = gettext_lazy("Record a contract")
    submit_label = gettext_lazy("Put on record")
    form_class = ContractRecordForm
    template_name = "leads/contract_form.html"
    right = "move"
    takes_files = True

    def form_options(self) -> dict[str, Any]:
        lead: Lead = self.subject
        known = {"their_party": lead.enterprise.name}
        if lead.landing_park:
            known["our_party"] = lead.landing_park
        if lead.land_mu is not None:
            known["land_mu"] = lead.land_mu
        return {"instance": Contract(lead=lead), "user": self.user, "initial": known}

    def consequences(self) -> list[str]:
        return [
            _("Letters of intent and framework agreements are recorded and never count."),
            _("An investment agreement counts once, when the lead moves to the signed stage."),
        ]

    def act(self, form: Any) -> HttpResponse:
        values = dict(form.cleaned_data)
        uploads = values.pop("file")
        contract = record_contract_with_files(
            lead=self.subject, values=values, uploads=uploads, by=self.user
        )
        return HttpResponseRedirect(page_of(contract))


class ContractPage(ActionPage):
    """A verb over a contract."""

    model = Contract
    related = ("lead", "lead__enterprise")

    def lead_of(self, subject: Any) -> Lead:
        return subject.lead  # type: ignore[no-any-return]  # a Contract's

    def page_of(self, subject: Any) -> str:
        return page_of(subject)


class AddCommitmentPage(ContractPage):
    title = gettext_lazy("Add a promise")
    submit_label = gettext_lazy("Put on record")
    form_class = CommitmentForm

    def consequences(self) -> list[str]:
        return [_("After completion it is looked at what was delivered of it.")]

    def act(self, form: Any) -> str:
        add_commitment(contract=self.subject, values=form.cleaned_data, by=self.user)
        return _("The promise is on record.")


class AttachToContractPage(ContractPage):
    title = AttachPage.title
    submit_label = AttachPage.submit_label
    form_class = AttachForm
    takes_files = True

    def act(self, form: Any) -> str:
        uploads = form.cleaned_data["file"]
        attach_files(lead=self.subject.lead, uploads=uploads, by=self.user, contract=self.subject)
        return _("The files are attached.")


class OpenProjectPage(ContractPage):
    title = gettext_lazy("Open the landed project")
    submit_label = gettext_lazy("Open the project")
    form_class = OpenProjectForm
    right = "move"
    related = ("lead", "lead__enterprise", "landed_project")

    def form_options(self) -> dict[str, Any]:
        return {"initial": {"landing_park": self.subject.lead.landing_park}}

    def refusal(self) -> str:
        if getattr(self.subject, "landed_project", None):
            return _("The project of this contract exists already.")
        if not self.subject.counted or self.subject.expands_id:
            return _("A project starts from a counted signing only.")
        return ""

    def consequences(self) -> list[str]:
        return [
            _("The project takes name, company, amounts and planned days from the contract."),
            _("A project that rents its plant skips the milestone of land."),
        ]

    def act(self, form: Any) -> HttpResponse:
        project = open_project(contract=self.subject, by=self.user, **form.cleaned_data)
        return HttpResponseRedirect(reverse("admin:leads_landedproject_page", args=[project.pk]))


register({"record_contract": RecordContractPage})
register(
    {
        "add_commitment": AddCommitmentPage,
        "attach": AttachToContractPage,
        "open_project": OpenProjectPage,
    },
    "contract",
)
