"""Waiting for changes: woken early, held to a few at once, admitted again before an answer."""

import time
from collections.abc import Callable
from threading import Thread
from typing import Any

import pytest
from django.db import connection, transaction
from django.utils import timezone
from pytest_django.fixtures import Settings

from kfq_crm.base.api.waiting import ROOM
from kfq_crm.base.models import ApiToken, User
from tests.api_cast import ClientOf, Program
from tests.cast import Cast
from tests.factories import ChainFactory, log_a_lead

pytestmark = pytest.mark.django_db(transaction=True)
THREADED = {"wsgi.multithread": True}


def cursor_of(program: Program) -> str:
    return str(program.ask("/changes/").json()["as_of"])


def ask(program: Program, cursor: str, wait: int, **extra: Any) -> tuple[Any, float]:
    """The answer and the seconds that it took."""
    began = time.monotonic()
    parameters = {"after": cursor, "wait": wait}
    answer = program.get("/api/v1/changes/", parameters, **{**THREADED, **extra})
    return answer, time.monotonic() - began


def later(seconds: float, act: Callable[[], object]) -> Thread:
    def run() -> None:
        time.sleep(seconds)
        try:
            with transaction.atomic():
                act()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    return thread


def test_waiting_reader_is_woken_by_a_change(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    cursor = cursor_of(program)
    writer = later(0.5, ChainFactory)
    answer, seconds = ask(program, cursor, 20)
    writer.join()
    assert [entry["resource"] for entry in answer.json()["results"]] == ["chains"]
    assert 0.4 < seconds < 5


def test_waiting_ends_with_nothing_when_the_time_is_up(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    cursor = cursor_of(program)
    answer, seconds = ask(program, cursor, 1)
    assert answer.json() == {"results": [], "cursor": cursor, "more": False}
    assert 0.9 < seconds < 4


def test_others_work_wakes_nobody(cast: Cast, client_of: ClientOf) -> None:
    """Otherwise the time of the answer would tell of it."""
    program = client_of(cast.member_a)
    cursor = cursor_of(program)
    writer = later(0.3, lambda: log_a_lead(by=cast.member_b))
    answer, seconds = ask(program, cursor, 2)
    writer.join()
    assert answer.json()["results"] == []
    assert seconds > 1.9


def test_no_transaction_is_open_while_waiting(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    cursor = cursor_of(program)
    found: list[bool] = []
    writer = later(0.4, lambda: found.append(connection.in_atomic_block) or ChainFactory())
    ask(program, cursor, 10)
    writer.join()
    assert not connection.in_atomic_block
    assert found == [True]  # SQLite let it write at once: nobody else held its lock


def test_worker_without_threads_does_not_wait(cast: Cast, client_of: ClientOf) -> None:
    """It could serve nobody else meanwhile."""
    program = client_of(cast.member_a)
    _answer, seconds = ask(program, cursor_of(program), 20, **{"wsgi.multithread": False})
    assert seconds < 2


def test_more_than_a_few_are_answered_at_once(
    cast: Cast, client_of: ClientOf, settings: Settings
) -> None:
    settings.LONG_POLLS = 1
    program = client_of(cast.member_a)
    cursor = cursor_of(program)
    with ROOM.place_for(0) as has_place:
        assert has_place
        _answer, seconds = ask(program, cursor, 20)
    assert seconds < 2


def test_a_token_waits_once_at_a_time(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    cursor = cursor_of(program)
    with ROOM.place_for(program.token.pk):
        _answer, seconds = ask(program, cursor, 20)
    assert seconds < 2
    with ROOM.place_for(program.token.pk) as has_place:
        assert has_place


def test_token_revoked_while_waiting_is_told_nothing(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    cursor = cursor_of(program)

    def revoke() -> None:
        taken = {"revoked_at": timezone.now(), "revoked_by": cast.member_a}
        ApiToken.objects.filter(pk=program.token.pk).update(**taken)
        ChainFactory()

    writer = later(0.3, revoke)
    answer, _seconds = ask(program, cursor, 20)
    writer.join()
    assert answer.status_code == 401


def test_rights_lost_while_waiting_end_the_cursor(cast: Cast, client_of: ClientOf) -> None:
    program = client_of(cast.member_a)
    cursor = cursor_of(program)

    def move_out() -> None:
        cast.team_a.group.user_set.remove(User.objects.get(pk=cast.member_a.pk))
        ChainFactory()

    writer = later(0.3, move_out)
    answer, _seconds = ask(program, cursor, 20)
    writer.join()
    assert (answer.status_code, answer.json()["code"]) == (410, "rights_changed")
