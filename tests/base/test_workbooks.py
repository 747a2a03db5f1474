"""Cells that no spreadsheet runs, in a file that it can open."""

from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from typing import IO, Any

import openpyxl
import pytest

from kfq_crm.base.workbooks import plain_text, workbook_response, write_workbook


def table(stream: IO[bytes]) -> list[tuple[Any, ...]]:
    with stream:
        sheet = openpyxl.load_workbook(BytesIO(stream.read())).active
    assert sheet is not None
    return list(sheet.values)


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@x", "\t=1", "\r=1", "\n=1", "=\x00cmd"])
def test_dangerous_text_gets_an_apostrophe(text: str) -> None:
    assert plain_text(text).startswith("'")


@pytest.mark.parametrize("text", ["航空航天", "3.2 亿元", "a=b", "（含税）", ""])
def test_plain_text_stays(text: str) -> None:
    assert plain_text(text) == text


def test_characters_that_xml_forbids_are_dropped() -> None:
    assert plain_text("甲\x00乙\x0b丙\x1f") == "甲乙丙"


def test_workbook_keeps_numbers_days_and_site_time() -> None:
    at = datetime(2026, 3, 5, 16, 30, tzinfo=UTC)
    row = [Decimal("320.5"), 7, date(2026, 3, 5), at, None, "", "文字", True]
    _head, values = table(write_workbook("台账=一", [("甲", 10)] * len(row), [row]))
    assert values[:2] == (320.5, 7)
    assert values[2] == datetime(2026, 3, 5)  # noqa: DTZ001 — a sheet knows no time zones
    assert values[3] == datetime(2026, 3, 6, 0, 30)  # noqa: DTZ001 — as above
    assert values[4:] == (None, None, "文字", True)


def test_many_rows_are_written_without_being_held() -> None:
    rows = ([number, "线索"] for number in range(3000))
    assert len(table(write_workbook("表", [("号", 8), ("名", 20)], rows))) == 3001


def test_file_keeps_its_chinese_name_and_no_copy() -> None:
    with write_workbook("表", [("号", 8)], []) as stream:
        response = workbook_response(stream, "线索-20260305")
    assert response["Content-Disposition"].endswith("%E7%BA%BF%E7%B4%A2-20260305.xlsx")
    assert response["Cache-Control"] == "no-store"
