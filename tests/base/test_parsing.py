from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.parsing import nfkc, shown


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, ""),
        ("", ""),
        ("　３．２　亿元　", "3.2 亿元"),
        ("ＡＢＣ（中国）", "ABC(中国)"),
        ("\ufeff138\u200b1234\u200d5678", "13812345678"),
        ("2024\u22123\u20135", "2024-3-5"),
        ("a\t\r\n b\u00a0c", "a b c"),
        ("e\u0301", "é"),
        ("1\x002", "1\x002"),  # left for the strict pattern to refuse
        (5, "5"),
        (5.0, "5"),
        (13812345678.0, "13812345678"),
        (0.1 + 0.2, "0.3"),
        (1e20, "1e+20"),
        (float("nan"), "nan"),
        (Decimal("3.20"), "3.20"),
        (True, "True"),
    ],
)
def test_nfkc_gives_one_spelling(value, text):
    assert nfkc(value) == text


@given(st.text())
def test_nfkc_is_idempotent(text):
    assert nfkc(nfkc(text)) == nfkc(text)


@given(st.text())
def test_shown_is_short_and_keeps_short_texts(text):
    assert len(shown(text)) <= 40
    assert shown(text) == text or len(text) > 40
