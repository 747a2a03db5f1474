"""The rows behind a target's figure: what was counted, one by one."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from chains.models import AnnualTarget
from kfq_crm.base.pages import office_page
from kfq_crm.overview.queries.targets import COUNTED, attainment_of, rows_counted

PER_PAGE = 50


@require_safe
def target_rows(request: HttpRequest, pk: int) -> HttpResponse:
    """Contracts or milestones that this person may see and the target counts."""
    user: Any = request.user
    targets = AnnualTarget.objects.visible_to(user).select_related("metric", "chain", "team")
    target = get_object_or_404(targets, pk=pk)
    if target.metric.code not in COUNTED:
        raise Http404
    pages = Paginator(rows_counted(user, target), PER_PAGE)
    context = {
        "target": target,
        "row": attainment_of(user, target),
        "counted": pages.get_page(request.GET.get("page")),
        "of_milestones": bool(COUNTED[target.metric.code].milestone),
    }
    title = _("%(year)s %(metric)s: what was counted") % {
        "year": target.year,
        "metric": target.metric,
    }
    return office_page(request, "overview/target_rows.html", title, context)


admin.site.add_page("targets/<int:pk>/rows/", target_rows, "target_rows")  # type: ignore[attr-defined]  # the office's site
