"""How programs write, and what they are told."""

from __future__ import annotations

from itertools import count
from typing import Any

from kfq_crm.base.models import RepeatableWrite
from leads.models import Contact, Contract, Enterprise, FollowUp, Lead, StageChange
from tests.api_cast import BASE, Program

NEW = {"title": "无人机总装", "investor": "航天信控动力", "chain": "aerospace", "source": "visit"}
TALK = {"summary": "对方同意下周来访", "method": "call"}
PAPER = {
    "number": "靖开招〔2026〕7号",
    "kind": "investment",
    "signed_on": "2026-03-02",
    "our_party": "靖江经济技术开发区管理委员会",
    "their_party": "航天信控动力",
    "investment": "3.2亿元",
    "legal_review_reference": "法审7号",
    "fair_competition_reference": "公平7号",
}
RECORDS = (Lead, Enterprise, Contact, FollowUp, Contract, StageChange, RepeatableWrite)
_keys = count(1)


def send(program: Program, path: str, body: Any, **headers: str) -> Any:
    """A creation, with an Idempotency-Key of its own unless one is given."""
    named = {"Idempotency-Key": f"key-{next(_keys)}", **_headers(headers)}
    return program.post(f"{BASE}{path}", body, headers=named)


def change(program: Program, path: str, body: Any, version: int | str | None) -> Any:
    headers = {} if version is None else {"If-Match": f'"{version}"'}
    return program.patch(f"{BASE}{path}", body, headers=headers)


def move(program: Program, lead: Any, body: Any, **headers: str) -> Any:
    """Of the lead as it stands now, unless If-Match says otherwise."""
    lead.refresh_from_db()
    named = {"If_Match": f'"{lead.version}"', **headers}
    return send(program, f"/leads/{lead.pk}/moves/", body, **named)


def _headers(named: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in named.items()}


def told(answer: Any) -> tuple[int, str, list[tuple[str | None, str]]]:
    """Status, code, and field and code of each error."""
    problem = answer.json()
    assert answer.headers["Content-Type"] == "application/problem+json", problem
    errors = [(error["field"], error["code"]) for error in problem["errors"]]
    return answer.status_code, problem["code"], errors


def rows() -> list[int]:
    """How many rows of everything that a write may leave."""
    return [model.objects.count() for model in RECORDS]
