"""/api/v1/: the resources of all apps under one roof."""

from __future__ import annotations

from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from chains.api import routes as chains_routes
from kfq_crm.base.api.permissions import HasToken
from kfq_crm.base.api.routes import resources_of
from kfq_crm.base.api.views import NothingHere, OfficeView
from leads.api import routes as leads_routes

RESOURCES: list[URLPattern] = [
    *chains_routes.urlpatterns,
    *leads_routes.urlpatterns,
]


class Root(OfficeView):
    """Where to begin: the addresses of all resources."""

    permission_classes = (HasToken,)

    @extend_schema(
        summary=_("Addresses of all resources"),
        responses={(200, "application/json"): {"type": "object"}},
    )
    def get(self, request: Request) -> Response:
        names = resources_of(RESOURCES)
        return Response({n: reverse(f"api:{n}-list", request=request) for n in names})


nothing_here = NothingHere.as_view()
urlpatterns = [path("", Root.as_view(), name="root"), *RESOURCES]
