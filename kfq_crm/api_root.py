"""/api/v1/: the resources of all apps under one roof."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from chains.api import routes as chains_routes
from kfq_crm.base.api import changes
from kfq_crm.base.api.docs import Docs, Schema
from kfq_crm.base.api.permissions import HasToken
from kfq_crm.base.api.routes import resources_of
from kfq_crm.base.api.views import NothingHere, OfficeView
from kfq_crm.overview.api import routes as overview_routes
from leads.api import routes as leads_routes
from services.api import routes as services_routes

RESOURCES: list[URLPattern] = [
    *chains_routes.urlpatterns,
    *changes.urlpatterns,
    *leads_routes.urlpatterns,
    *services_routes.urlpatterns,
    *overview_routes.urlpatterns,
]


class Root(OfficeView):
    """Where to begin: the addresses of all resources."""

    permission_classes = (HasToken,)
    renderer_classes = (JSONRenderer,)

    @extend_schema(
        summary=_("Addresses of all resources"),
        responses={(200, "application/json"): {"type": "object"}},
    )
    def get(self, request: Request) -> Response:
        names = resources_of(RESOURCES)
        return Response({n: reverse(f"api:{n}-list", request=request) for n in names})


nothing_here = NothingHere.as_view()
urlpatterns = [
    path("", Root.as_view(), name="root"),
    path("schema/", Schema.as_view(), name="schema"),
    path("docs/", Docs.as_view(), name="docs"),
    *RESOURCES,
]
