"""Verbs of liaison: appoint, relieve, log a visit with what was asked, give and take back links."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import Permission
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods
from unfold.widgets import UnfoldAdminSelectWidget

from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.addresses import client_address
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, LedgerDateField, add_violation
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page
from leads.admin.followup_form import FilesField, FormNumberField, PersonField, draw_again
from leads.admin.lead_actions import choice_field, long_field, text_field
from leads.models import Enterprise
from leads.permissions import NotAllowed
from services.actions.asking_links import give_link, may_give_link, revoke_link, was_mailed
from services.actions.liaison import (
    APPOINT,
    Crowd,
    VisitedBefore,
    appoint_officer,
    crowd,
    end_liaison,
    lead_worked_on,
    log_visit,
)
from services.admin.liaison import page_of
from services.admin.question_verbs import category_field
from services.admin.take_in import choose_enterprise, chosen_enterprise
from services.models import AskingLink, Department, Liaison, Purpose, Tier, Visit, departments_of
from services.signed_links import are_sent, asking_address

NOT_SENT = gettext_lazy(
    "Nothing is sent: the address of this system has not been set up. Pass the link on yourself"
)
ASKED = ("asked_title", "asked_text", "asked_category")


# --- Appointing ------------------------------------------------------------------------------


class AppointForm(ActionForm):
    officer = PersonField(label=gettext_lazy("Liaison officer"))
    tier = choice_field(gettext_lazy("Kind of liaison"), Tier.choices)
    reason = text_field(
        gettext_lazy("Reason of the change"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Needed where somebody else looked after it until now"),
    )

    instead_of = forms.IntegerField(required=False, widget=forms.HiddenInput())

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["officer"]
        field.queryset = officers()


def officers() -> Any:
    """People who may record visits, by their roles' permissions."""
    visits = {"codename": "add_visit", "content_type__app_label": "services"}
    granted = Permission.objects.filter(**visits)
    allowed = Q(groups__permissions__in=granted) | Q(user_permissions__in=granted)
    people = User.staff.filter(allowed, is_active=True).distinct()
    return people.order_by("display_name")


@require_http_methods(["GET", "HEAD", "POST"])
def appoint(request: HttpRequest) -> HttpResponse:
    """Choose the enterprise, then the officer."""
    user: Any = request.user
    if not user.has_perm(APPOINT):
        raise PermissionDenied
    enterprise = chosen_enterprise(request)
    if enterprise is None:
        return choose_enterprise(request, _("Appoint a liaison officer"))
    now = Liaison.objects.active().filter(enterprise=enterprise).first()
    initial = {"officer": now.officer_id, "tier": now.tier} if now else {}
    seen = now.pk if now else 0
    form = AppointForm(request.POST or None, initial={**initial, "instead_of": seen})
    if request.method == "POST" and form.is_valid():
        try:
            liaison = appoint_officer(enterprise=enterprise, by=user, **form.cleaned_data)
        except NotAllowed as violation:
            raise PermissionDenied from violation
        except RuleViolation as violation:
            add_violation(form, violation)
            if violation.code == "faster":  # the page shows who it is now
                form.data = {**form.data.dict(), "instead_of": seen}
        else:
            told = {"person": liaison.officer, "enterprise": enterprise}
            messages.success(request, _("%(person)s looks after %(enterprise)s now.") % told)
            return HttpResponseRedirect(page_of(liaison))
    context = {"form": form, "media": form.media, "enterprise": enterprise, "now": now}
    return office_page(
        request, "services/liaison/appoint.html", _("Appoint a liaison officer"), context
    )


class EndForm(ActionForm):
    reason = long_field(gettext_lazy("Why the care ends"), max_length=200)


class EndPage(ActionPage):
    model = Liaison
    related = ("enterprise", "officer")
    title = gettext_lazy("End the care of an enterprise")
    submit_label = gettext_lazy("End the care")
    form_class = EndForm
    is_danger = True

    def is_allowed(self) -> bool:
        return self.user.has_perm(APPOINT)

    def page_of(self, subject: Any) -> str:
        return page_of(subject)

    def refusal(self) -> str:
        return _("This care has ended already.") if self.subject.ended_on else ""

    def consequences(self) -> list[str]:
        return [_("Nobody is reminded of visits any more; what was visited stays on record.")]

    def act(self, form: Any) -> str:
        end_liaison(
            liaison=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The care has ended.")


# --- Visiting --------------------------------------------------------------------------------


class VisitForm(ActionForm):
    """What was seen and said; a question raised on the spot is taken in with it."""

    visited_on = LedgerDateField(label=gettext_lazy("Day of the visit"))
    purpose = choice_field(gettext_lazy("Purpose of the visit"), Purpose.choices)
    department = forms.ModelChoiceField(
        label=gettext_lazy("Visiting department"),
        queryset=Department.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget(),
        empty_label="—",
    )
    summary = long_field(gettext_lazy("What was seen and said"), rows=4, max_length=2000)
    our_people = text_field(gettext_lazy("Our people"), max_length=200, required=False)
    their_people = text_field(gettext_lazy("Their people"), max_length=200, required=False)
    asked_title = text_field(gettext_lazy("Question in a line"), max_length=80, required=False)
    asked_text = long_field(gettext_lazy("What is asked"), max_length=2000, required=False)
    asked_category = category_field(required=False)
    file = FilesField(label=gettext_lazy("Photos and files"), required=False)
    sent_as = FormNumberField()

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = departments_of(user)
        everywhere = user.has_perm("services.direct_questions")
        field: Any = self.fields["department"]
        field.queryset = Department.objects.filter(is_active=True) if everywhere else own
        self.fields["department"].initial = None if everywhere else own.first()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        given = [name for name in ASKED if cleaned.get(name)]
        for name in ASKED if given else ():
            if not cleaned.get(name) and name not in self.errors:
                self.add_error(name, _("A question needs its line, its words and a category."))
        return cleaned

    @property
    def question(self) -> dict[str, Any] | None:
        """The question raised on the spot, in the words of `take_in_question`."""
        if not self.cleaned_data.get("asked_title"):
            return None
        return {name.removeprefix("asked_"): self.cleaned_data[name] for name in ASKED}

    @property
    def values(self) -> dict[str, Any]:
        names = ("purpose", "department", "summary", "our_people", "their_people")
        return {name: self.cleaned_data[name] for name in names}


@require_http_methods(["GET", "HEAD", "POST"])
def visit(request: HttpRequest) -> HttpResponse:
    """Choose the enterprise, then say what the visit brought. One visit too many is told before."""
    user: Any = request.user
    if not user.has_perm("services.add_visit"):
        raise PermissionDenied
    enterprise = chosen_enterprise(request)
    if enterprise is None:
        return choose_enterprise(request, _("Log a visit"))
    today = timezone.localdate()
    initial = {"visited_on": today}
    form = VisitForm(request.POST or None, request.FILES or None, initial=initial, user=user)
    if request.method == "POST" and form.is_valid():
        logged = _log(request, form, enterprise)
        if logged:
            messages.success(request, _("The visit is on record."))
            return HttpResponseRedirect(_after(user, logged))
    full = crowd(enterprise, today)
    context = {
        "form": form,
        "media": form.media,
        "enterprise": enterprise,
        "warning": warning_of(full),
        "lead": lead_worked_on(enterprise, user),
    }
    return office_page(request, "services/liaison/visit.html", _("Log a visit"), context)


def warning_of(full: Crowd) -> str:
    """无事不扰: said before the visit, while it can still be spared."""
    if not full.is_full:
        return ""
    told = ngettext(
        "%(visits)d visit in the last %(days)d days; the rule allows %(allowed)d. "
        "Do not call on them without a reason: telephone, or go together.",
        "%(visits)d visits in the last %(days)d days; the rule allows %(allowed)d. "
        "Do not call on them without a reason: telephone, or go together.",
        full.visits,
    )
    return told % {"visits": full.visits, "days": full.days, "allowed": full.allowed}


def _log(request: HttpRequest, form: VisitForm, enterprise: Enterprise) -> Visit | None:
    user: Any = request.user
    try:
        return log_visit(
            enterprise=enterprise,
            visited_on=form.cleaned_data["visited_on"],
            values=form.values,
            uploads=form.cleaned_data["file"],
            question=form.question,
            sent_as=form.cleaned_data["sent_as"],
            by=user,
        )
    except NotAllowed as violation:
        raise PermissionDenied from violation
    except VisitedBefore as before:
        if before.visit.visitor_id != user.pk:
            raise PermissionDenied from before
        if _is_same(before.visit, form):
            return before.visit
        draw_again(form)
        form.add_error(None, _("The first visit is on record; this one is not yet. Save it again."))
    except RuleViolation as violation:
        add_violation(form, violation)
    return None


def _is_same(visit: Visit, form: VisitForm) -> bool:
    sent = (form.cleaned_data["visited_on"], form.cleaned_data["summary"].strip())
    return sent == (visit.visited_on, visit.summary)


def _after(user: User, logged: Visit) -> str:
    """The liaison's page, where the person may see it; else the list of questions."""
    liaison = Liaison.objects.visible_to(user).active().filter(enterprise=logged.enterprise_id)
    found = liaison.first()
    return page_of(found) if found else reverse("admin:services_question_changelist")


# --- Links -----------------------------------------------------------------------------------


class LinkForm(ActionForm):
    contact_name = text_field(gettext_lazy("Whom it is for"), max_length=60)
    contact_email = text_field(
        gettext_lazy("E-mail"),
        max_length=254,
        required=False,
        help_text=gettext_lazy("The link is sent there; without it you pass it on yourself"),
    )
    contact_phone = text_field(gettext_lazy("Telephone"), max_length=60, required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not are_sent():
            self.fields["contact_email"].help_text = NOT_SENT


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest) -> HttpResponse:
    """A link for an enterprise, shown to who gives it."""
    user: Any = request.user
    if not user.has_perm("services.add_askinglink"):
        raise PermissionDenied
    enterprise = chosen_enterprise(request)
    if enterprise is None:
        return choose_enterprise(request, _("Give an enterprise its link"))
    if not may_give_link(user, enterprise):
        raise PermissionDenied
    form = LinkForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            link = give_link(
                enterprise=enterprise,
                by=user,
                address=client_address(request),
                **form.cleaned_data,
            )
        except RuleViolation as violation:
            add_violation(form, violation)
        else:
            return HttpResponseRedirect(reverse("admin:services_askinglink_page", args=[link.pk]))
    context = {"form": form, "media": form.media, "enterprise": enterprise}
    return office_page(
        request, "services/liaison/give_link.html", _("Give an enterprise its link"), context
    )


def link_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The address to pass on, for who may give it out; how long it holds, who asked by it."""
    user: Any = request.user
    rows = AskingLink.objects.visible_to(user).select_related("enterprise", "issued_by")
    link = get_object_or_404(rows, pk=pk)
    allowed = link.issued_by_id == user.pk or may_give_link(user, link.enterprise)
    is_valid = link.is_valid(timezone.localdate())
    context = {
        "link": link,
        "address": _whole(request, link) if allowed and is_valid else "",
        "is_valid": is_valid,
        "asked": link.questions.count(),
        "was_mailed": bool(link.contact_email) and was_mailed(link),
        "may_revoke": allowed and link.revoked_at is None,
        "back": _liaison_of(user, link),
    }
    return office_page(request, "services/liaison/link.html", str(link), context)


def _whole(request: HttpRequest, link: AskingLink) -> str:
    address = asking_address(link)
    return address if "://" in address else request.build_absolute_uri(address)


def _liaison_of(user: User, link: AskingLink) -> str:
    rows = Liaison.objects.visible_to(user).active().filter(enterprise=link.enterprise_id)
    found = rows.first()
    return page_of(found) if found else reverse("admin:services_liaison_changelist")


class RevokePage(ActionPage):
    model = AskingLink
    related = ("enterprise",)
    title = gettext_lazy("Take a link back")
    submit_label = gettext_lazy("Take the link back")
    is_danger = True

    def is_allowed(self) -> bool:
        own = self.subject.issued_by_id == self.user.pk
        return own or may_give_link(self.user, self.subject.enterprise)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:services_askinglink_page", args=[subject.pk])

    def refusal(self) -> str:
        return _("This link was taken back already.") if self.subject.revoked_at else ""

    def consequences(self) -> list[str]:
        return [_("Whoever opens it reads that it is no longer valid. Questions asked stay.")]

    def act(self, form: Any) -> str:
        revoke_link(link=self.subject, by=self.user, expected=self.expected(), address=self.address)
        return _("The link is taken back.")


admin.site.add_page("services/liaison/appoint/", appoint, "services_liaison_appoint")
admin.site.add_page("services/liaison/<int:pk>/end/", EndPage.as_view(), "services_liaison_end")
admin.site.add_page("services/visit/log/", visit, "services_visit_log")
admin.site.add_page("services/link/give/", give, "services_askinglink_give")
admin.site.add_page("services/link/<int:pk>/page/", link_page, "services_askinglink_page")
admin.site.add_page(
    "services/link/<int:pk>/revoke/", RevokePage.as_view(), "services_askinglink_revoke"
)
