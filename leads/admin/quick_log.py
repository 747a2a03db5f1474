"""记一笔: one phone screen on which a follow-up is logged in half a minute."""

from __future__ import annotations

from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import F, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import get_format
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import add_violation
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page
from kfq_crm.base.workdays import WorkCalendar
from leads.actions.entries import log_follow_up_with_files
from leads.actions.followups import SentBefore
from leads.admin.desk import Desk, desk_of
from leads.admin.followup_form import FollowUpForm
from leads.models import Lead
from leads.permissions import NotAllowed, rights_over
from leads.queries import search_leads
from leads.rulebook import cadence_days

RECENT = 8
FOUND = 12


class QuickLogForm(FollowUpForm):
    """The follow-up's form, usable before a lead is chosen: a blocker can be raised all the same,
    for somebody of the own chains; sent with a lead, for somebody of its team."""

    BLOCKER = ("blocker", "blocker_owner", "blocker_due_on")

    def __init__(self, *args: Any, lead: Lead | None, desk: Desk, **kwargs: Any) -> None:
        super().__init__(*args, lead=lead, **kwargs)
        if lead is None:
            for name in self.BLOCKER:
                self.fields[name] = deepcopy(self.base_fields[name])
            chains = [team.chain_id for team in desk.work_teams]
            people = User.staff.filter(is_active=True, groups__task_team__chain__in=chains)
            owner: Any = self.fields["blocker_owner"]
            owner.queryset = people.distinct().order_by("display_name")

    @property
    def blocker_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.BLOCKER]

    @property
    def is_blocked(self) -> bool:
        """Whether the fold of the blocker must stand open."""
        return any(field.errors or field.value() for field in self.blocker_fields)


@dataclass(frozen=True)
class Choice:
    """A lead to log for, with the day that its cadence proposes."""

    lead: Lead
    next_on: date | None
    is_chosen: bool = False

    @property
    def typed_day(self) -> str:
        """The day as the field for it shows days."""
        return self.next_on.strftime(get_format("DATE_INPUT_FORMATS")[0]) if self.next_on else ""


def quick_log(request: HttpRequest) -> HttpResponse:
    """The page; `?lead=` preselects, `?next=` says where to go back to."""
    _require_logging(request)
    lead = _asked_lead(request)
    if request.method != "POST":
        return _page(request, QuickLogForm(lead=lead, desk=desk_of(request)), lead)
    form = QuickLogForm(request.POST, request.FILES, lead=lead, desk=desk_of(request))
    if lead is None:
        form.add_error(None, _("Choose the lead."))
    if form.is_valid() and lead is not None and _log(request, form, lead):
        return HttpResponseRedirect(_back(request, lead))
    return _page(request, form, lead)


def _log(request: Any, form: FollowUpForm, lead: Lead) -> bool:
    try:
        log_follow_up_with_files(
            lead=lead,
            values=form.values(),
            uploads=form.uploads,
            by=request.user,
            sent_as=form.number,
        )
    except NotAllowed as refused:
        raise PermissionDenied from refused
    except SentBefore as violation:
        form.refuse_sent_before(violation)
        return False
    except RuleViolation as violation:
        add_violation(form, violation)
        return False
    messages.success(request, _("Logged for “%(lead)s”.") % {"lead": lead})
    return True


@require_GET
def find_leads(request: HttpRequest) -> HttpResponse:
    """Leads to log for, found by words, pinyin initials, number: a list of choices."""
    _require_logging(request)
    words = request.GET.get("q", "").strip()[:60]
    rows = _workable(request)
    found = search_leads(rows, words)[:FOUND] if words else _recent(request, rows)
    return TemplateResponse(
        request, "leads/quick_log_choices.html", {"choices": _choices(found, None), "words": words}
    )


def _require_logging(request: HttpRequest) -> None:
    if not request.user.has_perm("leads.add_followup"):  # type: ignore[union-attr]  # signed in
        raise PermissionDenied


def _asked_lead(request: Any) -> Lead | None:
    """The lead in the address or the form: hidden is 404, visible but not to be worked on 403."""
    asked = request.POST.get("lead") or request.GET.get("lead") or ""
    if not asked:
        return None
    if not (asked.isascii() and asked.isdecimal()) or len(asked) > 18:
        raise Http404
    rows = Lead.objects.visible_to(request.user).select_related("enterprise")
    lead = get_object_or_404(rows, pk=int(asked))
    if not rights_over(request.user, lead).work:
        raise PermissionDenied
    return lead


def _workable(request: HttpRequest) -> QuerySet[Lead]:
    """Open leads that the person may log for, own ones and the latest first."""
    rows = Lead.objects.visible_to(request.user).open().select_related("enterprise")  # type: ignore[arg-type]  # signed in
    desk = desk_of(request)
    if not desk.sees_all:
        rows = rows.filter(chain__in=[team.chain_id for team in desk.work_teams])
    return rows.order_by(F("last_contact_on").desc(nulls_last=True), "-pk")


def _recent(request: HttpRequest, rows: QuerySet[Lead]) -> list[Lead]:
    """Those in the person's charge, talked to last first; for a person with none the team's."""
    own = list(rows.filter(owner=request.user)[:RECENT])  # type: ignore[misc]  # signed in
    return own or list(rows.order_by("-pk")[:RECENT])


def _choices(leads: Iterable[Lead], chosen: Lead | None) -> list[Choice]:
    calendar, today = current_calendar(), timezone.localdate()
    days: dict[tuple[str, str], int | None] = {}
    choices = []
    for lead in leads:
        kind = (lead.stage, lead.band)
        if kind not in days:
            days[kind] = cadence_days(*kind, today)
        choices.append(Choice(lead, _day(calendar, today, days[kind]), lead == chosen))
    return choices


def _day(calendar: WorkCalendar, today: date, days: int | None) -> date | None:
    return None if days is None else calendar.add_workdays(today, days)


def _page(request: HttpRequest, form: QuickLogForm, lead: Lead | None) -> HttpResponse:
    recent = [row for row in _recent(request, _workable(request)) if row != lead]
    leads = [lead, *recent] if lead else recent
    context = {
        "form": form,
        "media": form.media,
        "lead": lead,
        "choices": _choices(leads, lead),
        "next": _next(request) or "",
    }
    return office_page(request, "leads/quick_log.html", _("Log a follow-up"), context)


def _next(request: HttpRequest) -> str | None:
    """Where the person came from, if it is a place of ours."""
    address = request.POST.get("next") or request.GET.get("next")
    safe = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if safe else None


def _back(request: HttpRequest, lead: Lead) -> str:
    return _next(request) or reverse("admin:leads_lead_page", args=[lead.pk])


admin.site.add_page("quick-log/", quick_log, "quick_log")
admin.site.add_page("quick-log/leads/", find_leads, "quick_log_leads")
