"""Measures the departments' table (办件时效) beside its bare SQL, and the lists of steps and
questions beside those of a plain admin."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median
from typing import Any

from benchmark.ratios import Ratio, Speed, at_most, is_judged
from benchmark.sides import PLAIN, PRODUCT, Side

STEPS, QUESTIONS = 200_000, 100_000
TABLE_TIMES, LIST_TIMES = 5, 2
ROUNDS, WARM_UP = 20, 2
PAGES = {"steps": "/admin/plain/step/", "questions": "/admin/plain/question/"}


def measure_serving(url: str, found: Speed, vacuum: Callable[[], None], tell: Any) -> None:
    judged = is_judged(found.leads)
    size = (STEPS, QUESTIONS) if judged else (found.leads * 2, found.leads)
    tell(f"making {size[0]:,} decided steps and {size[1]:,} questions")
    with Side("benchmark.serving", PRODUCT, url) as product:
        asked = product.ask("prepare", steps=size[0], questions=size[1])
        with Side("benchmark.plain.verbs", PLAIN, url) as plain:
            plain.ask("services")
            vacuum()
            tell("on time, beside bare SQL")
            _table(product, asked["page"], found)
            for name, path in asked["lists"].items():
                tell(f"list of {name}")
                _list(name, path, product, plain, found)


def _table(product: Side, path: str, found: Speed) -> None:
    """The table in turns with its bare SQL; the page around it is told."""
    rounds = [product.ask("table") for _round in range(ROUNDS)][WARM_UP:]
    whole = median(product.ask("page", path=path)["ms"] for _round in range(ROUNDS))
    times = [median(one[name] for one in rounds) for name in ("ms", "bare")]
    found.rows.append(at_most("on time, table of departments", *times, TABLE_TIMES, found.leads))
    found.rows.append(Ratio("on time, whole page", f"{whole:,.1f} ms"))
    found.notes.append(
        f"on time: {rounds[0]['steps']:,} decided steps and {rounds[0]['questions']:,} outcomes of "
        "the year, by department"
    )


def _list(name: str, path: str, product: Side, plain: Side, found: Speed) -> None:
    times: list[tuple[float, float]] = [
        (product.ask("page", path=path)["ms"], plain.ask("page", path=PAGES[name])["ms"])
        for _round in range(ROUNDS)
    ]
    own, bare = (median(series) for series in zip(*times[WARM_UP:], strict=True))
    found.rows.append(at_most(f"list: {name}, page 1", own, bare, LIST_TIMES, found.leads))
