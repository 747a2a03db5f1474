"""What the resources of this app have in common."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rest_framework.response import Response

from kfq_crm.base.api.problems import FieldError, Problem
from kfq_crm.base.api.views import ReadViewSet
from kfq_crm.base.models import TokenScope
from leads.permissions import NotAllowed


class LeadsViewSet(ReadViewSet):
    """Reads are on record where they brought personal data, not where they might have."""

    required_scopes = {"read": TokenScope.LEADS_READ, "write": TokenScope.LEADS_WRITE}
    default_ordering = "-id"
    _personal_rows = 0

    def represent(self, rows: Sequence[Any], names: Sequence[str]) -> Any:
        data: Any = super().represent(rows, names)
        personal = self.serializer_class.personal_fields & set(names)
        self._personal_rows = sum(any(row[name] for name in personal) for row in data)
        return data

    def log_read(self, names: Sequence[str], *, rows: int, instance: Any = None) -> None:
        super().log_read(names, rows=self._personal_rows, instance=instance)

    def handle_exception(self, exc: Exception) -> Response:
        """Seen but not allowed is 403; every other broken rule is 422."""
        if isinstance(exc, NotAllowed):
            at_field = [FieldError(exc.field, exc.code, str(exc))] if exc.field else []
            exc = Problem(403, exc.code, str(exc), errors=at_field)
        return super().handle_exception(exc)
