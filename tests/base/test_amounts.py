from __future__ import annotations

from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.amounts import (
    LARGEST,
    SMALLEST,
    Amount,
    Threshold,
    format_amount,
    parse_amount,
    scale_band,
)
from kfq_crm.base.errors import RuleViolation

VALUES = st.decimals(0, LARGEST, places=4)
CURRENCIES = st.sampled_from(["CNY", "USD"])

# The bands of DOMAIN: each with a threshold in either currency.
BANDS = [
    Threshold("hundred_million", "CNY", Decimal(10_000)),
    Threshold("hundred_million", "USD", Decimal(1_000)),
    Threshold("three_to_one", "CNY", Decimal(50_000)),
    Threshold("three_to_one", "USD", Decimal(3_000)),
]


def yuan(value, approximate=False):
    return Amount(Decimal(value), "CNY", approximate)


def dollars(value, approximate=False):
    return Amount(Decimal(value), "USD", approximate)


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("3.2亿", yuan(32000)),
        ("3.2 亿元", yuan(32000)),
        ("３．２亿元", yuan(32000)),
        ("3.2億", yuan(32000)),
        ("约5亿", yuan(50000, approximate=True)),
        ("大约 5 亿元", yuan(50000, approximate=True)),
        ("近5亿元", yuan(50000, approximate=True)),
        ("5亿元左右", yuan(50000, approximate=True)),
        ("5亿余元", yuan(50000, approximate=True)),
        ("５０００万美元", dollars(5000)),
        ("5000万美元", dollars(5000)),
        ("5000万美金", dollars(5000)),
        ("5000万USD", dollars(5000)),
        ("USD 5000万", dollars(5000)),
        ("美元5000万", dollars(5000)),
        ("$1.2亿", dollars(12000)),
        ("1.2亿美元", dollars(12000)),
        ("８５００万", yuan(8500)),
        ("1,200万元", yuan(1200)),
        ("１，２００万元", yuan(1200)),
        ("人民币1200万元", yuan(1200)),
        ("￥1200万", yuan(1200)),
        ("1200万元人民币", yuan(1200)),
        ("1亿人民币", yuan(10000)),
        ("300000元", yuan(30)),
        ("300,000元", yuan(30)),
        ("1元", yuan("0.0001")),
        ("0.5万美元", dollars("0.5")),
        ("3千万", yuan(3000)),
        ("3百万元", yuan(300)),
        ("10十亿", yuan(1_000_000)),
        ("1百亿", yuan(1_000_000)),
        ("1亿5000万元", yuan(15000)),
        ("1亿5千万", yuan(15000)),
        ("0万元", yuan(0)),
        ("1万亿", yuan(LARGEST)),
        ("3.2 hundred million yuan", yuan(32000)),
        ("8,500 ten thousand US dollars", dollars(8500)),
        ("１２３．４５６７万", yuan("123.4567")),
    ],
)
def test_parse_amount_reads_what_people_type(text, amount):
    assert parse_amount(text) == amount


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "amount_empty"),
        (None, "amount_empty"),
        ("　", "amount_empty"),
        ("3.2", "amount_unit_missing"),
        ("8500", "amount_unit_missing"),
        (8500, "amount_unit_missing"),
        (3.2, "amount_unit_missing"),
        (Decimal("3.2"), "amount_unit_missing"),
        ("约5", "amount_unit_missing"),
        ("¥5000", "amount_unit_missing"),
        ("-5亿", "amount_negative"),
        ("－５亿", "amount_negative"),
        ("\u22125亿", "amount_negative"),
        ("负5亿", "amount_negative"),
        ("(5亿)", "amount_negative"),
        ("5-10亿", "amount_range"),
        ("5～10亿", "amount_range"),
        ("5亿至10亿", "amount_range"),
        ("5亿—10亿元", "amount_range"),
        ("5000万港元", "amount_currency_unknown"),
        ("3亿欧元", "amount_currency_unknown"),
        ("EUR 3亿", "amount_currency_unknown"),
        ("1.00001万", "amount_too_precise"),
        ("0.5元", "amount_too_precise"),
        ("1.000000001亿", "amount_too_precise"),
        ("1.0001万亿", "amount_too_large"),
        ("99999亿", "amount_too_large"),
        ("9" * 40 + "亿", "amount_too_large"),
        ("9" * 5000 + "亿", "amount_invalid"),
        ("NaN", "amount_invalid"),
        ("NaN万元", "amount_invalid"),
        (float("nan"), "amount_invalid"),
        (float("inf"), "amount_invalid"),
        ("Infinity亿", "amount_invalid"),
        ("1_000万", "amount_invalid"),
        ("1e5万", "amount_invalid"),
        ("+5亿", "amount_invalid"),
        ("1,2亿", "amount_invalid"),
        ("1,0000万", "amount_invalid"),
        (".5亿", "amount_invalid"),
        ("5.亿", "amount_invalid"),
        ("1.2.3亿", "amount_invalid"),
        ("5亿5", "amount_invalid"),
        ("5000万1亿", "amount_invalid"),
        ("1亿20000万", "amount_invalid"),
        ("1.5亿3000万", "amount_invalid"),
        ("5亿亿", "amount_invalid"),
        ("USD 5亿元", "amount_invalid"),
        ("USD 50 million", "amount_invalid"),
        ("亿元", "amount_invalid"),
        ("五亿", "amount_invalid"),
        ("٥亿", "amount_invalid"),
        ("5亿\x00", "amount_invalid"),
        ("面议", "amount_invalid"),
        (True, "amount_invalid"),
    ],
)
def test_parse_amount_refuses(text, code):
    with pytest.raises(RuleViolation) as refused:
        parse_amount(text)
    assert refused.value.code == code
    assert len(str(refused.value)) < 260


def test_parse_amount_takes_the_default_currency_only_when_none_is_named():
    assert parse_amount("5000万", default_currency="USD") == dollars(5000)
    assert parse_amount("5000万元", default_currency="USD") == yuan(5000)


@pytest.mark.parametrize(
    ("cell", "unit", "amount"),
    [
        (3.2, "亿元", yuan(32000)),
        (0.1 + 0.2, "亿元", yuan(3000)),  # 15 digits, as the spreadsheet shows it
        ("约5000", "万美元", dollars(5000, approximate=True)),
        ("3.2亿", "万元", yuan(32000)),  # what the cell says wins
        (12000, "元", yuan("1.2")),
    ],
)
def test_parse_amount_takes_the_unit_of_the_header_for_bare_numbers(cell, unit, amount):
    assert parse_amount(cell, default_unit=unit) == amount


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal(32000), "CNY", "3.2 hundred million yuan"),
        (Decimal("32000.0000"), "CNY", "3.2 hundred million yuan"),
        (Decimal(8500), "CNY", "8,500 ten thousand yuan"),
        (Decimal(5000), "USD", "5,000 ten thousand US dollars"),
        (Decimal(12000), "USD", "1.2 hundred million US dollars"),
        (Decimal("12345.6789"), "CNY", "12,345.6789 ten thousand yuan"),
        (Decimal(123456789), "CNY", "12,345.6789 hundred million yuan"),
        (Decimal("0.0001"), "CNY", "0.0001 ten thousand yuan"),
        (Decimal("1E+4"), "CNY", "1 hundred million yuan"),
        (Decimal("9.9E+3"), "CNY", "9,900 ten thousand yuan"),
        (Decimal(0), "CNY", "0 ten thousand yuan"),
        (Decimal(-32000), "CNY", "-3.2 hundred million yuan"),
    ],
)
def test_format_amount_shows_every_digit(value, currency, text):
    with override("en"):
        assert format_amount(value, currency) == text


@given(VALUES, CURRENCIES)
def test_nothing_is_lost_between_format_and_parse(value, currency):
    with override("en"):
        assert parse_amount(format_amount(value, currency)) == Amount(value, currency)


@given(VALUES, CURRENCIES)
def test_nothing_is_lost_between_chinese_spellings(value, currency):
    name = {"CNY": "元", "USD": "美元"}[currency]
    amount = Amount(value, currency)
    assert parse_amount(f"{value:f}万{name}") == amount
    assert parse_amount(f"{value:,f} 万{name}") == amount
    assert parse_amount(f"{value / 10000:f}亿{name}") == amount
    assert parse_amount(f"{value / SMALLEST:f}{name}") == amount


@given(st.one_of(st.text(), st.floats(), st.text(alphabet="0123456789.,亿万千元美约 -")))
def test_parse_amount_answers_within_bounds_or_refuses(text):
    try:
        amount = parse_amount(text)
    except RuleViolation:
        return
    assert 0 <= amount.value <= LARGEST
    assert amount.value == amount.value.quantize(SMALLEST)


@pytest.mark.parametrize(
    ("value", "currency", "band"),
    [
        (Decimal("9999.9999"), "CNY", ""),
        (Decimal(10_000), "CNY", "hundred_million"),
        (Decimal("49999.9999"), "CNY", "hundred_million"),
        (Decimal(50_000), "CNY", "three_to_one"),
        (Decimal("999.9999"), "USD", ""),
        (Decimal(1_000), "USD", "hundred_million"),
        (Decimal(3_000), "USD", "three_to_one"),
        (Decimal(2_900), "USD", "hundred_million"),  # over 2 亿元 at any rate: not converted
        (Decimal(10**8), "EUR", ""),
    ],
)
def test_scale_band_is_the_highest_reached_in_its_own_currency(value, currency, band):
    assert scale_band(value, currency, BANDS) == band
    assert scale_band(value, currency, BANDS[::-1]) == band


def test_scale_band_without_thresholds_is_empty():
    assert scale_band(Decimal(10**6), "CNY", []) == ""
    assert scale_band(Decimal(10**6), "USD", BANDS[:1]) == ""
