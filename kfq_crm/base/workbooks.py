"""XLSX files written row by row: memory stays flat, and no cell is ever a formula."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from tempfile import TemporaryFile
from typing import IO, Any
from urllib.parse import quote

from django.http import FileResponse
from django.utils import timezone
from openpyxl import Workbook
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE, WriteOnlyCell
from openpyxl.styles import Alignment, Font
from openpyxl.utils import get_column_letter

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a spreadsheet may take for a formula or a command when it opens or converts the file.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")
LONGEST_TEXT = 32_000


def write_workbook(
    title: str, headers: Sequence[tuple[str, int]], rows: Iterable[Sequence[Any]]
) -> IO[bytes]:
    """One sheet with a frozen bold head; `headers` are texts with their widths. Ready to read."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(plain_text(title)[:31])
    sheet.freeze_panes = "B2"
    for place, (_text, width) in enumerate(headers, 1):
        sheet.column_dimensions[get_column_letter(place)].width = width
    sheet.append([_head(sheet, text) for text, _width in headers])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    stream = TemporaryFile()  # noqa: SIM115 — the response closes it after the last byte
    book.save(stream)
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
    clean = ILLEGAL_CHARACTERS_RE.sub("", text)[:LONGEST_TEXT]
    return f"'{clean}" if clean.startswith(DANGEROUS) else clean


def _head(sheet: Any, text: str) -> WriteOnlyCell:
    cell = WriteOnlyCell(sheet, plain_text(text))
    cell.font = Font(bold=True)
    cell.alignment = Alignment(vertical="center", wrap_text=True)
    return cell


def _cell(sheet: Any, value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float | Decimal):
        return value
    if isinstance(value, datetime):
        return timezone.make_naive(value)  # a spreadsheet knows no time zones: site time
    if isinstance(value, date):
        return value
    return plain_text(str(value)) or None
