"""A list's pages are exact, whatever it spares itself: no whole count, no wide rows skipped."""

import re
from typing import Any

import pytest
from django.contrib.admin import AdminSite, ModelAdmin
from django.contrib.admin.options import IncorrectLookupParameters
from django.core.paginator import EmptyPage, PageNotAnInteger
from django.db import connection
from django.db.models import Count, QuerySet
from django.template.loader import render_to_string
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from kfq_crm.base import listing
from kfq_crm.base.listing import CappedPaginator, ListingChangeList, without_search_columns
from kfq_crm.base.models import User
from kfq_crm.base.search import matching
from leads.models import Lead
from seeds.generate import generate

PER_PAGE = 7
LEADS = 30


class PlainLeads(ModelAdmin):
    list_display = ("title", "enterprise", "owner")
    list_select_related = ("enterprise", "owner")
    list_per_page = PER_PAGE
    list_max_show_all = 40
    paginator = CappedPaginator

    def get_changelist(self, request: Any, **kwargs: Any) -> Any:
        return ListingChangeList


@pytest.fixture
def leads(db: None) -> QuerySet[Lead]:
    generate(LEADS)
    return Lead.objects.order_by("-pk")


@pytest.fixture
def small_cap(monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(listing, "COUNT_CAP", 10)
    return 10


def pages_of(rows: QuerySet[Lead], per_page: int = PER_PAGE) -> list[list[Lead]]:
    paginator = CappedPaginator(rows, per_page)
    pages, more = [], True
    while more:
        page = paginator.page(len(pages) + 1)
        pages.append(list(page.object_list))
        more = page.has_next()
    return pages


def slices_of(rows: QuerySet[Lead], per_page: int = PER_PAGE) -> list[list[Lead]]:
    everything = list(rows)
    return [everything[n : n + per_page] for n in range(0, len(everything), per_page)] or [[]]


def selected(query: dict[str, str]) -> str:
    found = re.match(r"SELECT (.*?) FROM", query["sql"], re.DOTALL)
    assert found
    return found[1]


ORDERS = {
    "newest first": ("-pk",),
    "ties broken by key": ("stage", "-pk"),
    "by a joined column": ("enterprise__name", "pk"),
    "empty values among them": ("next_action_on", "-pk"),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
def test_pages_are_what_slices_of_the_whole_would_be(
    leads: QuerySet[Lead], order: tuple[str, ...]
) -> None:
    assert pages_of(leads.order_by(*order)) == slices_of(leads.order_by(*order))


def test_pages_of_annotated_distinct_rows_are_exact(leads: QuerySet[Lead]) -> None:
    rows = leads.filter(follow_ups__two_way=True).distinct()
    assert pages_of(rows) == slices_of(rows)
    counted = leads.annotate(talks=Count("follow_ups")).order_by("-talks", "pk")
    assert pages_of(counted) == slices_of(counted)
    assert pages_of(counted)[0][0].talks == counted[0].talks  # type: ignore[attr-defined]  # annotated


def test_page_that_ends_the_list_exactly_has_no_next(leads: QuerySet[Lead]) -> None:
    paginator = CappedPaginator(leads, LEADS // 2)
    assert paginator.page(1).has_next()
    assert not paginator.page(2).has_next()
    assert paginator.count == LEADS


def test_empty_list_has_one_empty_page(db: None) -> None:
    page = CappedPaginator(Lead.objects.order_by("pk"), PER_PAGE).page(1)
    assert (list(page.object_list), page.has_next(), page.paginator.count) == ([], False, 0)


@pytest.mark.parametrize("number", [6, 7, 0, -1, 10**7 + 1, 10**30])
def test_page_that_does_not_exist_is_refused(leads: QuerySet[Lead], number: int) -> None:
    with pytest.raises(EmptyPage):
        CappedPaginator(leads, PER_PAGE).page(number)


@pytest.mark.parametrize("number", ["x", "", None, "1.5"])
def test_page_that_is_no_number_is_refused(leads: QuerySet[Lead], number: Any) -> None:
    with pytest.raises(PageNotAnInteger):
        CappedPaginator(leads, PER_PAGE).page(number)


# --- Counting ---------------------------------------------------------------------------------


def test_count_ends_at_the_cap(leads: QuerySet[Lead], small_cap: int) -> None:
    paginator = CappedPaginator(leads, PER_PAGE)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert (paginator.count, paginator.is_capped) == (small_cap, True)
    assert len(queries) == 1
    assert f"LIMIT {small_cap + 1}" in queries[0]["sql"]


def test_count_below_the_cap_is_exact(leads: QuerySet[Lead]) -> None:
    paginator = CappedPaginator(leads, PER_PAGE)
    assert (paginator.count, paginator.is_capped) == (LEADS, False)


def test_pages_beyond_the_cap_open(leads: QuerySet[Lead], small_cap: int) -> None:
    assert pages_of(leads) == slices_of(leads)


def test_last_page_beyond_the_cap_still_says_more_than_the_cap(
    leads: QuerySet[Lead], small_cap: int
) -> None:
    paginator = CappedPaginator(leads, PER_PAGE)
    paginator.page(5)
    assert paginator.is_capped


RANGES = [
    # cap, page, links
    (10_000, 1, [1, 2, 3, "…", 5]),
    (10_000, 3, [1, 2, 3, 4, 5]),
    (10_000, 5, [1, "…", 3, 4, 5]),
    (10, 1, [1, 2]),
    (10, 4, [1, 2, 3, 4, 5]),
]


@pytest.mark.parametrize(("cap", "number", "links"), RANGES)
def test_page_links(
    leads: QuerySet[Lead],
    monkeypatch: pytest.MonkeyPatch,
    cap: int,
    number: int,
    links: list[int | str],
) -> None:
    monkeypatch.setattr(listing, "COUNT_CAP", cap)
    paginator = CappedPaginator(leads, PER_PAGE)
    paginator.page(number)
    assert [str(link) for link in paginator.get_elided_page_range(number)] == [
        str(link) for link in links
    ]


# --- What is asked of the database ------------------------------------------------------------


@pytest.mark.parametrize("per_page", [1, LEADS - 1])
def test_page_takes_three_queries_whatever_its_length(leads: QuerySet[Lead], per_page: int) -> None:
    paginator = CappedPaginator(leads.select_related("enterprise", "owner"), per_page)
    with CaptureQueriesContext(connection) as queries:
        page = paginator.page(1)
        assert len([(str(row), str(row.enterprise), str(row.owner)) for row in page]) == per_page
        assert page.has_next()
        assert paginator.count == paginator.count == LEADS
    assert len(queries) == 3


def test_last_page_is_counted_without_counting(leads: QuerySet[Lead]) -> None:
    paginator = CappedPaginator(leads, PER_PAGE)
    with CaptureQueriesContext(connection) as queries:
        list(paginator.page(5))
        assert paginator.count == LEADS
    assert len(queries) == 2
    assert not [query for query in queries if "COUNT" in query["sql"]]


def test_keys_are_found_before_rows_are_read(leads: QuerySet[Lead]) -> None:
    paginator = CappedPaginator(leads.select_related("enterprise"), PER_PAGE)
    with CaptureQueriesContext(connection) as queries:
        list(paginator.page(2))
    keys, rows = queries.captured_queries
    assert selected(keys) == '"leads_lead"."id" AS "pk"'
    assert "OFFSET" in keys["sql"]
    assert "OFFSET" not in rows["sql"]
    assert '"leads_enterprise"."name"' in selected(rows)


def test_search_columns_stay_in_the_database(leads: QuerySet[Lead]) -> None:
    rows = without_search_columns(leads.select_related("enterprise", "owner"))
    with CaptureQueriesContext(connection) as queries:
        assert str(next(iter(rows)).enterprise)
    assert len(queries) == 1
    assert "search_" not in selected(queries[0])


# --- Searching --------------------------------------------------------------------------------


@pytest.mark.parametrize("cap", [2, 10_000], ids=["common word", "rare word"])
def test_pages_of_a_search_are_exact(
    leads: QuerySet[Lead], monkeypatch: pytest.MonkeyPatch, cap: int
) -> None:
    monkeypatch.setattr(listing, "COUNT_CAP", cap)
    for word in ("项目", "科技", "航", "xm", "yxgs"):
        found = matching(leads, word)
        expected = [lead for lead in leads if word in lead.search_text]
        assert [row for page in pages_of(found) for row in page] == expected


def test_search_that_finds_nothing_has_one_empty_page(leads: QuerySet[Lead]) -> None:
    assert pages_of(matching(leads, "查无此项")) == [[]]


# --- In the admin -----------------------------------------------------------------------------


def changelist(**params: str) -> ListingChangeList:
    request = RequestFactory().get("/", params)
    request.user = User(username="anybody", is_staff=True, is_superuser=True)
    found: ListingChangeList = PlainLeads(Lead, AdminSite()).get_changelist_instance(request)
    return found


def test_changelist_shows_the_page_asked_for(leads: QuerySet[Lead]) -> None:
    shown = changelist(p="2")
    assert list(shown.result_list) == list(leads[PER_PAGE : 2 * PER_PAGE])
    assert (shown.result_count, shown.multi_page, shown.full_result_count) == (LEADS, True, None)


def test_changelist_shows_all_of_a_short_list(leads: QuerySet[Lead]) -> None:
    assert list(changelist(all="").result_list) == list(leads)


def test_changelist_shows_a_page_of_a_long_list_even_when_asked_for_all(
    leads: QuerySet[Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(PlainLeads, "list_max_show_all", 20)
    assert len(changelist(all="").result_list) == PER_PAGE


def test_changelist_refuses_a_page_beyond_the_last(leads: QuerySet[Lead]) -> None:
    with pytest.raises(IncorrectLookupParameters):
        changelist(p="99")


@pytest.mark.parametrize(("cap", "words"), [(10, "more than 10 in"), (10_000, "30 in this list")])
def test_foot_says_how_many(
    leads: QuerySet[Lead], monkeypatch: pytest.MonkeyPatch, cap: int, words: str
) -> None:
    monkeypatch.setattr(listing, "COUNT_CAP", cap)
    shown = changelist(p="2")
    pages = shown.paginator.get_elided_page_range(2)
    context = {"cl": shown, "page_range": pages, "pagination_required": True}
    with translation.override("en"):
        foot = render_to_string("admin/base/listing_pages.html", context)
    assert words in foot
    assert re.findall(r'\?p=[13]"(?= rel)', foot) == ['?p=1"', '?p=3"']
