"""The overview as programs read it: who is told of what, what is refused, what is remembered."""

from datetime import date
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kfq_crm.base.rules import add_rule
from leads.actions.pipeline import update_lead
from leads.models import DisclosureRule, Lead
from tests.api_cast import ClientOf, Program
from tests.factories import log_a_lead
from tests.overview.spring import TODAY, Spring, clock

pytestmark = pytest.mark.django_db
PATH = "/overview/"


def told(program: Program, **asked: Any) -> Any:
    """The answer on 19 March 2026, without the moment of giving it."""
    with clock(TODAY):
        answer = program.ask(PATH, **asked)
    assert answer.status_code == 200, answer.content.decode()
    document = answer.json()
    for name in ("as_of", "computed_at"):
        document.pop(name)
    return document


def open_leads(document: Any) -> int:
    return int(document["figures"]["funnel"]["total"]["leads"])


# --- Who may ask ------------------------------------------------------------------------------


def test_stranger_is_told_nothing(stranger: Program, spring: Spring) -> None:
    answer = stranger.ask(PATH)
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Token")


def test_token_needs_the_scope(spring: Spring, client_of: ClientOf) -> None:
    with clock(TODAY):
        program = client_of(spring.cast.member_a, scopes=["leads:read", "chains:read"])
        answer = program.ask(PATH)
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


def test_overview_is_only_read(spring: Spring, client_of: ClientOf) -> None:
    with clock(TODAY):
        program = client_of(spring.cast.coordinator)
        assert program.post(f"/api/v1{PATH}", {}).status_code == 405


@pytest.mark.parametrize(
    ("who", "leads"),
    [
        ("member_a", 3),
        ("second_member_a", 3),
        ("head_a", 3),
        ("chain_leader_a", 3),
        ("member_b", 2),
        ("head_b", 2),
        ("coordinator", 5),
    ],
)
def test_everybody_is_told_of_the_own_leads(
    spring: Spring, client_of: ClientOf, who: str, leads: int
) -> None:
    with clock(TODAY):
        program = client_of(getattr(spring.cast, who))
    assert open_leads(told(program)) == leads


def test_staff_without_a_team_is_refused(spring: Spring, client_of: ClientOf) -> None:
    with clock(TODAY):
        answer = client_of(spring.cast.outsider).ask(PATH)
    assert answer.status_code == 403


def test_mayors_office_is_told_of_all(spring: Spring, mayors_office_then: Program) -> None:
    assert open_leads(told(mayors_office_then)) == 5


# --- What is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"as_of": "2026-03-20"}, "as_of", "in_the_future"),
        ({"as_of": "yesterday"}, "as_of", "date_invalid"),
        ({"as_of": "2026-02-30"}, "as_of", "date_invalid"),
        ({"as_of": "2026-03"}, "as_of", "date_day_missing"),
        ({"as_of": "26-03-01"}, "as_of", "date_year_short"),
        ({"as_of": "1066-10-14"}, "as_of", "date_out_of_range"),
        ({"as_of": " "}, "as_of", "parameter_empty"),
        ({"by": "segment"}, "by", "unknown_breakdown"),
        ({"by": "chain,team"}, "by", "unknown_breakdown"),
        ({"by": "CHAIN"}, "by", "unknown_breakdown"),
        ({"chain": "nowhere"}, "chain", "unknown_chain"),
        ({"chain": "1"}, "chain", "unknown_chain"),
        ({"chain": "aerospace,new-materials"}, "chain", "unknown_chain"),
        ({"year": "2027"}, "year", "year_out_of_range"),
        ({"year": "1948"}, "year", "year_out_of_range"),
        ({"year": "26"}, "year", "year_invalid"),
        ({"year": "2_26"}, "year", "year_invalid"),
        ({"year": "-2026"}, "year", "year_invalid"),
        ({"year": "2026", "as_of": "2025-12-31"}, "year", "year_out_of_range"),
        ({"month": "3"}, "month", "unknown_parameter"),
        ({"page_size": "5"}, "page_size", "unknown_parameter"),
        ({"format": "pdf"}, "format", "unknown_format"),
        ({"chain": "a\x00b"}, "chain", "invalid"),
    ],
)
def test_bad_parameter_is_refused_at_its_place(
    spring: Spring, coordinator: Program, asked: dict[str, str], field: str, code: str
) -> None:
    with clock(TODAY):
        answer = coordinator.ask(PATH, **asked)
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/problem+json"
    assert [(error["field"], error["code"]) for error in answer.json()["errors"]] == [(field, code)]


def test_all_that_is_wrong_is_said_at_once(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY):
        answer = coordinator.ask(PATH, as_of="?", by="?", chain="?", year="?")
    wrong = {error["field"] for error in answer.json()["errors"]}
    assert wrong == {"as_of", "by", "chain", "year"}


def test_days_are_read_as_people_write_them(spring: Spring, coordinator: Program) -> None:
    plain = told(coordinator, as_of="2026-03-01")
    for spelling in ("2026年3月1日", "20260301", "２０２６.３.１"):
        assert told(coordinator, as_of=spelling) == plain
    assert told(coordinator, as_of="2026-03-19") == told(coordinator)


def test_answer_says_what_it_is_of(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY):
        now = coordinator.ask(PATH).json()
        past = coordinator.ask(PATH, as_of="2026-03-01", by="team", chain="aerospace").json()
    assert now["as_of"] == now["computed_at"] == "2026-03-19T12:00:00+08:00"
    assert past["as_of"] == "2026-03-02T00:00:00+08:00"
    assert (past["year"], past["by"], past["chain"]) == (2026, "team", "aerospace")
    assert all(figure["definition"] for figure in now["figures"].values())


def test_table_for_spreadsheets_holds_every_number(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY):
        answer = coordinator.ask(PATH, format="csv")
        book = coordinator.ask(PATH, format="xlsx", by="month")
    lines = answer.content.decode("utf-8-sig").splitlines()
    assert lines[0] == "figure,group_key,group,part,part_name,measure,value"
    assert any(line.startswith("signings,") and "66000.0000" in line for line in lines)
    assert any(line.startswith("targets,aerospace,") for line in lines)
    assert book.content.startswith(b"PK")


# --- What is remembered -----------------------------------------------------------------------

FIGURES = ("leads_stagechange", "leads_contract", "leads_milestone", "leads_annualtarget")


def test_same_question_is_answered_from_memory(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY):
        first = coordinator.ask(PATH)
        with CaptureQueriesContext(connection) as queries:
            again = coordinator.ask(PATH)
    assert again.content == first.content
    assert not [q for q in queries if any(table in q["sql"] for table in FIGURES)]
    assert len(queries) == 4


def test_known_answer_is_304_before_any_figure(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY):
        known = {"If-None-Match": coordinator.ask(PATH, by="month")["ETag"]}
        with CaptureQueriesContext(connection) as queries:
            again = coordinator.get(f"/api/v1{PATH}", {"by": "month"}, headers=known)
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", known["If-None-Match"])
    assert len(queries) == 4


def test_every_write_makes_a_new_answer(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY):
        before = coordinator.ask(PATH)
        lead = Lead.objects.get(title="B1")
        update_lead(lead=lead, values={"investment": 30000}, by=spring.cast.member_b, expected=None)
        known = {"If-None-Match": before["ETag"]}
        after = coordinator.get(f"/api/v1{PATH}", headers=known)
    assert after.status_code == 200
    total = after.json()["figures"]["funnel"]["total"]
    assert total["amounts"]["CNY"] == "90000.0000"


def test_new_rule_makes_a_new_answer(spring: Spring, coordinator: Program) -> None:
    with clock(TODAY):
        before = coordinator.ask(PATH)
        rule = DisclosureRule(valid_from=date(2026, 3, 19), fewest=5)
        add_rule(rule=rule, by=spring.cast.coordinator)
        after = coordinator.ask(PATH)
    assert before["ETag"] != after["ETag"]
    assert after.json()["confidential"]["fewest"] == 5


def test_midnight_makes_a_new_answer(spring: Spring, coordinator: Program) -> None:
    with clock("2026-03-19 23:59"):
        before = coordinator.ask(PATH)
    with clock("2026-03-20 00:01"):
        after = coordinator.get(f"/api/v1{PATH}", headers={"If-None-Match": before["ETag"]})
    assert after.status_code == 200


def test_answers_are_not_mixed_up(
    spring: Spring, client_of: ClientOf, coordinator: Program
) -> None:
    """Between readers, questions, languages and forms."""
    with clock(TODAY):
        member = client_of(spring.cast.member_a)
        answers = [
            coordinator.ask(PATH),
            member.ask(PATH),
            coordinator.ask(PATH, by="team"),
            coordinator.ask(PATH, chain="aerospace"),
            coordinator.ask(PATH, as_of="2026-03-01"),
            coordinator.ask(PATH, year="2025"),
            coordinator.get(f"/api/v1{PATH}", headers={"Accept-Language": "en"}),
        ]
    assert len({answer["ETag"] for answer in answers}) == len(answers)
    assert len({answer.content for answer in answers}) == len(answers)


# --- What it costs ----------------------------------------------------------------------------


@pytest.mark.parametrize("leads", [0, 40])
@pytest.mark.parametrize(
    ("who", "asked", "queries"),
    [
        ("coordinator", {}, 32),
        ("coordinator", {"by": "outpost"}, 32),
        ("coordinator", {"as_of": "2026-03-01", "by": "month"}, 40),
        ("member_a", {}, 24),
    ],
)
def test_queries_do_not_grow_with_the_leads(
    spring: Spring,
    client_of: ClientOf,
    on_postgresql: bool,
    who: str,
    asked: Any,
    queries: int,
    leads: int,
) -> None:
    with clock(TODAY):
        program = client_of(getattr(spring.cast, who))
        program.ask("/")  # what a token's first request of the minute writes
        for number in range(leads):
            by = spring.cast.member_b if number % 2 else spring.cast.member_a
            secret = {"confidential": True, "code_name": "代号"} if number % 3 == 0 else {}
            log_a_lead(by=by, **secret)
        program.ask(PATH, year="2024")  # numbers the changes
        with CaptureQueriesContext(connection) as found:
            assert program.ask(PATH, **asked).status_code == 200
    if on_postgresql and "as_of" in asked:
        queries += 3  # a past day's rows are looked at by the planner (ANALYZE)
    assert len(found) == queries, "\n".join(query["sql"][:120] for query in found)
