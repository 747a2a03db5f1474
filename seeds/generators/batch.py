"""Some leads in a row, each with its company, people, story and papers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from django.db.models import Model

from kfq_crm.base.models import Change
from kfq_crm.base.search import SEPARATOR
from leads.actions.search import enterprise_texts, lead_texts
from leads.models import (
    Claim,
    ClaimKey,
    Contact,
    Contract,
    DepartmentOpinion,
    Enterprise,
    FollowUp,
    JointReview,
    KeyKind,
    Lead,
    Screening,
    StageChange,
)
from seeds.generators import words
from seeds.generators.amounts import NO_SIZE, Size
from seeds.generators.companies import Company, company, credit_code, phone
from seeds.generators.grams import Grams, seam
from seeds.generators.people import Desk
from seeds.generators.shapes import Part
from seeds.generators.store import Writer, Written
from seeds.generators.stories import pick
from seeds.generators.told import Told
from seeds.generators.words import joined, phrase

_SAME_COMPANY = 0.08
_WITH_CODE = 0.4
_IN_A_GROUP = 0.05
_CONFIDENTIAL = 0.01
_SECOND_CHAIN = 0.1
_TALKED_ELSEWHERE = 0.05
_WITH_AMOUNT = 0.85

NUMBERED = (Enterprise, Claim, Lead)
_BY_OWNER = (StageChange, Screening, DepartmentOpinion, JointReview)


@dataclass(frozen=True, slots=True)
class Held:
    """A company that a desk has claimed. `texts` and `grams` are what it is found by."""

    made: Company
    enterprise: int
    claim: int
    person: str
    phone: str
    texts: list[str]
    grams: Grams


class Batch:
    """Rows by model, each written at once: what it was made from need not stay in memory. `keys`
    are those of the models that other rows refer to."""

    def __init__(
        self,
        desks: Mapping[str, Desk],
        sizes: Sequence[Size],
        dice: Random,
        keys: Mapping[type[Model], Sequence[int]],
        write: Writer,
    ) -> None:
        self.desks = desks
        self.sizes = sizes
        self.dice = dice
        self.keys: dict[type[Model], Iterator[int]] = {m: iter(k) for m, k in keys.items()}
        self.write = write
        self.rows: defaultdict[type[Model], list[Written]] = defaultdict(list)
        self._all_desks = list(desks.values())
        self._last: dict[str, Held] = {}

    def add(self, number: int, told: Told) -> None:
        """One lead; `number` is its place among all that were ever generated."""
        made = company(number)
        desk = self.desks[made.chain]
        owner = pick(self.dice, desk.members)
        held = self._last.get(made.chain)
        # A second counted signing of a company would have to say why it counts.
        if held is None or told.story.signed or self.dice.random() >= _SAME_COMPANY:
            held = self._last[made.chain] = self._company(made, number, desk, owner, told)
        size = self._size(told)
        lead = self._lead(held, desk, owner, told, size)
        self._put(Change, (lead,), told)
        if told.story.contacts:
            self._put(FollowUp, (lead, owner, held.person), told)
        for model in _BY_OWNER:
            if model in told.parts:
                self._put(model, (lead, owner), told)
        if told.story.signed:
            self._contract(lead, held, number, size, told)

    def _put(self, model: type[Model], own: Part, told: Told) -> None:
        self.rows[model].append(self.write(own, told.parts[model]))

    def _company(self, made: Company, number: int, desk: Desk, owner: int, told: Told) -> Held:
        roll = self.dice.random()
        code = credit_code(number) if roll < _WITH_CODE else None
        stem = made.stem if roll < _IN_A_GROUP else ""
        group = f"{stem}集团有限公司" if stem else ""
        texts = enterprise_texts(made.name, group, code)
        grams = made.grams
        if code:
            grams = grams.plus([group, code.lower()])
        held = Held(
            made,
            next(self.keys[Enterprise]),
            next(self.keys[Claim]),
            pick(self.dice, words.SURNAMES) + pick(self.dice, words.GIVEN),
            phone(number),
            texts,
            grams,
        )
        self._put(
            Enterprise,
            (
                *(held.enterprise, made.name.text, made.key, code, group, stem),
                *(made.industry_code, made.region_code, desk.team, _stored(texts), grams),
            ),
            told,
        )
        number_and_key = (held.phone, held.phone)
        self._put(Contact, (held.enterprise, desk.team, owner, held.person, *number_and_key), told)
        self._put(Claim, (held.claim, held.enterprise, desk.team), told)
        if told.holds:
            self._hold(held, code, stem, told)
        return held

    def _hold(self, held: Held, code: str | None, stem: str, told: Told) -> None:
        """The claim's keys; a group's name counts as a name, as in the action."""
        self._put(ClaimKey, (held.claim, KeyKind.NAME.value, held.made.key), told)
        self._put(ClaimKey, (held.claim, KeyKind.PHONE.value, held.phone), told)
        if code:
            self._put(ClaimKey, (held.claim, KeyKind.USCC.value, code), told)
        if stem and stem != held.made.key:
            self._put(ClaimKey, (held.claim, KeyKind.NAME.value, stem), told)

    def _size(self, told: Told) -> Size:
        if told.story.signed or self.dice.random() < _WITH_AMOUNT:
            return pick(self.dice, self.sizes)
        return NO_SIZE

    def _lead(self, held: Held, desk: Desk, owner: int, told: Told, size: Size) -> int:
        dice, key = self.dice, next(self.keys[Lead])
        products = words.FIELDS[held.made.chain].products
        tail = phrase(pick(dice, products), pick(dice, words.KINDS))
        title = joined(held.made.brand, tail.spelling)
        confidential = dice.random() < _CONFIDENTIAL
        code_name = pick(dice, words.CODE_NAMES) if confidential else ""
        texts = lead_texts(title, held.texts, code_name, [held.phone])
        fresh = (*seam(held.made.brand, tail.spelling), code_name, texts[-1])
        grams = (held.grams | tail.grams).plus(fresh)
        by_outpost = told.by_outpost
        own: tuple[Any, ...] = (
            *(key, title.text, held.enterprise, desk.chain, pick(dice, desk.segments), owner),
            *(held.claim, self._first_team(desk)),
            pick(dice, desk.outposts) if by_outpost else None,
            *(size.investment, size.fixed, size.currency, size.band),
            *(confidential, code_name, _stored(texts), grams),
        )
        self._put(Lead, own, told)
        self._share(key, desk, confidential, told)
        return key

    def _first_team(self, desk: Desk) -> int:
        elsewhere = self.dice.random() < _TALKED_ELSEWHERE
        return pick(self.dice, self._all_desks).team if elsewhere else desk.team

    def _share(self, lead: int, desk: Desk, confidential: bool, told: Told) -> None:
        """A second chain for some; a reader for what is confidential."""
        if self.dice.random() < _SECOND_CHAIN:
            other = pick(self.dice, self._all_desks)
            if other is not desk:
                self._put(Lead.secondary_chains.through, (lead, other.chain), told)
        if confidential:
            reader = pick(self.dice, pick(self.dice, self._all_desks).members)
            self._put(Lead.readers.through, (lead, reader), told)

    def _contract(self, lead: int, held: Held, number: int, size: Size, told: Told) -> None:
        money = (size.investment, size.fixed, size.currency)
        references = (f"法审〔{told.year}〕{number}号", f"公审〔{told.year}〕{number}号")
        name = f"YS-{told.year}-{number:08d}"
        self._put(Contract, (lead, name, held.made.name.text, *money, *references), told)


def _stored(texts: Sequence[str]) -> str:
    """As `Searchable.set_search` stores texts that need no folding but their case."""
    return SEPARATOR.join(filter(None, texts)).lower()
