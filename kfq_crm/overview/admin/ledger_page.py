"""The one button of 一链一清单: the chain's list as a workbook, on record in the access log."""

from __future__ import annotations

from tempfile import TemporaryFile
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from chains.models import TaskTeam
from kfq_crm.base.access import record_access
from kfq_crm.base.addresses import client_address
from kfq_crm.base.models import AccessKind
from kfq_crm.overview.ledger import write_ledger


@require_GET
def team_ledger(request: HttpRequest, pk: int) -> FileResponse:
    """Hidden teams are 404; who may not export is refused."""
    user: Any = request.user
    team = get_object_or_404(TaskTeam.objects.visible_to(user).select_related("chain"), pk=pk)
    if not user.has_perm("leads.export_leads"):
        raise PermissionDenied
    file = TemporaryFile()  # noqa: SIM115 — the response closes it when it is sent
    counts = write_ledger(team.chain, user, file)
    name = _("%(chain)s one-chain list") % {"chain": team.chain}
    record_access(
        AccessKind.EXPORT,
        by=user,
        subject=name,
        instance=team,
        detail={"rows": counts},
        address=client_address(request),
    )
    file.seek(0)
    day = timezone.localdate().isoformat()
    return FileResponse(file, as_attachment=True, filename=f"{name} {day}.xlsx")


admin.site.add_page("teams/<int:pk>/ledger/", team_ledger, "team_ledger")  # type: ignore[attr-defined]  # the office's site
