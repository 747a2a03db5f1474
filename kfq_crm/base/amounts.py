"""Amounts of money as people write them, kept exactly: decimals in 万元 or 万美元.

Nothing is rounded and no currency is ever converted. The Chinese characters here are data: what
people type, not what the system says.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from typing import Final, Literal

from django.utils.translation import gettext as _

from .errors import RuleViolation
from .parsing import nfkc, shown

Currency = Literal["CNY", "USD"]

# One yuan or one dollar, in the stored unit of ten thousand.
SMALLEST: Final = Decimal("0.0001")
# 万亿 (10 to the 12th) in the stored unit: more than the zone's whole product, surely a typo.
LARGEST: Final = Decimal(100_000_000)
_HUNDRED_MILLION: Final = Decimal(10_000)
_LONGEST_INPUT: Final = 60

# How many of the stored unit one of each is. English spellings are those that `format_amount`
# writes, so that a page in English can be sent back too.
_SCALES: Final = {
    "hundred million": _HUNDRED_MILLION,
    "ten thousand": Decimal(1),
    "万亿": Decimal(100_000_000),
    "千亿": Decimal(10_000_000),
    "百亿": Decimal(1_000_000),
    "十亿": Decimal(100_000),
    "亿": _HUNDRED_MILLION,
    "千万": Decimal(1_000),
    "百万": Decimal(100),
    "十万": Decimal(10),
    "万": Decimal(1),
    "千": Decimal("0.1"),
}
_TRADITIONAL: Final = str.maketrans("億萬", "亿万")

_CURRENCIES: Final[dict[str, Currency]] = {
    "us dollars": "USD",
    "us$": "USD",
    "usd": "USD",
    "$": "USD",
    "美元": "USD",
    "美金": "USD",
    "人民币": "CNY",
    "rmb": "CNY",
    "cny": "CNY",
    "yuan": "CNY",
    "¥": "CNY",
    "元人民币": "CNY",
    "元": "CNY",
}
_OTHER_CURRENCIES: Final = re.compile(
    "港[元币]|欧元|日元|英镑|韩元|新[台加]?币|台币|eur|hkd|jpy|gbp|€|£"
)


def _any_of(spellings: Sequence[str]) -> str:
    return "|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))


NUMBER: Final = r"(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]+)?"
_SCALE: Final = _any_of([*_SCALES])
_PART: Final = re.compile(rf"({NUMBER}) ?({_SCALE})")
_AMOUNT: Final = re.compile(
    r"(?P<about>约为?|大约|将?近|超过?|逾|~|≈)? ?"
    r"(?P<before>人民币|美元|rmb|cny|¥|us\$|usd|\$)? ?"
    rf"(?:(?P<parts>(?:{NUMBER} ?(?:{_SCALE}) ?){{1,3}})|(?P<bare>{NUMBER}) ?)"
    rf"(?P<more>[余多])? ?(?P<after>{_any_of([*_CURRENCIES])})?"
    r" ?(?P<around>左右|上下)?"
)
_NEGATIVE: Final = re.compile(r"(?:-|负|\() ?[0-9]")
_RANGE: Final = re.compile(r"[0-9万亿元] ?(?:-|~|至|到|—+) ?[0-9]")


@dataclass(frozen=True)
class Amount:
    """`value` in ten thousand yuan or dollars, exact to one of them; `approximate` when the text
    said so (约, 近, 左右 …)."""

    value: Decimal
    currency: Currency
    approximate: bool = False


@dataclass(frozen=True)
class Threshold:
    """A scale band begins at `minimum` (in ten thousand) of this currency, inclusive."""

    band: str
    currency: str
    minimum: Decimal


def parse_amount(
    text: object, *, default_currency: Currency = "CNY", default_unit: str = ""
) -> Amount:
    """Read an amount with its unit: 3.2亿, 约5亿元, 1亿5000万元, 5000万美元, 300000元.

    `default_currency` is for text that names none. `default_unit`, such as 亿元, is for bare
    numbers below a column header that states the unit; without it they are refused, because a
    bare 3000 is 3000 yuan to one person and 30 million to the next.
    RuleViolation codes: amount_empty, amount_unit_missing, amount_negative, amount_range,
    amount_currency_unknown, amount_too_precise, amount_too_large, amount_invalid.
    """
    plain = nfkc(text).lower().translate(_TRADITIONAL)
    found = _match(plain)
    if found["bare"] and not found["after"]:
        if not default_unit:
            raise _unit_missing(plain)
        found = _match(f"{plain}{nfkc(default_unit)}")
    currencies = {_CURRENCIES[name] for name in found.group("before", "after") if name}
    if len(currencies) > 1:
        raise _not_an_amount(plain)
    approximate = any(found.group("about", "more", "around"))
    currency = currencies.pop() if currencies else default_currency
    return Amount(_kept(_value(found)), currency, approximate)


def one_currency(amounts: Mapping[str, Amount | None]) -> Currency | None:
    """The currency that the amounts of one record share, None without an amount.

    RuleViolation amount_currencies at the first that is in another one.
    """
    given = [(name, amount.currency) for name, amount in amounts.items() if amount]
    currency = given[0][1] if given else None
    for name, other in given:
        if other != currency:
            message = _("All amounts of one record are in one currency.")
            raise RuleViolation("amount_currencies", message, name)
    return currency


def format_amount(value: Decimal, currency: str) -> str:
    """The stored value as people read it, every digit of it: 3.2 亿元, 8,500 万元, 1.2 亿美元."""
    if abs(value) >= _HUNDRED_MILLION and value == value.to_integral_value():
        return _large_unit(currency) % {"value": _digits(value / _HUNDRED_MILLION)}
    return _small_unit(currency) % {"value": _digits(value)}


def scale_band(value: Decimal, currency: str, thresholds: Sequence[Threshold]) -> str:
    """The band of the highest minimum reached among those in the same currency, "" for none.

    An amount in a currency without thresholds has no band: it is never converted to get one.
    """
    reached = [t for t in thresholds if t.currency == currency and value >= t.minimum]
    return max(reached, key=lambda t: t.minimum).band if reached else ""


def _match(plain: str) -> re.Match[str]:
    if not plain:
        raise RuleViolation("amount_empty", _("Type an amount with its unit."))
    _refuse_what_is_no_single_amount(plain)
    found = _AMOUNT.fullmatch(plain) if len(plain) <= _LONGEST_INPUT else None
    if not found:
        raise _not_an_amount(plain)
    return found


def _refuse_what_is_no_single_amount(plain: str) -> None:
    if _OTHER_CURRENCIES.search(plain):
        message = _(
            "Amounts are kept in yuan or US dollars. Type the amount that the papers state in one "
            "of the two."
        )
        raise RuleViolation("amount_currency_unknown", message)
    if _NEGATIVE.match(plain):
        raise RuleViolation("amount_negative", _("An amount cannot be negative."))
    if _RANGE.search(plain):
        message = _("“%(text)s” is a range. Type one amount.")
        raise RuleViolation("amount_range", message % {"text": shown(plain)})


def _value(found: re.Match[str]) -> Decimal:
    """In ten thousand, without any rounding: the input is shorter than the precision."""
    with localcontext(prec=4 * _LONGEST_INPUT):
        if found["bare"]:
            return _decimal(found["bare"]) * SMALLEST
        return _sum_of_parts(found["parts"])


def _sum_of_parts(parts: str) -> Decimal:
    """1亿5000万: each part must fit below the unit of the one before it."""
    total, limit = Decimal(0), None
    for number, unit in _PART.findall(parts):
        part = _decimal(number) * _SCALES[unit]
        if limit is not None and part >= limit:
            raise _not_an_amount(parts)
        total += part
        limit = Decimal(0) if "." in number else _SCALES[unit]
    return total


def _decimal(number: str) -> Decimal:
    return Decimal(number.replace(",", ""))


def _kept(value: Decimal) -> Decimal:
    """The value as it is stored, refused when storing would lose anything."""
    if value > LARGEST:
        message = _("This amount is too large to be right. Check the unit.")
        raise RuleViolation("amount_too_large", message)
    with localcontext(prec=4 * _LONGEST_INPUT):
        stored = value.quantize(SMALLEST)
        if stored != value:
            message = _("Amounts are kept to one yuan or one dollar. Leave the smaller part out.")
            raise RuleViolation("amount_too_precise", message)
    return stored


def _digits(value: Decimal) -> str:
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _large_unit(currency: str) -> str:
    if currency == "USD":
        return _("%(value)s hundred million US dollars")
    return _("%(value)s hundred million yuan")


def _small_unit(currency: str) -> str:
    if currency == "USD":
        return _("%(value)s ten thousand US dollars")
    return _("%(value)s ten thousand yuan")


def _unit_missing(text: str) -> RuleViolation:
    message = _(
        "“%(text)s” has no unit. Write it like “3.2 hundred million yuan”, “8500 ten thousand "
        "yuan” or “5000 ten thousand US dollars”."
    )
    return RuleViolation("amount_unit_missing", message % {"text": shown(text)})


def _not_an_amount(text: str) -> RuleViolation:
    message = _(
        "“%(text)s” is not an amount. Write a number with its unit, like “3.2 hundred million "
        "yuan” or “5000 ten thousand US dollars”."
    )
    return RuleViolation("amount_invalid", message % {"text": shown(text)})
