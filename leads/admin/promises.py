"""Promises: the list with what is in danger, and the page of one with all that was found of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import Tab
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from kfq_crm.base.templatetags.office import day
from leads.admin.promise_chart import drawings_of
from leads.models import Commitment, CommitmentVerdict, Rectification
from leads.pace import IN_DANGER
from leads.permissions import rights_over
from leads.promise_board import colour_of, lines_of
from leads.promises import counted_from
from leads.templatetags.leads import plain


@admin.register(Commitment)
class CommitmentAdmin(OwnPageAdmin):
    """Promises are entered on their contract; here both sides' are found and compared."""

    page_name = "admin:leads_commitment_page"
    list_display = ("promise", "side", "lead_name", "amount", "number", "due_day", "standing")
    phone_columns = ("side", "due_day", "standing")
    list_filter = ("side", "verdict", "outlook")
    list_select_related = ("contract", "contract__lead")
    list_defer = (
        "contract__breach_clauses",
        "contract__lead__search_text",
        "contract__lead__search_grams",
        "contract__lead__summary",
    )
    search_fields = ("metric", "contract__number")
    ordering = ("due_on", "pk")
    empty_hint = gettext_lazy("No promise is on record. Promises are entered on their contract.")

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab(
                "danger",
                pgettext_lazy("promises", "in danger"),
                gettext_lazy("No promise is in danger: none is behind its pace or past its day."),
            ),
            Tab("open", pgettext_lazy("promises", "not judged")),
            Tab("missed", pgettext_lazy("promises", "missed")),
            Tab("all", pgettext_lazy("promises", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        narrowed = {
            "danger": {"outlook__in": IN_DANGER},
            "open": {"verdict": ""},
            "missed": {"verdict__in": ("partly", "not_met")},
        }
        return rows.filter(**narrowed.get(tab, {}))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("What is promised"), ordering="metric")
    def promise(self, promise: Commitment) -> str:
        return promise.metric

    @admin.display(description=gettext_lazy("Lead (column)"))
    def lead_name(self, promise: Commitment) -> str:
        return str(promise.contract.lead)

    @admin.display(description=gettext_lazy("How much"), ordering="promised")
    def amount(self, promise: Commitment) -> str:
        return _quantity(promise.promised, promise.unit)

    @admin.display(description=gettext_lazy("Delivered"))
    def number(self, promise: Commitment) -> str:
        value = promise.actual if promise.verdict else promise.measured
        return _quantity(value, promise.unit)

    @admin.display(description=gettext_lazy("Promised for"), ordering="due_on")
    def due_day(self, promise: Commitment) -> str:
        return day(promise.due_on)

    @admin.display(description=gettext_lazy("How it stands"), ordering="outlook")
    def standing(self, promise: Commitment) -> str:
        return standing_badge(promise)


def standing_badge(promise: Commitment) -> str:
    """Verdict, else outlook, in a word and its colour."""
    word = promise.get_verdict_display() or promise.get_outlook_display()
    return format_html(
        '<span class="o-badge o-badge--{}">{}</span>',
        colour_of(promise),
        word or pgettext_lazy("promise", "open"),
    )


def _quantity(value: Any, unit: str) -> str:
    text = f"{plain(value)} {unit}".strip() if value is not None else "—"
    return format_html('<span class="o-number">{}</span>', text)


def promise_page(request: HttpRequest, pk: int) -> HttpResponse:
    """All that was found of one promise: values, verdicts, rectification, in their order."""
    rows = visible(Commitment, request.user).select_related("contract__lead__enterprise")
    promise = get_object_or_404(rows, pk=pk)
    today = timezone.localdate()
    (line,) = lines_of(Commitment.objects.filter(pk=promise.pk), today)
    measures = list(
        promise.measures.select_related("recorded_by", "withdrawn_by").prefetch_related("files")
    )
    counted = [row for row in measures if not row.withdrawn_at]
    rights = rights_over(request.user, promise.contract.lead)  # type: ignore[arg-type]  # the admin lets nobody else in
    context = {
        "promise": promise,
        "lead": promise.contract.lead,
        "line": line,
        "begins_on": counted_from(promise),
        "measures": measures[::-1],
        "drawings": drawings_of(promise, counted, today) if counted else [],
        "verdicts": _verdicts(promise),
        "tasks": list(_tasks(promise)),
        "amended": promise.history.exclude(history_change_reason=None).select_related(
            "history_user"
        ),
        "rights": rights,
    }
    title = _("Promise: %(promise)s") % {"promise": promise}
    return office_page(request, "leads/promise/page.html", title, context)


def _verdicts(promise: Commitment) -> QuerySet[CommitmentVerdict]:
    rows = promise.verdicts.select_related("recorded_by", "look_back").order_by("-number")
    return rows.prefetch_related("files")


def _tasks(promise: Commitment) -> QuerySet[Rectification]:
    rows = promise.rectifications.select_related("owner", "closed_by").order_by("-pk")
    return rows.prefetch_related("files")


admin.site.add_page("leads/commitment/<int:pk>/page/", promise_page, "leads_commitment_page")
