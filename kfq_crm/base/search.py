"""One search over many fields: an indexed set of grams narrows, the text itself decides.

PostgreSQL keeps the grams in an array under a GIN index, which serves two-character
Chinese words that trigrams cannot. SQLite (the embedded edition) reads the text alone.
"""

from __future__ import annotations

import string
from typing import TYPE_CHECKING, Any, TypeVar, cast
from zlib import crc32

from django.db import models
from django.db.backends.base.base import BaseDatabaseWrapper

from kfq_crm.base.names import fold, query_grams, search_grams

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

Q = TypeVar("Q", bound="models.QuerySet[Any]")
SEPARATOR = "\n"
# What can stand in a folded run of ASCII letters and digits.
_THIRD = string.digits + string.ascii_lowercase


def stored_grams(grams: Collection[str]) -> list[str]:
    """The grams that a record needs: an ASCII pair that begins one of its triples is found
    through that triple (see `pair_and_triples`), which spares a third of the index."""
    begun = {gram[:2] for gram in grams if len(gram) == 3}
    return [gram for gram in grams if gram not in begun]


def pair_and_triples(pair: str) -> list[str]:
    """The grams of which a record with this ASCII pair holds at least one."""
    return [pair, *(pair + third for third in _THIRD)]


def gram_code(gram: str) -> int:
    """The number that stands for a gram in the index. Two grams in many thousands may share one:
    the index finds a little too much, the text decides."""
    return crc32(gram.encode()) - 2**31


class GramsField(models.Field):  # type: ignore[type-arg]  # the stubs' parameters say nothing here
    """A set of search tokens: their numbers on PostgreSQL, a line of words elsewhere.

    Numbers, because an index over them is built three times as fast as one over words, whatever
    the database's collation, and their rows are shorter. Written, never read.
    """

    def db_type(self, connection: BaseDatabaseWrapper) -> str:
        return "integer[]" if connection.vendor == "postgresql" else "text"

    def get_db_prep_value(
        self,
        value: Iterable[str | int] | None,
        connection: BaseDatabaseWrapper,
        prepared: bool = False,
    ) -> object:
        if connection.vendor == "postgresql":
            # A row that was loaded brings its numbers back.
            return [g if isinstance(g, int) else gram_code(g) for g in value or ()]
        return " ".join(map(str, value or ()))

    def from_db_value(
        self, value: object, expression: object, connection: BaseDatabaseWrapper
    ) -> list[str] | list[int]:
        return value.split() if isinstance(value, str) else list(cast("list[int]", value) or ())


class GramsLookup(models.Lookup):
    """A condition on the set of grams; always true where there is no gram index."""

    prepare_rhs = False
    operator = ""

    def as_sql(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        return "1 = 1", ()

    def as_postgresql(self, compiler: Any, connection: BaseDatabaseWrapper) -> Any:
        column, params = self.process_lhs(compiler, connection)
        codes = [gram_code(gram) for gram in self.rhs]
        return f"{column} {self.operator} %s::integer[]", (*params, codes)


@GramsField.register_lookup
class HasAll(GramsLookup):
    """Every one of these grams is in the set."""

    lookup_name = "has_all"
    operator = "@>"


@GramsField.register_lookup
class HasAny(GramsLookup):
    """At least one of these grams is in the set."""

    lookup_name = "has_any"
    operator = "&&"


class Searchable(models.Model):
    """A record found by words: Chinese substrings, pinyin initials, codes, digits of a phone."""

    search_text = models.TextField(editable=False, default="")
    search_grams = GramsField(editable=False, default=list)

    class Meta:
        abstract = True

    def set_search(self, *texts: str) -> None:
        """Store what the record can be found by; call before saving."""
        self.search_text = SEPARATOR.join(fold(text) for text in texts if text)
        self.search_grams = stored_grams(search_grams(*texts))


def matching(queryset: Q, query: str) -> Q:
    """Narrow to the records that hold every word of the query."""
    for word in fold(query).split():
        queryset = _holding(queryset, query_grams(word))
        queryset = queryset.filter(search_text__contains=word)
    return queryset


def _holding(queryset: Q, grams: list[str]) -> Q:
    pairs = [gram for gram in grams if len(gram) == 2 and gram.isascii()]
    others = [gram for gram in grams if gram not in pairs]
    if others:
        queryset = queryset.filter(search_grams__has_all=others)
    for pair in pairs:
        queryset = queryset.filter(search_grams__has_any=pair_and_triples(pair))
    return queryset
