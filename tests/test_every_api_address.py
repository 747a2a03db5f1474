"""Who gets what at every address of the API, as exact sets; a new address needs a line.

As for the pages, two properties need no table: hidden and missing cannot be told apart, and no
answer holds a word of what is hidden from the token's owner.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.urls import reverse

from kfq_crm.base.models import Audience
from leads.models import FollowUp, Milestone, StageChange
from tests.addresses import build_world, every_address
from tests.api_cast import Program, grant_tokens, make_a_token, program_of
from tests.canaries import CANARIES, SECRETS, World
from tests.cast import Cast
from tests.test_every_address import NOBODYS, leaks, text_of

pytestmark = [pytest.mark.django_db, pytest.mark.timeout(400)]

ROLES = (
    "member_a",
    "head_a",
    "chain_leader_a",
    "member_b",
    "outsider",
    "coordinator",
    "mayors_office",
)
OPEN = {"api:schema", "api:docs"}
# What no program of the mayor's office reads: people outside the staff
PERSONAL = {name: CANARIES[name] for name in ("contact", "number")}
SECRET_FROM = set(ROLES) - {"member_a", "head_a"}


@dataclass(frozen=True)
class Case:
    """A line of every_api_address.txt."""

    method: str
    name: str
    record: str
    statuses: tuple[int, ...]

    def __str__(self) -> str:
        return f"{self.method} {self.name}"

    def expected(self, role: str) -> int:
        return self.statuses[ROLES.index(role)]

    def ask(self, program: Program, world: World, missing: int = 0, **parameters: str) -> Any:
        keys = [] if self.record == "-" else [missing or world.key(self.record)]
        address = reverse(self.name, args=keys)
        if self.method == "GET":
            return program.get(address, parameters)
        send = getattr(program, self.method.lower())
        return send(address, {}, headers={"idempotency-key": "every-address"})


def cases() -> list[Case]:
    path = Path(__file__).with_name("every_api_address.txt")
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    return [
        Case(method, name, record, tuple(map(int, statuses)))
        for method, name, record, *statuses in (line for line in lines if line[0] != "#")
    ]


CASES = cases()


@pytest.fixture
def world(cast: Cast) -> World:
    made = build_world(cast)
    lead = made.records["lead"]
    made.records |= {
        "follow_up": FollowUp.objects.filter(lead=lead).order_by("-pk")[0],
        "stage_change": StageChange.objects.filter(lead=lead).order_by("-pk")[0],
        "commitment": made.records["contract"].commitments.get(),
        "milestone": Milestone.objects.filter(project=made.records["project"]).order_by("pk")[0],
    }
    return made


def program_for(world: World, role: str) -> Program:
    """With every scope that this reader may have."""
    if role == "mayors_office":
        return program_of(make_a_token(world.administrator, audience=Audience.MAYORS_OFFICE))
    return program_of(make_a_token(grant_tokens(world.person(role))))


def test_every_address_has_a_line_and_every_line_an_address() -> None:
    named = {name for name, _route in every_address() if name.startswith("api:")}
    assert named == {case.name for case in CASES}


def test_strangers_are_let_in_nowhere(world: World, stranger: Program) -> None:
    """Nor is a browser that is signed in: no cookie is read."""
    for signed_in in (False, True):
        if signed_in:
            stranger.force_login(world.cast.member_a)
        for case in CASES:
            answer = case.ask(stranger, world)
            assert answer.status_code == (200 if case.name in OPEN else 401), str(case)
            assert leaks(text_of(answer), {**CANARIES, **SECRETS}) == [], str(case)


@pytest.mark.parametrize("role", ROLES)
def test_each_of_the_cast_gets_exactly_this(world: World, role: str) -> None:
    program = program_for(world, role)
    found, readable, shown = {}, {}, set()
    for case in CASES:
        answer = case.ask(program, world)
        found[str(case)] = answer.status_code
        text = text_of(answer)
        hidden = {**(CANARIES if role in {"member_b", "outsider"} else {})}
        hidden |= SECRETS if role in SECRET_FROM else {}
        hidden |= PERSONAL if role == "mayors_office" else {}
        if leaked := leaks(text, hidden):
            readable[str(case)] = leaked
        shown |= set(leaks(text, {**CANARIES, **SECRETS}))
    assert found == {str(case): case.expected(role) for case in CASES}
    assert readable == {}
    if role == "member_a":  # or the words would prove nothing
        assert {"title", "company", "contact", "contract", "follow-up"} <= shown


@pytest.mark.parametrize("form", ["csv", "xlsx"])
@pytest.mark.parametrize("role", ["member_b", "mayors_office"])
def test_tables_hide_what_lists_hide(world: World, role: str, form: str) -> None:
    program = program_for(world, role)
    hidden = {**SECRETS, **(PERSONAL if role == "mayors_office" else CANARIES)}
    for case in CASES:
        if case.method == "GET" and case.name.endswith("-list") and case.expected(role) == 200:
            answer = case.ask(program, world, format=form)
            if case.name != "api:changes-list":  # the feed is no table
                assert answer.status_code == 200, str(case)
            assert leaks(text_of(answer), hidden) == [], str(case)


@pytest.mark.parametrize("role", ["member_b", "mayors_office"])
def test_hidden_and_missing_cannot_be_told_apart(world: World, role: str) -> None:
    program = program_for(world, role)
    world.records |= {"lead": world.records["secret"]} if role == "mayors_office" else {}
    told = []
    for case in CASES:
        if case.record == "-" or case.expected(role) in {403}:
            continue
        hidden, missing = case.ask(program, world), case.ask(program, world, NOBODYS)
        if hidden.status_code == 404 and plain(hidden) != plain(missing):
            told.append(str(case))
        if case.record == "lead":
            assert hidden.status_code == 404, str(case)
    assert told == []


def plain(answer: Any) -> Any:
    problem = answer.json()
    problem.pop("instance")
    return answer.status_code, problem


def test_no_search_and_no_filter_finds_what_is_hidden(world: World) -> None:
    program = program_for(world, "member_b")
    for word in {**CANARIES, **SECRETS}.values():
        for case in CASES:
            if case.method == "GET" and case.name.endswith("-list"):
                answer = case.ask(program, world, q=word)
                if answer.status_code == 200:
                    assert answer.json()["results"] == [], (str(case), word)
