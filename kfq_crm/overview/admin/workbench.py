"""The workbench, first page after signing in: mine today, my chain's week, the year's targets."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kfq_crm.base.pages import office_page
from kfq_crm.overview.queries.desk import Desk, desk_of
from kfq_crm.overview.queries.targets import targets_of
from kfq_crm.overview.queries.workbench import day_of, messages_of, waiting_for, week_of


@require_safe
def workbench(request: HttpRequest) -> HttpResponse:
    """What to do next, for whoever signed in."""
    user: Any = request.user
    desk = desk_of(user, request.GET.dict())
    if desk.is_empty:
        return office_page(request, "overview/workbench_empty.html", _("Workbench"), {"desk": desk})
    today = timezone.localdate()
    context = {
        "desk": desk,
        "as_of": timezone.now(),
        "day": day_of(desk, today),
        "messages_waiting": messages_of(user, today),
        "waiting": waiting_for(desk),
        "week": week_of(desk, today),
        "targets": targets_of(user, today.year, chains=desk.chains, zone=desk.whole_zone),
        "whose": _whose(desk),
    }
    return office_page(request, "overview/workbench.html", _("Workbench"), context)


def _whose(desk: Desk) -> str:
    """Whose leads the day's lists hold, for their headings."""
    if desk.whole_zone:
        return _("Whole zone")
    if desk.person:
        return _("Mine") if desk.is_own else str(desk.person)
    return _(", ").join(str(chain) for chain in desk.chains)


admin.site.home = workbench  # type: ignore[attr-defined]  # the office's site
admin.site.add_page("", workbench, "workbench")  # type: ignore[attr-defined]  # as above
