"""How the API describes itself: OpenAPI 3.1, in the language of the reader."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from drf_spectacular.extensions import (
    OpenApiAuthenticationExtension,
    OpenApiSerializerFieldExtension,
)
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.openapi import AutoSchema
from drf_spectacular.utils import OpenApiParameter
from rest_framework import serializers

from kfq_crm.base.api.filters import LARGEST_KEY
from kfq_crm.base.api.paging import LARGEST_PAGE, PAGE_SIZE
from kfq_crm.base.api.problems import CONTENT_TYPE, TITLES
from kfq_crm.base.api.serializers import ReadSerializer
from kfq_crm.base.workbooks import XLSX

# What any request may meet, and what writes and single records may meet besides
ALWAYS: Final = (400, 401, 403, 406, 429)
OF_WRITES: Final = (409, 412, 413, 415, 422, 428)
TABLES: Final[Mapping[str, Any]] = {
    "text/csv": {"type": "string"},
    XLSX: {"type": "string", "contentMediaType": XLSX},
}
INTRODUCTION: Final = gettext_lazy(
    "For programs with a token, sent as “Authorization: Token …”. Lists come in pages: follow "
    "`next` until it is null. Nothing is ignored: an unknown parameter or member is refused and "
    "the known ones are listed. Errors are problem documents (RFC 9457) with a stable `code`. "
    "Amounts are decimals in ten thousands of their currency; days are YYYY-MM-DD and moments "
    "carry their offset; both are meant in the zone's own time. What a token's owner may not see "
    "does not exist for it. Texts are Chinese unless Accept-Language asks for English."
)


class FieldErrorSerializer(serializers.Serializer[Any]):
    field = serializers.CharField(
        allow_null=True, help_text=gettext_lazy("Parameter or member at fault, null for the whole")
    )
    code = serializers.CharField(help_text=gettext_lazy("Stable, for programs"))
    message = serializers.CharField(help_text=gettext_lazy("For people"))


class ProblemSerializer(serializers.Serializer[Any]):
    """What every error looks like."""

    type = serializers.CharField(help_text=gettext_lazy("Always about:blank"))
    title = serializers.CharField(help_text=gettext_lazy("Kind of the problem, for people"))
    status = serializers.IntegerField(help_text=gettext_lazy("Status of the answer"))
    detail = serializers.CharField(help_text=gettext_lazy("What is wrong, for people"))
    instance = serializers.CharField(help_text=gettext_lazy("Address that was asked"))
    code = serializers.CharField(help_text=gettext_lazy("Stable, for programs"))
    errors = FieldErrorSerializer(many=True)


class TokenScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # the library has no types
    target_class = "kfq_crm.base.api.authentication.TokenAuthentication"
    name = "token"

    def get_security_definition(self, auto_schema: Any) -> dict[str, Any]:
        text = _("An access token, made in the office pages under “Access tokens”.")
        return {"type": "http", "scheme": "bearer", "description": text}


class ParsedFieldScheme(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # as above
    target_class = "kfq_crm.base.api.fields.ParsedField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        return dict(self.target.schema)


class RecordFieldScheme(OpenApiSerializerFieldExtension):  # type: ignore[no-untyped-call]  # as above
    target_class = "kfq_crm.base.api.fields.RecordField"
    match_subclasses = True

    def map_serializer_field(self, auto_schema: Any, direction: Any) -> dict[str, Any]:
        if self.target.by == "pk":
            return {"type": "integer", "minimum": 1, "maximum": LARGEST_KEY}
        return {"type": "string", "examples": ["aerospace"]}


class OfficeSchema(AutoSchema):
    """Says of every view what `OfficeView` and `ReadViewSet` give it."""

    def get_tags(self) -> list[str]:
        return [str(getattr(self.view, "resource", "") or _("Beginning"))]

    def get_operation_id(self) -> str:
        name = getattr(self.view, "resource", "") or type(self.view).__name__.lower()
        verb = getattr(self.view, "action", None) or self.method.lower()
        return f"{name}-{verb}".replace("_", "-")

    def get_summary(self) -> str | None:
        named = {"records": _name_of(self.view)}
        action = getattr(self.view, "action", None)
        if action == "list":
            return _("%(records)s: list") % named
        if action == "retrieve":
            return _("%(records)s: one record") % named
        return named["records"] or None

    def get_description(self) -> str:
        """What the view says of itself to readers; its docstring is for those who build it."""
        return str(getattr(self.view, "about", ""))

    def get_extensions(self) -> dict[str, Any]:
        return {**super().get_extensions(), "x-name": _name_of(self.view)}

    # --- Parameters ------------------------------------------------------------------------

    def get_override_parameters(self) -> list[Any]:
        return [*super().get_override_parameters(), *self._known()]

    def _known(self) -> Iterator[OpenApiParameter]:
        if "{id}" in self.path:
            text = _("Number of the record")
            yield OpenApiParameter("id", int, OpenApiParameter.PATH, description=text)
        action = getattr(self.view, "action", None)
        serializer = getattr(self.view, "serializer_class", None)
        if action in {"list", "retrieve"} and serializer:
            yield _fields_parameter(serializer)
        if action == "list":
            yield from _list_parameters(self.view)
        if self.method == "POST":
            text = _("A text of your own choice, new for each creation; repeat it to ask again.")
            yield OpenApiParameter(
                "Idempotency-Key", str, OpenApiParameter.HEADER, required=True, description=text
            )
        if action in getattr(self.view, "conditional_actions", ()):
            text = _("ETag of the record as it was read; 412 when it has changed since.")
            yield OpenApiParameter(
                "If-Match", str, OpenApiParameter.HEADER, required=True, description=text
            )
        if _has_etag(self.view, self.method):
            text = _("ETag of the answer that you have; 304 when nothing has changed.")
            yield OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER, description=text)

    # --- Answers ---------------------------------------------------------------------------

    def get_response_serializers(self) -> Any:
        serializer = getattr(self.view, "serializer_class", None)
        action = getattr(self.view, "action", None)
        if serializer and action == "list":
            return {200: self._page_of(serializer)}
        return serializer if serializer and action == "retrieve" else {200: {"type": "object"}}

    def _page_of(self, serializer: type[ReadSerializer]) -> dict[str, Any]:
        if not hasattr(self, "registry"):
            return {"type": "object"}
        text = _("Address of the next page; null on the last one")
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {
                "results": {
                    "type": "array",
                    "items": self.resolve_serializer(serializer, "response").ref,
                },
                "next": {"type": ["string", "null"], "format": "uri", "description": text},
            },
        }

    def _map_basic_serializer(self, serializer: Any, direction: Any) -> Any:
        """`fields=` and the token's scopes decide which members there are: none is required.

        Docstrings are for those who build it.
        """
        schema = super()._map_basic_serializer(serializer, direction)
        schema.pop("description", None)
        if isinstance(serializer, ReadSerializer):
            schema.pop("required", None)
        return schema

    def _map_serializer_field(self, field: Any, *args: Any, **kwargs: Any) -> Any:
        """A method's docstring is none of the reader's either."""
        schema = super()._map_serializer_field(field, *args, **kwargs)
        if isinstance(field, serializers.SerializerMethodField) and not field.help_text:
            schema.pop("description", None)
        return schema

    # The bounds of a number's column differ from database to database and bind no reader.

    def _insert_min_max(self, field: Any, content: Any) -> None:
        if not isinstance(field.parent, ReadSerializer):
            super()._insert_min_max(field, content)

    def _insert_field_validators(self, field: Any, schema: Any) -> None:
        if not (isinstance(field.parent, ReadSerializer) and schema.get("type") == "integer"):
            super()._insert_field_validators(field, schema)

    def _get_response_bodies(self, direction: Any = "response") -> Any:
        bodies = super()._get_response_bodies(direction)
        for status in self._problems():
            bodies.setdefault(str(status), self._problem(status))
        if _has_etag(self.view, self.method):
            bodies.setdefault("304", {"description": _("Nothing has changed")})
        return dict(sorted(bodies.items()))

    def _problems(self) -> Iterator[int]:
        yield from ALWAYS
        if "{" in self.path:
            yield 404
        if self.method not in {"GET", "HEAD"}:
            yield from OF_WRITES

    def _problem(self, status: int) -> dict[str, Any]:
        shape = self.resolve_serializer(ProblemSerializer, "response").ref
        title = str(TITLES.get(status, HTTPStatus(status).phrase))
        return {"description": title, "content": {CONTENT_TYPE: {"schema": shape}}}

    def _get_response_for_code(self, *args: Any, **kwargs: Any) -> Any:
        """Tables have no members: what is in them is told by the JSON beside."""
        answer = super()._get_response_for_code(*args, **kwargs)
        for media_type in TABLES.keys() & answer.get("content", {}).keys():
            answer["content"][media_type] = {"schema": dict(TABLES[media_type])}
        return answer

    def _get_response_headers_for_code(self, status_code: Any, direction: Any = "response") -> Any:
        headers = super()._get_response_headers_for_code(status_code, direction)
        if str(status_code) in {"200", "201"}:
            headers |= {
                name: {"schema": {"type": "string"}, "description": text}
                for name, text in _headers_of(self.view, self.method)
            }
        return headers


def _headers_of(view: Any, method: str) -> Iterator[tuple[str, str]]:
    action = getattr(view, "action", None)
    if action == "list":
        yield "Link", _('The next page, also for tables: rel="next"')
    if action != "list" and hasattr(getattr(view, "model", None), "version"):
        yield "ETag", _("Revision of the record, for If-Match")
    if action == "list" and _has_etag(view, method):
        yield "ETag", _("For If-None-Match")


def _has_etag(view: Any, method: str) -> bool:
    return method == "GET" and bool(getattr(view, "has_etag", False))


def _name_of(view: Any) -> str:
    model = getattr(view, "model", None)
    return str(getattr(view, "title", "") or (model._meta.verbose_name_plural if model else ""))


def _fields_parameter(serializer: type[ReadSerializer]) -> OpenApiParameter:
    known = serializer.known_fields(None)
    shape = {"type": "array", "items": {"type": "string", "enum": known}, "minItems": 1}
    text = _("Members to answer, behind commas; all without it")
    return OpenApiParameter("fields", shape, description=text, style="form", explode=False)


def _list_parameters(view: Any) -> Iterator[OpenApiParameter]:
    for name, one in view.filters().items():
        shape = dict(getattr(one, "schema", {"type": "string"}))
        several = {"style": "form", "explode": False} if shape.get("type") == "array" else {}
        yield OpenApiParameter(name, shape, description=str(one.label or ""), **several)
    text = _("Rows in a page")
    size = {"type": "integer", "minimum": 1, "maximum": LARGEST_PAGE, "default": PAGE_SIZE}
    yield OpenApiParameter("page_size", size, description=text)
    yield OpenApiParameter("cursor", str, description=_("As `next` has it; not to be made up"))
    orders = [sign + ordering.name for ordering in view.orderings for sign in ("", "-")]
    shape = {"type": "string", "enum": orders, "default": view.default_ordering}
    yield OpenApiParameter("ordering", shape, description=_("Order of the rows"))


def _told(made: dict[str, Any]) -> list[tuple[str, str]]:
    """Resources with what people call them, for the headings of the page."""
    told: dict[str, str] = {}
    for operations in made["paths"].values():
        for operation in operations.values():
            [tag] = operation["tags"]
            told.setdefault(tag, operation.get("x-name", ""))
            operation.pop("x-name", None)
    return sorted(told.items())


@cache
def schema_in(language: str) -> dict[str, Any]:
    """The whole description in one language; made once a process."""
    with translation.override(language):
        made: dict[str, Any] = SchemaGenerator().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # the library has no types
        made["info"]["description"] = str(INTRODUCTION)
        made["info"]["title"] = str(made["info"]["title"])
        made["tags"] = [{"name": name, "description": text} for name, text in _told(made)]
        return made
