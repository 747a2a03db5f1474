"""A program logs follow-ups and records contracts."""

from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from leads.models import Contract, FollowUp, Lead
from tests.api_cast import Program
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.api.asking import PAPER, TALK, rows, send, told


def test_follow_up_moves_clocks_next_step_and_whom_it_waits_for(
    cast: Cast, program: Program, lead: Lead
) -> None:
    body = {
        **TALK,
        "occurred_at": "2026-03-01 15:30",
        "is_progress": True,
        "their_people": "李总",
        "next_action": "来访",
        "next_action_on": "2026.3.10",
        "waiting_for": "investor",
        "blocker": "用电容量",
        "blocker_owner": cast.second_member_a.pk,
        "blocker_due_on": "2026-03-09",
    }
    answer = send(program, f"/leads/{lead.pk}/follow-ups/", body)
    assert answer.status_code == 201, answer.json()
    follow_up = FollowUp.objects.get()
    assert answer.json() == program.ask(f"/follow-ups/{follow_up.pk}/").json()
    assert answer.headers["Location"].endswith(f"/follow-ups/{follow_up.pk}/")
    assert timezone.localtime(follow_up.occurred_at).isoformat()[:16] == "2026-03-01T15:30"
    lead.refresh_from_db()
    assert lead.last_progress_on == timezone.localdate(follow_up.occurred_at)
    assert (lead.next_action, str(lead.next_action_on)) == ("来访", "2026-03-10")
    assert lead.waiting_for == "investor"
    assert lead.blockers.get().owner == cast.second_member_a


@pytest.mark.parametrize(
    ("wrong", "status", "code", "errors"),
    [
        ({"summary": ""}, 400, "invalid", [("summary", "blank")]),
        ({"method": "dream"}, 400, "invalid", [("method", "invalid_choice")]),
        ({"occurred_at": "2026-03-03"}, 422, "in_future", [("occurred_at", "in_future")]),
        (
            {"occurred_at": "2026-03-02T23:59:00+08:00"},
            422,
            "in_future",
            [("occurred_at", "in_future")],
        ),
        ({"occurred_at": "2026-03-02T25:00"}, 400, "invalid", [("occurred_at", "moment_invalid")]),
        (
            {"occurred_at": "0001-01-01T00:00"},
            400,
            "invalid",
            [("occurred_at", "date_out_of_range")],
        ),
        ({"occurred_at": "昨天"}, 400, "invalid", [("occurred_at", "date_invalid")]),
        (
            {"next_action_on": "2026-03-01"},
            422,
            "next_action_day",
            [("next_action_on", "next_action_day")],
        ),
        (
            {"next_action_on": "2026-03-08"},
            422,
            "next_action_day",
            [("next_action_on", "next_action_day")],
        ),
        ({"blocker": "用地"}, 422, "blocker_owner", [("blocker_owner", "blocker_owner")]),
        ({"blocker_owner": 999}, 400, "invalid", [("blocker_owner", "unknown")]),
        ({"blocker_owner": "member_b"}, 400, "invalid", [("blocker_owner", "unknown")]),
        (
            {"blocker": "用地", "blocker_owner": "member_a", "blocker_due_on": "2026-03-01"},
            422,
            "blocker_due",
            [("blocker_due_on", "blocker_due")],
        ),
        ({"logged_by": 1}, 400, "invalid", [("logged_by", "unknown_member")]),
        ({"two_way": "maybe"}, 400, "invalid", [("two_way", "invalid")]),
    ],
)
def test_bad_follow_up_is_refused_at_its_member(
    cast: Cast,
    program: Program,
    lead: Lead,
    wrong: dict[str, Any],
    status: int,
    code: str,
    errors: list[tuple[str, str]],
) -> None:
    if isinstance(wrong.get("blocker_owner"), str):
        wrong = {**wrong, "blocker_owner": getattr(cast, wrong["blocker_owner"]).pk}
    before = (rows(), Lead.objects.values().get())
    answer = send(program, f"/leads/{lead.pk}/follow-ups/", {**TALK, **wrong})
    assert told(answer) == (status, code, errors)
    assert (rows(), Lead.objects.values().get()) == before


def test_contract_is_recorded_as_typed(program: Program, lead: Lead) -> None:
    body = {
        **PAPER,
        "fixed_investment": "2亿元",
        "land_mu": "80",
        "planned_start_on": "2026年5月1日",
    }
    answer = send(program, f"/leads/{lead.pk}/contracts/", body)
    contract = Contract.objects.get()
    assert answer.json() == program.ask(f"/contracts/{contract.pk}/").json()
    assert (contract.investment, contract.currency) == (Decimal(32000), "CNY")
    assert str(contract.planned_start_on) == "2026-05-01"
    assert answer.headers["Location"].endswith(f"/contracts/{contract.pk}/")


@pytest.mark.parametrize(
    ("wrong", "status", "code", "errors"),
    [
        ({"number": ""}, 400, "invalid", [("number", "blank")]),
        ({"kind": "handshake"}, 400, "invalid", [("kind", "invalid_choice")]),
        ({"signed_on": "2026-03-03"}, 422, "in_future", [("signed_on", "in_future")]),
        ({"signed_on": None}, 400, "invalid", [("signed_on", "null")]),
        ({"investment": None}, 400, "invalid", [("investment", "null")]),
        ({"investment": "3.2"}, 400, "invalid", [("investment", "amount_unit_missing")]),
        (
            {"fixed_investment": "9亿元"},
            422,
            "fixed_above_total",
            [("fixed_investment", "fixed_above_total")],
        ),
        (
            {"planned_start_on": "2026-06-01", "planned_completion_on": "2026-05-01"},
            422,
            "plan_order",
            [("planned_completion_on", "plan_order")],
        ),
        ({"expands": 999}, 400, "invalid", [("expands", "unknown")]),
        ({"added_investment": "1亿元"}, 422, "expands_missing", [("expands", "expands_missing")]),
        ({"counted": True}, 400, "invalid", [("counted", "unknown_member")]),
    ],
)
def test_bad_contract_is_refused_at_its_member(
    program: Program,
    lead: Lead,
    wrong: dict[str, Any],
    status: int,
    code: str,
    errors: list[tuple[str, str]],
) -> None:
    before = (rows(), Lead.objects.values().get())
    answer = send(program, f"/leads/{lead.pk}/contracts/", {**PAPER, **wrong})
    assert told(answer) == (status, code, errors)
    assert (rows(), Lead.objects.values().get()) == before


def test_number_of_another_contract_is_refused(cast: Cast, program: Program, lead: Lead) -> None:
    assert send(program, f"/leads/{lead.pk}/contracts/", PAPER).status_code == 201
    other = log_a_lead(by=cast.member_a)
    answer = send(program, f"/leads/{other.pk}/contracts/", PAPER)
    assert told(answer) == (422, "number_taken", [("number", "number_taken")])
