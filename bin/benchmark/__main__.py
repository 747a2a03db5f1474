"""bin/bench: makes the data, measures in one run, prints the table. Ends with 1 when a required
figure is missed."""

from __future__ import annotations

import argparse
import os
import sys
import time
from datetime import datetime
from zoneinfo import ZoneInfo

import environ
import psycopg
from psycopg import sql

from benchmark.figures import LARGE, SMALL, Growth, Measured, Size
from benchmark.lists_of_api import line_of_pages
from benchmark.operations import LIST, SEARCH, Operation, operations
from benchmark.ratios import OutsideGrowth, Speed
from benchmark.report import line_of, line_of_outside, lines_of, lines_of_speed
from benchmark.sides import BEGAN, PLAIN, PRODUCT, Side, manage
from benchmark.speed import API, DIGESTS, SECTIONS, measure

ROUNDS = 30
WARM_UP = 2
LISTS = "lists"


def main() -> int:
    asked = _arguments()
    os.environ[BEGAN] = f"{datetime.now(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"
    sizes = [asked.leads] if asked.leads else [SMALL, LARGE]
    only = asked.only or [LISTS, *SECTIONS]
    results = [_at(leads, asked.rounds, only) for leads in sizes]
    good = all(part.is_good for result in results for part in result if part)
    if len(sizes) > 1:
        good = _growth([result[0] for result in results], [r[1] for r in results], only) and good
    return 0 if good else 1


def _growth(lists: list[Size | None], speeds: list[Speed | None], only: list[str]) -> bool:
    """From the small size to the large one."""
    good = True
    if LISTS in only and lists[0] and lists[-1]:
        logging = Growth(lists[0], lists[-1])
        print(line_of(logging))
        good = logging.is_good
    if DIGESTS in only and speeds[0] and speeds[-1]:
        outside = OutsideGrowth(speeds[0], speeds[-1])
        print(line_of_outside(outside))
        good = good and outside.is_good
    if API in only and speeds[0] and speeds[-1]:
        said, flat = line_of_pages(speeds[0], speeds[-1])
        print(said)
        good = good and flat
    return good


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--leads", type=_positive, help="one size instead of both")
    parser.add_argument(
        "--rounds", type=_positive, default=ROUNDS, help=f"times each, else {ROUNDS}"
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=[LISTS, *SECTIONS],
        help="one part instead of all; may be given more than once",
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def _at(leads: int, rounds: int, only: list[str]) -> tuple[Size | None, Speed | None]:
    """Everything at one number of leads, in a database of its own; printed at once."""
    server = os.environ["DATABASE_URL"]
    name = f"bench_{leads}"
    url = name.join(server.rsplit("postgres", 1))
    _run(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    seconds = _generate(url, leads)
    _vacuum(url)
    size = speed = None
    if LISTS in only:
        size = _lists(url, leads, rounds, seconds)
        print("\n".join(["", *lines_of(size)]), flush=True)
    if sections := [section for section in SECTIONS if section in only]:
        speed = measure(url, leads, sections, lambda: _vacuum(url), _tell)
        print("\n".join(["", *lines_of_speed(speed)]), flush=True)
    _run(server, sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    return size, speed


def _lists(url: str, leads: int, rounds: int, seconds: float) -> Size:
    """The product's pages beside the plain admin and plain SQL."""
    _tell("measuring")
    with (
        Side("benchmark.product", PRODUCT, url) as product,
        Side("benchmark.plain.verbs", PLAIN, url) as plain,
    ):
        found = product.ask("prepare", cases=rounds + WARM_UP)
        plain.ask("prepare")
        _vacuum(url)
        asked = operations(found)
        table = [_measure(operation, leads, rounds, product, plain) for operation in asked]
        return Size(leads, seconds, table, _long_reads(asked, product))


def _generate(url: str, leads: int) -> float:
    """Fill the database as an office would; the seconds that the leads took, start included."""
    _tell(f"making {leads:,} leads")
    manage(url, "migrate", "--no-input")
    manage(url, "collectstatic", "--no-input")
    manage(url, "seed")
    began = time.perf_counter()
    manage(url, "generate_demo", "--leads", str(leads))
    return time.perf_counter() - began


def _measure(operation: Operation, leads: int, rounds: int, product: Side, plain: Side) -> Measured:
    """Each side in turn, round by round; the first rounds only warm up."""
    _tell(operation.name)
    found = Measured(operation.name, operation.kind, leads)
    for number, case in enumerate(operation.times(rounds + WARM_UP)):
        answers = (
            (found.product, product.ask("page", **case.product)),
            (found.plain, plain.ask("page", **case.plain)),
            (found.sql, plain.ask("sql", **case.sql)),
        )
        if operation.kind in (LIST, SEARCH) and not answers[0][1]["rows"]:
            raise SystemExit(f"{operation.name} finds nothing: {case.product}")
        if number >= WARM_UP:
            for series, answer in answers:
                series.add(answer)
    _tell(f"{found.ratio:.2f}× (required {found.required})")
    return found


def _long_reads(asked: list[Operation], product: Side) -> list[str]:
    """Warnings: what the lists read without an index."""
    lists = [operation for operation in asked if operation.kind in (LIST, SEARCH)]
    return [
        f"{operation.name}: {read}"
        for operation in lists
        for read in product.ask("plans", **operation.cases[0].product)
    ]


def _vacuum(url: str) -> None:
    """What the server does by itself within minutes of such a load."""
    _run(url, sql.SQL("VACUUM (ANALYZE)"))


def _run(url: str, statement: sql.Composable) -> None:
    """A statement that wants no transaction around it."""
    config = environ.Env.db_url_config(url)
    place = {"host": config["HOST"], "dbname": config["NAME"], "user": "kfq"}
    with psycopg.connect(**place, autocommit=True) as connection:
        connection.execute(statement)


def _tell(what: str) -> None:
    print(f"… {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
