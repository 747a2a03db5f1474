"""Measures reminders, mail, digests, the API and approvals beside the bare way, each side in
processes of its own."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from statistics import median
from typing import Any

from benchmark.approvals_beside_sql import measure_services
from benchmark.feed_beside_sql import measure_feed
from benchmark.lists_of_api import measure_lists
from benchmark.overview_of_api import measure_overview
from benchmark.ratios import (
    IDLE_TIMES,
    MAIL_RATE,
    MOST_MEGABYTES,
    SWEEP_RATE,
    Digests,
    Ratio,
    Speed,
    at_least,
    at_most,
    digest_rows,
)
from benchmark.serving_beside_sql import measure_serving
from benchmark.sides import PRODUCT, Side

REMINDERS, MAIL, DIGESTS, FEED = "reminders", "mail", "digests", "feed"
API, OVERVIEW, SERVICES, SERVING = "api", "overview", "services", "serving"
SECTIONS = (REMINDERS, MAIL, DIGESTS, FEED, API, OVERVIEW, SERVICES, SERVING)
MESSAGES, TURNS = 20_000, 10
IDLE_ROUNDS = 5

Vacuum = Callable[[], None]
WHOLE: dict[str, Callable[[str, Speed, Vacuum, Any], None]] = {
    API: lambda url, found, vacuum, tell: measure_lists(url, found.leads, found, vacuum, tell),
    OVERVIEW: measure_overview,
    SERVICES: measure_services,
    SERVING: measure_serving,
}


def measure(url: str, leads: int, only: list[str], vacuum: Vacuum, tell: Any) -> Speed:
    """The sections that are asked for, at one number of leads, in one database."""
    found = Speed(leads, _Told(tell))
    size: dict[str, int] = {}
    if REMINDERS in only or DIGESTS in only:
        tell("making an office")
        size = _ask("sweeping", url, "office", leads=leads)
        vacuum()
    if REMINDERS in only:
        _reminders(url, leads, found, vacuum, tell)
    if MAIL in only:
        tell("mail")
        _mail(url, min(leads, MESSAGES), found)
    if FEED in only:
        tell("change feed")
        measure_feed(url, found, vacuum)
    if DIGESTS in only:
        _digests(url, size["leads_a_chain"], found, vacuum, tell)
    for section, measured in WHOLE.items():
        if section in only:
            measured(url, found, vacuum, tell)
    return found


class _Told(list[Ratio]):
    """Rows that are told as they are found, so that a run that is cut off has shown something."""

    def __init__(self, tell: Any) -> None:
        super().__init__()
        self.tell = tell

    def append(self, row: Ratio) -> None:
        super().append(row)
        self.tell(f"{row.name}: {row.product}, {row.bare} ({row.required}) {row.reached}")

    def __iadd__(self, rows: Iterable[Ratio]) -> _Told:  # type: ignore[override,misc]  # takes rows alone
        for row in rows:
            self.append(row)
        return self


def _ask(verbs: str, url: str, verb: str, **question: Any) -> Any:
    """One question to a process of its own."""
    with Side(f"benchmark.{verbs}", PRODUCT, url) as side:
        return side.ask(verb, **question)


# --- Reminders --------------------------------------------------------------------------------


def _reminders(url: str, leads: int, found: Speed, vacuum: Vacuum, tell: Any) -> None:
    tell("making a tenth of the leads due")
    kinds = _ask("sweeping", url, "prepare", leads=leads)
    vacuum()
    tell("sweep")
    sweep = _ask("sweeping", url, "sweep")
    tell("the same rows by bare SQL")
    bare = _ask("sweeping", url, "bare")
    vacuum()
    tell("sweep with nothing due")
    idle = _ask("sweeping", url, "idle", rounds=IDLE_ROUNDS)
    due = sum(kinds.values())
    if sweep["leads"] != due:
        raise SystemExit(f"{due} leads are due, {sweep['leads']} were reminded of")
    found.rows += _sweep_rows(sweep, bare, leads)
    times = idle["product"] * 1000, idle["sql"] * 1000
    found.rows.append(at_most("sweep, nothing due", *times, IDLE_TIMES, leads))
    found.notes += _sweep_notes(kinds, sweep, idle)


def _sweep_rows(sweep: dict[str, Any], bare: dict[str, float], leads: int) -> Iterator[Ratio]:
    rate = bare["rows"] / bare["seconds"]
    whole = sweep["recorded"] / sweep["seconds"]
    alone = sweep["recorded"] / sweep["parts"]["recording"]
    yield at_least("sweep, with its messages", whole, rate, SWEEP_RATE, "reminders/s", leads)
    yield at_least("sweep, recording alone", alone, rate, 0, "reminders/s", leads)
    most = sweep["megabytes"]
    yield Ratio(
        "sweep, memory",
        f"{most:,.0f} MB",
        required=f"< {MOST_MEGABYTES} MB",
        is_good=most < MOST_MEGABYTES,
    )


def _sweep_notes(
    kinds: dict[str, int], sweep: dict[str, Any], idle: dict[str, Any]
) -> Iterator[str]:
    told = ", ".join(f"{kind} {count:,}" for kind, count in sorted(kinds.items()))
    yield f"due: {sweep['leads']:,} leads and no other ({told})"
    parts = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in sweep["parts"].items())
    yield (
        f"sweep: {sweep['recorded']:,} reminders, {sweep['messages']:,} messages in "
        f"{sweep['seconds']:.1f} s ({parts}); with nothing due {idle['statements']} statements"
    )


# --- Mail -------------------------------------------------------------------------------------


def _mail(url: str, messages: int, found: Speed) -> None:
    """In turns of a few hundred, so that what else the machine does meets both."""
    each = messages // TURNS
    with _sink() as server, _mailer(url, server) as product, _mailer(url, server) as bare:
        size = product.ask("prepare", messages=each * TURNS)["bytes"]
        times = [
            (
                product.ask("deliver", messages=each)["seconds"],
                bare.ask("bare", first=turn * each, messages=each)["seconds"],
            )
            for turn in range(TURNS)
        ]
    rates = [each / median(series) for series in zip(*times, strict=True)]
    name = f"mail, {each * TURNS:,} with text and HTML"
    found.rows.append(at_least(name, *rates, MAIL_RATE, "messages/s", found.leads))
    found.notes.append(f"mail: {size:,} bytes each, to aiosmtpd in a process of its own")


def _mailer(url: str, server: str) -> Side:
    return Side("benchmark.mailing", PRODUCT, url, EMAIL_URL=server)


@contextmanager
def _sink() -> Iterator[str]:
    program = [sys.executable, "-m", "benchmark.sink"]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin
        assert process.stdout
        yield f"smtp://127.0.0.1:{process.stdout.readline().strip()}"
        process.stdin.close()


# --- Digests ----------------------------------------------------------------------------------


def _digests(url: str, each: int, found: Speed, vacuum: Vacuum, tell: Any) -> None:
    tell("making a week of work")
    chains = _ask("digesting", url, "prepare")["chains"]
    vacuum()
    tell("digests")
    with Side("benchmark.digesting", PRODUCT, url) as side:
        plans = side.ask("plans")
        made = side.ask("digests")
    queries = int(max(made.pop("queries")))
    found.digests = Digests(**made, queries=queries, rows_read=plans["rows"])
    found.rows += digest_rows(found.digests, found.leads, each)
    found.notes.append(
        f"digests: {chains} chains of {each} leads, at most {queries} statements each; the bare "
        f"SQL is all that they read; most rows for {plans['statement']} …"
    )
