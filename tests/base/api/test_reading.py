"""Pages, orderings, members, formats, conditions: what every list has."""

from __future__ import annotations

import csv
from decimal import Decimal
from io import BytesIO, StringIO

import openpyxl
import pytest
import time_machine
from django.db import connection
from django.db.models import Q
from django.test.utils import CaptureQueriesContext
from zeal import zeal_context

from chains.models import AnnualTarget, Chain, Metric, Segment
from kfq_crm.base import concurrency
from kfq_crm.base.api.paging import Order, Ordering, Place, _read
from tests.api_cast import BASE, ClientOf, Program
from tests.base.api.test_bad_input import refused
from tests.cast import Cast

pytestmark = pytest.mark.django_db


# --- Pages by key ----------------------------------------------------------------------------


@pytest.fixture
def targets(db: None) -> list[AnnualTarget]:
    """Figures with ties and with gaps."""
    metrics = [Metric.objects.create(code=f"m{n}", name=f"指标{n}") for n in range(23)]
    values = [None if n % 4 == 0 else Decimal(n % 5) for n in range(23)]
    return AnnualTarget.objects.bulk_create(
        AnnualTarget(year=2026, metric=metric, value=value, growth_percent=1)
        for metric, value in zip(metrics, values, strict=True)
    )


@pytest.mark.parametrize("descending", [False, True])
@pytest.mark.parametrize("size", [1, 2, 5, 22, 23, 50])
@pytest.mark.parametrize("column", ["value", "metric__code", "pk"])
def test_pages_hold_every_row_once_in_order(
    targets: list[AnnualTarget], column: str, size: int, descending: bool
) -> None:
    order = Order(Ordering("by", column, nullable=column == "value"), descending)
    found: list[AnnualTarget] = []
    place = None
    while page := _read(AnnualTarget.objects.all(), order, place, size):
        found += page
        last = page[-1]
        value = last._place if "__" in column else getattr(last, column)
        place = Place(value, last.pk)
    assert [row.pk for row in found] == [row.pk for row in expected(column, descending)]


def expected(column: str, descending: bool) -> list[AnnualTarget]:
    """The same by the database's own sorting: rows without a value last in both directions."""
    valued = AnnualTarget.objects.filter(~Q(**{column: None}))
    empty = AnnualTarget.objects.filter(Q(**{column: None}))
    sign = "-" if descending else ""
    keys = (f"{sign}{column}", f"{sign}pk")
    return [*valued.order_by(*keys), *empty.order_by(f"{sign}pk")]


def test_rows_that_come_meanwhile_disturb_no_page(cast: Cast, program: Program) -> None:
    Chain.objects.bulk_create(Chain(code=f"c{n}", name=f"链{n}", kind="chain") for n in range(6))
    first = program.ask("/chains/", page_size=4, ordering="-id").json()
    Chain.objects.create(code="late", name="晚到", kind="chain")
    second = program.get(first["next"]).json()
    ids = [row["id"] for row in first["results"] + second["results"]]
    assert ids == sorted(ids, reverse=True)
    assert len(ids) == len(set(ids)) == 8


def test_nothing_is_counted(program: Program) -> None:
    with CaptureQueriesContext(
        connection,
    ) as queries:
        program.rows("/chains/", page_size=1)
    assert not [q["sql"] for q in queries if "COUNT(" in q["sql"].upper()]


@pytest.mark.parametrize("rows", [1, 50])
def test_list_needs_as_many_queries_for_one_row_as_for_fifty(program: Program, rows: int) -> None:
    """Token, its use, two for rights, epoch and number of the feed, rows, segments."""
    chains = Chain.objects.bulk_create(
        Chain(code=f"c{n}", name=f"链{n}", kind="core") for n in range(rows)
    )
    Segment.objects.bulk_create(Segment(chain=c, code="s", name="环节") for c in chains)
    program.rows("/chains/", kind="core")
    with zeal_context(), CaptureQueriesContext(connection) as queries:
        assert len(program.rows("/chains/", kind="core")) == rows
    assert len(queries) <= 8, [query["sql"][:80] for query in queries]


def test_member_that_is_left_out_costs_no_query(program: Program) -> None:
    program.rows("/chains/")
    with CaptureQueriesContext(connection) as queries:
        [row, _other] = program.rows("/chains/", fields="code,name")
    assert set(row) == {"code", "name"}
    assert not [q["sql"] for q in queries if "chains_segment" in q["sql"]]


# --- Tables ----------------------------------------------------------------------------------


def test_table_holds_what_json_holds(cast: Cast, program: Program) -> None:
    Chain.objects.filter(pk=cast.chain_a.pk).update(name="=1+1", direction="a,b\n“c”")
    names = "code,name,direction,order"
    rows = program.rows("/chains/", fields=names)
    answer = program.ask("/chains/", fields=names, format="csv")
    assert answer.headers["Content-Type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf")
    table = list(csv.DictReader(StringIO(answer.content.decode("utf-8-sig"))))
    assert [row["code"] for row in table] == [row["code"] for row in rows]
    [altered] = [row for row in table if row["code"] == "aerospace"]
    assert altered["name"] == "'=1+1"  # no formula for a spreadsheet
    assert altered["direction"] == "a,b\n“c”"


def test_workbook_has_numbers_and_headings_for_people(cast: Cast, program: Program) -> None:
    metric = Metric.objects.create(code="signings", name="签约项目数")
    AnnualTarget.objects.create(year=2026, metric=metric, value=Decimal("12.5"))
    answer = program.ask("/annual-targets/", fields="year,value,metric", format="xlsx")
    [heads, cells] = list(openpyxl.load_workbook(BytesIO(answer.content)).active.values)
    assert cells[0] == 2026
    assert cells[2] == 12.5
    assert cells[1] == "签约项目数"
    assert all(heads)


def test_table_names_its_next_page_in_a_header(cast: Cast, program: Program) -> None:
    answer = program.ask("/chains/", page_size=1, format="csv")
    link = answer.headers["Link"]
    assert link.endswith('; rel="next"')
    following = program.get(link.split(">")[0].removeprefix("<"))
    assert following.headers["Content-Type"].startswith("text/csv")
    assert "Link" not in following.headers


def test_table_is_chosen_by_accept_as_well(cast: Cast, program: Program) -> None:
    answer = program.get(f"{BASE}/chains/", headers={"accept": "text/csv"})
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert "Accept" in answer.headers["Vary"]


# --- Conditions ------------------------------------------------------------------------------


def test_detail_carries_the_revision(cast: Cast, program: Program) -> None:
    chain = concurrency.touch(cast.chain_a, by=cast.coordinator)
    answer = program.get(f"{BASE}/chains/{chain.pk}/")
    assert answer.headers["ETag"] == f'"{chain.version}"'


def test_taxonomy_that_has_not_changed_is_not_sent_again(cast: Cast, program: Program) -> None:
    etag = program.get(f"{BASE}/chains/").headers["ETag"]
    with CaptureQueriesContext(connection) as queries:
        again = program.get(f"{BASE}/chains/", headers={"if-none-match": etag})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == etag
    assert not [q["sql"] for q in queries if 'FROM "chains_chain"' in q["sql"]]
    concurrency.touch(cast.chain_a, by=cast.coordinator)
    fresh = program.get(f"{BASE}/chains/", headers={"if-none-match": etag})
    assert fresh.status_code == 200
    assert fresh.headers["ETag"] != etag


def test_etag_is_of_the_question_and_of_who_asks(
    cast: Cast, program: Program, client_of: ClientOf
) -> None:
    etag = program.get(f"{BASE}/chains/").headers["ETag"]
    same = {"if-none-match": etag}
    assert program.get(f"{BASE}/chains/?kind=core", headers=same).status_code == 200
    assert program.get(f"{BASE}/chains/?format=csv", headers=same).status_code == 200
    english = {**same, "accept-language": "en"}
    assert program.get(f"{BASE}/chains/", headers=english).status_code == 200
    assert client_of(cast.member_b).get(f"{BASE}/chains/", headers=same).status_code == 200
    assert program.get(f"{BASE}/chains/", headers=same).status_code == 304


def test_answers_are_kept_by_no_shared_cache(program: Program) -> None:
    answer = program.get(f"{BASE}/chains/")
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert {"Authorization", "Accept-Language"} <= set(answer.headers["Vary"].split(", "))


# --- Rates -----------------------------------------------------------------------------------


def test_token_that_asks_too_often_is_told_to_wait(cast: Cast, client_of: ClientOf) -> None:
    with time_machine.travel("2026-03-10 09:00:20+08:00", tick=False) as clock:
        slow = client_of(cast.member_a, requests_per_minute=3)
        statuses = [slow.get(f"{BASE}/chains/").status_code for _request in range(5)]
        assert statuses == [200, 200, 200, 429, 429]
        answer = slow.get(f"{BASE}/chains/")
        refused(answer, 429, "throttled")
        assert answer.headers["Retry-After"] == "40"
        assert client_of(cast.member_a).get(f"{BASE}/chains/").status_code == 200
        clock.shift(40)
        assert slow.get(f"{BASE}/chains/").status_code == 200
