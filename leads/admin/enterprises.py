"""Companies: the list, the form, the page that gathers what one may see of a company."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from chains.models import TaskTeam
from chains.visibility import sees_all
from kfq_crm.base.changelist import Tab
from kfq_crm.base.codes import clean_uscc
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import JudgedForm
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.templatetags.office import day
from leads.actions.enterprises import register_enterprise, update_enterprise
from leads.admin.claims import with_progress
from leads.admin.contacts import contact_rows
from leads.admin.lead_page import claim_view
from leads.models import Claim, Enterprise, LandedProject, Lead
from leads.queries import find_matches

FACTS = (
    "name",
    "uscc",
    "parent_group",
    "industry_code",
    "region_code",
    "country",
    "address",
    "note",
)
SHOWN_LEADS = 50


def work_teams(user: Any) -> QuerySet[TaskTeam]:
    """Teams that the person works in; a leader of a chain reads only."""
    return TaskTeam.objects.filter(group__user=user)


class EnterpriseForm(JudgedForm):
    """Codes and names as typed; the action cleans them and says at the field what is wrong."""

    uscc = forms.CharField(
        label=gettext_lazy("unified social credit code"),
        required=False,
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
        help_text=gettext_lazy("18 characters; empty until a local company exists"),
    )
    industry_code = forms.CharField(
        label=gettext_lazy("industry code (GB/T 4754)"),
        required=False,
        max_length=20,
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
        help_text=gettext_lazy("A letter with two to four digits, for example C3742"),
    )
    region_code = forms.CharField(
        label=gettext_lazy("region code (GB/T 2260)"),
        required=False,
        max_length=20,
        widget=UnfoldAdminTextInputWidget(attrs={"spellcheck": "false"}),
        help_text=gettext_lazy("Six digits, for example 321282"),
    )

    class Meta:
        model = Enterprise
        fields = (*FACTS, "is_public")


class ForTeamForm(EnterpriseForm):
    """For those who could register a company for several teams."""

    team = forms.ModelChoiceField(
        empty_label="—",
        label=gettext_lazy("registered by team"),
        queryset=TaskTeam.objects.none(),
        widget=UnfoldAdminSelectWidget,
    )

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = work_teams(self.user)
        field: Any = self.fields["team"]
        field.queryset, field.initial = teams, teams.first()


@admin.register(Enterprise)
class EnterpriseAdmin(OwnPageAdmin):
    form = EnterpriseForm
    page_name = "admin:leads_enterprise_page"
    list_display = (
        "name",
        "code",
        "parent_group",
        "industry",
        "region",
        "leads_seen",
        "claimed",
    )
    phone_columns = ("code", "leads_seen", "claimed")
    list_defer = ("search_text", "search_grams", "note")
    # Searching reads the search columns; the name only makes the box appear.
    search_fields = ("name",)
    search_help_text = gettext_lazy("Company, pinyin initials, parent group, credit code")
    add_label = gettext_lazy("Register a company")
    empty_hint = gettext_lazy(
        "No company is on record that you may see. Logging a lead registers its company."
    )

    # --- The list --------------------------------------------------------------------------

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("leads", pgettext_lazy("enterprises", "with leads")),
            Tab("public", pgettext_lazy("enterprises", "known local companies")),
            Tab("all", pgettext_lazy("enterprises", "all")),
        )

    def default_tab(self, request: HttpRequest) -> str:
        return "all"

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "leads":
            seen = Lead.objects.visible_to(request.user).open().values("enterprise")  # type: ignore[arg-type]  # signed in
            return rows.filter(pk__in=seen)
        return rows.filter(is_public=True) if tab == "public" else rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        user: Any = request.user
        here = {"enterprise": OuterRef("pk")}
        leads = Lead.objects.visible_to(user).open().filter(**here).order_by()
        claims = Claim.objects.visible_to(user).active().filter(**here)
        return (
            super()
            .get_queryset(request)
            .annotate(
                lead_count=Subquery(
                    leads.values("enterprise").annotate(number=Count("pk")).values("number")
                ),
                claim_team=Subquery(claims.values("team__name")[:1]),
                claim_lapses_on=Subquery(claims.values("lapses_on")[:1]),
            )
        )

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No column can be guessed letter by letter."""
        return False

    @admin.display(description=gettext_lazy("credit code"), ordering="uscc")
    def code(self, enterprise: Enterprise) -> str:
        return format_html('<span class="o-nowrap">{}</span>', enterprise.uscc or "—")

    @admin.display(description=gettext_lazy("industry code"), ordering="industry_code")
    def industry(self, enterprise: Enterprise) -> str:
        return enterprise.industry_code or "—"

    @admin.display(description=gettext_lazy("region code"), ordering="region_code")
    def region(self, enterprise: Enterprise) -> str:
        return enterprise.region_code or "—"

    @admin.display(description=gettext_lazy("open leads"))
    def leads_seen(self, enterprise: Any) -> str:
        return str(enterprise.lead_count or "—")

    @admin.display(description=gettext_lazy("claim in force"))
    def claimed(self, enterprise: Any) -> str:
        if not enterprise.claim_team:
            return "—"
        until = _("until %(day)s") % {"day": day(enterprise.claim_lapses_on)}
        return format_html(
            '<span>{}<span class="o-second">{}</span></span>',
            enterprise.claim_team,
            until,
        )

    # --- The form --------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        fields = (*FACTS, "team") if obj is None and _asks_for_team(request) else FACTS
        return (*fields, "is_public") if sees_all(request.user) else fields  # type: ignore[arg-type]  # signed in

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if not change and _asks_for_team(request):
            kwargs["form"] = ForTeamForm
        return super().get_form(request, obj, change=change, **kwargs)

    def has_add_permission(self, request: HttpRequest) -> bool:
        allowed = super().has_add_permission(request)
        return allowed and (sees_all(request.user) or work_teams(request.user).exists())  # type: ignore[arg-type]  # signed in

    def write(
        self,
        request: HttpRequest,
        instance: Enterprise,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Enterprise:
        user: Any = request.user
        if instance.pk:
            return update_enterprise(enterprise=instance, values=values, by=user, expected=expected)
        refuse_known(user, values)
        team = values.get("team") or work_teams(user).first()
        facts = {key: value for key, value in values.items() if key != "team"}
        return register_enterprise(by=user, team=team, **facts)


def _asks_for_team(request: HttpRequest) -> bool:
    """Not the coordination office, which registers for no team, nor who has one team only."""
    return work_teams(request.user).count() > 1


def refuse_known(user: Any, values: Mapping[str, Any]) -> None:
    """What was typed would be lost on a company that is there already: lead to its page instead.

    Of a company that is hidden the action says what may be said.
    """
    matches = find_matches(name=values["name"], uscc=_code_or_none(values["uscc"]))
    known = matches.first_same()
    if known and Enterprise.objects.visible_to(user).filter(pk=known.pk).exists():
        message = format_html(
            '{} <a class="o-link" href="{}">{}</a>',
            _("This company is on record already:"),
            reverse("admin:leads_enterprise_page", args=[known.pk]),
            known.name,
        )
        raise RuleViolation("on_record", message, "name")


def _code_or_none(text: str) -> str | None:
    """The code if it is one; the action says what is wrong with any other."""
    try:
        return clean_uscc(text) if text else None
    except RuleViolation:
        return None


# --- The page --------------------------------------------------------------------------------


def enterprise_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Everything that this person may see of a company, on one page."""
    user: Any = request.user
    company = get_object_or_404(
        Enterprise.objects.visible_to(user).select_related("registered_by"), pk=pk
    )
    admin_of = admin.site._registry[Enterprise]
    context = {
        "company": company,
        "contacts": contact_rows(user, company),
        "leads": _leads(user, company),
        "projects": _projects(user, company),
        "claims": _claims(user, company),
        "registered_by": _registered_by(user, company),
        "may_change": admin_of.has_change_permission(request, company),
        "may_log": user.has_perm("leads.add_lead") and work_teams(user).exists(),
        "may_add_contact": _may_add_contact(user),
    }
    return office_page(request, "leads/enterprise/page.html", company.name, context)


def _leads(user: Any, company: Enterprise) -> QuerySet[Lead]:
    seen = Lead.objects.visible_to(user).filter(enterprise=company)
    return seen.select_related("chain", "segment", "owner").order_by("exit", "-pk")[:SHOWN_LEADS]


def _projects(user: Any, company: Enterprise) -> QuerySet[LandedProject]:
    return LandedProject.objects.visible_to(user).filter(enterprise=company).select_related("chain")


def _claims(user: Any, company: Enterprise) -> list[Any]:
    today = timezone.localdate()
    claims = Claim.objects.visible_to(user).filter(enterprise=company).select_related("team")
    shown: Any = with_progress(claims).order_by("-pk")
    return [claim_view(claim, claim.progress_on, today) for claim in shown]


def _registered_by(user: Any, company: Enterprise) -> TaskTeam | None:
    """Which team registered a company is told to that team and to those who see all."""
    team = company.registered_by
    if team is None or not TaskTeam.objects.visible_to(user).filter(pk=team.pk).exists():
        return None
    return team


def _may_add_contact(user: Any) -> bool:
    return user.has_perm("leads.add_contact") and (sees_all(user) or work_teams(user).exists())


admin.site.add_page("leads/enterprise/<int:pk>/page/", enterprise_page, "leads_enterprise_page")
