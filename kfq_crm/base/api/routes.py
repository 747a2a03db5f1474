"""How an app tells the root which of its resources stand where."""

from __future__ import annotations

from collections.abc import Iterable

from django.urls import URLPattern
from rest_framework.routers import SimpleRouter

from kfq_crm.base.api.views import ReadViewSet


def addresses_of(*viewsets: type[ReadViewSet]) -> list[URLPattern]:
    """`leads/`, `leads/<pk>/` and the viewset's further actions; named leads-list, leads-detail."""
    router = SimpleRouter()
    for viewset in viewsets:
        router.register(viewset.resource, viewset, basename=viewset.resource)
    return list(router.urls)


def resources_of(patterns: Iterable[URLPattern]) -> list[str]:
    """Names of the lists among the addresses, as they stand in the address."""
    names = (str(pattern.name) for pattern in patterns)
    return sorted(name.removesuffix("-list") for name in names if name.endswith("-list"))
