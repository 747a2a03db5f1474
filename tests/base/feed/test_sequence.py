"""Numbers are given to what is committed, in one row's order, and to nothing else."""

from collections.abc import Callable
from threading import Event, Thread
from typing import Any

import pytest
from django.db import connection, transaction

from kfq_crm.base import feed
from kfq_crm.base.feed.reading import read_changes
from kfq_crm.base.feed.sequence import current
from kfq_crm.base.models import Change, User
from tests.factories import ChainFactory, UserFactory
from tests.threads import at_once

pytestmark = pytest.mark.django_db(transaction=True)


def write(number: int = 1) -> None:
    for _ in range(number):
        with transaction.atomic():
            ChainFactory()


def numbers() -> list[int]:
    return list(Change.objects.order_by("number").values_list("number", flat=True))


def told(person: User) -> list[int]:
    return [entry.number for entry in read_changes(feed.reader_of(person), 0, 1000).entries]


@pytest.fixture
def person() -> User:
    return UserFactory(is_superuser=True)


def test_numbers_begin_at_one_and_leave_nothing_out() -> None:
    write(3)
    assert feed.number_changes() == 3
    write(2)
    assert feed.position()[1] == 5
    assert numbers() == [1, 2, 3, 4, 5]


def test_numbering_goes_on_in_chunks() -> None:
    write(5)
    assert feed.number_changes(limit=2) == 5
    assert numbers() == [1, 2, 3, 4, 5]


def test_position_stays_while_nothing_is_written() -> None:
    write()
    before = feed.position()
    assert feed.position() == before
    write()
    assert feed.position() != before


def test_rolled_back_write_takes_no_number() -> None:
    write()
    with transaction.atomic():
        ChainFactory()
        transaction.set_rollback(True)
    write()
    feed.number_changes()
    assert numbers() == [1, 2]


@pytest.mark.postgresql
def test_write_that_is_committed_late_is_not_skipped(person: User) -> None:
    """It began first, so that a number given at the moment of writing would be read over."""
    held, go_on = Event(), Event()

    def slow() -> None:
        with transaction.atomic():
            ChainFactory(code="late")
            held.set()
            assert go_on.wait(20)
        connection.close()

    thread = Thread(target=slow)
    thread.start()
    assert held.wait(20)
    write(2)
    assert told(person) == [1, 2]  # and nobody waited for the open one
    go_on.set()
    thread.join()
    entries = read_changes(feed.reader_of(person), 2, 10).entries
    assert [entry.number for entry in entries] == [3]
    assert Change.objects.get(number=3).pk < Change.objects.get(number=1).pk


def test_two_sequencers_at_once_give_each_number_once() -> None:
    write(20)
    outcomes = at_once(*[lambda: feed.number_changes(limit=3)] * 4)
    assert sum(outcomes) == 20, outcomes
    assert numbers() == list(range(1, 21))
    assert current().last_number == 20


def test_readers_and_writers_at_once_miss_nothing(person: User) -> None:
    seen: list[list[int]] = [[], []]

    def follow(own: list[int]) -> Callable[[], None]:
        def read() -> None:
            place = 0
            while place < 40:
                page = read_changes(feed.reader_of(person), place, 7)
                own.extend(entry.number for entry in page.entries)
                place = own[-1] if own else 0

        return read

    outcomes: list[Any] = at_once(*[lambda: write(10)] * 4, follow(seen[0]), follow(seen[1]))
    assert outcomes == [None] * 6
    assert seen == [list(range(1, 41))] * 2
