"""Tables as XLSX files for people to download; what they hold is never taken for a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import quote

from django.http import FileResponse
from django.utils import timezone

from kfq_crm.base.xlsx import NO_XML, Page, write_pages

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a spreadsheet may take for a formula or a command when it opens or converts the file.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
LONGEST_TEXT = 32_000


def write_workbook(
    title: str, headers: Sequence[tuple[str, int]], rows: Iterable[Sequence[Any]]
) -> IO[bytes]:
    """One sheet with a frozen bold head; `headers` are texts with their widths. Ready to read."""
    named = [(plain_text(text), width) for text, width in headers]
    page = Page(title, named, ([_cell(value) for value in row] for row in rows))
    stream = TemporaryFile()  # noqa: SIM115 — the response closes it after the last byte
    write_pages([page], stream)
    stream.seek(0)
    return stream


def workbook_response(stream: IO[bytes], name: str) -> FileResponse:
    """The file as a download; the name may be Chinese."""
    response = FileResponse(stream, content_type=XLSX)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(name)}.xlsx"
    response["Cache-Control"] = "no-store"
    return response


def plain_text(text: str) -> str:
    """Text that no spreadsheet runs: an apostrophe stands before what looks like a formula."""
    clean = NO_XML.sub("", text)[:LONGEST_TEXT]
    return f"'{clean}" if clean.startswith(DANGEROUS) else clean


def _cell(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return timezone.make_naive(value)  # a spreadsheet knows no time zones: site time
    if isinstance(value, date):
        return value
    return plain_text(str(value))
