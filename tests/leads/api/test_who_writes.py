"""Who may write what."""

from typing import Any

from leads.models import Lead
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.api.asking import NEW, PAPER, TALK, change, move, rows, send, told

WRITES: dict[str, Any] = {
    "/leads/": NEW,
    "/leads/{pk}/follow-ups/": TALK,
    "/leads/{pk}/moves/": {"kind": "advance"},
    "/leads/{pk}/contracts/": PAPER,
}


def try_all(program: Program, lead: Lead) -> dict[str, int]:
    """Status of every write about this lead."""
    answers = {
        path: send(program, path.format(pk=lead.pk), body, If_Match='"1"').status_code
        for path, body in WRITES.items()
    }
    changed = change(program, f"/leads/{lead.pk}/", {"title": "改名"}, lead.version)
    return {**answers, "PATCH": changed.status_code}


def test_readers_write_nothing(
    cast: Cast, client_of: ClientOf, mayors_office: Program, lead: Lead
) -> None:
    before = rows()
    for program in (
        mayors_office,
        client_of(cast.member_a, scopes=["leads:read", "contacts:read"]),
        client_of(cast.chain_leader_a),
        client_of(cast.outsider),
    ):
        assert set(try_all(program, lead).values()) == {403}
    assert rows() == before


def test_lead_of_another_team_is_not_there(cast: Cast, client_of: ClientOf, lead: Lead) -> None:
    before = rows()
    answers = try_all(client_of(cast.member_b), lead)
    assert {path for path, status in answers.items() if status == 404} == {
        *(path for path in WRITES if "{pk}" in path),
        "PATCH",
    }
    assert rows() == before


def test_lead_that_one_only_reads_is_403(cast: Cast, client_of: ClientOf) -> None:
    shared = log_a_lead(by=cast.member_a, secondary_chains=[cast.chain_b])
    program = client_of(cast.member_b)
    talk = send(program, f"/leads/{shared.pk}/follow-ups/", TALK)
    assert told(talk)[:2] == (403, "not_allowed")
    moved = move(program, shared, {"kind": "exit", "exit": "transferred", "detail": "甲"})
    assert told(moved)[:2] == (403, "not_allowed")


def test_member_moves_only_own_leads(cast: Cast, client_of: ClientOf) -> None:
    lead = log_a_lead(by=cast.second_member_a)
    answer = move(client_of(cast.member_a), lead, {"kind": "advance"})
    assert told(answer)[:2] == (403, "not_allowed")


def test_refusals_speak_the_language_that_is_asked_for(program: Program) -> None:
    answer = send(program, "/leads/", {**NEW, "title": ""}, Accept_Language="en")
    assert answer.json()["detail"] == "This must be given to log a lead."
