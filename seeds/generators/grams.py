"""What invented records are found by: the same grams as everybody else's, many times as fast.

Two things make it so. The texts are clean (letters and digits only, lower case, all ASCII or
without any), so that no folding is needed; and a name is a fresh head before a tail that many
names share, whose grams are worked out once. Tests compare with the real ones.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from operator import add

from kfq_crm.base.search import gram_code
from leads.actions.search import Spelling


class Grams:
    """A growing set of grams. Each layer has all grams of some texts, and those of them that are
    stored and no earlier layer has; `codes` are the stored ones as PostgreSQL writes numbers."""

    __slots__ = ("codes", "layers", "stored")

    def __init__(
        self, layers: tuple[set[str], ...], stored: tuple[set[str], ...], codes: str
    ) -> None:
        self.layers = layers
        self.stored = stored
        self.codes = codes

    def plus(self, texts: Iterable[str]) -> Grams:
        """These and the grams of the texts.

        A pair at the end of one text that begins a triple of another stays: it is found both
        ways. `stored_grams`, which sees all texts at once, would spare it.
        """
        words, begun = _grams_of(texts)
        return self._plus_layer(words, words - begun)

    def __or__(self, other: Grams) -> Grams:
        joined = self
        for layer, stored in zip(other.layers, other.stored, strict=True):
            joined = joined._plus_layer(layer, stored)
        return joined

    def __iter__(self) -> Iterator[str]:
        return chain.from_iterable(self.stored)

    def _plus_layer(self, layer: set[str], stored: set[str]) -> Grams:
        fresh = stored.difference(*self.layers)
        codes = ",".join(map(_codes.__getitem__, fresh))
        both = f"{self.codes},{codes}" if self.codes and codes else self.codes or codes
        return Grams((*self.layers, layer), (*self.stored, fresh), both)


def _grams_of(texts: Iterable[str]) -> tuple[set[str], set[str]]:
    """All grams, and the pairs among them that begin a triple."""
    words: set[str] = set()
    begun: set[str] = set()
    for text in texts:
        pairs = list(map(add, text, text[1:]))
        words.update(pairs)
        if text.isascii():
            words.update(map(add, pairs, text[2:]))
            begun.update(pairs[:-1])
        else:
            words.update(text)
    return words, begun


class _Codes(dict[str, str]):
    """The number of each gram; there are some ten thousand of them."""

    def __missing__(self, gram: str) -> str:
        self[gram] = code = str(gram_code(gram))
        return code


_codes = _Codes()


NO_GRAMS = Grams((), (), "")


def meeting(head: Spelling, tail: Spelling) -> tuple[str, str, str]:
    """The head's texts as far into the tail as a gram reaches; the tail's own come by memory."""
    return (
        head.text + tail.text[:1],
        head.initials + tail.initials[:2],
        head.full + tail.full[:2],
    )


def seam(head: Spelling, tail: Spelling) -> tuple[str, str, str]:
    """What reaches from a head into the tail, where the head's own are known as well."""
    return (
        head.text[-1:] + tail.text[:1],
        head.initials[-2:] + tail.initials[:2],
        head.full[-2:] + tail.full[:2],
    )
