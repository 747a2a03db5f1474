"""包联: the list of enterprises in care, the page of one, visits, officers and links."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.changelist import Tab
from kfq_crm.base.filters import FieldFilter
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day, limit_colour, limit_text
from leads.admin.lead_columns import two_lines
from leads.models import Enterprise
from services.actions.asking_links import may_give_link
from services.actions.liaison import APPOINT, crowd
from services.models import AskingLink, Liaison, Question, Tier, Visit
from services.question_clock import question_rule, standing

SHOWN = 20


class TierFilter(FieldFilter):
    title = gettext_lazy("kind of liaison")
    parameter_name = "tier"
    column = "tier"

    def options(self, request: HttpRequest) -> Any:
        return Tier.choices


@admin.register(Liaison)
class LiaisonAdmin(ScopedModelAdmin):
    """Who looks after whom; appointing and visiting are verbs of their own."""

    page_name = "admin:services_liaison_page"
    list_display = ("company", "officer_name", "tier", "last_visit", "next_visit")
    phone_columns = ("officer_name", "next_visit")
    list_filter = (TierFilter,)
    list_select_related = ("enterprise", "officer")
    list_defer = ("enterprise__search_text", "enterprise__search_grams", "enterprise__note")
    search_fields = ("enterprise__search_text", "officer__display_name")
    search_help_text = gettext_lazy("Enterprise or officer")
    calendar_in_list = True
    ordering = ("next_visit_on", "pk")
    empty_hint = gettext_lazy("No enterprise is in anybody's care yet. Appoint a liaison officer.")
    list_before_template = "services/liaison/list_before.html"

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        nothing_due = gettext_lazy("No visit is overdue.")
        return (
            Tab("mine", pgettext_lazy("liaisons", "in my care")),
            Tab("due", pgettext_lazy("liaisons", "visit overdue"), nothing_due),
            Tab("active", pgettext_lazy("liaisons", "in care")),
            Tab("all", pgettext_lazy("liaisons", "all, with former ones")),
        )

    def default_tab(self, request: HttpRequest) -> str:
        return "active" if request.user.has_perm(APPOINT) else "mine"

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "all":
            return rows
        rows = rows.filter(ended_on=None)
        if tab == "mine":
            return rows.filter(officer=request.user)
        return rows.filter(next_visit_on__lt=timezone.localdate()) if tab == "due" else rows

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No column can be guessed letter by letter."""
        return False

    @admin.display(description=gettext_lazy("enterprise"))
    def company(self, liaison: Liaison) -> SafeString:
        ended = liaison.ended_on
        second = _("until %(day)s") % {"day": day(ended)} if ended else ""
        return two_lines(str(liaison.enterprise), second)

    @admin.display(description=gettext_lazy("liaison officer"), ordering="officer__display_name")
    def officer_name(self, liaison: Liaison) -> str:
        return str(liaison.officer)

    @admin.display(description=gettext_lazy("last visit"), ordering="last_visit_on")
    def last_visit(self, liaison: Liaison) -> str:
        return day(liaison.last_visit_on) if liaison.last_visit_on else _("not visited yet")

    @admin.display(description=gettext_lazy("next visit due"), ordering="next_visit_on")
    def next_visit(self, liaison: Any) -> str | SafeString:
        due = liaison.next_visit_on
        if due is None:
            return "—"
        return format_html(
            '<span class="o-badge o-badge--{}" title="{}">{}</span>',
            limit_colour(due, liaison.list_today),
            day(due),
            limit_text(due, liaison.list_today, liaison.list_calendar),
        )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def changeform_view(
        self, request: HttpRequest, object_id: Any = None, *args: Any, **kwargs: Any
    ) -> Any:
        liaison = self.get_object(request, object_id) if object_id else None
        if liaison and request.method == "GET":
            return HttpResponseRedirect(page_of(liaison))
        return super().changeform_view(request, object_id, *args, **kwargs)


def page_of(liaison: Liaison) -> str:
    return reverse("admin:services_liaison_page", args=[liaison.pk])


def liaison_page(request: HttpRequest, pk: int) -> HttpResponse:
    """An enterprise in care: visits and how many they are, questions, links."""
    user: Any = request.user
    rows = Liaison.objects.visible_to(user).select_related("enterprise", "officer", "appointed_by")
    liaison = get_object_or_404(rows, pk=pk)
    company = liaison.enterprise
    today, calendar = timezone.localdate(), current_calendar()
    visits = Visit.objects.visible_to(user).filter(enterprise=company)
    links = AskingLink.objects.visible_to(user).filter(enterprise=company)
    related = ("visitor", "department", "follow_up")
    context = {
        "liaison": liaison,
        "calendar": calendar,
        "crowd": crowd(company, today),
        "visits": visits.select_related(*related).order_by("-visited_on", "-pk")[:SHOWN],
        "questions": _questions(user, company, calendar, today),
        "links": [
            (link, link.is_valid(today)) for link in links.select_related("issued_by")[:SHOWN]
        ],
        "opens_company": Enterprise.objects.visible_to(user).filter(pk=company.pk).exists(),
        "may_appoint": user.has_perm(APPOINT) and not liaison.ended_on,
        "may_visit": user.has_perm("services.add_visit"),
        "may_give_link": may_give_link(user, company),
    }
    return office_page(request, "services/liaison/page.html", str(company), context)


def _questions(user: Any, company: Enterprise, calendar: Any, today: Any) -> list[Any]:
    rows = Question.objects.visible_to(user).filter(enterprise=company)
    amber = question_rule(today).amber_from
    found = rows.select_related("department").defer("text", "search_text", "search_grams")
    return [(row, standing(row, calendar, today, amber)) for row in found.order_by("-pk")[:SHOWN]]


admin.site.add_page("services/liaison/<int:pk>/page/", liaison_page, "services_liaison_page")
