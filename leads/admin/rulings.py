"""Requests for a ruling and rulings: asking, deciding once and for all, reading."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from chains.models import TaskTeam
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.changelist import Tab
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, add_violation
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.templatetags.office import day
from leads.actions.claims import request_ruling, rule_on_claim
from leads.admin.claims import with_progress
from leads.models import Claim, Enterprise, Ruling, RulingRequest
from leads.models.claim import RULE
from leads.queries import typed_phone

# --- Asking ----------------------------------------------------------------------------------


class AskForm(ActionForm):
    """The company as typed when logging it was refused, and why this team should hold it."""

    company_name = forms.CharField(
        label=gettext_lazy("Name of the company"),
        max_length=120,
        widget=UnfoldAdminTextInputWidget,
    )
    uscc = forms.CharField(
        label=gettext_lazy("unified social credit code"),
        required=False,
        max_length=60,
        widget=UnfoldAdminTextInputWidget,
    )
    phone = forms.CharField(
        label=gettext_lazy("Telephone of the contact person"),
        required=False,
        max_length=60,
        widget=UnfoldAdminTextInputWidget,
    )
    team = forms.ModelChoiceField(
        empty_label="—",
        label=gettext_lazy("asking team"),
        queryset=TaskTeam.objects.none(),
        widget=UnfoldAdminSelectWidget,
    )
    grounds = forms.CharField(
        label=gettext_lazy("grounds of the request"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
        help_text=gettext_lazy(
            "When and with whom your team talked first, what has been agreed since"
        ),
    )

    def __init__(self, user: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["team"]
        field.queryset = TaskTeam.objects.filter(group__user=user)
        field.initial = field.queryset.first()
        if field.queryset.count() == 1:
            field.widget = forms.HiddenInput()


def ask(request: HttpRequest) -> HttpResponse:
    """The page to which the notice “claimed by …” leads."""
    user: Any = request.user
    may_ask = user.has_perm("leads.add_rulingrequest")
    if not may_ask or not TaskTeam.objects.filter(group__user=user).exists():
        raise PermissionDenied
    typed = {
        "company_name": request.GET.get("company", "")[:120],
        "uscc": request.GET.get("uscc", "")[:60],
        "phone": request.GET.get("phone", "")[:60],
    }
    form = AskForm(user, request.POST or None, initial=typed)
    if request.method == "POST" and form.is_valid():
        try:
            asked = _ask(user, form.cleaned_data)
        except RuleViolation as violation:
            add_violation(form, violation)
        else:
            messages.success(request, _("The coordination office has your request."))
            return HttpResponseRedirect(_request_page(asked.pk))
    context = {"form": form, "media": form.media}
    return office_page(request, "leads/claim/ask.html", _("Ask for a ruling"), context)


def _ask(user: Any, values: dict[str, Any]) -> RulingRequest:
    phone = typed_phone(values["phone"])
    return request_ruling(
        company_name=values["company_name"],
        uscc=values["uscc"] or None,
        phones=(phone,) if phone else (),
        team=values["team"],
        grounds=values["grounds"],
        by=user,
    )


# --- The list --------------------------------------------------------------------------------


@admin.register(RulingRequest)
class RulingRequestAdmin(OwnPageAdmin):
    page_name = "admin:leads_rulingrequest_page"
    list_display = ("company_name", "asking_team", "held_by", "asked_on", "asked_by", "outcome")
    phone_columns = ("asking_team", "asked_on", "outcome")
    list_select_related = ("asking_team", "claim__team", "asked_by", "ruling__holder")
    search_fields = ("company_name",)
    empty_hint = gettext_lazy(
        "No request is on record. Whoever logs a company that another team holds can ask for one."
    )

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab(
                "waiting",
                pgettext_lazy("requests", "waiting"),
                gettext_lazy("No request waits for a ruling."),
                ("pk",),
            ),
            Tab("ruled", pgettext_lazy("requests", "ruled on")),
            Tab("all", pgettext_lazy("requests", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        return rows if tab == "all" else rows.filter(ruling__isnull=tab == "waiting")

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Asked on a page of its own, from the notice."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No column can be guessed letter by letter."""
        return False

    @admin.display(description=gettext_lazy("held by"))
    def held_by(self, request: RulingRequest) -> str:
        return str(request.claim.team)

    @admin.display(description=gettext_lazy("asked on"), ordering="created_at")
    def asked_on(self, request: RulingRequest) -> str:
        return day(request.created_at)

    @admin.display(description=gettext_lazy("outcome"))
    def outcome(self, request: RulingRequest) -> str:
        ruling = ruling_of(request)
        if ruling is None:
            return format_html(
                '<span class="o-badge o-badge--amber">{}</span>', _("waiting for the ruling")
            )
        return format_html(
            '<span class="o-badge o-badge--accent">{}</span><span class="o-second">{}</span>',
            ruling.holder,
            day(ruling.ruled_at),
        )


def ruling_of(request: RulingRequest) -> Ruling | None:
    return getattr(request, "ruling", None)


def _request_page(pk: int) -> str:
    return reverse("admin:leads_rulingrequest_page", args=[pk])


RELATED = ("asking_team", "asked_by", "ruling__holder", "ruling__ruled_by")


def request_page(request: HttpRequest, pk: int) -> HttpResponse:
    """The request, for the team that asks and for whoever rules; the outcome once it is there."""
    user: Any = request.user
    asked = get_object_or_404(
        RulingRequest.objects.visible_to(user).select_related(*RELATED), pk=pk
    )
    context = {
        "asked": asked,
        "claim": _claim_of(asked),
        "ruling": ruling_of(asked),
        "may_rule": user.has_perm(RULE) and ruling_of(asked) is None,
        "rules": user.has_perm(RULE),
    }
    return office_page(request, "leads/claim/request.html", asked.company_name, context)


def _claim_of(asked: RulingRequest) -> Any:
    return with_progress(Claim.objects.select_related("team", "enterprise")).get(pk=asked.claim_id)


# --- Ruling ----------------------------------------------------------------------------------


class RuleForm(ActionForm):
    """Which of the two, and why. Sent twice: the second time after the consequence was read."""

    holder = forms.ModelChoiceField(
        label=gettext_lazy("team that may court the company"),
        queryset=TaskTeam.objects.none(),
        widget=UnfoldAdminRadioSelectWidget,
        empty_label=None,
    )
    reasons = forms.CharField(
        label=gettext_lazy("reasons of the ruling"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text=gettext_lazy("Both teams read them"),
    )
    confirmed = forms.BooleanField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args: Any, asked: RulingRequest, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["holder"]
        field.queryset = TaskTeam.objects.filter(pk__in=[asked.claim.team_id, asked.asking_team_id])


class Rule(ActionPage):
    """Two choices and reasons; the consequence is named before anything is written."""

    model = RulingRequest
    related = ("asking_team", "asked_by", "claim__team", "claim__enterprise")
    form_class = RuleForm
    template_name = "leads/claim/rule.html"
    title = gettext_lazy("Rule on a claim")
    submit_label = gettext_lazy("Read the consequence")

    def is_allowed(self) -> bool:
        return bool(self.user.has_perm(RULE))

    def form_options(self) -> dict[str, Any]:
        return {"asked": self.subject}

    def page_of(self, subject: Any) -> str:
        return _request_page(subject.pk)

    def refusal(self) -> str:
        if Ruling.objects.filter(request=self.subject).exists():
            return _("This request has been ruled on; a ruling is final.")
        return ""

    def extra_context(self) -> dict[str, Any]:
        return {"asked": self.subject, "claim": _claim_of(self.subject), "rules": True}

    def act(self, form: Any) -> str | HttpResponse:
        holder, reasons = form.cleaned_data["holder"], form.cleaned_data["reasons"]
        if not form.cleaned_data["confirmed"] and not self.refusal():
            return self._confirm(holder, reasons)
        rule_on_claim(request=self.subject, holder=holder, reasons=reasons, by=self.user)
        return _("Ruled: %(team)s may court %(company)s.") % {
            "team": holder,
            "company": self.subject.company_name,
        }

    def _confirm(self, holder: TaskTeam, reasons: str) -> HttpResponse:
        context = {
            "asked": self.subject,
            "holder": holder,
            "other": self._other(holder),
            "reasons": reasons,
            "changes_hands": holder.pk != self.subject.claim.team_id,
        }
        return office_page(
            self.request, "leads/claim/confirm.html", _("Final: confirm the ruling"), context
        )

    def _other(self, holder: TaskTeam) -> TaskTeam:
        held: TaskTeam = self.subject.claim.team
        asking: TaskTeam = self.subject.asking_team
        return held if holder == asking else asking


# --- Rulings ---------------------------------------------------------------------------------


@admin.register(Ruling)
class RulingAdmin(OwnPageAdmin):
    """Rulings are read; nobody edits one."""

    page_name = "admin:leads_ruling_page"
    list_display = ("company", "holder", "asking_team", "ruled_on", "ruled_by", "reasons")
    phone_columns = ("holder", "ruled_on")
    list_select_related = ("request__asking_team", "holder", "ruled_by")
    search_fields = ("request__company_name",)
    empty_hint = gettext_lazy("No ruling has been given.")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No column can be guessed letter by letter."""
        return False

    @admin.display(description=gettext_lazy("company as typed"))
    def company(self, ruling: Ruling) -> str:
        return ruling.request.company_name

    @admin.display(description=gettext_lazy("asking team"))
    def asking_team(self, ruling: Ruling) -> str:
        return str(ruling.request.asking_team)

    @admin.display(description=gettext_lazy("ruled on (day)"), ordering="ruled_at")
    def ruled_on(self, ruling: Ruling) -> str:
        return day(ruling.ruled_at)


def ruling_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A ruling, for both teams and whoever rules."""
    user: Any = request.user
    rulings = Ruling.objects.visible_to(user)
    related = ("request__asking_team", "request__claim__team", "holder", "ruled_by")
    ruling = get_object_or_404(rulings.select_related(*related), pk=pk)
    claim = Claim.objects.visible_to(user).filter(pk=ruling.request.claim_id).first()
    company = ruling.request.claim.enterprise_id
    context = {
        "ruling": ruling,
        "claim": claim,
        "company": Enterprise.objects.visible_to(user).filter(pk=company).first(),
        "request_is_seen": RulingRequest.objects.visible_to(user)
        .filter(pk=ruling.request_id)
        .exists(),
    }
    return office_page(request, "leads/claim/ruling.html", _("Ruling"), context)


admin.site.add_page("leads/ask-for-a-ruling/", ask, "leads_request_ruling")
admin.site.add_page("leads/rulingrequest/<int:pk>/page/", request_page, "leads_rulingrequest_page")
admin.site.add_page(
    "leads/rulingrequest/<int:pk>/rule/", Rule.as_view(), "leads_rulingrequest_rule"
)
admin.site.add_page("leads/ruling/<int:pk>/page/", ruling_page, "leads_ruling_page")
