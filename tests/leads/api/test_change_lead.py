"""A program changes a lead that it has read, and moves it from stage to stage."""

from typing import Any

import pytest

from leads.models import Contract, Lead, StageChange
from leads.models.lead import StageChangeKind
from leads.stages import Exit, Stage
from tests.api_cast import BASE, Program
from tests.cast import Cast
from tests.factories import lead_in, log_a_lead, open_gate
from tests.leads.api.asking import PAPER, change, move, rows, send, told


def test_lead_is_changed_by_who_saw_its_revision(program: Program, lead: Lead) -> None:
    body = {"title": "改名", "investment": "5000万美元", "next_action": "报价", "outpost": None}
    answer = change(program, f"/leads/{lead.pk}/", body, lead.version)
    assert answer.status_code == 200, answer.json()
    lead.refresh_from_db()
    assert answer.headers["ETag"] == f'"{lead.version}"'
    assert (lead.title, lead.investment, lead.currency, lead.band) == ("改名", 5000, "USD", "A")
    assert lead.stage == Stage.LEAD


@pytest.mark.parametrize(
    ("body", "status", "code", "errors"),
    [
        ({"title": ""}, 422, "blank", [("title", "blank")]),
        ({"stage": "signed"}, 400, "invalid", [("stage", "unknown_member")]),
        ({"chain": "new-materials"}, 400, "invalid", [("chain", "unknown_member")]),
        ({"owner": 1}, 400, "invalid", [("owner", "unknown_member")]),
        (
            {"fixed_investment": "500万美元"},
            400,
            "invalid",
            [("fixed_investment", "amount_currencies")],
        ),
        (
            {"fixed_investment": "9亿元"},
            422,
            "fixed_above_total",
            [("fixed_investment", "fixed_above_total")],
        ),
        ({"segment": "rivers"}, 400, "invalid", [("segment", "unknown")]),
        ({"confidential": True}, 422, "code_name", [("code_name", "code_name")]),
        (
            {"next_action_on": "2026-03-01"},
            422,
            "next_action_day",
            [("next_action_on", "next_action_day")],
        ),
    ],
)
def test_bad_change_is_refused_at_its_member(
    program: Program,
    lead: Lead,
    body: dict[str, Any],
    status: int,
    code: str,
    errors: list[tuple[str, str]],
) -> None:
    before = Lead.objects.values().get()
    assert told(change(program, f"/leads/{lead.pk}/", body, lead.version)) == (
        status,
        code,
        errors,
    )
    assert Lead.objects.values().get() == before


def test_change_wants_the_revision_that_it_was_made_of(program: Program, lead: Lead) -> None:
    path, body = f"/leads/{lead.pk}/", {"title": "改名"}
    assert told(change(program, path, body, None))[:2] == (428, "if_match_missing")
    assert told(change(program, path, body, "x"))[:2] == (400, "invalid")
    assert change(program, path, body, lead.version).status_code == 200
    outdated = change(program, path, {"title": "再改"}, lead.version)
    assert told(outdated)[:2] == (412, "version_conflict")
    lead.refresh_from_db()
    assert (lead.title, outdated.headers["ETag"]) == ("改名", f'"{lead.version}"')


def test_lead_moves_through_every_gate_to_the_signing(cast: Cast, program: Program) -> None:
    lead = log_a_lead(by=cast.member_a)
    for stage in (Stage.SCREENING, Stage.NEGOTIATING, Stage.REVIEW):
        open_gate(lead, stage, by=cast.member_a)
        answer = move(program, lead, {"kind": "advance"})
        assert (answer.status_code, answer.json()["stage"]) == (201, stage)
    paper = send(program, f"/leads/{lead.pk}/contracts/", PAPER)
    assert (paper.status_code, paper.json()["counted"]) == (201, False)
    answer = move(program, lead, {"kind": "advance"})
    assert answer.json() == program.ask(f"/leads/{lead.pk}/").json()
    made = program.get(answer.headers["Location"]).json()
    assert (made["kind"], made["to_stage"]) == ("advanced", Stage.SIGNED)
    assert made["evidence"] == [f"contract {PAPER['number']}"]
    assert Contract.objects.get().counted
    assert answer.headers["ETag"] == f'"{answer.json()["version"]}"'


def test_closed_gate_lists_what_is_missing(cast: Cast, program: Program) -> None:
    lead = lead_in(Stage.SCREENING, by=cast.member_a, next_action_on=None)
    before = rows()
    answer = move(program, lead, {"kind": "advance"})
    assert told(answer)[:2] == (422, "gate_not_met")
    assert [need["code"] for need in answer.json()["missing"]] == ["two_way_contact"]
    assert all(need["message"] for need in answer.json()["missing"])
    assert rows() == before


def test_lead_leaves_and_comes_back(program: Program, lead: Lead) -> None:
    lost = {"kind": "exit", "exit": "lost", "reason": "chose_another_place", "detail": "苏州"}
    assert move(program, lead, lost).json()["exit"] == Exit.LOST
    back = {"kind": "reopen", "reason": "对方回心转意"}
    assert move(program, lead, back).json()["exit"] == ""
    shelved = {"kind": "exit", "exit": "shelved", "detail": "等资金", "wake_on": "2026-06-01"}
    assert move(program, lead, shelved).json()["wake_on"] == "2026-06-01"
    kinds = StageChange.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == [
        *(StageChangeKind.LOGGED, StageChangeKind.EXITED),
        *(StageChangeKind.REOPENED, StageChangeKind.EXITED),
    ]


def test_lead_is_returned(cast: Cast, program: Program) -> None:
    lead = lead_in(Stage.NEGOTIATING, by=cast.member_a)
    body = {"kind": "return", "to": "lead", "reason": "误操作"}
    assert move(program, lead, body).json()["stage"] == Stage.LEAD


@pytest.mark.parametrize(
    ("body", "status", "code", "errors"),
    [
        ({}, 400, "invalid", [("kind", "unknown_value")]),
        ({"kind": "teleport"}, 400, "invalid", [("kind", "unknown_value")]),
        ({"kind": ["advance"]}, 400, "invalid", [("kind", "unknown_value")]),
        ({"kind": "advance", "to": "signed"}, 400, "invalid", [("to", "unknown_member")]),
        (
            {"kind": "return", "to": "signed", "reason": "x"},
            422,
            "not_earlier",
            [("to", "not_earlier")],
        ),
        ({"kind": "return", "to": "lead"}, 400, "invalid", [("reason", "required")]),
        ({"kind": "exit", "exit": "lost"}, 422, "reason_missing", [("reason", "reason_missing")]),
        (
            {"kind": "exit", "exit": "lost", "reason": "chose_another_place"},
            422,
            "place_missing",
            [("detail", "place_missing")],
        ),
        (
            {"kind": "exit", "exit": "shelved", "detail": "等", "wake_on": "2026-03-02"},
            422,
            "wake_on",
            [("wake_on", "wake_on")],
        ),
        ({"kind": "exit", "exit": "sideways"}, 400, "invalid", [("exit", "invalid_choice")]),
        ({"kind": "reopen", "reason": "x"}, 422, "open", []),
    ],
)
def test_bad_move_is_refused(
    program: Program,
    lead: Lead,
    body: dict[str, Any],
    status: int,
    code: str,
    errors: list[tuple[str, str]],
) -> None:
    before = (rows(), Lead.objects.values().get())
    assert told(move(program, lead, body)) == (status, code, errors)
    assert (rows(), Lead.objects.values().get()) == before


def test_move_wants_revision_and_key(program: Program, lead: Lead) -> None:
    path, body = f"/leads/{lead.pk}/moves/", {"kind": "advance"}
    assert told(send(program, path, body))[:2] == (428, "if_match_missing")
    headers = {"If-Match": f'"{lead.version}"'}
    without = program.post(f"{BASE}{path}", body, headers=headers)
    assert told(without)[:2] == (400, "invalid")
    outdated = send(program, path, body, If_Match=f'"{lead.version + 1}"')
    assert told(outdated)[:2] == (412, "version_conflict")


def test_move_sent_again_is_made_once(cast: Cast, program: Program, lead: Lead) -> None:
    open_gate(lead, Stage.SCREENING, by=cast.member_a)
    lead.refresh_from_db()
    headers = {"If_Match": f'"{lead.version}"', "Idempotency_Key": "once"}
    path = f"/leads/{lead.pk}/moves/"
    first = send(program, path, {"kind": "advance"}, **headers)
    again = send(program, path, {"kind": "advance"}, **headers)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert StageChange.objects.filter(kind=StageChangeKind.ADVANCED).count() == 1
