"""All nine chains, and each as a picture from upstream to downstream."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chains.models import Chain, ChainKind, TaskTeam
from chains.visibility import own_teams, sees_all
from kfq_crm.base.pages import office_page
from kfq_crm.overview.queries.chain_map import cards, companies_for, map_of
from leads.models import LandedProject

SHOWN = 50


@require_safe
def chains_overview(request: HttpRequest) -> HttpResponse:
    """四核五链 on one page."""
    _require_chains(request)
    user: Any = request.user
    found = cards(user)
    context = {
        "cores": [card for card in found if card.chain.kind == ChainKind.CORE],
        "chains": [card for card in found if card.chain.kind == ChainKind.CHAIN],
        "as_of": timezone.now(),
    }
    return office_page(
        request, "overview/chains_overview.html", _("Four cores, five chains"), context
    )


@require_safe
def chain_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One chain; `?gap=` opens the target companies that would close it."""
    _require_chains(request)
    user: Any = request.user
    chain = get_object_or_404(Chain.objects.visible_to(user), pk=pk)
    gap = _asked_gap(chain, request.GET.get("gap", ""))
    team = TaskTeam.objects.visible_to(user).filter(chain=chain).first()
    published = LandedProject.objects.visible_to(user).filter(chain=chain, contract=None)
    context = {
        "chain": chain,
        "others": Chain.objects.visible_to(user),
        "map": map_of(chain, user),
        "team": team,
        "gap": gap,
        "companies": companies_for(gap, user) if gap else [],
        "keeps_list": sees_all(user) or own_teams(user).filter(chain=chain).exists(),
        "published": published.select_related("segment").order_by("-is_recognised", "name")[:SHOWN],
        "as_of": timezone.now(),
    }
    return office_page(request, "overview/chain_page.html", str(chain), context)


def _asked_gap(chain: Chain, text: str) -> Any:
    if not text:
        return None
    gaps = chain.gaps.select_related("segment")
    return get_object_or_404(gaps, pk=int(text) if text.isdecimal() else 0)


def _require_chains(request: HttpRequest) -> None:
    if not request.user.has_perm("chains.view_chain"):
        raise PermissionDenied


admin.site.add_page("chains-overview/", chains_overview, "chains_overview")  # type: ignore[attr-defined]  # the office's site
admin.site.add_page("chains-overview/<int:pk>/", chain_page, "chain_page")  # type: ignore[attr-defined]  # as above
