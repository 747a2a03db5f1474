"""Realistic bulk data: leads with all that hangs on them, thousands a second.

Writes past the actions on purpose and keeps what they keep: every constraint, search words,
claims with their keys, stage changes, the evidence of the gates, a change record for each lead.
Left out: lines of history, change records of other tables, blockers, files, commitments, landed
projects. Beyond a few leads a day, leads of one day share some stories (dates, talks, moves).
"""

from __future__ import annotations

import gc
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from random import Random

from django.db import connection, transaction
from django.db.models import Model
from django.utils import timezone

from kfq_crm.base import feed
from leads.models import ClaimRule, Lead
from seeds.generators.amounts import Size, sizes
from seeds.generators.batch import NUMBERED, Batch
from seeds.generators.people import Desk, desks, generator
from seeds.generators.rebuild import rebuilt
from seeds.generators.shapes import TABLES
from seeds.generators.store import Load, lines, loads, parameters, take_keys
from seeds.generators.stories import Days, pick
from seeds.generators.told import Teller, Told

BATCH = 5000
_LARGE = 20_000
_BUILDERS = 2
_CLAIM_DAYS = 90
_MOST_STORIES = 48
_LEADS_A_STORY = 10


@dataclass(frozen=True)
class Result:
    leads: int
    seconds: float


@dataclass(frozen=True)
class Run:
    """What all batches of a run share."""

    desks: dict[str, Desk]
    sizes: list[Size]
    teller: Teller
    seed: str
    first: int
    leads: int

    def logged(self, place: int) -> int:
        """The day on which a lead was logged: evenly spread, in the order of their numbers."""
        return place * (self.teller.days.today - 1) // self.leads

    def stories_a_day(self) -> int:
        a_day = -(-self.leads // self.teller.days.today)
        return min(a_day, max(4, a_day // _LEADS_A_STORY), _MOST_STORIES)


class Builder:
    """Builds batches, one after another; the stories of the present day are kept."""

    def __init__(self, run: Run) -> None:
        self.run = run
        self._day = -1
        self._stories: list[Told] = []

    def build(self, start: int, keys: dict[type[Model], list[int]], *, copy: bool) -> list[Load]:
        """The rows of the leads from `start`, as many as there are keys, ready to be sent."""
        run = self.run
        dice = Random(f"{run.seed}:{run.first + start}")
        batch = Batch(run.desks, run.sizes, dice, keys, lines if copy else parameters)
        for place in range(start, start + len(keys[Lead])):
            batch.add(run.first + place, pick(dice, self._stories_of(run.logged(place))))
        return loads(batch.rows, copy=copy)

    def _stories_of(self, day: int) -> list[Told]:
        if day != self._day:
            dice = Random(f"{self.run.seed}:{self.run.first}:{day}")
            self._stories = [
                self.run.teller.tell(dice, day) for _n in range(self.run.stories_a_day())
            ]
            self._day = day
        return self._stories


def generate(
    leads: int,
    *,
    seed: int = 1,
    follow_ups: int = 2,
    tell: Callable[[int], object] = lambda done: None,
) -> Result:
    """Add so many leads to those there are; the same seed on the same database gives the same.

    Needs the memory of four batches. `tell` hears how many are done. On PostgreSQL a large run is
    one transaction, after which indexes are built; else each batch is one.
    """
    began = time.perf_counter()
    run = _prepare(leads, seed, follow_ups)
    write = _pipeline if connection.vendor == "postgresql" else _one_by_one
    with _loading(leads), _without_collector():
        for done in write(Builder(run), leads):
            tell(done)
        feed.begin_epoch()  # most of these rows left no change: copies are to be made anew
    return Result(leads, time.perf_counter() - began)


def _prepare(leads: int, seed: int, follow_ups: int) -> Run:
    now = timezone.now()
    today = timezone.localdate(now)
    account = generator()
    rule = ClaimRule.objects.valid_on(today).first()
    teller = Teller(
        Days(today),
        follow_ups=follow_ups,
        claim_days=rule.days_without_progress if rule else _CLAIM_DAYS,
        logged_by=account.pk,
        now=now,
    )
    first = Lead.objects.filter(logged_by=account).count()
    return Run(desks(), sizes(today), teller, str(seed), first, leads)


def _one_by_one(builder: Builder, leads: int) -> Iterator[int]:
    for start, count in _batches(leads):
        with transaction.atomic():
            keys = take_keys(NUMBERED, count)
            for load in builder.build(start, keys, copy=False):
                load.send()
        yield start + count


def _pipeline(builder: Builder, leads: int) -> Iterator[int]:
    """The database takes one batch in while the next ones are being made."""
    if leads < _LARGE:
        yield from _in_turn(builder, leads)
        return
    # Processes, not threads: two threads would take turns, and the database would wait for both.
    # Forked ones have all that builders share, and nothing of it is written.
    shared = (builder,)
    with ProcessPoolExecutor(_BUILDERS, get_context("fork"), _be_builder, shared) as pool:
        coming: deque[tuple[int, Future[list[Load]]]] = deque()
        for start, count in _batches(leads):
            keys = take_keys(NUMBERED, count)
            coming.append((start + count, pool.submit(_build, start, keys)))
            if len(coming) > _BUILDERS:
                yield _send_first(coming)
        while coming:
            yield _send_first(coming)


def _in_turn(builder: Builder, leads: int) -> Iterator[int]:
    for start, count in _batches(leads):
        _send(builder.build(start, take_keys(NUMBERED, count), copy=True))
        yield start + count


def _send_first(coming: deque[tuple[int, Future[list[Load]]]]) -> int:
    done, made = coming.popleft()
    _send(made.result())
    return done


_here: list[Builder] = []


def _be_builder(builder: Builder) -> None:
    _here[:] = [builder]


def _build(start: int, keys: dict[type[Model], list[int]]) -> list[Load]:
    return _here[0].build(start, keys, copy=True)


def _batches(leads: int) -> list[tuple[int, int]]:
    return [(start, min(BATCH, leads - start)) for start in range(0, leads, BATCH)]


@transaction.atomic
def _send(batch: list[Load]) -> None:
    for load in batch:
        load.send()


@contextmanager
def _loading(leads: int) -> Iterator[None]:
    """A large load on PostgreSQL builds indexes once, at its end."""
    large = leads >= _LARGE and leads * 2 >= Lead.objects.count()
    if connection.vendor != "postgresql" or not large:
        yield
        return
    with rebuilt(TABLES):
        yield


@contextmanager
def _without_collector() -> Iterator[None]:
    """Rows by the million make no circles; looking for some takes a fifth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
