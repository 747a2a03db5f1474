"""Whether a company may be courted, told while its name is being typed."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST

from chains.models import TaskTeam
from kfq_crm.base.codes import clean_uscc
from kfq_crm.base.errors import RuleViolation
from leads.actions.claims import notice_of
from leads.admin.desk import desk_of
from leads.models import Lead
from leads.queries import find_matches, typed_phone

LONGEST = 120


@require_POST
def check_company(request: HttpRequest) -> HttpResponse:
    """A line below the investor's name: who holds it, or the own leads on it.

    Of a company that is hidden nothing is told but the claim. POST, so that names typed do not
    stand in the server's log.
    """
    if not request.user.has_perm("leads.add_lead"):  # type: ignore[union-attr]  # signed in
        raise PermissionDenied
    typed = _typed(request)
    context = _found(request, typed) if typed["name"] else {}
    return TemplateResponse(request, "leads/company_check.html", {"typed": typed, **context})


def _typed(request: HttpRequest) -> dict[str, Any]:
    text = {
        name: request.POST.get(name, "").strip()[:LONGEST]
        for name in ("investor", "uscc", "parent_group", "contact_phone")
    }
    phone = typed_phone(text["contact_phone"])
    return {
        "name": text["investor"],
        "uscc": _code(text["uscc"]),
        "parent": text["parent_group"],
        "phones": (phone,) if phone else (),
    }


def _code(text: str) -> str | None:
    """The code if it is one; what is wrong with it the form says when it is sent."""
    try:
        return clean_uscc(text) if text else None
    except RuleViolation:
        return None


def _found(request: HttpRequest, typed: dict[str, Any]) -> dict[str, Any]:
    team = _team(request)
    name, rest = typed["name"], {key: typed[key] for key in ("uscc", "parent", "phones")}
    held = notice_of(company_name=name, team=team, **rest)
    companies = [match.enterprise for match in find_matches(name=name, **rest).found]
    leads = Lead.objects.visible_to(request.user).filter(enterprise__in=companies)  # type: ignore[arg-type]  # signed in
    address = reverse("admin:leads_request_ruling") + "?" + urlencode({"company": name})
    return {
        "notice": str(held.message) if held else "",
        "ruling": address if held and team else "",
        "leads": leads.select_related("enterprise", "owner").order_by("exit", "-pk")[:3],
    }


def _team(request: HttpRequest) -> TaskTeam | None:
    """The team for which the lead would be logged; None while no chain is chosen."""
    chains = desk_of(request).chains_to_log
    chosen = request.POST.get("chain", "")
    wanted = [chain for chain in chains if str(chain.pk) == chosen]
    if not wanted and len(chains) == 1:
        wanted = chains
    return wanted[0].team if wanted else None


admin.site.add_page("leads/lead/check-company/", check_company, "leads_lead_check_company")
