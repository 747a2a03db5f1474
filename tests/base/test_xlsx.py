"""What is written here another library reads as it was meant."""

import tracemalloc
from datetime import UTC, date, datetime
from decimal import Decimal
from io import BytesIO
from tempfile import TemporaryFile
from typing import Any

import openpyxl
import pytest

from kfq_crm.base.xlsx import LONGEST_TEXT, Page, write_pages
from leads.stages import Stage


def written(*pages: Page) -> BytesIO:
    target = BytesIO()
    write_pages(pages, target)
    target.seek(0)
    return target


def sheet_of(rows: list[list[Any]], title: str = "表") -> Any:
    headers = [(f"列{place}", 10) for place in range(len(rows[0]))]
    return openpyxl.load_workbook(written(Page(title, headers, rows))).worksheets[0]


def test_values_keep_their_kind() -> None:
    at = datetime(2026, 3, 5, 16, 30)  # noqa: DTZ001 — a sheet knows no time zones
    row = ['江苏 <&> "引号" \']]>', 7, -2.5, Decimal("320.50"), True, False, date(2026, 2, 28), at]
    cells = sheet_of([row])[2]
    found = [cell.value for cell in cells]
    assert found == [*row[:6], datetime(2026, 2, 28), at]  # noqa: DTZ001 — as above
    assert [cell.number_format[:4] for cell in cells[6:]] == ["yyyy", "yyyy"]
    assert [cell.data_type for cell in cells[:6]] == ["s", "n", "n", "n", "b", "b"]


@pytest.mark.parametrize("empty", [None, ""])
def test_empty_cell_moves_no_other(empty: object) -> None:
    assert [cell.value for cell in sheet_of([["甲", empty, "丙"]])[2]] == ["甲", None, "丙"]


@pytest.mark.parametrize("typed", ["=1+1", "=HYPERLINK(1)", "@x", " 前后空格 ", "两\n行"])
def test_text_is_text_as_it_was_typed(typed: str) -> None:
    cell = sheet_of([[typed]])["A2"]
    assert (cell.value, cell.data_type) == (typed, "s")


@pytest.mark.parametrize("typed", ["补\x0b链", "补\x00链", "补\ufffe链", "补\ud800链"])
def test_what_no_xml_holds_is_left_out(typed: str) -> None:
    assert sheet_of([[typed]])["A2"].value == "补链"


def test_text_is_cut_at_what_a_cell_holds() -> None:
    assert sheet_of([["长" * (LONGEST_TEXT + 1)]])["A2"].value == "长" * LONGEST_TEXT


@pytest.mark.parametrize("value", [float("nan"), float("inf"), Decimal("NaN")])
def test_what_is_no_number_breaks_no_file(value: object) -> None:
    assert sheet_of([[value]])["A2"].value == str(value)


def test_choice_is_its_value() -> None:
    assert sheet_of([[Stage.LEAD]])["A2"].value == "lead"


def test_other_values_are_refused() -> None:
    with pytest.raises(TypeError, match="list does not go into a cell"):
        sheet_of([[[1]]])


def test_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="longer"):
        sheet_of([["甲", "乙"], ["甲"]])


def test_moment_with_a_zone_is_refused() -> None:
    with pytest.raises(TypeError, match="timezones"):
        sheet_of([[datetime(2026, 3, 5, tzinfo=UTC)]])


def test_columns_past_z_have_two_letters() -> None:
    row = [str(place) for place in range(703)]
    sheet = sheet_of([row])
    assert [cell.value for cell in sheet[2]] == row
    assert (sheet["Z2"].value, sheet["AA2"].value, sheet["AAA2"].value) == ("25", "26", "702")


def test_head_is_bold_and_stays() -> None:
    sheet = sheet_of([["甲"]])
    assert sheet["A1"].value == "列0"
    assert sheet["A1"].font.b
    assert sheet.freeze_panes == "B2"
    assert sheet.column_dimensions["A"].width == pytest.approx(10, abs=1)


@pytest.mark.parametrize(
    ("title", "shown"),
    [("领先/台账*[一]", "领先 台账  一"), ("=台账'", "=台账"), ("长" * 40, "长" * 31), ("?", "-")],
)
def test_title_is_one_that_a_spreadsheet_takes(title: str, shown: str) -> None:
    assert sheet_of([["甲"]], title).title == shown


def test_sheets_stand_in_order_with_their_counts() -> None:
    pages = [
        Page(f"表{number}", [("甲", 8)], ([place] for place in range(number)))
        for number in (3, 0, 1201)
    ]
    target = BytesIO()
    assert write_pages(pages, target) == [3, 0, 1201]
    book = openpyxl.load_workbook(target)
    assert book.sheetnames == ["表3", "表0", "表1201"]
    assert [sheet.max_row for sheet in book.worksheets] == [4, 1, 1202]


def test_memory_stays_flat() -> None:
    """Rows are let go of as they are written."""
    rows = ([f"线索{number * 7919 % 100_003}" * 5, number] for number in range(20_000))
    with TemporaryFile() as target:
        tracemalloc.start()
        write_pages([Page("表", [("名", 20), ("号", 8)], rows)], target)
        _now, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 2_000_000
