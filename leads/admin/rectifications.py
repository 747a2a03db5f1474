"""Rectification tasks: the list, the page of one, its verbs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
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
from leads.actions.rectifications import (
    cancel_rectification,
    change_rectification,
    complete_rectification,
)
from leads.admin.action_page import ActionPage, register
from leads.admin.promise_forms import ChangeRectificationForm, CompleteForm, TakeBackForm
from leads.models import Lead, Rectification, RectificationState
from leads.permissions import rights_over

CLOSED_COLOURS = {RectificationState.DONE: "green", RectificationState.CANCELLED: "grey"}


@admin.register(Rectification)
class RectificationAdmin(OwnPageAdmin):
    """Tasks are given on a promise; here everybody finds what is to be done."""

    page_name = "admin:leads_rectification_page"
    list_display = ("what", "promise", "side", "lead_name", "owner", "due", "state_badge")
    phone_columns = ("promise", "owner", "due")
    list_filter = ("state", "commitment__side", "commitment__contract__lead__chain")
    list_select_related = ("commitment__contract__lead", "owner")
    list_defer = (
        "commitment__contract__breach_clauses",
        "commitment__contract__lead__search_text",
        "commitment__contract__lead__search_grams",
        "commitment__contract__lead__summary",
    )
    search_fields = ("task", "commitment__metric", "commitment__contract__number")
    ordering = ("due_on", "pk")
    calendar_in_list = True
    empty_hint = gettext_lazy(
        "No rectification is on record. It is ordered on the page of a promise that was missed."
    )

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab(
                "mine",
                pgettext_lazy("rectifications", "mine"),
                gettext_lazy("You have nothing to put right."),
            ),
            Tab("open", pgettext_lazy("rectifications", "open")),
            Tab(
                "overdue",
                pgettext_lazy("rectifications", "overdue"),
                gettext_lazy("No rectification is overdue."),
            ),
            Tab("all", pgettext_lazy("rectifications", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "all":
            return rows
        waiting = rows.filter(state=RectificationState.OPEN)
        if tab == "mine":
            return waiting.filter(owner=request.user)
        return waiting.filter(due_on__lt=timezone.localdate()) if tab == "overdue" else waiting

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    @admin.display(description=gettext_lazy("What is to be put right"))
    def what(self, row: Rectification) -> str:
        return row.task

    @admin.display(description=gettext_lazy("Promise (column)"))
    def promise(self, row: Rectification) -> str:
        return str(row.commitment)

    @admin.display(description=gettext_lazy("Who promised"))
    def side(self, row: Rectification) -> str:
        return row.commitment.get_side_display()

    @admin.display(description=gettext_lazy("Lead (column)"))
    def lead_name(self, row: Rectification) -> str:
        return str(row.commitment.contract.lead)

    @admin.display(description=gettext_lazy("Due (rectification)"), ordering="due_on")
    def due(self, row: Any) -> str:
        if not row.is_open:
            return day(row.due_on)
        return format_html(
            '<span><span class="o-nowrap">{}</span> '
            '<span class="o-badge o-badge--{} o-wide">{}</span></span>',
            day(row.due_on),
            limit_colour(row.due_on, row.list_today),
            limit_text(row.due_on, row.list_today, row.list_calendar),
        )

    @admin.display(description=gettext_lazy("State (rectification)"), ordering="state")
    def state_badge(self, row: Rectification) -> str:
        colour = CLOSED_COLOURS.get(row.state, "accent")  # type: ignore[call-overload]  # a text is a key
        return format_html(
            '<span class="o-badge o-badge--{}">{}</span>', colour, row.get_state_display()
        )


def page_of(task: Rectification) -> str:
    return reverse("admin:leads_rectification_page", args=[task.pk])


def rectification_page(request: HttpRequest, pk: int) -> HttpResponse:
    rows = visible(Rectification, request.user).select_related(
        "commitment__contract__lead__enterprise",
        "owner",
        "opened_by",
        "closed_by",
        "verdict__look_back",
    )
    task = get_object_or_404(rows, pk=pk)
    lead = task.commitment.contract.lead
    context = {
        "task": task,
        "promise": task.commitment,
        "lead": lead,
        "files": list(task.files.all()),
        "rights": rights_over(request.user, lead),  # type: ignore[arg-type]  # the admin lets nobody else in
        "changes": task.history.exclude(change_reason="").select_related("owner", "history_user"),
    }
    title = _("Rectification: %(task)s") % {"task": task}
    return office_page(request, "leads/promise/rectification.html", title, context)


class TaskPage(ActionPage):
    """A verb over a task."""

    model = Rectification
    related = ("commitment__contract__lead", "commitment__contract__lead__enterprise", "owner")

    def lead_of(self, subject: Any) -> Lead:
        return subject.commitment.contract.lead  # type: ignore[no-any-return]  # a Rectification's

    def page_of(self, subject: Any) -> str:
        return page_of(subject)

    def refusal(self) -> str:
        return "" if self.subject.is_open else _("This task has been closed already.")


class DonePage(TaskPage):
    title = gettext_lazy("Report a rectification as done")
    submit_label = gettext_lazy("Report as done")
    form_class = CompleteForm
    takes_files = True

    def consequences(self) -> list[str]:
        return [
            _("The promise keeps its verdict until somebody looks at it again and judges it anew.")
        ]

    def act(self, form: Any) -> str:
        values = dict(form.cleaned_data)
        uploads = values.pop("file")
        complete_rectification(
            rectification=self.subject,
            by=self.user,
            uploads=uploads,
            expected=self.expected(),
            **values,
        )
        return _("Done, with its evidence on record. Judge the promise anew when you have seen it.")


class ChangePage(TaskPage):
    title = gettext_lazy("Hand over or move a rectification")
    submit_label = gettext_lazy("Save the change")
    form_class = ChangeRectificationForm
    right = "move"

    def form_options(self) -> dict[str, Any]:
        task = self.subject
        return {
            "chain": task.commitment.contract.lead.chain_id,
            "initial": {"owner": task.owner_id, "due_on": task.due_on},
        }

    def consequences(self) -> list[str]:
        return [_("Owner, day and reason stay on record. The reminders start anew.")]

    def act(self, form: Any) -> str:
        change_rectification(
            rectification=self.subject,
            by=self.user,
            expected=self.expected(),
            **form.cleaned_data,
        )
        return _("The change is on record.")


class TakeBackPage(TaskPage):
    title = gettext_lazy("Take back a rectification")
    submit_label = gettext_lazy("Take it back")
    form_class = TakeBackForm
    right = "move"
    is_danger = True

    def consequences(self) -> list[str]:
        return [_("Nobody is reminded of it any more; it stays readable with the reason.")]

    def act(self, form: Any) -> str:
        cancel_rectification(
            rectification=self.subject,
            by=self.user,
            expected=self.expected(),
            **form.cleaned_data,
        )
        return _("The task is taken back.")


admin.site.add_page(
    "leads/rectification/<int:pk>/page/", rectification_page, "leads_rectification_page"
)
register({"done": DonePage, "change_task": ChangePage, "take_back": TakeBackPage}, "rectification")
