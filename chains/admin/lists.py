"""Target companies, policies and sites of a chain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.decorators import action, display

from chains.actions.lists import save_target_company
from chains.admin.filters import (
    CompanyGapFilter,
    OwnChainFilter,
    SiteStateFilter,
    TargetStateFilter,
)
from chains.admin.records import OwnChainAdmin
from chains.models import ChainPolicy, Site, SiteState, TargetCompany, TargetState
from kfq_crm.base.admin.staff import StaffField
from kfq_crm.base.names import company_key
from kfq_crm.base.parsing import nfkc
from kfq_crm.base.templatetags.office import day

OPEN_STATES = {TargetState.SOUGHT, TargetState.APPROACHED}
TARGET_COLOURS: dict[str, str] = {TargetState.APPROACHED: "amber", TargetState.LEAD: "green"}
SITE_COLOURS: dict[str, str] = {SiteState.FREE: "green", SiteState.RESERVED: "amber"}


def badge(word: str, colour: str) -> SafeString:
    colours = f" o-badge--{colour}" if colour else ""
    return format_html('<span class="o-badge{}">{}</span>', colours, word)


def lead_form_address(company: TargetCompany) -> str:
    """The form that logs a lead, filled with what the list knows of the company."""
    known = {"investor": company.name, "chain": company.chain_id, "segment": company.segment_id}
    query = urlencode({key: value for key, value in known.items() if value})
    return f"{reverse('admin:leads_lead_add')}?{query}"


@admin.register(TargetCompany)
class TargetCompanyAdmin(OwnChainAdmin):
    """Companies that a chain seeks. Logging a lead for one moves its state by itself."""

    list_display = ("name", "place", "gap_column", "state_column", "region", "owner", "next_step")
    list_filter = (OwnChainFilter, TargetStateFilter, CompanyGapFilter)
    phone_columns = ("place", "state_column", "next_step")
    add_label = _("Add a target company")
    empty_hint = _("Name the companies that would close a gap of the chain.")
    list_select_related = ("chain", "segment", "gap", "owner")
    search_fields = ("name",)
    search_help_text = _("Company name, code or region")
    ordering = ("chain__order", "state", "name")
    fields = ("name", "chain", "segment", "gap", "uscc", "region", "reason", "state", "owner")
    actions_detail = ("log_lead",)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        for word in nfkc(search_term).split():
            queryset = queryset.filter(
                Q(name__icontains=word)
                | Q(name_key__contains=company_key(word))
                | Q(uscc__istartswith=word)
                | Q(region__icontains=word)
            )
        return queryset, False

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        if db_field.name == "owner":
            return StaffField(label=db_field.verbose_name.capitalize(), required=False)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def write(
        self, request: HttpRequest, instance: Any, values: Mapping[str, Any], expected: int | None
    ) -> Model:
        return save_target_company(
            company=instance,
            values=values,
            by=request.user,  # type: ignore[arg-type]  # signed in here
            expected=expected,
        )

    @display(description=_("Chain · segment"), ordering="chain__order")
    def place(self, company: TargetCompany) -> str:
        return f"{company.chain} · {company.segment}" if company.segment else str(company.chain)

    @display(description=_("Gap it would close"))
    def gap_column(self, company: TargetCompany) -> str:
        return f"{company.gap.get_kind_display()} · {company.gap}" if company.gap else "—"

    @display(description=_("State of the approach"), ordering="state")
    def state_column(self, company: TargetCompany) -> SafeString:
        return badge(company.get_state_display(), TARGET_COLOURS.get(company.state, ""))

    @display(description=_("Next step of the approach"))
    def next_step(self, company: TargetCompany) -> str:
        if company.state not in OPEN_STATES:
            return "—"
        address = lead_form_address(company)
        return format_html('<a class="o-link" href="{}">{}</a>', address, _("Log a lead"))

    def has_log_lead_permission(self, request: HttpRequest, object_id: Any = None) -> bool:
        # By its codename, the check of the admin would look it up before the first migration
        return request.user.has_perm("leads.add_lead")

    @action(description=_("Log a lead"), url_path="log-lead", permissions=["log_lead"])
    def log_lead(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """The lead's form, filled; saving it there marks the company here."""
        company = self.get_object(request, object_id)
        if company is None:
            raise Http404
        return HttpResponseRedirect(lead_form_address(company))


@admin.register(ChainPolicy)
class ChainPolicyAdmin(OwnChainAdmin):
    list_display = ("title", "chain", "document_number", "until", "summary")
    list_filter = (OwnChainFilter,)
    phone_columns = ("chain", "document_number", "until")
    add_label = _("Add a policy")
    empty_hint = _("Put down the policies that the team may offer to companies.")
    list_select_related = ("chain",)
    search_fields = ("title", "document_number", "summary")
    fields = ("title", "chain", "document_number", "valid_until", "summary")

    @display(description=_("Valid until"), ordering="valid_until")
    def until(self, policy: ChainPolicy) -> str:
        return day(policy.valid_until) if policy.valid_until else "—"


@admin.register(Site)
class SiteAdmin(OwnChainAdmin):
    list_display = ("label", "chain", "place", "area_column", "plant_column", "state_column")
    list_filter = (OwnChainFilter, SiteStateFilter)
    phone_columns = ("place", "area_column", "state_column")
    add_label = _("Add a site")
    empty_hint = _("Put down the plots and plants that the team may offer to companies.")
    list_select_related = ("chain",)
    search_fields = ("label", "place")
    fields = ("label", "chain", "place", "area_mu", "plant_m2", "state")

    @display(description=_("Area (mu)"), ordering="area_mu")
    def area_column(self, site: Site) -> str:
        return "—" if site.area_mu is None else f"{site.area_mu.normalize():f}"

    @display(description=_("Plant area (m²)"), ordering="plant_m2")
    def plant_column(self, site: Site) -> str:
        return "—" if site.plant_m2 is None else f"{site.plant_m2.normalize():f}"

    @display(description=pgettext_lazy("site", "State"), ordering="state")
    def state_column(self, site: Site) -> SafeString:
        return badge(site.get_state_display(), SITE_COLOURS.get(site.state, ""))
