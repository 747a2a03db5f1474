"""GET /api/v1/overview/: what a mayor asks."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from kfq_crm.base.api.conditional import not_modified, weak_etag
from kfq_crm.base.api.views import OfficeView
from kfq_crm.base.models import TokenScope
from kfq_crm.overview.api.answer import document_of
from kfq_crm.overview.api.asking import PARAMETERS, asked_of
from kfq_crm.overview.api.schema import ABOUT, answer
from kfq_crm.overview.api.schema import PARAMETERS as SHAPES
from kfq_crm.overview.api.state import state_of
from kfq_crm.overview.api.tables import columns, rows_of

if TYPE_CHECKING:
    from rest_framework.request import Request


class Overview(OfficeView):
    """Signings, starts and completions, the funnel, times, the week, what is late and lost.

    As they stand now, or as they stood at the end of a past day. The same question is answered
    from memory until something is written; with If-None-Match by 304.
    """

    resource = "overview"
    title = _("overview (resource)")
    about = ABOUT
    has_etag = True
    parameters = PARAMETERS
    required_scopes = {"read": TokenScope.OVERVIEW_READ}

    def permissions_for(self, method: str | None) -> Sequence[str]:
        return ("leads.view_lead", "chains.view_annualtarget")

    @extend_schema(parameters=SHAPES, responses={(200, "application/json"): answer()})
    def get(self, request: Request) -> HttpResponse:
        asked = asked_of(request.query_params)
        state = state_of(self.user)
        etag = weak_etag(request, *state, *asked.key)
        if unchanged := not_modified(request, etag):
            return unchanged
        document = document_of(self.user, asked, state)
        return self._as_asked(request, document, etag)

    def _as_asked(self, request: Request, document: str, etag: str) -> HttpResponse:
        """JSON as it is remembered; a table of all figures for a spreadsheet."""
        headers = {"ETag": etag}
        renderer: Any = request.accepted_renderer  # type: ignore[attr-defined]  # set by negotiation
        if renderer.format == "json":
            return HttpResponse(document, content_type="application/json", headers=headers)
        self.columns = columns()
        return Response({"results": list(rows_of(json.loads(document)))}, headers=headers)
