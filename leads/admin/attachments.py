"""Handing out files: only through here, only to whoever sees the lead, and noted first."""

from __future__ import annotations

from django.contrib import admin
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from kfq_crm.base.addresses import client_address
from kfq_crm.base.pages import office_page
from kfq_crm.base.scoped_admin import visible
from leads.actions.files import record_download
from leads.models import Attachment
from leads.templatetags.leads import is_picture


@require_safe
def download(request: HttpRequest, pk: int) -> HttpResponse:
    """A file of a lead that the person sees; 404 for any other."""
    files = visible(Attachment, request.user).select_related("lead")
    attachment = get_object_or_404(files, pk=pk)
    try:
        content = attachment.file.open("rb")
    except FileNotFoundError:
        return _lost(request, attachment)
    record_download(attachment=attachment, by=request.user, address=client_address(request))  # type: ignore[arg-type]  # the admin lets nobody else in
    is_shown = "inline" in request.GET and is_picture(attachment)
    answer = FileResponse(
        content,
        as_attachment=not is_shown,
        filename=attachment.name,
        content_type=attachment.content_type,
    )
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    answer["Cache-Control"] = "private, no-store"
    return answer


def _lost(request: HttpRequest, attachment: Attachment) -> HttpResponse:
    """The record says that there is a file, the disk says no: tell what to do about it."""
    context = {"attachment": attachment, "lead": attachment.lead}
    title = _("This file cannot be found")
    return office_page(request, "leads/file_missing.html", title, context, status=404)


admin.site.add_page("leads/file/<int:pk>/", download, "leads_attachment_download")
