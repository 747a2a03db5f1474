"""How the API describes itself (OpenAPI)."""

from __future__ import annotations

from drf_spectacular.openapi import AutoSchema


class OfficeSchema(AutoSchema):
    """Filters, pages and headers that every resource has."""
