"""When a cursor of the change feed ends, and what is no cursor at all."""

from typing import Any

import pytest

from chains.actions.teams import add_member, appoint
from kfq_crm.base import feed
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.replica import replica_of

SECRET = {"confidential": True, "code_name": "代号"}


def problem(program: Program, cursor: str, **parameters: Any) -> tuple[int, str]:
    answer = program.ask("/changes/", after=cursor, **parameters)
    document = answer.json()
    assert document["detail"]
    return answer.status_code, document["code"]


def test_changed_rights_end_the_cursor(cast: Cast, client_of: ClientOf) -> None:
    """No record changed, and yet others are to be seen."""
    person = cast.member_a
    program = client_of(person)
    copy = replica_of(program)
    add_member(team=cast.team_b, user=person, by=cast.coordinator)
    assert problem(program, copy.cursor) == (410, "rights_changed")
    copy.poll()
    assert (copy.snapshots, copy.rows) == (2, copy.truth())


def test_new_head_and_old_one_begin_anew(cast: Cast, client_of: ClientOf) -> None:
    log_a_lead(by=cast.member_a, **SECRET)
    copies = [replica_of(client_of(p)) for p in (cast.head_a, cast.second_member_a)]
    other = replica_of(client_of(cast.member_b))
    appoint(team=cast.team_a, head=cast.second_member_a, by=cast.coordinator)
    for copy in (*copies, other):
        copy.poll()
    assert [copy.snapshots for copy in copies] == [2, 2]
    assert other.snapshots == 1
    assert all(copy.rows == copy.truth() for copy in copies)


def test_cursor_of_another_reader_is_refused(cast: Cast, client_of: ClientOf) -> None:
    cursor = replica_of(client_of(cast.member_a)).cursor
    assert problem(client_of(cast.member_b), cursor) == (410, "rights_changed")


def test_new_token_of_the_same_person_goes_on(cast: Cast, client_of: ClientOf) -> None:
    cursor = replica_of(client_of(cast.member_a)).cursor
    assert client_of(cast.member_a).ask("/changes/", after=cursor).status_code == 200


def test_token_that_reads_less_of_people_begins_anew(cast: Cast, client_of: ClientOf) -> None:
    cursor = replica_of(client_of(cast.member_a)).cursor
    narrow = client_of(cast.member_a, scopes=["changes:read", "leads:read"])
    assert problem(narrow, cursor) == (410, "rights_changed")


def test_cursor_for_one_kind_is_none_for_all(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    start = program.ask("/changes/", resource="leads").json()
    assert set(start["resources"]) == {"leads"}
    lead = log_a_lead(by=cast.member_a)
    told = program.ask("/changes/", after=start["as_of"], resource="leads").json()["results"]
    assert {(e["resource"], e["id"]) for e in told} == {("leads", lead.pk)}
    assert problem(program, start["as_of"]) == (410, "rights_changed")


def test_new_epoch_ends_every_cursor(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    cursor = replica_of(program).cursor
    feed.begin_epoch()
    assert problem(program, cursor) == (410, "epoch_ended")


@pytest.mark.parametrize(
    ("parameters", "field", "code"),
    [
        ({"after": "x"}, "after", "cursor_invalid"),
        ({"after": "没有"}, "after", "cursor_invalid"),
        ({"after": "A" * 59}, "after", "cursor_invalid"),
        ({"after": "A" * 5000}, "after", "cursor_invalid"),
        ({"after": ""}, "after", "parameter_empty"),
        ({"limit": "0"}, "limit", "number_invalid"),
        ({"limit": "1001"}, "limit", "number_invalid"),
        ({"limit": "-1"}, "limit", "number_invalid"),
        ({"limit": "1e2"}, "limit", "number_invalid"),
        ({"wait": "31"}, "wait", "number_invalid"),
        ({"wait": "x"}, "wait", "number_invalid"),
        ({"resource": "contacts"}, "resource", "unknown_resource"),
        ({"resource": "leads,"}, "resource", "unknown_resource"),
        ({"since": "1"}, "since", "unknown_parameter"),
    ],
)
def test_bad_parameter_is_refused_at_its_name(
    cast: Cast, client_of: ClientOf, parameters: dict[str, str], field: str, code: str
) -> None:
    answer = client_of(cast.member_a).ask("/changes/", **parameters)
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["field"], error["code"]) == (400, field, code)


def test_cursor_that_was_touched_is_refused(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    cursor = replica_of(program).cursor
    for place in range(0, len(cursor), 7):
        other = "A" if cursor[place] != "A" else "B"
        touched = cursor[:place] + other + cursor[place + 1 :]
        assert program.ask("/changes/", after=touched).status_code == 400


def test_token_without_the_scope_is_refused(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a, scopes=["leads:read"])
    assert program.ask("/changes/").status_code == 403
