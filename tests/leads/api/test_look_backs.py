"""Promises with their verdicts, look-backs and rectification tasks, as programs read them."""

from decimal import Decimal
from typing import Any

import pytest

from leads.actions.look_backs import conclude_look_back
from leads.actions.rectifications import complete_rectification, order_rectification
from leads.models import Commitment, LookBack, Rectification
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.leads.promising import (
    a_look_back,
    a_promise,
    a_signed_contract,
    ago,
    ahead,
    judge,
    measure,
    rules,
)


@pytest.fixture
def late(cast: Cast) -> LookBack:
    """An overdue look-back over a missed promise with a late task, of team A."""
    rules()
    contract = a_signed_contract(cast.member_a)
    missed = a_promise(contract, cast.member_a, metric="用工", due_on=ago(50))
    judge(missed, "not_met", cast.member_a, actual=Decimal(9), reason="招工不足")
    task = order_rectification(
        commitment=missed, task="补招", owner=cast.member_a, due_on=ahead(1), by=cast.member_a
    )
    Rectification.objects.filter(pk=task.pk).update(due_on=ago(2))
    return a_look_back(contract, months_ago=1)


@pytest.fixture
def done(cast: Cast, late: LookBack) -> LookBack:
    """One that is held, over a promise of the zone that was put right, of team A too."""
    contract = a_signed_contract(cast.member_a)
    road = a_promise(
        contract, cast.member_a, side="zone", metric="修路", due_on=ahead(50), unit="米"
    )
    measure(road, 10, cast.member_a)
    task = order_rectification(
        commitment=road, task="复工", owner=cast.head_a, due_on=ahead(20), by=cast.member_a
    )
    complete_rectification(rectification=task, result="通车", evidence="验收", by=cast.head_a)
    held = a_look_back(contract, months_ago=-1)
    return conclude_look_back(
        look_back=held, held_on=ago(0), conclusion="无到期", attendees="王某", by=cast.member_a
    )


@pytest.fixture
def program(cast: Cast, client_of: ClientOf) -> Program:
    return client_of(cast.coordinator)


def found(program: Program, resource: str, **asked: str) -> set[int]:
    return {row["id"] for row in program.rows(f"/{resource}/", **asked)}


def test_promise_tells_every_verdict_and_its_pace(
    program: Program, late: LookBack, done: LookBack
) -> None:
    rows = {row["metric"]: row for row in program.rows("/commitments/")}
    assert [(v["number"], v["verdict"], v["reason"]) for v in rows["用工"]["verdicts"]] == [
        (1, "not_met", "招工不足")
    ]
    assert (rows["用工"]["verdict"], rows["用工"]["outlook"]) == ("not_met", "")
    assert (rows["修路"]["outlook"], rows["修路"]["measured_on"]) == (
        "far_behind",
        f"{ago(0)}",
    )
    assert rows["修路"]["behind"] > 30


@pytest.mark.parametrize(
    ("asked", "which"),
    [
        ({"overdue": "true"}, "late"),
        ({"overdue": "false"}, "done"),
        ({"held": "true"}, "done"),
        ({"held": "false"}, "late"),
        ({"held_from": "today"}, "done"),
        ({"due_to": "today"}, "late"),
        ({"after": "completed"}, "both"),
        ({"after": "producing"}, "none"),
        ({"chain": "aerospace"}, "both"),
        ({"chain": "new-materials"}, "none"),
    ],
)
def test_look_backs_are_narrowed(
    program: Program, late: LookBack, done: LookBack, asked: dict[str, str], which: str
) -> None:
    asked = {name: f"{ago(0)}" if value == "today" else value for name, value in asked.items()}
    expected = {"late": {late.pk}, "done": {done.pk}, "both": {late.pk, done.pk}, "none": set()}
    assert found(program, "look-backs", **asked) == expected[which]


@pytest.mark.parametrize(
    ("asked", "tasks"),
    [
        ({"overdue": "true"}, {"补招"}),
        ({"state": "done"}, {"复工"}),
        ({"state": "open,cancelled"}, {"补招"}),
        ({"side": "zone"}, {"复工"}),
        ({"side": "investor"}, {"补招"}),
    ],
)
def test_tasks_are_narrowed(
    program: Program, late: LookBack, done: LookBack, asked: dict[str, str], tasks: set[str]
) -> None:
    rows = program.rows("/rectification-tasks/", **asked)
    assert {row["task"] for row in rows} == tasks


@pytest.mark.parametrize(
    ("asked", "metrics"),
    [
        ({"verdict": "not_met"}, {"用工"}),
        ({"judged": "true"}, {"用工"}),
        ({"judged": "false"}, {"修路"}),
        ({"outlook": "far_behind,overdue"}, {"修路"}),
    ],
)
def test_promises_are_narrowed(
    program: Program, late: LookBack, done: LookBack, asked: dict[str, str], metrics: set[str]
) -> None:
    rows = program.rows("/commitments/", **asked)
    assert {row["metric"] for row in rows} == metrics


@pytest.mark.parametrize(
    ("path", "asked"),
    [
        ("look-backs", {"after": "land"}),
        ("look-backs", {"held": "vielleicht"}),
        ("rectification-tasks", {"state": "late"}),
        ("commitments", {"outlook": "bad"}),
        ("commitments", {"verdict": "met;drop"}),
    ],
)
def test_what_cannot_be_read_is_refused(
    program: Program, late: LookBack, path: str, asked: dict[str, str]
) -> None:
    assert program.ask(f"/{path}/", **asked).status_code == 400


def test_who_took_part_is_personal(
    cast: Cast, client_of: ClientOf, mayors_office: Program, done: LookBack
) -> None:
    (row,) = [r for r in mayors_office.rows("/look-backs/") if r["id"] == done.pk]
    assert "attendees" not in row
    assert row["conclusion"] == "无到期"


def test_other_teams_read_none_of_it(
    cast: Cast, client_of: ClientOf, late: LookBack, done: LookBack
) -> None:
    stranger = client_of(cast.member_b)
    for resource in ("commitments", "look-backs", "rectification-tasks"):
        assert found(stranger, resource) == set()


@pytest.mark.parametrize("promises", [1, 30])
def test_lists_cost_the_same_for_one_and_for_many(
    program: Program,
    cast: Cast,
    late: LookBack,
    promises: int,
    django_assert_max_num_queries: Any,
) -> None:
    for number in range(promises):
        promise = a_promise(late.contract, cast.member_a, metric=f"{number}", due_on=ago(9))
        judge(promise, "not_met", cast.member_a, actual=Decimal(0))
    program.rows("/commitments/")
    with django_assert_max_num_queries(9):
        assert len(program.rows("/commitments/")) == promises + 1
    assert Commitment.objects.count() == promises + 1
