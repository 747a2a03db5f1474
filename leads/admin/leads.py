"""The list of leads, and the forms that log and change one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import Tab
from kfq_crm.base.filters import RangeFilter
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from leads.actions.pipeline import log_lead, update_lead
from leads.admin.desk import desk_of
from leads.admin.lead_bulk import reassign_selected
from leads.admin.lead_columns import COLUMNS, LeadColumns
from leads.admin.lead_exports import EXPORT, export_list, export_selected
from leads.admin.lead_filters import LEAD_FILTERS, StateFilter
from leads.admin.lead_forms import ADD_FIELDSETS, CHANGE_FIELDSETS, LeadAddForm, LeadChangeForm
from leads.models import Lead
from leads.permissions import rights_over
from leads.queries import search_leads, stalled
from leads.rulebook import stall_limits

TABS = {
    "mine": (
        pgettext_lazy("leads", "mine"),
        gettext_lazy("No open lead is in your charge. Log the first company that you talk to."),
    ),
    "chain": (
        pgettext_lazy("leads", "own chain"),
        gettext_lazy("Your chain has no open lead. Log the first company that you talk to."),
    ),
    "overdue": (pgettext_lazy("leads", "overdue"), gettext_lazy("Nothing is overdue.")),
    "stalled": (
        pgettext_lazy("leads", "without progress"),
        gettext_lazy("Every open lead has made progress lately."),
    ),
    "new": (
        pgettext_lazy("leads", "new this week"),
        gettext_lazy("Nothing was logged this week. Log the first company that you talk to."),
    ),
    "all": (
        pgettext_lazy("leads", "all"),
        gettext_lazy("No lead is on record. Log the first company that you talk to."),
    ),
}
DUE_FIRST = (F("next_action_on").asc(nulls_last=True), "pk")
ORDERS: dict[str, tuple[Any, ...]] = {
    "mine": DUE_FIRST,
    "overdue": ("next_action_on", "pk"),
    "stalled": (F("last_progress_on").asc(nulls_first=True), "pk"),
}
# One way to save: the lead's page follows, and goes on from there.
BUTTONS = {"show_save_and_continue": False, "show_save_and_add_another": False}


@admin.register(Lead)
class LeadAdmin(LeadColumns, ScopedModelAdmin):
    list_display = COLUMNS
    phone_columns = ("stage_and_days", "amount", "next_step")
    list_before_template = "leads/list_before.html"
    list_filter = LEAD_FILTERS
    list_select_related = ("enterprise", "chain", "segment", "owner")
    list_defer = (
        "search_text",
        "search_grams",
        "summary",
        "emissions",
        "talent_need",
        "fund",
        "enterprise__search_text",
        "enterprise__search_grams",
        "enterprise__note",
        "chain__direction",
    )
    calendar_in_list = True
    page_name = "admin:leads_lead_page"
    # Searching reads the search columns; the name only makes the box appear.
    search_fields = ("title",)
    search_help_text = gettext_lazy("Project, company, pinyin initials, code, last digits, number")
    add_label = gettext_lazy("Log a lead")
    show_add_link = False
    change_form_before_template = "leads/lead_form_before.html"
    actions = (reassign_selected, export_selected)
    form = LeadChangeForm
    fieldsets = CHANGE_FIELDSETS
    add_fieldsets = ADD_FIELDSETS

    # --- The list --------------------------------------------------------------------------

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        own = desk_of(request).own_teams
        keys = [key for key in TABS if own or key not in {"mine", "chain"}]
        return [Tab(key, *TABS[key], ORDERS.get(key, ())) for key in keys]

    def default_tab(self, request: HttpRequest) -> str:
        """Members begin with their own work, leaders with their chain, the office with all."""
        desk = desk_of(request)
        return "mine" if desk.work_teams else "chain" if desk.own_teams else "all"

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab != "all" and not request.GET.get(StateFilter.parameter_name):
            rows = rows.filter(exit="")
        return self._narrowed(request, rows, tab)

    def _narrowed(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        today = timezone.localdate()
        if tab == "mine":
            return rows.filter(owner=request.user)
        if tab == "chain":
            return rows.filter(chain__in=[team.chain_id for team in desk_of(request).own_teams])
        if tab == "overdue":
            return rows.filter(next_action_on__lt=today)
        if tab == "stalled":
            limits = stall_limits(today)
            return stalled(rows, limits.yellow) if limits else rows.none()
        if tab == "new":
            return rows.filter(created_at__gte=monday_of(today))
        return rows

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        return search_leads(queryset, search_term), False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """Only what the filters offer: other columns could be guessed letter by letter."""
        return any(lookup in spec_names(spec) for spec in LEAD_FILTERS)

    def has_reassign_permission(self, request: HttpRequest) -> bool:
        return desk_of(request).may_reassign

    def has_export_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(EXPORT))  # type: ignore[union-attr]  # signed in

    def get_urls(self) -> list[Any]:
        export = path(
            "export/",
            self.admin_site.admin_view(partial(export_list, self)),
            name="leads_lead_export",
        )
        return [export, *super().get_urls()]

    # --- The forms -------------------------------------------------------------------------

    def has_change_permission(self, request: HttpRequest, obj: Lead | None = None) -> bool:
        if obj is None:
            return super().has_change_permission(request)
        if not hasattr(obj, "may_be_changed"):
            obj.may_be_changed = rights_over(request.user, obj).work  # type: ignore[attr-defined, arg-type]  # asked once a page
        return bool(obj.may_be_changed)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and bool(desk_of(request).teams_to_log)

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        kwargs["form"] = LeadChangeForm if change else LeadAddForm
        form = super().get_form(request, obj, change=change, **kwargs)
        form.desk = desk_of(request)
        return form

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        extra = {"title": _("Log a lead"), **BUTTONS, **(extra_context or {})}
        return super().add_view(request, form_url, extra)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        lead = self.get_object(request, object_id)
        if lead is not None and not self.has_change_permission(request, lead):
            raise PermissionDenied
        title = _("Change the data of the lead")
        extra = {"title": title, "lead": lead, **BUTTONS, **(extra_context or {})}
        return super().change_view(request, object_id, form_url, extra)

    def write(
        self,
        request: HttpRequest,
        instance: Any,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Lead:
        by: Any = request.user
        if instance.pk is None:
            return log_lead(values=values, by=by)
        return update_lead(lead=instance, values=values, by=by, expected=expected)

    def response_add(
        self, request: HttpRequest, obj: Lead, post_url_continue: Any = None
    ) -> HttpResponse:
        messages.success(request, _("Logged: %(lead)s") % {"lead": obj})
        if obj.confidential:
            return self._to_page(request, obj)
        # Leads are logged for teams whose leads one sees: that needs no asking.
        return HttpResponseRedirect(reverse(self.page_name, args=[obj.pk]))

    def response_change(self, request: HttpRequest, obj: Lead) -> HttpResponse:
        messages.success(request, _("Saved: %(lead)s") % {"lead": obj})
        return self._to_page(request, obj)

    def _to_page(self, request: HttpRequest, lead: Lead) -> HttpResponse:
        """The lead's page, or the list for one who no longer reads it (it became confidential)."""
        if Lead.objects.visible_to(request.user).filter(pk=lead.pk).exists():  # type: ignore[arg-type]  # signed in
            return HttpResponseRedirect(reverse(self.page_name, args=[lead.pk]))
        return HttpResponseRedirect(reverse("admin:leads_lead_changelist"))


def monday_of(day: date) -> datetime:
    """The beginning of the day's week in site time."""
    return timezone.make_aware(datetime.combine(day - timedelta(days=day.weekday()), time.min))


def spec_names(spec: Any) -> set[str]:
    """Parameters that a filter reads from the address."""
    name = spec.parameter_name
    return {f"{name}_from", f"{name}_to"} if issubclass(spec, RangeFilter) else {name}
