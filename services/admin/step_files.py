"""Handing out files of approvals: only here, only to whoever sees the plan, and noted first."""

from __future__ import annotations

from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kfq_crm.base.addresses import client_address
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from services.actions.papers import record_download
from services.models import StepFile


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse | FileResponse:
    """A file of a step that the person sees; 404 for any other."""
    kept = get_object_or_404(visible(StepFile, request.user).select_related("step"), pk=pk)
    try:
        content = kept.file.open("rb")
    except FileNotFoundError:
        title = _("This file cannot be found")
        return office_page(request, "services/file_missing.html", title, {"file": kept}, status=404)
    try:
        record_download(
            file=kept,
            by=request.user,  # type: ignore[arg-type]  # the admin lets nobody else in
            address=client_address(request),
        )
    except BaseException:
        content.close()
        raise
    answer = FileResponse(
        content, as_attachment=True, filename=kept.name, content_type=kept.content_type
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer


admin.site.add_page("services/file/<int:pk>/", download, "services_stepfile_download")  # type: ignore[attr-defined]  # the office's site
