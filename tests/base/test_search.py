"""Records are found by any two characters, by pinyin, by codes and by last digits, on both
databases, and by nothing that a person typed as a joker."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.names import fold, query_grams, search_grams
from kfq_crm.base.search import matching
from leads.models import Enterprise, Lead
from tests.cast import Cast
from tests.factories import a_uscc, log_a_lead

FOUND_BY = {
    "two Chinese characters": "信控",
    "two characters inside the title": "推进",
    "one character": "控",
    "the whole name": "江苏航天信控动力有限公司",
    "pinyin initials": "htxk",
    "pinyin initials typed large": "HTXK",
    "full pinyin": "hangtian",
    "the credit code": a_uscc(77),
    "the credit code typed small": a_uscc(77).lower(),
    "a part of the credit code": "000000077",
    "a phone's last digits": "5678",
    "full-width digits": "５６７８",
    "words in any order": "动力 信控",
    "the parent group": "某集团",
    "blanks around": "  信控　",
    "nothing": "",
}
NOT_FOUND_BY = {
    "another word": "粮油",
    "characters that stand apart": "航控",
    "one word of two": "信控 粮油",
    "a per cent sign": "%",
    "an underscore": "_",
    "a joker between characters": "航%控",
    "a single joker": "航_信",
    "a backslash": "\\",
    "digits that the mask hides": "1234",
    "the whole number": "13812345678",
    "two fields at once": "项目江苏",
}


@pytest.fixture
def lead(cast: Cast) -> Lead:
    log_a_lead(by=cast.member_a, title="另一个项目", investor="上海远山食品有限公司")
    return log_a_lead(
        by=cast.member_a,
        title="火箭推进系统项目",
        investor="江苏航天信控动力有限公司",
        uscc=a_uscc(77),
        parent_group="某集团",
        contact_name="王经理",
        contact_phone="138 1234 5678",
    )


@pytest.mark.parametrize("query", FOUND_BY.values(), ids=FOUND_BY.keys())
def test_lead_is_found(lead: Lead, query: str) -> None:
    assert lead in matching(Lead.objects.all(), query)


@pytest.mark.parametrize("query", NOT_FOUND_BY.values(), ids=NOT_FOUND_BY.keys())
def test_lead_is_not_found(lead: Lead, query: str) -> None:
    assert lead not in matching(Lead.objects.all(), query)


@pytest.mark.parametrize("query", ["信控", "htxk", a_uscc(77)[-8:], "某集团"])
def test_company_is_found(lead: Lead, query: str) -> None:
    assert [row.name for row in matching(Enterprise.objects.all(), query)] == [
        "江苏航天信控动力有限公司"
    ]


@pytest.mark.parametrize("typed", ["100%", "A_B", "C:\\路径", "'引号", '"双引号"'])
def test_jokers_in_a_title_are_found_as_themselves(cast: Cast, typed: str) -> None:
    named = log_a_lead(by=cast.member_a, title=f"产能{typed}项目")
    log_a_lead(by=cast.member_a, title="产能100项目 AXB C路径 引号 双引号")
    assert list(matching(Lead.objects.all(), typed)) == [named]


@given(
    text=st.text(alphabet="航天信控动力ABCabc0123１２ ()-_%·é", max_size=12),
    start=st.integers(0, 11),
    length=st.integers(1, 6),
)
def test_grams_of_a_part_are_among_those_of_the_whole(text: str, start: int, length: int) -> None:
    """Otherwise the index would hide from PostgreSQL what the text holds."""
    for word in fold(fold(text)[start : start + length]).split():
        assert set(query_grams(word)) <= set(search_grams(text))


def test_row_that_was_loaded_and_saved_again_is_still_found(lead: Lead) -> None:
    Lead.objects.get(pk=lead.pk).save()
    assert lead in matching(Lead.objects.all(), "信控")
