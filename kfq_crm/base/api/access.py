"""Reads of personal data by programs: one line in the access log for each request."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request

from kfq_crm.base.access import record_access
from kfq_crm.base.addresses import client_address
from kfq_crm.base.models import AccessKind

LONGEST_QUERY = 300


def log_personal_read(request: Request, resource: str, *, rows: int, instance: Any = None) -> None:
    """Who read what of whom: the token, the question and how many rows it brought."""
    token: Any = request.auth
    detail = {
        "token": token.name,
        "token_key": token.key,
        "query": request.META.get("QUERY_STRING", "")[:LONGEST_QUERY],
        "rows": rows,
    }
    record_access(
        AccessKind.API_READ,
        by=token.owner,
        subject=f"api.{resource}",
        instance=instance,
        detail=detail,
        address=client_address(request._request),
    )
