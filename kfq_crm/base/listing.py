"""How every list of the admin finds its rows: fast at a thousand rows and at a million.

Two things that Django's own lists do are not done here. Nothing counts a whole table: a count
ends at a cap. And no deep offset drags wide rows along: a page is found as keys first, in an
index, then its rows are read by key.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import EmptyPage, InvalidPage, Page, PageNotAnInteger, Paginator
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from unfold.views import ChangeList

from kfq_crm.base.search import GramsLookup, Searchable

# Nobody reads three thousand rows one by one; counting on would read them all.
COUNT_CAP = 3_000
# Whoever finds hundreds types another word; counting what a search finds reads the rows.
SEARCH_CAP = 500
# Offsets beyond are nobody's wish, and the databases' numbers end somewhere.
LAST_PAGE = 10_000_000
NEIGHBOURS = 2


def capped_count(rows: QuerySet[Any], cap: int) -> int:
    """How many rows there are, or one more than `cap` when there are more; reads no further."""
    return rows.order_by()[: cap + 1].count()


def without_search_columns(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The same rows without the columns that only the database reads, own and joined ones."""
    joined = rows.query.select_related
    paths = _search_columns(rows.model, joined if isinstance(joined, dict) else {})
    return rows.defer(*paths) if paths else rows


def _search_columns(model: type[Model], joined: dict[str, Any], prefix: str = "") -> list[str]:
    columns = ("search_text", "search_grams") if issubclass(model, Searchable) else ()
    paths = [f"{prefix}{column}" for column in columns]
    for name, further in joined.items():
        related = model._meta.get_field(name).related_model
        if isinstance(related, type):
            paths += _search_columns(related, further, f"{prefix}{name}__")
    return paths


class CappedPage(Page):
    """A page that knows whether another one follows, though not how many there are."""

    def __init__(self, rows: Any, number: int, paginator: CappedPaginator, *, more: bool) -> None:
        super().__init__(rows, number, paginator)
        self.more = more

    def has_next(self) -> bool:
        return self.more


class CappedPaginator(Paginator):
    """Opens any page by its number (from 1). `count` ends at a cap: see `is_capped`.

    A page reads one key more than it shows, so that the last page counts without counting.
    `object_list` is an ordered queryset.
    """

    template_name = "admin/base/listing_pages.html"
    more = False

    @cached_property
    def cap(self) -> int:
        return SEARCH_CAP if is_searched(self.object_list) else COUNT_CAP

    @cached_property
    def found(self) -> int:
        return capped_count(self.object_list, self.cap)

    @property
    def count(self) -> int:
        return min(self.found, self.cap)

    @property
    def is_capped(self) -> bool:
        """There are more rows than `count` says."""
        return self.found > self.cap

    def validate_number(self, number: Any) -> int:
        """Any positive number: whether it is a page shows when it is opened."""
        try:
            number = int(number)
        except (TypeError, ValueError) as error:
            raise PageNotAnInteger(self.error_messages["invalid_page"]) from error
        if not 1 <= number <= LAST_PAGE:
            raise EmptyPage(self.error_messages["no_results"])
        return int(number)

    def page(self, number: Any) -> CappedPage:
        """The page's rows as a queryset in order. EmptyPage beyond the last one."""
        number = self.validate_number(number)
        start = (number - 1) * self.per_page
        stop = start + self.per_page + 1
        keys = list(self.object_list.values_list("pk", flat=True)[start:stop])
        if not keys and number > 1:
            raise EmptyPage(self.error_messages["no_results"])
        self.more = len(keys) > self.per_page
        if not self.more:
            self.found = min(start + len(keys), self.cap + 1)
        rows = without_search_columns(self.object_list.filter(pk__in=keys[: self.per_page]))
        return CappedPage(rows, number, self, more=self.more)

    def get_elided_page_range(self, number: Any = 1, **options: Any) -> Iterator[int | str]:
        """As Django's; beyond the cap without an end, since nobody knows it."""
        number = self.validate_number(number)
        last = max(self.num_pages, number + self.more)
        shown = {1, *range(number - NEIGHBOURS, number + NEIGHBOURS + 1)}
        if not self.is_capped:
            shown.add(last)
        before = 0
        for page in sorted(shown & set(range(1, last + 1))):
            if page - before > 1:
                yield self.ELLIPSIS
            yield page
            before = page
        if self.is_capped and before < last:
            yield self.ELLIPSIS


def is_searched(rows: QuerySet[Any]) -> bool:
    """Whether `search.matching` has narrowed these rows by the gram index."""
    return any(isinstance(condition, GramsLookup) for condition in rows.query.where.children)


class ListingChangeList(ChangeList):
    """A changelist without a count of the whole table; `result_count` ends at a cap."""

    def get_results(self, request: HttpRequest) -> None:
        paginator = self.model_admin.get_paginator(request, self.queryset, self.list_per_page)
        try:
            page = paginator.page(self.page_num)
        except InvalidPage as error:
            raise IncorrectLookupParameters from error
        self.paginator = paginator
        self.multi_page = page.has_other_pages()
        self.result_count = paginator.count
        self.result_list = page.object_list
        self.can_show_all = self.multi_page and self.result_count <= self.list_max_show_all
        if self.show_all and self.can_show_all:
            self.result_list = without_search_columns(self.queryset)
        self.show_full_result_count = False
        self.full_result_count = None
        self.show_admin_actions = True
