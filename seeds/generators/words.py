"""The words that invented companies, projects and talks are put together from.

Their pinyin is looked up once: that of a name is that of its parts, because no part holds a
character whose reading hangs on its neighbours (tests compare whole names).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from typing import Any

import yaml

from kfq_crm.base.regions import REGION_PREFIX
from leads.actions.search import Spelling, spell
from seeds.generators.grams import NO_GRAMS, Grams

_VOCABULARY: dict[str, Any] = yaml.safe_load(
    Path(__file__).with_name("vocabulary.yaml").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Field:
    """What companies of a chain make: their trades, what they want to build, their GB/T 4754
    code."""

    name: str
    kind: str
    industry_code: str
    trades: tuple[str, ...]
    products: tuple[str, ...]


def _field(row: dict[str, str]) -> Field:
    lists = {name: tuple(row[name].split()) for name in ("trades", "products")}
    return Field(row["name"], row["kind"], row["industry_code"], **lists)


FIELDS = {code: _field(row) for code, row in _VOCABULARY["fields"].items()}
REGIONS: tuple[tuple[str, str], ...] = tuple(_VOCABULARY["regions"].items())
FORMS, KINDS, CHARACTERS, THIRD, SURNAMES, GIVEN = (
    tuple(_VOCABULARY[name].split())
    for name in ("forms", "kinds", "characters", "third", "surnames", "given")
)
POSTS, SUMMARIES, NEXT_STEPS, REFERRERS, PARKS, LOSS_DETAILS, CODE_NAMES, PLANS = (
    tuple(_VOCABULARY[name])
    for name in (
        *("posts", "summaries", "next_steps", "referrers"),
        *("parks", "loss_details", "code_names", "plans"),
    )
)


@cache
def word(text: str) -> Spelling:
    """A word of the vocabulary; not for whole names, which would fill the memory."""
    return spell(text)


def joined(*parts: Spelling) -> Spelling:
    """A name put together from spelt parts."""
    first, *others = parts
    text, initials, full = first
    for other in others:
        text, initials, full = text + other[0], initials + other[1], full + other[2]
    return Spelling(text, initials, full)


@dataclass(frozen=True)
class Phrase:
    """What many names end with, and what it is found by."""

    spelling: Spelling
    grams: Grams


@cache
def phrase(*texts: str) -> Phrase:
    """A phrase of these words; there are some thousand different ones."""
    spelling = joined(*map(word, texts))
    return Phrase(spelling, NO_GRAMS.plus(spelling))


@cache
def _pairs() -> tuple[str, ...]:
    pairs = (a + b for a, b in product(CHARACTERS, repeat=2) if a != b)
    return tuple(pair for pair in pairs if not REGION_PREFIX.match(pair))


def brands() -> tuple[int, int]:
    """How many brands of two characters there are, and how many of three."""
    return len(_pairs()), len(_pairs()) * len(THIRD)


def brand(number: int, *, long: bool) -> Spelling:
    """The brand with this number; none begins like a region."""
    pair, third = divmod(number, len(THIRD)) if long else (number, 0)
    characters = _pairs()[pair] + (THIRD[third] if long else "")
    return joined(*map(word, characters))
