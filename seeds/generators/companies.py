"""Invented companies: the n-th one is always the same, and no two share a name, code or phone."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from stdnum.cn import uscc

from leads.actions.search import Spelling
from seeds.generators.grams import Grams, meeting
from seeds.generators.words import FIELDS, FORMS, REGIONS, brand, brands, joined, phrase, word

# Region 999999 does not exist: no such code was ever given out.
_NOWHERE = "91999999"
_CODE_DIGITS = "0123456789ABCDEFGHJKLMNPQRTUWXY"
# No operator gives out numbers that begin like this.
_PHONE_PREFIX = "154"
_PHONES = 10**8
# Coprime to every size below, so that neighbours in number are strangers in name.
_STRIDE = 1_000_003 * 7_919
_SHARE_OF_SHORT = 13, 20


@dataclass(frozen=True, slots=True)
class Company:
    """`key` is what `company_key` makes of the name, `stem` what it would make of the group's."""

    chain: str
    brand: Spelling
    name: Spelling
    grams: Grams
    stem: str
    key: str
    region_code: str
    industry_code: str


@cache
def _trades() -> tuple[tuple[str, str], ...]:
    return tuple((code, trade) for code, field in FIELDS.items() for trade in field.trades)


def company(number: int) -> Company:
    """The company with this number; two numbers are two company keys."""
    called, code, trade = _brand_and_trade(number)
    mixed = number * 2_654_435_761 >> 7
    region, region_code = REGIONS[mixed % len(REGIONS)]
    form = FORMS[(mixed >> 9) % len(FORMS)]
    head, tail = joined(word(region), called), phrase(trade, form)
    stem = called.text + trade
    return Company(
        chain=code,
        brand=called,
        name=joined(head, tail.spelling),
        grams=tail.grams.plus(meeting(head, tail.spelling)),
        stem=stem,
        key=_key(stem, form),
        region_code=region_code,
        industry_code=FIELDS[code].industry_code,
    )


def _key(stem: str, form: str) -> str:
    """The name without region and legal form; 科技 and 制造 are part of the name."""
    for kept in ("科技", "制造"):
        if form.startswith(kept):
            return stem + kept
    return stem


def _brand_and_trade(number: int) -> tuple[Spelling, str, str]:
    trades = _trades()
    short, long = (size * len(trades) for size in brands())
    is_short = number < short and number * 7 % _SHARE_OF_SHORT[1] < _SHARE_OF_SHORT[0]
    place = number * _STRIDE % (short if is_short else long)
    at_brand, at_trade = divmod(place, len(trades))
    return brand(at_brand, long=not is_short), *trades[at_trade]


def phone(number: int) -> str:
    """A mobile number that nobody has, its last digits as scattered as real ones."""
    return f"{_PHONE_PREFIX}{number * 61_803_399 % _PHONES:08d}"


def credit_code(number: int) -> str:
    """A unified social credit code with a right check digit, of a region that does not exist."""
    digits = ""
    for _place in range(9):
        number, digit = divmod(number, len(_CODE_DIGITS))
        digits = _CODE_DIGITS[digit] + digits
    code = _NOWHERE + digits
    return code + str(uscc.calc_check_digit(code + "0"))
