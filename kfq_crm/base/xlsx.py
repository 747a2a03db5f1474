"""XLSX files written row by row: memory stays flat, and no cell is a formula."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from math import isfinite
from typing import IO, Any

from xlsxwriter import Workbook
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

LONGEST_TEXT = 32_767  # characters that a cell holds
_LONGEST_TITLE = 31
# What no XML holds, and what no title of a sheet may have.
NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_NO_TITLE = re.compile(r"[\[\]:*?/\\']")


@dataclass(frozen=True)
class Page:
    """A sheet: title, headers with their widths in characters, rows that are asked for once.

    A row holds None, text, numbers, booleans, days and moments without a zone.
    """

    title: str
    headers: Sequence[tuple[str, int]]
    rows: Iterable[Sequence[Any]]


@dataclass(frozen=True)
class _Styles:
    head: Format
    day: Format
    moment: Format


def write_pages(pages: Sequence[Page], target: IO[bytes]) -> list[int]:
    """Write the whole file; returns how many rows each sheet holds below its head.

    Text is cut at what a cell holds and loses what no XML file holds. TypeError for any other
    kind of value, ValueError for a row of another length than the head.
    """
    with Workbook(target, {"constant_memory": True}) as book:
        styles = _Styles(
            head=book.add_format({"bold": True, "valign": "vcenter", "text_wrap": True}),
            day=book.add_format({"num_format": "yyyy-mm-dd"}),
            moment=book.add_format({"num_format": "yyyy-mm-dd hh:mm"}),
        )
        return [_write(book.add_worksheet(_title(page.title)), page, styles) for page in pages]


def _title(text: str) -> str:
    return _NO_TITLE.sub(" ", NO_XML.sub("", text))[:_LONGEST_TITLE].strip() or "-"


def _write(sheet: Worksheet, page: Page, styles: _Styles) -> int:
    sheet.freeze_panes(1, 1)  # the head and the first column stay when one scrolls
    for column, (text, width) in enumerate(page.headers):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, _clean(text), styles.head)
    number = 0
    for number, row in enumerate(page.rows, 1):
        for column, (value, _header) in enumerate(zip(row, page.headers, strict=True)):
            if value is not None and value != "":
                _put(sheet, number, column, value, styles)
    return number


def _put(sheet: Worksheet, row: int, column: int, value: Any, styles: _Styles) -> None:
    if isinstance(value, str):
        sheet.write_string(row, column, _clean(value))
    elif isinstance(value, bool):
        sheet.write_boolean(row, column, value)
    elif isinstance(value, int | float | Decimal):
        if isfinite(value):
            sheet.write_number(row, column, value)
        else:
            sheet.write_string(row, column, str(value))
    elif isinstance(value, date):
        style = styles.moment if isinstance(value, datetime) else styles.day
        sheet.write_datetime(row, column, value, style)
    else:
        raise TypeError(f"{type(value).__name__} does not go into a cell")


def _clean(text: str) -> str:
    return NO_XML.sub("", text)[:LONGEST_TEXT]
