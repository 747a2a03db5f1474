"""The operations page: what runs, what waits, what failed; the same as JSON."""

from __future__ import annotations

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from kfq_crm.base import health, operations, own_panels
from kfq_crm.base.pages import office_page

SEE = "base.view_sweeprun"

own_panels.register()


@never_cache
def operations_page(request: HttpRequest) -> HttpResponse:
    """Panels with everything at this moment."""
    _require(request)
    now = timezone.now()
    context = {
        "as_of": now,
        "problems": health.problems(now),
        "panels": operations.read_panels(now),
    }
    return office_page(request, "base/operations.html", _("Operations"), context)


@never_cache
def operations_json(request: HttpRequest) -> JsonResponse:
    _require(request)
    now = timezone.now()
    found = health.problems(now)
    answer = {
        "as_of": timezone.localtime(now).isoformat(timespec="seconds"),
        "ready": not found,
        "problems": [{"check": p.check, "reason": p.reason} for p in found],
        "panels": operations.as_json(operations.read_panels(now)),
    }
    return JsonResponse(answer, json_dumps_params={"ensure_ascii": False, "indent": 1})


def _require(request: HttpRequest) -> None:
    if not request.user.has_perm(SEE):
        raise PermissionDenied


admin.site.add_page("operations/", operations_page, "operations")  # type: ignore[attr-defined]  # the office's site
admin.site.add_page("operations/status.json", operations_json, "operations_json")  # type: ignore[attr-defined]  # as above
