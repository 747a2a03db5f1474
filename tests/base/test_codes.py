from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from kfq_crm.base.codes import (
    clean_industry_code,
    clean_phone,
    clean_project_code,
    clean_region_code,
    clean_uscc,
    mask_email,
    mask_phone,
    phone_key,
)
from kfq_crm.base.errors import RuleViolation

VALID = "91110000600037341L"
USCC_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
MOBILES = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
LANDLINES = st.from_regex(r"0(10|2[0-9]|[3-9][0-9]{2})[2-9][0-9]{6,7}", fullmatch=True)


def code_of(parser, text):
    with pytest.raises(RuleViolation) as refused:
        parser(text)
    assert len(str(refused.value)) < 260
    return refused.value.code


@pytest.mark.parametrize(
    "text",
    [
        VALID,
        VALID.lower(),
        " 9111 0000 6000 3734 1L ",
        "91110000-600037341-L",
        "９１１１００００６０００３７３４１Ｌ",
        "\u200b91110000600037341L",
    ],
)
def test_clean_uscc_gives_the_compact_code(text):
    assert clean_uscc(text) == VALID


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "uscc_length"),
        (None, "uscc_length"),
        (VALID[:-1], "uscc_length"),
        (VALID + "1", "uscc_length"),
        ("320000000012345", "uscc_length"),  # the registration number of former times
        ("9111000060003734IL", "uscc_characters"),
        ("9111000O600037341L", "uscc_characters"),
        ("91AB0000600037341L", "uscc_characters"),
        ("91110000600037341!", "uscc_characters"),
        ("91110000600037341\x00", "uscc_characters"),
        ("91110000600037341١", "uscc_characters"),
        ("91110000600037342L", "uscc_check_digit"),
        ("91110000600037341M", "uscc_check_digit"),
        ("91110000600073341L", "uscc_check_digit"),  # two digits swapped
    ],
)
def test_clean_uscc_refuses(text, code):
    assert code_of(clean_uscc, text) == code


@given(
    st.from_regex(f"[{USCC_ALPHABET}]{{2}}[0-9]{{6}}[{USCC_ALPHABET}]{{9}}", fullmatch=True),
    st.integers(0, 16),
    st.sampled_from(USCC_ALPHABET),
)
def test_clean_uscc_finds_every_single_mistyped_character(body, place, other):
    good = body + uscc.calc_check_digit(body)
    assert clean_uscc(good) == good
    bad = good[:place] + other + good[place + 1 :]
    if bad != good:
        with pytest.raises(RuleViolation):
            clean_uscc(bad)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("13812345678", "13812345678"),
        ("138 1234 5678", "13812345678"),
        ("138-1234-5678", "13812345678"),
        ("１３８１２３４５６７８", "13812345678"),
        ("+86 138 1234 5678", "13812345678"),
        ("+8613812345678", "13812345678"),
        ("8613812345678", "13812345678"),
        ("008613812345678", "13812345678"),
        ("(+86)13812345678", "13812345678"),
        (13812345678, "13812345678"),
        (13812345678.0, "13812345678"),
        ("0523-84831234", "052384831234"),
        ("(0523)8483 1234", "052384831234"),
        ("（0523）84831234", "052384831234"),
        ("0523－84831234", "052384831234"),
        ("+86 523 84831234", "052384831234"),
        ("+86 (0)523 84831234", "052384831234"),
        ("010-65001234", "01065001234"),
        ("0523-84831234转801", "052384831234-801"),
        ("0523-84831234 ext. 801", "052384831234-801"),
        ("0523-84831234-801", "052384831234-801"),
        ("+86-523-84831234-801", "052384831234-801"),
        ("052384831234#8", "052384831234-8"),
        ("400-123-4567", "4001234567"),
        ("+86 400 123 4567", "4001234567"),
        ("+852 2345 6789", "+85223456789"),
        ("00852-23456789", "+85223456789"),
        ("+1 (312) 345-6789", "+13123456789"),  # eleven digits like a mobile, yet no mobile
        ("+49 89 636 00", "+498963600"),
    ],
)
def test_clean_phone_gives_one_spelling(text, number):
    assert clean_phone(text) == number
    assert clean_phone(number) == number


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "phone_empty"),
        (None, "phone_empty"),
        ("84831234", "phone_area_code_missing"),
        ("8483123", "phone_area_code_missing"),
        ("13812345678/13987654321", "phone_several"),
        ("13812345678、13987654321", "phone_several"),
        ("13812345678，13987654321", "phone_several"),
        ("13812345678 13987654321", "phone_several"),
        ("1381234567", "phone_invalid"),
        ("138123456789", "phone_invalid"),
        ("12812345678", "phone_invalid"),
        ("0000000000", "phone_invalid"),
        ("+8612345", "phone_invalid"),
        ("+86", "phone_invalid"),
        ("++8613812345678", "phone_invalid"),
        ("138_1234_5678", "phone_invalid"),
        ("1_38e9", "phone_invalid"),
        ("٠٥٢٣٨٤٨٣١٢٣٤", "phone_invalid"),
        ("13812345678\x00", "phone_invalid"),
        ("王书记", "phone_invalid"),
        ("转801", "phone_invalid"),
        ("9" * 5000, "phone_invalid"),
    ],
)
def test_clean_phone_refuses(text, code):
    assert code_of(clean_phone, text) == code


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("+86 138 1234 5678", "13812345678"),
        ("0523-84831234转801", "052384831234"),
        ("+852 2345 6789", "85223456789"),
        ("84831234", "84831234"),
        ("王书记 5678", "5678"),
        ("", ""),
        ("无", ""),
    ],
)
def test_phone_key_is_digits(text, key):
    assert phone_key(text) == key


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("13812345678", "138****5678"),
        ("+86 138 1234 5678", "138****5678"),
        ("0523-84831234", "0523****1234"),
        ("0523-8483123", "052****3123"),
        ("010-65001234", "010****1234"),
        ("0523-84831234转801", "0523****1234-***"),
        ("4001234567", "40****4567"),
        ("+852 2345 6789", "+852****6789"),
        ("84831234", "****1234"),
        ("8483123", "****123"),
        ("110", "***"),
        ("王书记", "****"),
        ("", ""),
        (None, ""),
    ],
)
def test_mask_phone_hides_the_middle(text, masked):
    assert mask_phone(text) == masked


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("zhou.min@example.com", "z***@example.com"),
        (" z@a.cn ", "z***@a.cn"),
        ("周敏", "***"),
        ("", ""),
    ],
)
def test_mask_email_shows_where_it_goes_and_not_to_whom(text, masked):
    assert mask_email(text) == masked


@given(st.one_of(MOBILES, LANDLINES))
def test_clean_phone_keeps_mainland_numbers(number):
    assert clean_phone(number) == clean_phone(f"+86 {number}") == phone_key(number) == number


@given(st.text())
def test_phone_helpers_never_fail_and_never_show_more_than_they_may(text):
    assert re.fullmatch("[0-9]*", phone_key(text))
    masked = mask_phone(text)
    assert re.fullmatch(r"\+?[0-9]{0,4}\*{3,}[0-9]{0,4}(-\*+)?|\*{0,6}", masked)


@pytest.mark.parametrize(
    ("text", "code"), [("c3742", "C3742"), ("C37", "C37"), ("A", "A"), ("Ｃ ３９７１", "C3971")]
)
def test_clean_industry_code_gives_one_spelling(text, code):
    assert clean_industry_code(text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "industry_code_invalid"),
        ("3742", "industry_code_invalid"),
        (3742, "industry_code_invalid"),
        ("C3", "industry_code_invalid"),
        ("C37421", "industry_code_invalid"),
        ("U37", "industry_code_invalid"),
        ("C1_2", "industry_code_invalid"),
        ("B37", "industry_code_unknown"),
        ("C4400", "industry_code_unknown"),
        ("A00", "industry_code_unknown"),
    ],
)
def test_clean_industry_code_refuses(text, code):
    assert code_of(clean_industry_code, text) == code


@pytest.mark.parametrize("text", ["321282", "３２１２８２", 321282, 321282.0, "32 12 82"])
def test_clean_region_code_gives_six_digits(text):
    assert clean_region_code(text) == "321282"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "region_code_invalid"),
        ("32128", "region_code_invalid"),
        ("3212820", "region_code_invalid"),
        ("32128X", "region_code_invalid"),
        ("991282", "region_code_unknown"),
        ("001282", "region_code_unknown"),
    ],
)
def test_clean_region_code_refuses(text, code):
    assert code_of(clean_region_code, text) == code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("2603-321282-04-01-123456", "2603-321282-04-01-123456"),
        ("26033212820401123456", "2603-321282-04-01-123456"),
        ("２６０３－３２１２８２－０４－０１－１２３４５６", "2603-321282-04-01-123456"),
        ("2603-321282-04-01-12345-6", "2603-321282-04-01-123456"),
        ("2603-321282-04-01-12345x", "2603-321282-04-01-12345X"),
        ("2019-321282-37-03-123456", "2019-321282-37-03-123456"),
        ("2401-000052-04-01-123456", "2401-000052-04-01-123456"),
    ],
)
def test_clean_project_code_gives_24_characters(text, code):
    assert clean_project_code(text) == code
    assert len(code) == 24


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "project_code_length"),
        ("2603-321282-04-01-12345", "project_code_length"),
        ("2603-321282-04-01-1234567", "project_code_length"),
        ("2613-321282-04-01-123456", "project_code_invalid"),
        ("2603-991282-04-01-123456", "project_code_invalid"),
        ("2603-321282-04-01-12X456", "project_code_invalid"),
        ("2603-321282-O4-01-123456", "project_code_invalid"),
        ("2603_321282_04_01_12", "project_code_invalid"),
    ],
)
def test_clean_project_code_refuses(text, code):
    assert code_of(clean_project_code, text) == code


@pytest.mark.parametrize(
    "parser",
    [clean_uscc, clean_phone, clean_industry_code, clean_region_code, clean_project_code],
)
@given(text=st.text())
def test_cleaning_answers_or_refuses_and_is_stable(parser, text):
    try:
        clean = parser(text)
    except RuleViolation:
        return
    assert parser(clean) == clean
    assert clean.isascii()
