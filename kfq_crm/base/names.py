"""Company names: one key to recognise them by, pinyin to type them by, grams to find them by.

The Chinese characters here and in `regions` are data about names, not messages.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Final

from pypinyin import lazy_pinyin, load_phrases_dict, load_single_dict
from rapidfuzz import fuzz, process

from .codes import phone_key
from .parsing import nfkc
from .regions import REGION, REGION_PREFIX

_LONGEST_NAME: Final = 500
KEY_MAX: Final = 255
PINYIN_MAX: Final = 255
INITIALS_MAX: Final = 100
DEFAULT_SIMILARITY: Final = 80.0


def fold(text: str) -> str:
    """The form in which names and texts are compared and searched: `nfkc`, without case."""
    return unicodedata.normalize("NFKC", nfkc(text).casefold())


# --- The key of a company -------------------------------------------------------------------

_BRACKETS: Final = str.maketrans("〔〕【】[]{}<>《》「」『』〈〉", "()" * 9)
_BRACKETED: Final = re.compile(r"\(([^()]*)\)")
# What says nothing about which company it is when it stands in brackets: where, and what form.
_IDLE_IN_BRACKETS: Final = re.compile(
    rf"(?:{REGION}|中国|大中华|亚太|亚洲|国际|集团|控股|股份|筹|有限合伙|普通合伙|特殊普通合伙"
    r"|个人独资|外商独资|外商投资|china|prc|hk|asia|group|holdings?|international)+"
)
_LEGAL_FORM: Final = re.compile(
    rf"(?:(?:{REGION}){{1,3}}分公司|股份有限公司|有限责任公司|责任有限公司|有限公司|股份公司|集团公司"
    r"|总公司|分公司|公司|集团|控股|股份|有限合伙企业|合伙企业|有限合伙"
    r"|(?<![a-z0-9])(?:co|company|ltd|limited|inc|incorporated|corp|corporation|llc|llp|lp|plc"
    r"|gmbh|ag|se|sa|sas|sarl|spa|srl|bv|nv|ab|as|asa|oy|oyj|kg|kgaa|kk|pte|pty|sdn|bhd"
    r"|group|holdings?))$"
)
_LATIN_REGION: Final = re.compile(
    "(?:jiangsu|jingjiang|taizhou|suzhou|wuxi|nanjing|shanghai|beijing|shenzhen|zhejiang) "
)
# Without its region such a name would be every such company of the country (江苏银行, 南京钢铁).
_GENERIC: Final = re.compile(
    "(?:银行|证券|保险|信托|基金|金融|投资|资本|资产|国资|国有|实业|产业|工业|商业|贸易|商贸|进出口"
    "|国际|发展|开发|建设|建工|建筑|建材|城建|城投|城市|交通|交投|铁路|轨道|地铁|公路|高速|港口|港务|港"
    "|航运|航空|航天|机场|物流|电力|电网|电气|电器|电机|电子|电信|通信|信息|网络|软件|科技|技术|智能"
    "|数字|数据|新能源|能源|燃气|水务|热力|环保|环境|生态|石油|石化|化工|化学|化纤|钢铁|特钢|有色|金属"
    "|冶金|矿业|煤炭|新材料|材料|重工|重机|机械|机电|装备|设备|制造|汽车|汽配|船舶|造船|船厂|动力|医药"
    "|制药|药业|医疗|器械|生物|健康|食品|粮油|农业|农商|农村|商行|烟草|酒业|啤酒|纺织|服装|文化|传媒"
    "|旅游|酒店|教育|大学|学院|医院|研究院|设计院|研究所|人才|运营|经营|管理|服务|咨询|市政|园林|房地产"
    "|置业|地产|时代|高新|经济|开发区|工业园|产业园|园区|中心|厂|第[一二三四五六七八九十]|有限)+"
)
_INITIAL_DOTS: Final = re.compile(r"\b([a-z])\.(?=[a-z]\b)")
_NOT_A_LETTER: Final = re.compile(r"[\W_]+")
_SPACE_AT_CHINESE: Final = re.compile(r" (?=[^a-z0-9 ])|(?<=[^a-z0-9 ]) ")


def company_key(name: str) -> str:
    """What two spellings of one company have in common: 江苏宏源重工（集团）有限公司 → 宏源重工.

    Gone are width and case, spaces and punctuation, the legal form in Chinese or Latin letters,
    the region in front, and brackets that hold only a region or a form; other bracketed words
    stay. A region stays too where nothing distinctive would be left (江苏银行). Keys are equal
    for most spellings of a company and may be equal for two companies: they point, people decide.
    Idempotent. Never empty for a visible name: one without any letter is kept as it is.
    """
    folded = fold(name[:_LONGEST_NAME]).translate(_BRACKETS)
    words = _INITIAL_DOTS.sub(r"\1", _without_idle_brackets(folded))
    spaced = _NOT_A_LETTER.sub(" ", words).strip()
    key = _stripped(_SPACE_AT_CHINESE.sub("", spaced)).replace(" ", "")
    return (key or _visible(folded))[:KEY_MAX]


def similar_names(
    key: str, candidates: Iterable[str], threshold: float = DEFAULT_SIMILARITY, limit: int = 10
) -> list[tuple[str, float]]:
    """The candidates like this key, with their likeness up to 100, the most alike first.

    Both sides are company keys; the key itself is among the answers when it is a candidate.
    """
    found = process.extract(
        key, list(candidates), scorer=fuzz.ratio, score_cutoff=threshold, limit=limit
    )
    return [(name, score) for name, score, _index in found]


def _without_idle_brackets(text: str) -> str:
    return _BRACKETED.sub(
        lambda found: (
            "" if _IDLE_IN_BRACKETS.fullmatch(found[1].replace(" ", "")) else f" {found[1]} "
        ),
        text,
    )


def _stripped(name: str) -> str:
    """Without legal forms and regions, as often as there are any; the forms go first, since only
    without them one sees whether a name is generic."""
    before = ""
    while name != before:
        before, name = name, _without_form(name)
    shorter = _without_region(name)
    return name if shorter == name else _stripped(shorter)


def _without_form(name: str) -> str:
    rest = _LEGAL_FORM.sub("", name).strip()
    return rest if _is_enough(rest) else name


def _without_region(name: str) -> str:
    found = REGION_PREFIX.match(name) or _LATIN_REGION.match(name)
    rest = name[found.end() :] if found else ""
    return rest if _is_enough(rest) and not _GENERIC.fullmatch(rest) else name


def _is_enough(rest: str) -> bool:
    return len(rest.replace(" ", "")) > 1


def _visible(text: str) -> str:
    return "".join(char for char in text if char.isprintable() and char != " ")


# --- Pinyin -----------------------------------------------------------------------------------

_RUNS: Final = re.compile(r"[㐀-䶿一-鿿〇\U00020000-\U0003ffff]+|[a-z0-9]+")
# In names of companies and places these are read otherwise than in running text.
load_single_dict({ord("长"): "cháng", ord("厦"): "xià", ord("都"): "dū", ord("地"): "dì"})
load_phrases_dict(
    {
        word: [[syllable] for syllable in reading.split()]
        for word, reading in {
            "六合": "lù hé",
            "朝阳": "cháo yáng",
            "浒关": "xǔ guān",
            "铅山": "yán shān",
            "泌阳": "bì yáng",
            "单县": "shàn xiàn",
            "薄膜": "bó mó",
        }.items()
    }
)


def pinyin_full(text: str) -> str:
    """The pinyin without tones, at most PINYIN_MAX characters: 重庆长安 → chongqingchangan.

    Latin letters and digits stay, lower-cased, all else is left out; ü is v, but üe is ue.
    """
    return "".join(_readings(text[:PINYIN_MAX]))[:PINYIN_MAX]


def pinyin_initials(text: str) -> str:
    """The first letters that people type, at most INITIALS_MAX: 航天信控 → htxk.

    Latin words and digits stay whole: LNG动力 → lngdl. Index the initials of the company key,
    since those of the whole name end alike for all (yxgs).
    """
    readings = _readings(text[:PINYIN_MAX])
    return "".join(map(_initial, readings))[:INITIALS_MAX]


class _Syllable(str):
    """The reading of one Chinese character, told apart from a Latin word."""

    __slots__ = ()


def _initial(reading: str) -> str:
    return reading[:1] if isinstance(reading, _Syllable) else reading


@lru_cache(maxsize=4096)
def _readings(text: str) -> tuple[str, ...]:
    return tuple(reading for run in _RUNS.findall(fold(text)) for reading in _of_run(run))


def _of_run(run: str) -> Iterator[str]:
    if run.isascii():
        yield run
        return
    for syllable in lazy_pinyin(run, errors="ignore"):
        yield _Syllable(syllable.replace("ve", "ue"))


# --- Grams ------------------------------------------------------------------------------------
#
# One array of tokens per record, under one index, serves two-character Chinese words, pinyin
# initials, credit codes and digits of phones alike. A text is cut at everything that is neither
# letter nor digit; of each run the record holds
#
#     every character alone that is not ASCII     航
#     every two neighbours                        航空  a3
#     every three neighbours that are all ASCII   htx   567
#
# A query asks for the longest of these that cover it. Whatever stands in a text is therefore
# found, and the few records too many (htx and txk apart from each other) are for the caller to
# sort out by comparing the text itself. Pairs of Chinese characters select well; pairs of digits
# or Latin letters do not, hence the threes.


def search_grams(*texts: str) -> list[str]:
    """The tokens under which a record with these texts is found, each once, in order.

    No token has a space. Case, width and the gaps between words do not matter.
    """
    return list(dict.fromkeys(gram for text in texts for gram in _record_grams(text)))


def query_grams(query: str) -> list[str]:
    """The tokens that every record holding this query has, each once, in order.

    Empty when the index cannot narrow: no letter or digit, or only single ASCII ones.
    """
    runs = _runs_of_letters(query)
    return list(dict.fromkeys(gram for run in runs for gram in _covering_grams(run)))


def phone_grams(phone: str) -> list[str]:
    """As `search_grams`, of the number's bare digits, however it was typed."""
    return search_grams(phone_key(phone))


def _record_grams(text: str) -> Iterator[str]:
    for run in _runs_of_letters(text):
        yield from (char for char in run if not char.isascii())
        yield from _pairs(run)
        yield from filter(str.isascii, _triples(run))


def _covering_grams(run: str) -> Iterator[str]:
    if len(run) == 1 and not run.isascii():
        yield run
    triples = [gram for gram in _triples(run) if gram.isascii()]
    covered = {pair for gram in triples for pair in _pairs(gram)}
    yield from (pair for pair in _pairs(run) if pair not in covered)
    yield from triples


def _runs_of_letters(text: str) -> list[str]:
    return _NOT_A_LETTER.sub(" ", fold(text)).split()


def _pairs(run: str) -> Iterator[str]:
    return (run[at : at + 2] for at in range(len(run) - 1))


def _triples(run: str) -> Iterator[str]:
    return (run[at : at + 3] for at in range(len(run) - 2))
