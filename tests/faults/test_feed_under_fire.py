"""The promise on changes, with real processes: what a consumer keeps equals what the lists say, and
who sees everything is told of every number from 1 to the last, each once, whoever is killed.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from random import Random

import pytest
from django.db import connection

from kfq_crm.base import feed
from kfq_crm.base.models import Change, FeedSequence
from kfq_crm.base.tokens import Made
from tests.api_cast import grant_tokens, make_a_token, program_of
from tests.cast import Cast
from tests.factories import UserFactory, log_a_lead
from tests.faults.feeding import Copy, House, Process, kill
from tests.faults.processes import wait_until
from tests.replica import Replica

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]
SCOPES = ("changes:read", "chains:read", "leads:read")
LEADS_EACH = 3


@dataclass(frozen=True)
class Plan:
    writers: int
    changes: int
    held: float  # seconds for which one transaction stays open
    kills: int  # of the consumer
    server_kills: int
    pause: tuple[float, float]  # seconds between two kills
    seconds: float


FULL = Plan(16, 20_000, 30, 20, 5, (2, 9), 1200)
SHORT = Plan(4, 600, 3, 5, 1, (0.4, 1.2), 90)
# SQLite lets one write at a time: a transaction held open would hold up all of them
ON_SQLITE = Plan(2, 150, 0.5, 3, 1, (0.4, 1.0), 90)


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    made = House(tmp_path)
    yield made
    made.stop()


def prepare(cast: Cast, plan: Plan) -> dict[str, Made]:
    """Leads for the writers, an empty feed, tokens for two readers by name."""
    for writer in range(plan.writers):
        for _ in range(LEADS_EACH):
            log_a_lead(by=cast.member_a, summary=f"writer {writer}")
    Change.objects.all().delete()
    FeedSequence.objects.all().delete()
    whole = UserFactory(username="whole", is_superuser=True)
    readers = {"everything": whole, "colleague": grant_tokens(cast.second_member_a)}
    return {name: make_a_token(person, SCOPES) for name, person in readers.items()}


@contextmanager
def writing(house: House, plan: Plan) -> Iterator[list[Process]]:
    held = house.start("holder", "tests.faults.holder", str(plan.held))
    writers = [
        house.start(f"writer{n}", "tests.faults.writer", str(n), str(plan.changes))
        for n in range(plan.writers)
    ]
    yield [*writers, held]
    assert [process.poll() for process in (*writers, held)] == [0] * (plan.writers + 1), (
        house.said()
    )


def fire(house: House, plan: Plan, tokens: dict[str, Made]) -> None:
    """Kill consumers and the server at odd moments until all kills are done."""
    dice = Random(5)
    running = {name: house.follow(name, token.text) for name, token in tokens.items()}
    wait_until(
        lambda: all(copy_of(house, name).has_begun() for name in tokens),
        "the first copies",
        60,
        house.said,
    )
    with writing(house, plan) as writers:
        server_at = {(n + 1) * plan.kills // (plan.server_kills + 1) for n in range(plan.kills)}
        for number in range(plan.kills):
            time.sleep(dice.uniform(*plan.pause))
            for name, token in tokens.items():
                kill(running[name])
                running[name] = house.follow(name, token.text)
            if number in sorted(server_at)[: plan.server_kills]:
                assert house.server
                kill(house.server)
                time.sleep(dice.uniform(0, 1))
                house.serve()
        wait_until(
            lambda: all(process.poll() is not None for process in writers),
            "the writers",
            plan.seconds,
            house.said,
        )


def copy_of(house: House, name: str) -> Copy:
    return Copy(house.folder / f"{name}.sqlite3")


def run(cast: Cast, house: House, plan: Plan) -> None:
    tokens = prepare(cast, plan)
    house.serve()
    began = time.monotonic()
    fire(house, plan, tokens)
    _epoch, last = feed.position()
    whole = copy_of(house, "everything")
    wait_until(lambda: whole.numbers()[-1:] == [last], "the last change", plan.seconds, house.said)
    assert whole.numbers() == list(range(1, last + 1))
    assert last >= plan.changes
    assert not Change.objects.filter(number=None).exists()
    for name, token in tokens.items():
        truth = Replica(program_of(token)).truth()
        wait_until(
            lambda n=name, rows=truth: copy_of(house, n).rows() == rows,  # type: ignore[misc]  # bound now
            f"the copy of {name}",
            60,
            house.said,
        )
        assert copy_of(house, name).first_copies() == 1
    seconds = time.monotonic() - began
    rows = len(whole.rows())
    sys.stderr.write(
        f"\n{last} changes by {plan.writers} writers in {seconds:.0f} s, consumers killed "
        f"{plan.kills} times, the server {plan.server_kills} times; {rows} rows equal\n"
    )


def test_copies_equal_the_lists_whoever_is_killed(cast: Cast, house: House) -> None:
    run(cast, house, SHORT if connection.vendor == "postgresql" else ON_SQLITE)


@pytest.mark.faults
@pytest.mark.postgresql
@pytest.mark.timeout(3600)
def test_copies_equal_the_lists_after_twenty_thousand_changes(cast: Cast, house: House) -> None:
    run(cast, house, FULL)
