"""Tables for people: the rows of a list as CSV or XLSX, chosen by `format=` or `Accept`."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.negotiation import DefaultContentNegotiation
from rest_framework.renderers import BaseRenderer
from rest_framework.request import Request

from kfq_crm.base.api.problems import bad_request
from kfq_crm.base.workbooks import XLSX, plain_text, write_workbook

SEPARATOR = "; "
WIDTH = 18


@dataclass(frozen=True)
class Column:
    """A member of the rows, what it is called, and how a spreadsheet keeps it."""

    name: str
    label: str
    typed: Callable[[str], Any] = str


def columns_of(fields: Mapping[str, serializers.Field[Any, Any, Any, Any]]) -> list[Column]:
    return [
        Column(name, str(field.label or name), _type_of(field)) for name, field in fields.items()
    ]


def _type_of(field: serializers.Field[Any, Any, Any, Any]) -> Callable[[str], Any]:
    """JSON has text where a spreadsheet wants a number or a day."""
    if isinstance(field, serializers.DecimalField):
        return Decimal
    if isinstance(field, serializers.DateTimeField):
        return datetime.fromisoformat
    if isinstance(field, serializers.DateField):
        return date.fromisoformat
    return str


class TableRenderer(BaseRenderer):
    """Renders what a list or a record answered; problem documents do not come here."""

    def rows(self, data: Any, columns: Sequence[Column]) -> Iterable[list[Any]]:
        records = data["results"] if isinstance(data, Mapping) and "results" in data else [data]
        for record in records:
            yield [self.cell(record.get(column.name), column) for column in columns]

    def cell(self, value: Any, column: Column) -> Any:
        raise NotImplementedError


def flat(value: Any) -> Any:
    """One cell for a list of texts, and for a nested record its name or its JSON."""
    if isinstance(value, Mapping):
        return value.get("name") or json.dumps(value, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return SEPARATOR.join(str(flat(part)) for part in value)
    return value


class CsvRenderer(TableRenderer):
    """UTF-8 with a mark at the start, so that spreadsheets read Chinese; names as in JSON."""

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        columns = (renderer_context or {})["view"].columns
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow([column.name for column in columns])
        writer.writerows(self.rows(data, columns))
        return text.getvalue().encode("utf-8-sig")

    def cell(self, value: Any, column: Column) -> Any:
        plain = flat(value)
        if plain is None or isinstance(plain, bool | int | float):
            return "" if plain is None else str(plain).lower() if plain in (True, False) else plain
        return plain if column.typed is not str else plain_text(str(plain))


class XlsxRenderer(TableRenderer):
    """A workbook with headings in the reader's language, numbers and days as such."""

    media_type = XLSX
    format = "xlsx"
    charset = None
    render_style = "binary"

    def render(
        self,
        data: Any,
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        view = (renderer_context or {})["view"]
        headers = [(column.label, WIDTH) for column in view.columns]
        with write_workbook(view.resource, headers, self.rows(data, view.columns)) as stream:
            return stream.read()

    def cell(self, value: Any, column: Column) -> Any:
        plain = flat(value)
        if isinstance(plain, str) and plain and column.typed is not str:
            return column.typed(plain)
        return plain


class FormatNegotiation(DefaultContentNegotiation):
    """`format=` that no renderer has is refused and the known ones are listed."""

    def filter_renderers(self, renderers: Any, format: str) -> Any:
        known = [renderer.format for renderer in renderers]
        if format not in known:
            message = _("There is no format “%(format)s”. Known: %(known)s.")
            words = {"format": format[:40], "known": ", ".join(known)}
            raise bad_request("format", "unknown_format", message % words)
        return [renderer for renderer in renderers if renderer.format == format]

    def select_renderer(
        self, request: Request, renderers: Any, format_suffix: str | None = None
    ) -> Any:
        if "format" in request.query_params and not request.query_params["format"]:
            self.filter_renderers(renderers, "")
        return super().select_renderer(request, renderers, format_suffix)
