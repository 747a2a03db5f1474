"""A database that was put back is known as such, and nobody goes on as if nothing had happened."""

import json
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.conf import settings
from django.core.management import call_command

from kfq_crm.base import feed
from kfq_crm.base.feed import mark
from kfq_crm.base.models import Change, FeedSequence
from tests.factories import ChainFactory

NOTE = Path(settings.VAR) / "feed_mark.json"


@pytest.fixture(autouse=True)
def fresh(db: None) -> Iterator[None]:
    NOTE.unlink(missing_ok=True)
    yield
    NOTE.unlink(missing_ok=True)


def put_back(epoch: UUID, number: int) -> None:
    Change.objects.filter(number__gt=number).delete()
    FeedSequence.objects.filter(pk=1).update(epoch=epoch, last_number=number)


def write(number: int) -> None:
    ChainFactory.create_batch(number)


def test_position_stays_in_its_epoch() -> None:
    epoch = feed.position()[0]
    write(3)
    assert feed.position() == (epoch, 3)
    assert json.loads(NOTE.read_text())["number"] == 3


def test_database_behind_what_was_told_begins_a_new_epoch() -> None:
    write(5)
    epoch, number = feed.position()
    put_back(epoch, number - 2)
    fresh_epoch, reached = feed.position()
    assert fresh_epoch != epoch
    assert reached == number - 2
    assert feed.position() == (fresh_epoch, reached)


def test_restored_database_that_ran_ahead_is_known_before_it_gives_a_number_twice() -> None:
    """A reader's cursor alone would not tell: by then its number exists again."""
    write(2)
    epoch, number = feed.position()
    put_back(epoch, number - 2)
    write(9)
    assert feed.position()[0] != epoch


def test_database_of_an_epoch_that_has_ended_begins_a_new_one() -> None:
    write(1)
    first, number = feed.position()
    second = feed.begin_epoch()
    write(5)
    assert feed.position() == (second, number + 5)
    put_back(first, number)
    third, _number = feed.position()
    assert third not in {first, second}


def test_epoch_begun_by_another_machine_is_accepted() -> None:
    write(3)
    _epoch, number = feed.position()
    other = uuid4()
    put_back(other, number - 1)
    assert feed.position() == (other, number - 1)


def test_note_of_an_ended_epoch_that_comes_late_is_dropped() -> None:
    first, number = feed.position()
    second = feed.begin_epoch()
    mark.keep(first, number + 100)
    assert json.loads(NOTE.read_text())["epoch"] == str(second)
    assert feed.position()[0] == second


@pytest.mark.parametrize("text", ["", "{", "[]", '{"epoch": 1}', "\x00"])
def test_note_that_cannot_be_read_stops_nobody(text: str) -> None:
    epoch = feed.position()[0]
    NOTE.write_text(text)
    assert feed.position()[0] == epoch


def test_command_begins_an_epoch(capsys: pytest.CaptureFixture[str]) -> None:
    before = feed.position()[0]
    call_command("begin_feed_epoch")
    after = feed.position()[0]
    assert after != before
    assert str(after) in capsys.readouterr().out
