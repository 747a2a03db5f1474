"""A task team's page: leader, head, members with their desks, outposts, targets, the list."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.views.decorators.http import require_safe

from chains.models import TaskTeam
from chains.permissions import may_appoint, may_change_members
from chains.visibility import sees_all
from kfq_crm.base.pages import office_page
from kfq_crm.overview.queries.targets import targets_of
from kfq_crm.overview.queries.teams import colleagues, list_of


@require_safe
def team_page(request: HttpRequest, pk: int) -> HttpResponse:
    """Hidden teams are 404; what one may change stands beside what it changes."""
    user: Any = request.user
    teams = TaskTeam.objects.visible_to(user).select_related(
        "chain", "leader", "head", "lead_unit_person"
    )
    team = get_object_or_404(teams, pk=pk)
    today = timezone.localdate()
    context = {
        "team": team,
        "chain": team.chain,
        "colleagues": colleagues(team, user, today),
        "outposts": list(team.outposts.all()),
        "targets": targets_of(user, today.year, chains=[team.chain]),
        "list": list_of(team.chain, user),
        "as_of": timezone.now(),
        "may_appoint": may_appoint(user),
        "may_change_members": may_change_members(user, team),
        "may_export": user.has_perm("leads.export_leads"),
        "may_preview": team.leader_id is not None
        and (user.pk in (team.leader_id, team.head_id) or sees_all(user)),
    }
    return office_page(request, "overview/team_page.html", str(team), context)


admin.site.add_page("teams/<int:pk>/", team_page, "team_page")  # type: ignore[attr-defined]  # the office's site
