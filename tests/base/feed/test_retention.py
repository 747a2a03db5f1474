"""Changes are kept as long as the rule says; who stays away longer begins anew."""

from datetime import date, datetime, time, timedelta
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from kfq_crm.base import feed
from kfq_crm.base.feed.retention import drop_old_changes
from kfq_crm.base.models import Change, FeedMark, FeedRule, FeedSequence
from kfq_crm.base.tasks import sweep_feed
from tests.api_cast import ClientOf
from tests.cast import Cast
from tests.factories import ChainFactory, log_a_lead
from tests.replica import Replica

FIRST = date(2026, 3, 2)


def on(day: int, hour: int = 10) -> Any:
    moment = datetime.combine(FIRST + timedelta(days=day), time(hour))
    return time_machine.travel(timezone.make_aware(moment), tick=False)


@pytest.fixture
def rule(db: None) -> FeedRule:
    return FeedRule.objects.create(valid_from=FIRST, days=10)


def live(days: int, writes: int = 2) -> None:
    """So many days with a sweep each morning and some writes after it."""
    for day in range(days):
        with on(day):
            sweep_feed()
            ChainFactory.create_batch(writes)


def kept() -> list[int]:
    return list(Change.objects.exclude(number=None).order_by("number").values_list("number"))


def test_changes_older_than_the_rule_are_dropped(rule: FeedRule) -> None:
    live(12)
    with on(12):
        sweep_feed()
    # the day before the last ten days began at number 2; day 0's two writes followed its mark
    sequence = FeedSequence.objects.get()
    assert sequence.pruned_on == FIRST + timedelta(days=1)
    assert sequence.pruned_through == 2
    assert kept()[0] == (3,)
    assert len(kept()) == 22


def test_without_a_rule_everything_is_kept(db: None) -> None:
    live(3)
    with on(500):
        sweep_feed()
    assert len(kept()) == 6


def test_dropping_goes_in_chunks(rule: FeedRule) -> None:
    live(1, writes=7)
    with on(1):
        feed.number_changes()
        FeedMark.objects.create(day=FIRST + timedelta(days=1), number=7)
    with on(30):
        assert drop_old_changes(chunk=2) == 7
        assert drop_old_changes(chunk=2) == 0


def test_unnumbered_changes_are_never_dropped(rule: FeedRule) -> None:
    with on(0):
        sweep_feed()
        ChainFactory()
    with on(30):
        drop_old_changes()
    assert Change.objects.count() == 1


def test_reader_who_was_away_too_long_begins_anew(
    cast: Cast, client_of: ClientOf, rule: FeedRule
) -> None:
    with on(0):
        copy = Replica(client_of(cast.member_a))
        copy.begin()
        sweep_feed()
    with on(5):
        log_a_lead(by=cast.member_a)
        sweep_feed()
    with on(20):
        sweep_feed()
        assert copy.program.ask("/changes/", after=copy.cursor).json()["code"] == "cursor_expired"
        copy.poll()
        assert (copy.snapshots, copy.rows) == (2, copy.truth())


def test_quiet_reader_who_asks_now_and_then_goes_on(
    cast: Cast, client_of: ClientOf, rule: FeedRule
) -> None:
    """Nothing of the reader's own happens for months, while others write and old changes go."""
    with on(0):
        copy = Replica(client_of(cast.member_a))
        copy.begin()
    for day in range(1, 28, 3):
        with on(day):
            sweep_feed()
            log_a_lead(by=cast.member_b)
            assert copy.poll() == []
    with on(28):
        sweep_feed()
        log_a_lead(by=cast.member_a)
        copy.poll()
        assert (copy.snapshots, copy.rows) == (1, copy.truth())
    assert FeedSequence.objects.get().pruned_through > 0


def test_one_mark_a_day_and_none_for_days_that_are_gone(rule: FeedRule) -> None:
    live(14)
    with on(14):
        sweep_feed()
        sweep_feed()
    days = list(FeedMark.objects.values_list("day", flat=True))
    assert days == [FIRST + timedelta(days=n) for n in range(3, 15)]
