"""Look-backs: the list of what is due, the page that goes through every promise, its verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from kfq_crm.base.changelist import Tab
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from kfq_crm.base.templatetags.office import day, limit_colour, limit_text
from leads.actions.look_backs import conclude_look_back, move_look_back
from leads.admin.action_page import ActionPage, register
from leads.admin.promise_forms import ConcludeForm, MoveLookBackForm
from leads.models import Commitment, CommitmentVerdict, Lead, LookBack
from leads.permissions import rights_over
from leads.promise_board import lines_of
from leads.promises import FINAL, covered_by, promises_of, unjudged_in, unrectified_in


@admin.register(LookBack)
class LookBackAdmin(OwnPageAdmin):
    """Look-backs come of milestones, by the sweep; nobody types one in."""

    page_name = "admin:leads_lookback_page"
    list_display = ("project", "which", "contract_number", "owner", "due", "to_judge")
    phone_columns = ("which", "due", "to_judge")
    list_filter = ("after", "contract__lead__chain")
    list_select_related = ("contract", "contract__lead", "contract__lead__owner")
    list_defer = (
        "conclusion",
        "contract__breach_clauses",
        "contract__lead__search_text",
        "contract__lead__search_grams",
        "contract__lead__summary",
    )
    search_fields = ("contract__number",)
    ordering = ("due_on", "pk")
    calendar_in_list = True
    empty_hint = gettext_lazy(
        "No look-back is on record. They are made when a project reaches completion or production, "
        "by the rules on look-backs."
    )

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab(
                "due",
                pgettext_lazy("look-backs", "due and coming"),
                gettext_lazy("No look-back is to be held."),
            ),
            Tab(
                "overdue",
                pgettext_lazy("look-backs", "overdue"),
                gettext_lazy("No look-back is overdue."),
            ),
            Tab("all", pgettext_lazy("look-backs", "all, with those held")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "all":
            return rows
        waiting = rows.filter(held_on=None)
        return waiting.filter(due_on__lt=timezone.localdate()) if tab == "overdue" else waiting

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each with the number of promises that stand to be judged at it, when it is held today
        or on its day to come."""
        by_its_day = Q(due_on__lte=OuterRef("due_on"))
        due = Q(due_on=None) | Q(due_on__lte=timezone.localdate()) | by_its_day
        own = Commitment.objects.filter(~Q(verdict__in=FINAL), due, contract=OuterRef("contract"))
        counted = own.order_by().values("contract").annotate(n=Count("pk")).values("n")
        return super().get_queryset(request).annotate(waiting=Coalesce(Subquery(counted), 0))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("Project (column)"))
    def project(self, row: LookBack) -> str:
        return str(row.contract.lead)

    @admin.display(description=gettext_lazy("Which look-back"))
    def which(self, row: LookBack) -> str:
        return str(row)

    @admin.display(description=gettext_lazy("Contract (column)"))
    def contract_number(self, row: LookBack) -> str:
        return row.contract.number

    @admin.display(description=gettext_lazy("Person in charge"))
    def owner(self, row: LookBack) -> str:
        return str(row.contract.lead.owner)

    @admin.display(description=gettext_lazy("Due (look-back)"), ordering="due_on")
    def due(self, row: Any) -> str:
        if row.held_on:
            words, colour = _("held on %(day)s") % {"day": day(row.held_on)}, "green"
        else:
            words = limit_text(row.due_on, row.list_today, row.list_calendar)
            colour = limit_colour(row.due_on, row.list_today)
        return format_html(
            '<span><span class="o-nowrap">{}</span> '
            '<span class="o-badge o-badge--{} o-wide">{}</span></span>',
            day(row.due_on),
            colour,
            words,
        )

    @admin.display(description=gettext_lazy("Promises to judge"))
    def to_judge(self, row: Any) -> str:
        return "—" if row.held_on else str(row.waiting)


def page_of(look_back: LookBack) -> str:
    return reverse("admin:leads_lookback_page", args=[look_back.pk])


def look_back_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One promise after the other, as somebody walks through a plant with a phone."""
    rows = visible(LookBack, request.user).select_related(
        "contract__lead__enterprise", "contract__landed_project", "held_by"
    )
    look_back = get_object_or_404(rows, pk=pk)
    asked_on = look_back.held_on or timezone.localdate()
    lines = lines_of(promises_of(look_back.contract), timezone.localdate())
    covered = set(covered_by(look_back, asked_on).values_list("pk", flat=True))
    found = _found_in(look_back)
    steps = [(line, found.get(line.promise.pk)) for line in lines if line.promise.pk in covered]
    context = {
        "look_back": look_back,
        "contract": look_back.contract,
        "lead": look_back.contract.lead,
        "project": getattr(look_back.contract, "landed_project", None),
        "steps": steps,
        "first_open": next((line.promise.pk for line, verdict in steps if not verdict), None),
        "judged": sum(verdict is not None for _line, verdict in steps),
        "others": [line for line in lines if line.promise.pk not in covered],
        "unrectified": set(unrectified_in(look_back).values_list("pk", flat=True)),
        "rights": rights_over(request.user, look_back.contract.lead),  # type: ignore[arg-type]  # the admin lets nobody else in
    }
    return office_page(request, "leads/look_back/page.html", str(look_back), context)


def _found_in(look_back: LookBack) -> dict[int, CommitmentVerdict]:
    """The newest verdict that was given in it, by promise."""
    rows = look_back.verdicts.select_related("recorded_by").order_by("number")
    return {row.commitment_id: row for row in rows.prefetch_related("files")}


class LookBackPage(ActionPage):
    """A verb over a look-back."""

    model = LookBack
    related = ("contract__lead", "contract__lead__enterprise")

    def lead_of(self, subject: Any) -> Lead:
        return subject.contract.lead  # type: ignore[no-any-return]  # a LookBack's

    def page_of(self, subject: Any) -> str:
        return page_of(subject)

    def refusal(self) -> str:
        return _("This look-back has been concluded.") if self.subject.is_held else ""


class MovePage(LookBackPage):
    title = gettext_lazy("Move a look-back")
    submit_label = gettext_lazy("Move it")
    form_class = MoveLookBackForm
    right = "move"

    def consequences(self) -> list[str]:
        return [
            _("It is due on %(day)s. The day and the reason stay on record; reminders start anew.")
            % {"day": day(self.subject.due_on)}
        ]

    def act(self, form: Any) -> str:
        moved = move_look_back(
            look_back=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Moved to %(day)s.") % {"day": day(moved.due_on)}


class ConcludePage(LookBackPage):
    title = gettext_lazy("Conclude a look-back")
    submit_label = gettext_lazy("Conclude it")
    form_class = ConcludeForm
    template_name = "leads/look_back/conclude.html"

    def consequences(self) -> list[str]:
        return [_("What was found stays as it is; a concluded look-back is not opened again.")]

    def extra_context(self) -> dict[str, Any]:
        today = timezone.localdate()
        return {
            **super().extra_context(),
            "unjudged": list(unjudged_in(self.subject, today)),
            "unrectified": list(unrectified_in(self.subject)),
        }

    def act(self, form: Any) -> str:
        conclude_look_back(
            look_back=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The look-back is on record.")


admin.site.add_page("leads/lookback/<int:pk>/page/", look_back_page, "leads_lookback_page")
register({"move": MovePage, "conclude": ConcludePage}, "lookback")
