"""The inbox: what a person is reminded of, leading to the lead, to a follow-up, to a later day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.paginator import InvalidPage
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from django.views.decorators.http import require_POST, require_safe
from unfold.widgets import UnfoldAdminTextInputWidget

from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.forms import ActionForm, LedgerDateField
from kfq_crm.base.listing import CappedPaginator
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page
from kfq_crm.base.templatetags.office import marked_day
from leads.actions.inbox import (
    SNOOZED_ENOUGH,
    latest_snooze,
    mark_all_read,
    mark_read,
    snooze_reminder,
)
from leads.models import Lead, Reminder, ReminderState
from leads.reminders.inbox import address_of, by_period, items_of, on_desk, put_off, with_leads
from leads.rulebook import snooze_days

PER_PAGE = 30


@dataclass(frozen=True)
class Part:
    """A tab of the inbox: its rows for a person on a day, and what to say when it is empty."""

    label: Any
    rows: Callable[[User, date], QuerySet[Reminder]]
    empty: Any


def _ended(user: User, today: date) -> QuerySet[Reminder]:
    cancelled = Reminder.objects.visible_to(user).filter(state=ReminderState.CANCELLED)
    return cancelled.order_by("-pk")


PARTS = {
    "todo": Part(
        pgettext_lazy("inbox", "To do"),
        lambda user, today: on_desk(user, today).order_by("due_on", "pk"),
        gettext_lazy("Nothing waits for you. What falls due is listed here on working mornings."),
    ),
    "later": Part(
        pgettext_lazy("inbox", "Put off"),
        lambda user, today: put_off(user, today).order_by("snoozed_until", "pk"),
        gettext_lazy("Nothing is put off."),
    ),
    "ended": Part(
        pgettext_lazy("inbox", "No longer due"),
        _ended,
        gettext_lazy("Nothing has been settled yet."),
    ),
    "all": Part(
        pgettext_lazy("inbox", "All of it"),
        lambda user, today: Reminder.objects.visible_to(user).order_by("-pk"),
        gettext_lazy("You have not been reminded of anything yet."),
    ),
}


@require_safe
def inbox(request: HttpRequest) -> HttpResponse:
    """One's own items, a page at a time; the same few queries however many there are."""
    user: Any = request.user
    key = request.GET.get("tab", "todo")
    if key not in PARTS:
        raise Http404
    today = timezone.localdate()
    pages = CappedPaginator(with_leads(PARTS[key].rows(user, today)), PER_PAGE)
    try:
        page = pages.page(request.GET.get("page", "1"))
    except InvalidPage as error:
        raise Http404 from error
    items = items_of(user, page.object_list)
    context = {
        "tab": key,
        "parts": PARTS,
        "part": PARTS[key],
        "items": items,
        "periods": list(by_period(items, today)) if key == "todo" else [],
        "page": page,
        "may_log": user.has_perm("leads.add_followup"),
        "may_snooze": bool(snooze_days(today)),
        "has_unread": key != "later" and any(i.is_due and not i.reminder.read_at for i in items),
        "here": request.get_full_path(),
    }
    return office_page(request, "leads/inbox.html", _("Messages"), context)


def _own(request: HttpRequest, pk: int) -> Reminder:
    """One of the person's own items; 404 for anybody else's."""
    rows = Reminder.objects.visible_to(request.user)  # type: ignore[arg-type]  # signed in
    return get_object_or_404(rows, pk=pk)


@require_safe
def open_item(request: HttpRequest, pk: int) -> HttpResponse:
    """Go to what the item is about; it then counts as read."""
    user: Any = request.user
    item = _own(request, pk)
    mark_read(reminder=item, by=user)
    if item.lead_id and Lead.objects.visible_to(user).filter(pk=item.lead_id).exists():
        return HttpResponseRedirect(reverse("admin:leads_lead_page", args=[item.lead_id]))
    if address := address_of(item):
        return HttpResponseRedirect(address)
    messages.info(request, _("The lead of this message is not yours to read any more."))
    return HttpResponseRedirect(reverse("admin:inbox"))


@require_POST
def read_item(request: HttpRequest, pk: int) -> HttpResponse:
    mark_read(reminder=_own(request, pk), by=request.user)  # type: ignore[arg-type]  # signed in
    return _back(request)


@require_POST
def read_all(request: HttpRequest) -> HttpResponse:
    number = mark_all_read(by=request.user)  # type: ignore[arg-type]  # signed in
    told = ngettext(
        "%(number)d message marked as read.", "%(number)d messages marked as read.", number
    )
    messages.success(request, told % {"number": number})
    return _back(request)


def _back(request: HttpRequest) -> HttpResponse:
    """To the part of the inbox that the person came from."""
    address = request.POST.get("next", "")
    is_ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return HttpResponseRedirect(address if is_ours else reverse("admin:inbox"))


class SnoozeForm(ActionForm):
    until = LedgerDateField(label=gettext_lazy("Put off until"))
    reason = forms.CharField(
        label=gettext_lazy("Why it can wait"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget(),
    )

    def __init__(self, *args: Any, tomorrow: date, latest: date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial["until"] = tomorrow
        said = _("A day after today, at the latest %(day)s") % {"day": latest_text(latest)}
        self.fields["until"].help_text = said


def latest_text(latest: date) -> str:
    return marked_day(latest, current_calendar())


class SnoozePage(ActionPage):
    """Put an item off: only one's own inbox is quiet until then."""

    model = Reminder
    related = ("lead",)
    template_name = "leads/inbox_snooze.html"
    title = gettext_lazy("Put a message off")
    submit_label = gettext_lazy("Put it off")
    form_class = SnoozeForm

    def is_allowed(self) -> bool:
        return True  # whose item it is not gets 404

    def page_of(self, subject: Any) -> str:
        return reverse("admin:inbox")

    def form_options(self) -> dict[str, Any]:
        calendar, today = current_calendar(), timezone.localdate()
        return {
            "tomorrow": calendar.add_workdays(today, 1),
            "latest": latest_snooze(self.subject, today, calendar),
        }

    def refusal(self) -> str:
        if self.subject.state != ReminderState.OPEN:
            return _("This item is no longer due.")
        today = timezone.localdate()
        if not snooze_days(today):
            return _("No rule allows it; the coordination office may enter one.")
        if self.subject.first_snoozed_on and self._latest(today) <= today:
            return str(SNOOZED_ENOUGH)
        return ""

    def _latest(self, today: date) -> date:
        return latest_snooze(self.subject, today, current_calendar())

    def consequences(self) -> list[str]:
        return [
            _("The due day stays, and so do the further steps: others are told all the same."),
            _("Your inbox shows it again on the day that you name."),
        ]

    def extra_context(self) -> dict[str, Any]:
        return {"item": items_of(self.user, [self.subject])[0]}

    def rows(self) -> Any:
        return with_leads(Reminder.objects.visible_to(self.user))

    def act(self, form: Any) -> str:
        snoozed = snooze_reminder(reminder=self.subject, by=self.user, **form.cleaned_data)
        day = latest_text(snoozed.snoozed_until) if snoozed.snoozed_until else ""
        return _("Put off until %(day)s.") % {"day": day}


for _route, _view, _name in (
    ("", inbox, "inbox"),
    ("read/", read_all, "inbox_read_all"),
    ("<int:pk>/", open_item, "inbox_open"),
    ("<int:pk>/read/", read_item, "inbox_read"),
    ("<int:pk>/snooze/", SnoozePage.as_view(), "inbox_snooze"),
):
    admin.site.add_page(f"inbox/{_route}", _view, _name)  # type: ignore[attr-defined]  # the office's site
