"""What the pure modules say to the people of the zone."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

import pytest
from django.utils.translation import override
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.amounts import LARGEST, Amount, format_amount, parse_amount
from kfq_crm.base.codes import (
    clean_industry_code,
    clean_phone,
    clean_project_code,
    clean_region_code,
    clean_uscc,
)
from kfq_crm.base.dates import format_day, parse_day
from kfq_crm.base.errors import RuleViolation


@pytest.fixture(autouse=True)
def in_chinese():
    with override("zh-hans"):
        yield


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        (Decimal(32000), "CNY", "3.2 亿元"),
        (Decimal(8500), "CNY", "8,500 万元"),
        (Decimal(5000), "USD", "5,000 万美元"),
        (Decimal(12000), "USD", "1.2 亿美元"),
    ],
)
def test_format_amount_in_chinese(value, currency, text):
    assert format_amount(value, currency) == text


@given(st.decimals(0, LARGEST, places=4), st.sampled_from(["CNY", "USD"]))
def test_nothing_is_lost_between_format_and_parse_in_chinese(value, currency):
    assert parse_amount(format_amount(value, currency)) == Amount(value, currency)


def test_format_day_in_chinese():
    assert format_day(date(2026, 11, 22), date(2026, 1, 1)) == "11月22日 周日"
    assert format_day(date(2027, 1, 4), date(2026, 1, 1)) == "2027年1月4日 周一"


@pytest.mark.parametrize(
    ("parser", "text"),
    [
        *(
            (parse_amount, text)
            for text in ["", "5", "-5亿", "1-2亿", "5亿欧元", "0.1元", "9万亿", "?"]
        ),
        *((parse_day, text) for text in ["", "2024-03", "24-3-5", "1900-01-01", "?"]),
        *((clean_phone, text) for text in ["", "84831234", "13812345678/13987654321", "?"]),
        *((clean_uscc, text) for text in ["", "9" * 17 + "I", "9" * 18]),
        *((clean_industry_code, text) for text in ["", "B37"]),
        *((clean_region_code, text) for text in ["", "991282"]),
        *((clean_project_code, text) for text in ["", "9" * 20]),
    ],
)
def test_refusals_are_in_chinese(parser, text):
    with pytest.raises(RuleViolation) as refused:
        parser(text)
    message = str(refused.value)
    assert re.search("[一-鿿]", message)
    assert not re.search("[a-z]{3,}", message)
    assert "%(" not in message
