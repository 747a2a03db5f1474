"""Lists: the same columns in every form, few statements whatever the size, personal data logged."""

from io import BytesIO
from typing import Any

import pytest
from openpyxl import load_workbook
from rest_framework import serializers

from kfq_crm.base.api.rows import RowSerializer, read_labels
from kfq_crm.base.models import AccessEntry, AccessKind
from leads.actions.contracts import add_commitment
from leads.actions.landing import open_project
from leads.api import routes
from leads.models import Lead
from leads.stages import Stage
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import SegmentFactory, a_contact, counted_contract, lead_in, log_a_lead
from tests.factories import follow_up as log_follow_up
from tests.world import add_construction, add_promise

RESOURCES = sorted(str(pattern.name) for pattern in routes.urlpatterns)
RESOURCES = [name.removesuffix("-list") for name in RESOURCES if name.endswith("-list")]
# Token and its owner, two kinds of permissions, the rows, what they point to
STATEMENTS = 4


@pytest.fixture
def signed(cast: Cast) -> Lead:
    """A lead with a row of everything."""
    lead = lead_in(
        Stage.SIGNED,
        by=cast.member_a,
        title="=1+1",
        secondary_chains=[cast.chain_b],
        segment=SegmentFactory(chain=cast.chain_a),
        referrer="商会张会长",
        investment=None,
    )
    log_follow_up(lead, by=cast.member_a, their_people="李总", two_way=True)
    a_contact(lead, by=cast.member_a, team=cast.team_a)
    contract = counted_contract(lead)
    add_commitment(contract=contract, values={"side": "zone", "metric": "修路"}, by=cast.member_a)
    project = open_project(contract=contract, by=cast.head_a, is_lease=True, landing_park="北园")
    add_construction(project, cast.member_a)
    add_promise(contract, "绿化", cast.member_a)
    return lead


@pytest.mark.parametrize("resource", RESOURCES)
def test_each_member_alone_says_what_the_whole_row_says(
    signed: Lead, program: Program, resource: str
) -> None:
    [whole, *_more] = program.rows(f"/{resource}/")
    alone = {name: program.rows(f"/{resource}/", fields=name)[0] for name in whole}
    assert alone == {name: {name: value} for name, value in whole.items()}


@pytest.mark.parametrize("resource", RESOURCES)
def test_members_that_are_left_out_cost_nothing(
    signed: Lead, program: Program, resource: str, django_assert_num_queries: Any
) -> None:
    program.ask(f"/{resource}/")
    with django_assert_num_queries(STATEMENTS - 1):
        program.ask(f"/{resource}/", fields="id")


@pytest.mark.parametrize("resource", RESOURCES)
def test_tables_say_what_the_list_says(signed: Lead, program: Program, resource: str) -> None:
    rows = program.rows(f"/{resource}/")
    plain = program.ask(f"/{resource}/", format="csv")
    assert plain.headers["Content-Type"].startswith("text/csv")
    text = plain.content.decode()
    assert text.startswith("\ufeff" + ",".join(rows[0]))
    assert len(plain.content.decode("utf-8-sig").splitlines()) == len(rows) + 1
    book = load_workbook(BytesIO(program.ask(f"/{resource}/", format="xlsx").content))
    table = list(book.active.iter_rows(values_only=True))
    assert len(table) == len(rows) + 1
    assert [row[0] for row in table[1:]] == [row["id"] for row in rows]


def test_table_runs_no_formula(signed: Lead, program: Program) -> None:
    text = program.ask("/leads/", format="csv", fields="title,number").content.decode("utf-8-sig")
    assert text.splitlines()[1] == f"{signed.number},'=1+1"
    book = load_workbook(BytesIO(program.ask("/leads/", format="xlsx", fields="title").content))
    cell = book.active["A2"]
    assert (cell.data_type, cell.value) in {("s", "=1+1"), ("s", "'=1+1")}


@pytest.mark.parametrize("resource", RESOURCES)
def test_rows_are_told_as_the_framework_tells_them(
    cast: Cast, signed: Lead, client_of: ClientOf, resource: str
) -> None:
    viewset: Any = next(
        pattern.callback.cls for pattern in routes.urlpatterns if pattern.name == f"{resource}-list"
    )
    made: type[RowSerializer] = viewset.serializer_class
    names = made.known_fields(None)
    rows = list(made.prepare(viewset.model.objects.all(), names, cast.member_a))
    context = {"user": cast.member_a}
    shown: Any = made(rows, many=True, names=names, context=context)
    read_labels(shown.child.labels, rows)
    slowly = [serializers.ModelSerializer.to_representation(shown.child, row) for row in rows]
    assert slowly == shown.data


# --- Statements ------------------------------------------------------------------------------


def test_list_takes_the_same_statements_for_one_row_and_for_a_thousand(
    cast: Cast, client_of: ClientOf, django_assert_num_queries: Any
) -> None:
    program = client_of(cast.member_a, scopes=["leads:read"])
    first = log_a_lead(by=cast.member_a, secondary_chains=[cast.chain_b])
    filtered = {"chain": "aerospace", "stage": "lead", "overdue": "false"}
    program.ask("/leads/")  # notes the token's use of this minute
    for rows in (1, 50):
        for size in (100, 1000):
            with django_assert_num_queries(STATEMENTS):
                assert len(program.rows("/leads/", page_size=size)) == rows
            with django_assert_num_queries(STATEMENTS + 1):
                assert len(program.rows("/leads/", page_size=size, **filtered)) == rows
        first.pk = None
        for _number in range(49 if rows == 1 else 0):
            first.pk, first._state.adding = None, True
            first.save(force_insert=True)


@pytest.mark.parametrize("resource", RESOURCES)
def test_every_list_stays_within_eight_statements(
    signed: Lead, program: Program, resource: str, django_assert_max_num_queries: Any
) -> None:
    program.ask(f"/{resource}/")
    with django_assert_max_num_queries(8):
        program.ask(f"/{resource}/", fields="id" if resource == "contacts" else "id,version")
    if resource not in {
        "contacts",
        "leads",
        "follow-ups",
    }:  # an answer with personal data is logged
        with django_assert_max_num_queries(8):
            program.ask(f"/{resource}/", page_size=1000)


# --- Personal data ---------------------------------------------------------------------------


def logged() -> list[tuple[str, int]]:
    entries = AccessEntry.objects.filter(kind=AccessKind.API_READ).order_by("number")
    return [(entry.subject, entry.detail["rows"]) for entry in entries]


def test_answer_with_personal_data_is_on_record_once(
    cast: Cast, signed: Lead, program: Program
) -> None:
    log_a_lead(by=cast.member_a)
    program.ask("/leads/")
    program.ask("/follow-ups/")
    program.ask("/contacts/")
    assert logged() == [("api.leads", 1), ("api.follow-ups", 1), ("api.contacts", 1)]
    entry = AccessEntry.objects.get(subject="api.leads")
    assert (entry.actor, entry.detail["token"]) == (cast.member_a, program.token.name)


def test_answer_without_personal_data_is_not(
    cast: Cast, signed: Lead, program: Program, client_of: ClientOf
) -> None:
    program.ask("/leads/", fields="id,title")
    program.ask("/leads/", stage="lead")
    program.ask("/enterprises/")
    client_of(cast.member_a, scopes=["leads:read"]).ask("/leads/")
    assert logged() == []


def test_without_its_scope_personal_data_does_not_exist(
    cast: Cast, signed: Lead, client_of: ClientOf
) -> None:
    program = client_of(cast.member_a, scopes=["leads:read"])
    assert {"referrer", "waiting_detail"}.isdisjoint(program.rows("/leads/")[0])
    assert {"our_people", "their_people"}.isdisjoint(program.rows("/follow-ups/")[0])
    assert program.ask("/contacts/").status_code == 403
    assert program.ask("/leads/", fields="referrer").status_code == 400


def test_number_is_masked_for_all_but_who_owns_the_relation(
    cast: Cast, signed: Lead, client_of: ClientOf
) -> None:
    phones = {
        who: client_of(getattr(cast, who)).rows("/contacts/")[0]["phone"]
        for who in ("member_a", "second_member_a", "head_a", "coordinator")
    }
    masked = phones["head_a"]
    assert phones.pop("member_a") == "13812345678"
    assert set(phones.values()) == {masked}
    assert "*" in masked
    assert "12345" not in masked
