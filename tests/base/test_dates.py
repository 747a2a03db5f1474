from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.dates import LedgerDate, format_day, parse_day, parse_ledger_date
from kfq_crm.base.errors import RuleViolation

FIFTH_OF_MARCH = LedgerDate(date(2024, 3, 5), "day")
MARCH = LedgerDate(date(2024, 3, 1), "month")
SPELLINGS = [
    "{0.year}年{0.month}月{0.day}日",
    "{0:%Y-%m-%d}",
    "{0:%Y%m%d}",
    "{0.year}.{0.month}.{0.day}",
    "{0:%Y/%m/%d} 00:00:00",
]
LEDGER_DAYS = st.dates(date(1949, 1, 1), date(2100, 12, 31))


@pytest.mark.parametrize(
    "cell",
    [
        "2024年3月5日",
        "2024年03月05号",
        "2024 年 3 月 5 日",
        "２０２４年３月５日",
        "2024.3.5",
        "2024．03．05",
        "2024-03-05",
        "2024–3–5",
        "2024/3/5",
        "2024 - 3 - 5",
        "20240305",
        "２０２４０３０５",
        " \ufeff2024-03-05\u200b ",
        "2024-03-05 00:00:00",
        "2024-03-05T08:30",
        "2024年3月5日 8:30",
        "45356",
        "45356.75",
        45356,
        45356.0,
        45356.99,
        20240305,
        20240305.0,
        date(2024, 3, 5),
        datetime(2024, 3, 5, 23, 59),  # noqa: DTZ001 — spreadsheets hold naive ones
        datetime(2024, 3, 4, 16, 0, tzinfo=UTC),  # midnight in Shanghai
    ],
)
def test_parse_ledger_date_reads_days(cell):
    assert parse_ledger_date(cell) == FIFTH_OF_MARCH


@pytest.mark.parametrize(
    "cell", ["2024年3月", "2024年 03 月", "2024.3", "2024-03", "2024/3", "202403", 202403]
)
def test_parse_ledger_date_reads_months(cell):
    assert parse_ledger_date(cell) == MARCH


@pytest.mark.parametrize("cell", ["2024年", "2024", "２０２４", 2024, 2024.0])
def test_parse_ledger_date_reads_years(cell):
    assert parse_ledger_date(cell) == LedgerDate(date(2024, 1, 1), "year")


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("", "date_empty"),
        (None, "date_empty"),
        ("　 ", "date_empty"),
        ("24年3月5日", "date_year_short"),
        ("24.3.5", "date_year_short"),
        ("24-03-05", "date_year_short"),
        ("3/5/2024", "date_invalid"),
        ("2024-02-30", "date_invalid"),
        ("2023年2月29日", "date_invalid"),
        ("2024-13-01", "date_invalid"),
        ("2024-00-10", "date_invalid"),
        ("20241301", "date_invalid"),
        ("2024年13月", "date_invalid"),
        ("12024-03-05", "date_invalid"),
        ("2024.3/5", "date_invalid"),
        ("2024-3-5-6", "date_invalid"),
        ("2024_03_05", "date_invalid"),
        ("+2024-03-05", "date_invalid"),
        ("-20240305", "date_invalid"),
        ("2024-03-05T16:00:00Z", "date_invalid"),
        ("2024-03-05T16:00:00+08:00", "date_invalid"),
        ("２０２４年三月", "date_invalid"),
        ("٢٠٢٤-٠٣-٠٥", "date_invalid"),
        ("2024-03-05\x00", "date_invalid"),
        ("3月5日", "date_invalid"),
        ("年底", "date_invalid"),
        ("NaN", "date_invalid"),
        (float("nan"), "date_invalid"),
        (float("inf"), "date_invalid"),
        (1e300, "date_invalid"),
        (-45356, "date_invalid"),
        (0, "date_invalid"),
        (True, "date_invalid"),
        (17898, "date_invalid"),  # 1948-12-31
        (73416, "date_invalid"),  # 2101-01-01
        ("9" * 5000, "date_invalid"),
        ("1948-12-31", "date_out_of_range"),
        ("2101年", "date_out_of_range"),
        (1234, "date_out_of_range"),
        ("9999-12-31", "date_out_of_range"),
        (date(1900, 1, 1), "date_out_of_range"),
        (datetime(2101, 1, 1), "date_out_of_range"),  # noqa: DTZ001 — as in a spreadsheet
    ],
)
def test_parse_ledger_date_refuses(cell, code):
    with pytest.raises(RuleViolation) as refused:
        parse_ledger_date(cell)
    assert refused.value.code == code
    assert len(str(refused.value)) < 200


@pytest.mark.parametrize(
    ("serial", "day"), [(17899, date(1949, 1, 1)), (73415, date(2100, 12, 31))]
)
def test_parse_ledger_date_reads_serials_at_the_edges(serial, day):
    assert parse_ledger_date(serial) == LedgerDate(day, "day")


@pytest.mark.parametrize("text", ["2024-03-05", "2024年3月5日", "２０２４/３/５", "20240305"])
def test_parse_day_reads_days(text):
    assert parse_day(text) == date(2024, 3, 5)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2024-03", "date_day_missing"),
        ("2024年", "date_day_missing"),
        ("45356", "date_invalid"),
        ("", "date_empty"),
        ("24-3-5", "date_year_short"),
    ],
)
def test_parse_day_refuses(text, code):
    with pytest.raises(RuleViolation) as refused:
        parse_day(text)
    assert refused.value.code == code


@given(LEDGER_DAYS, st.sampled_from(SPELLINGS))
def test_every_day_survives_every_spelling(day, spelling):
    assert parse_ledger_date(spelling.format(day)) == LedgerDate(day, "day")


@given(LEDGER_DAYS)
def test_every_day_survives_its_serial(day):
    serial = (day - date(1899, 12, 30)) // timedelta(days=1)
    assert parse_ledger_date(serial).day == parse_ledger_date(str(serial)).day == day


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.datetimes()))
def test_parse_ledger_date_answers_or_refuses_but_never_fails(cell):
    try:
        found = parse_ledger_date(cell)
    except RuleViolation:
        return
    assert 1949 <= found.day.year <= 2100


@given(LEDGER_DAYS, LEDGER_DAYS)
def test_format_day_has_the_year_only_when_needed(day, today):
    with override("en"):
        assert (str(day.year) in format_day(day, today)) is (day.year != today.year)


def test_format_day_in_english():
    with override("en"):
        assert format_day(date(2026, 11, 22), date(2026, 1, 1)) == "Sun 22/11"
        assert format_day(date(2027, 1, 4), date(2026, 1, 1)) == "Mon 4/1/2027"
