"""Claims: the list with what wanes, the page, giving one up."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Max, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from chains.models import TaskTeam
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.changelist import Tab
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from kfq_crm.base.templatetags.office import day
from leads.actions.claims import release_claim
from leads.admin.lead_page import claim_view
from leads.models import Claim, ClaimState, Enterprise, Lead, Ruling
from leads.models.claim import RULE


def with_progress(claims: QuerySet[Claim]) -> QuerySet[Claim]:
    """Each claim with the day of the last progress on its leads."""
    leads = Lead.objects.filter(claim=OuterRef("pk")).order_by()
    latest = leads.values("claim").annotate(day=Max("last_progress_on")).values("day")
    return claims.annotate(progress_on=Subquery(latest))


def badge(claim: Any) -> str:
    """State or waning, in colour and in a word."""
    view = claim_view(claim, claim.progress_on, timezone.localdate())
    return format_html('<span class="o-badge o-badge--{}">{}</span>', view.colour, view.word)


@admin.register(Claim)
class ClaimAdmin(OwnPageAdmin):
    """Claims begin with a lead and end by an action; nobody types one in."""

    page_name = "admin:leads_claim_page"
    list_display = ("company", "team", "since", "progress", "until", "state_badge")
    phone_columns = ("team", "until", "state_badge")
    list_select_related = ("enterprise", "team")
    list_defer = ("enterprise__search_text", "enterprise__search_grams", "enterprise__note")
    search_fields = ("enterprise__search_text",)
    search_help_text = gettext_lazy("Company, pinyin initials, parent group, credit code")
    empty_hint = gettext_lazy("No claim is on record. Logging a lead claims its company.")

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("active", pgettext_lazy("claims", "in force"), ordering=("lapses_on", "pk")),
            Tab("ended", pgettext_lazy("claims", "ended")),
            Tab("all", pgettext_lazy("claims", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "active":
            return rows.filter(state=ClaimState.ACTIVE)
        return rows.exclude(state=ClaimState.ACTIVE) if tab == "ended" else rows

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return with_progress(super().get_queryset(request))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No column can be guessed letter by letter."""
        return False

    @admin.display(description=gettext_lazy("enterprise"), ordering="enterprise__name")
    def company(self, claim: Claim) -> str:
        return str(claim.enterprise)

    @admin.display(description=gettext_lazy("claimed on"), ordering="claimed_on")
    def since(self, claim: Claim) -> str:
        return day(claim.claimed_on)

    @admin.display(description=gettext_lazy("last progress"))
    def progress(self, claim: Any) -> str:
        return day(claim.progress_on) if claim.progress_on else _("none yet")

    @admin.display(description=gettext_lazy("lapses on"), ordering="lapses_on")
    def until(self, claim: Claim) -> str:
        if claim.ended_on:
            return _("ended %(day)s") % {"day": day(claim.ended_on)}
        return days_left(claim)

    @admin.display(description=gettext_lazy("state of the claim"))
    def state_badge(self, claim: Any) -> str:
        return badge(claim)


def days_left(claim: Claim) -> str:
    """The day on which it lapses, and how far off that is."""
    left = (claim.lapses_on - timezone.localdate()).days
    if left < 0:
        return day(claim.lapses_on)
    return _("%(day)s (%(days)s days left)") % {"day": day(claim.lapses_on), "days": left}


def may_release(user: Any, claim: Claim) -> bool:
    """The head of the team that holds the company, and whoever rules."""
    return claim.team.head_id == user.pk or user.has_perm(RULE)


def claim_page(request: HttpRequest, pk: int) -> HttpResponse:
    """A claim with its leads and with the rulings on it."""
    user: Any = request.user
    claims = with_progress(Claim.objects.visible_to(user).select_related("enterprise", "team"))
    claim: Any = get_object_or_404(claims, pk=pk)
    seen = Enterprise.objects.visible_to(user).filter(pk=claim.enterprise_id)
    rulings = Ruling.objects.visible_to(user).filter(request__claim=claim)
    context = {
        "claim": claim,
        "badge": badge(claim),
        "until": days_left(claim),
        "company_is_seen": seen.exists(),
        "leads": Lead.objects.visible_to(user)
        .filter(enterprise=claim.enterprise_id, chain=claim.team.chain_id)
        .select_related("owner")
        .order_by("exit", "-pk")[:50],
        "rulings": rulings.select_related("holder", "request__asking_team", "ruled_by"),
        "may_release": claim.state == ClaimState.ACTIVE and may_release(user, claim),
        "may_log": user.has_perm("leads.add_lead")
        and TaskTeam.objects.filter(pk=claim.team_id, group__user=user).exists(),
    }
    return office_page(request, "leads/claim/page.html", _("Claim (first to file)"), context)


class Release(ActionPage):
    """Give a company up, before the claim lapses by itself."""

    model = Claim
    related = ("enterprise", "team")
    title = gettext_lazy("Give up a claim")
    submit_label = gettext_lazy("Give up this company")
    is_danger = True

    def is_allowed(self) -> bool:
        return may_release(self.user, self.subject)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:leads_claim_page", args=[subject.pk])

    def refusal(self) -> str:
        if self.subject.state == ClaimState.ACTIVE:
            return ""
        return _("This claim has already ended.")

    def consequences(self) -> list[str]:
        return [
            _("From now on every team may log this company and claim it."),
            _("Your leads on it stay, but another team's claim will stop their moves."),
        ]

    def act(self, form: Any) -> str:
        release_claim(claim=self.subject, by=self.user)
        return _("The claim on %(company)s is given up.") % {"company": self.subject.enterprise}


admin.site.add_page("leads/claim/<int:pk>/page/", claim_page, "leads_claim_page")
admin.site.add_page("leads/claim/<int:pk>/release/", Release.as_view(), "leads_claim_release")
