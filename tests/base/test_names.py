from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kfq_crm.base.names import (
    INITIALS_MAX,
    KEY_MAX,
    PINYIN_MAX,
    company_key,
    fold,
    phone_grams,
    pinyin_full,
    pinyin_initials,
    query_grams,
    search_grams,
    similar_names,
)

NAME_PARTS = st.sampled_from(
    [
        *(
            "江苏",
            "靖江市",
            "上海市",
            "（中国）",
            "(苏州)",
            "靖江分公司",
            "宏源",
            "重工",
            "银行",
            "（一期）",
        ),
        *("集团", "股份", "公司", "有限公司", "有限责任公司", "Siemens", "Co., Ltd.", "AG"),
        *(" ", "　", "１", "·"),
    ]
)
NAMES = st.one_of(st.text(), st.lists(NAME_PARTS).map("".join))
SEARCHED = st.one_of(
    st.text(),
    st.text(alphabet="航空天电abcAB0123 -（）·ＬＮＧ㈱ﬁ"),
    st.lists(NAME_PARTS).map("".join),
)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("江苏宏源重工有限公司", "宏源重工"),
        ("江苏省靖江市宏源重工有限责任公司", "宏源重工"),
        ("靖江宏源重工股份有限公司", "宏源重工"),
        ("宏源重工（江苏）有限公司", "宏源重工"),
        ("宏源重工(江苏)集团有限公司", "宏源重工"),
        ("宏源重工〔靖江市〕有限公司", "宏源重工"),
        ("江苏宏源重工集团股份有限公司", "宏源重工"),
        ("江苏宏源重工（集团）有限公司靖江分公司", "宏源重工"),
        (" 江苏 宏源·重工 有限公司 ", "宏源重工"),
        ("宏源重工", "宏源重工"),
        ("华为技术（中国）有限公司", "华为技术"),
        ("苏州华为技术有限公司", "华为技术"),
        ("ＡＢＣ精密（中国）有限公司", "abc精密"),
        ("中新集团", "中新"),
        ("中国商用飞机有限责任公司", "中国商用飞机"),
        ("江苏新时代造船有限公司", "新时代造船"),
        ("上海市政工程设计研究总院（集团）有限公司", "市政工程设计研究总院"),
        ("北京区块链科技有限公司", "区块链科技"),
        ("朝阳轴承有限公司", "朝阳轴承"),
        ("朝阳市轴承有限公司", "轴承"),
        ("长安汽车股份有限公司", "长安汽车"),
        ("某某产业基金（有限合伙）", "某某产业基金"),
        ("某某汽车（二期）有限公司", "某某汽车二期"),
        ("Siemens AG", "siemens"),
        ("SIEMENS  Aktiengesellschaft", "siemensaktiengesellschaft"),
        ("Acme Co., Ltd.", "acme"),
        ("Acme (China) Co.,Ltd", "acme"),
        ("ACME HOLDINGS LIMITED", "acme"),
        ("Bosch GmbH & Co. KG", "bosch"),
        ("Ferrari S.p.A.", "ferrari"),
        ("Philips N.V.", "philips"),
        ("Proton Sdn. Bhd.", "proton"),
        ("Jiangsu Hongyuan Heavy Industry Co Ltd", "hongyuanheavyindustry"),
        ("Swissbag", "swissbag"),
        ("３Ｍ中国有限公司", "3m中国"),
    ],
)
def test_company_key_keeps_what_is_distinctive(name, key):
    assert company_key(name) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("江苏银行股份有限公司", "江苏银行"),
        ("南京银行股份有限公司", "南京银行"),
        ("南京钢铁集团有限公司", "南京钢铁"),
        ("靖江港口集团有限公司", "靖江港口"),
        ("上海电气集团股份有限公司", "上海电气"),
        ("宁德时代新能源科技股份有限公司", "宁德时代新能源科技"),
        ("江苏有限公司", "江苏"),
        ("苏州集团", "苏州"),
        ("上海", "上海"),
        ("有限公司", "有限公司"),
        ("集团有限公司", "集团"),
        ("Co., Ltd.", "co"),
        ("A公司", "a公司"),
        ("（中国）", "(中国)"),
        ("？？！", "??!"),
        ("· ·", "··"),
        ("", ""),
        ("　", ""),
    ],
)
def test_company_key_never_strips_to_nothing(name, key):
    assert company_key(name) == key


def test_company_key_copes_with_absurd_length():
    assert 0 < len(company_key("公司" * 100_000)) <= KEY_MAX
    assert len(company_key("\ufdfa" * 1000)) == KEY_MAX


@given(NAMES)
def test_company_key_is_idempotent_and_visible(name):
    key = company_key(name)
    assert company_key(key) == key
    assert " " not in key
    assert "\x00" not in key
    assert bool(key) or not any(char.isalnum() for char in name)


@given(st.lists(NAME_PARTS, min_size=1).map("".join))
def test_company_key_ignores_width_case_and_spaces(name):
    wide = "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in name)
    assert company_key(wide) == company_key(name.upper()) == company_key(f" {name} ")


@pytest.mark.parametrize(
    ("text", "full", "initials"),
    [
        ("重庆长安汽车", "chongqingchanganqiche", "cqcaqc"),
        ("厦门钨业", "xiamenwuye", "xmwy"),
        ("厦工机械", "xiagongjixie", "xgjx"),
        ("长盈精密", "changyingjingmi", "cyjm"),
        ("长江存储", "changjiangcunchu", "cjcc"),
        ("成长", "chengzhang", "cz"),
        ("江苏银行", "jiangsuyinhang", "jsyh"),
        ("宏源重工", "hongyuanzhonggong", "hyzg"),
        ("六合", "luhe", "lh"),
        ("蚌埠", "bengbu", "bb"),
        ("朝阳科技", "chaoyangkeji", "cykj"),
        ("成都", "chengdu", "cd"),
        ("绿地", "lvdi", "ld"),
        ("谋略", "moulue", "ml"),
        ("航天信控", "hangtianxinkong", "htxk"),
        ("LNG动力船", "lngdonglichuan", "lngdlc"),
        ("３Ｍ中国（江苏）", "3mzhongguojiangsu", "3mzgjs"),
        ("Siemens AG", "siemensag", "siemensag"),
        ("——", "", ""),
        ("", "", ""),
    ],
)
def test_pinyin_reads_names_as_people_do(text, full, initials):
    assert pinyin_full(text) == full
    assert pinyin_initials(text) == initials


@given(st.text(max_size=600))
def test_pinyin_is_bounded_plain_ascii(text):
    full, initials = pinyin_full(text), pinyin_initials(text)
    assert len(full) <= PINYIN_MAX
    assert len(initials) <= INITIALS_MAX
    assert all(c.isascii() and (c.islower() or c.isdigit()) for c in full + initials)


def test_pinyin_is_bounded_for_absurd_length():
    assert len(pinyin_full("庄" * 10_000)) == PINYIN_MAX
    assert len(pinyin_initials("庄" * 10_000)) == INITIALS_MAX


def test_search_grams_lists_each_token_once_in_order():
    assert search_grams("航空航天", "航空") == ["航", "空", "天", "航空", "空航", "航天"]
    assert search_grams("LNG船") == ["船", "ln", "ng", "g船", "lng"]
    assert search_grams("", "——", "a") == []


@pytest.mark.parametrize(
    ("query", "grams"),
    [
        ("航空", ["航空"]),
        ("航", ["航"]),
        ("航空航", ["航空", "空航"]),
        ("htxk", ["htx", "txk"]),
        ("ht", ["ht"]),
        ("5678", ["567", "678"]),
        ("LNG船", ["g船", "lng"]),
        ("ｌｎｇ 运输", ["lng", "运输"]),
        ("a航", ["a航"]),
        ("a", []),
        ("%_", []),
        ("  ", []),
        ("", []),
    ],
)
def test_query_grams_are_the_fewest_that_cover_the_query(query, grams):
    assert query_grams(query) == grams


@given(SEARCHED, SEARCHED, st.data())
def test_no_substring_is_ever_missed(text, other, data):
    start = data.draw(st.integers(0, len(fold(text))))
    end = data.draw(st.integers(start, len(fold(text))))
    assert set(query_grams(fold(text)[start:end])) <= set(search_grams(other, text))


@given(st.text(alphabet="航空电力abc012ＡＢ（） ", max_size=30), st.data())
def test_no_typed_substring_is_ever_missed(text, data):
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    assert set(query_grams(text[start:end])) <= set(search_grams(text))


@given(SEARCHED)
def test_grams_have_no_spaces_and_no_doubles(text):
    grams = search_grams(text)
    assert len(grams) == len(set(grams))
    assert not any(gram == "" or any(c.isspace() or c == "\x00" for c in gram) for gram in grams)


def test_phone_grams_serve_the_last_digits_however_typed():
    grams = set(phone_grams("+86 138-1234-5678"))
    assert set(query_grams("5678")) <= grams
    assert set(query_grams("13812345678")) <= grams
    assert not set(query_grams("8613")) <= grams


def test_similar_names_come_best_first():
    candidates = ["宏源重工", "宏远重工", "青山特钢", "宏源重工机械"]
    assert similar_names("宏源重工", candidates) == [("宏源重工", 100.0), ("宏源重工机械", 80.0)]
    assert [name for name, _ in similar_names("宏源重工", candidates, 70)] == [
        "宏源重工",
        "宏源重工机械",
        "宏远重工",
    ]
    assert similar_names("宏源重工", []) == []
    assert len(similar_names("宏源重工", candidates * 20, 0, limit=3)) == 3
