"""bin/bench: makes the data, measures in one run, prints the table. Ends with 1 when a required
figure is missed."""

from __future__ import annotations

import argparse
import os
import sys
import time

import environ
import psycopg
from psycopg import sql

from benchmark.figures import LARGE, SMALL, Growth, Measured, Size
from benchmark.operations import LIST, SEARCH, Operation, operations
from benchmark.report import line_of, lines_of
from benchmark.sides import PLAIN, PRODUCT, Side, manage

ROUNDS = 30
WARM_UP = 2


def main() -> int:
    asked = _arguments()
    sizes = [asked.leads] if asked.leads else [SMALL, LARGE]
    results = []
    for leads in sizes:
        results.append(_at(leads, asked.rounds))
        print("\n".join(["", *lines_of(results[-1])]), flush=True)
    good = all(size.is_good for size in results)
    if len(results) > 1:
        growth = Growth(results[0], results[-1])
        print(line_of(growth))
        good = good and growth.is_good
    return 0 if good else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bin/bench", description=__doc__)
    parser.add_argument("--leads", type=_positive, help="one size instead of both")
    parser.add_argument(
        "--rounds", type=_positive, default=ROUNDS, help=f"times each, else {ROUNDS}"
    )
    return parser.parse_args()


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is not above zero")
    return number


def _at(leads: int, rounds: int) -> Size:
    """Everything at one number of leads, in a database of its own."""
    server = os.environ["DATABASE_URL"]
    name = f"bench_{leads}"
    url = name.join(server.rsplit("postgres", 1))
    _run(server, sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    seconds = _generate(url, leads)
    _vacuum(url)
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
        long_reads = _long_reads(asked, product)
    _run(server, sql.SQL("DROP DATABASE {}").format(sql.Identifier(name)))
    return Size(leads, seconds, table, long_reads)


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
