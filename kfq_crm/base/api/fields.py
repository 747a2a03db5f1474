"""Members of a body and of a row whose spelling the rest of the system already knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import TYPE_CHECKING, Any, ClassVar

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from kfq_crm.base.dates import parse_day
from kfq_crm.base.errors import RuleViolation

if TYPE_CHECKING:
    from kfq_crm.base.scoping import ScopedQuerySet


class ParsedField(serializers.Field[Any, Any, Any, Any]):
    """A member that one of the ground's parsers reads; what it refuses is refused here."""

    # What the schema says of it
    schema: ClassVar[dict[str, Any]] = {"type": "string"}
    default_error_messages = {"not_text": _("Send this as text.")}

    def __init__(self, parse: Callable[[Any], Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.parse = parse

    def to_internal_value(self, data: Any) -> Any:
        if not isinstance(data, str):
            self.fail("not_text")
        try:
            return self.parse(data)
        except RuleViolation as violation:
            raise serializers.ValidationError(violation.message, violation.code) from violation

    def to_representation(self, value: Any) -> Any:
        return value


class DayField(ParsedField):
    """A day in any spelling that people type; answers have YYYY-MM-DD."""

    schema = {"type": "string", "examples": ["2026-03-05"]}

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(parse_day, **kwargs)

    def to_representation(self, value: date) -> str:
        return value.isoformat()


class RecordField(serializers.Field[Any, Any, Any, Any]):
    """A record that the owner of the token may see, by its number or its code."""

    default_error_messages = {"unknown": _("There is no such record, or it is not yours to see.")}

    def __init__(
        self, rows: Callable[[Any], ScopedQuerySet[Any]], *, by: str = "pk", **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.rows, self.by = rows, by

    def to_internal_value(self, data: Any) -> Any:
        expected = int if self.by == "pk" else str
        if isinstance(data, bool) or not isinstance(data, expected):
            self.fail("unknown")
        if isinstance(data, int) and not 0 < data < 2**63:
            self.fail("unknown")
        if isinstance(data, str) and ("\x00" in data or not data.isprintable()):
            self.fail("unknown")
        found = self.rows(self.context["user"]).filter(**{self.by: data}).first()
        if found is None:
            self.fail("unknown")
        return found

    def to_representation(self, value: Any) -> Any:
        return getattr(value, self.by)
