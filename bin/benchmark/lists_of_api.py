"""Measures the API's lists beside bare DRF lists, both behind a web server."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from statistics import median
from typing import Any

from benchmark.ratios import Pages, Ratio, Speed, at_most, is_judged
from benchmark.sides import PLAIN, PRODUCT, Side
from benchmark.web import Served

LIST_TIMES, MOST_STATEMENTS, MOST_GROWTH = 2, 8, 1.5
ROUNDS, WARM_UP = 40, 6


def measure_lists(
    url: str, leads: int, found: Speed, vacuum: Callable[[], None], tell: Any
) -> None:
    """Each list in turn, round by round; the first rounds only warm up."""
    tell("making bare lists")
    with Side("benchmark.listing", PRODUCT, url) as product:
        asked = product.ask("prepare", leads=leads)
        with Side("benchmark.plain.verbs", PLAIN, url) as plain:
            plain.ask("rows")
        vacuum()
        for case in asked["cases"]:
            case["statements"] = product.ask(
                "statements", path=case["product"], token=asked["token"]
            )
    with (
        Served("kfq_crm.wsgi", PRODUCT, url) as product_web,
        Served("benchmark.plain.wsgi", PLAIN, url) as plain_web,
    ):
        for case in asked["cases"]:
            tell(case["name"])
            _measure(case, product_web, plain_web, asked["token"], found)
    first, far = asked["cases"][0]["times"][0], asked["cases"][1]["times"][0]
    found.pages = Pages(first, far)
    reached = far / first
    judged = is_judged(leads)
    found.rows.append(
        Ratio(
            "list: leads, far page beside the first",
            f"{far:,.1f} ms",
            f"{first:,.1f} ms",
            f"≤ {MOST_GROWTH}×" if judged else "—",
            f"{reached:.2f}×",
            not judged or reached <= MOST_GROWTH,
        )
    )


def _measure(case: Any, product: Served, plain: Served, token: str, found: Speed) -> None:
    times: list[tuple[float, float]] = []
    for number in range(ROUNDS + WARM_UP):
        pair = (
            _asked(product, case["product"], {"Authorization": f"Token {token}"}),
            _asked(plain, case["bare"], {}),
        )
        if number >= WARM_UP:
            times.append(pair)
    case["times"] = [median(series) for series in zip(*times, strict=True)]
    row = at_most(case["name"], *case["times"], LIST_TIMES, found.leads)
    found.rows.append(row if case["is_judged"] else replace(row, required="—", is_good=True))
    count = case["statements"]["queries"]
    found.rows.append(
        Ratio(
            f"{case['name']}, statements",
            f"{count}",
            required=f"≤ {MOST_STATEMENTS}",
            is_good=count <= MOST_STATEMENTS,
        )
    )


def _asked(side: Served, path: str, headers: dict[str, str]) -> float:
    status, body, taken = side.get(path, headers)
    if status != 200:
        raise SystemExit(f"{path} answered {status}: {body[:300]!r}")
    return taken


def line_of_pages(small: Speed, large: Speed) -> tuple[str, bool]:
    """A page among more leads takes as long."""
    assert small.pages
    assert large.pages
    times = large.pages.first / small.pages.first
    good = times <= MOST_GROWTH
    said = (
        f"list of leads: {times:.2f}× from {small.leads:,} to {large.leads:,} leads "
        f"(≤ {MOST_GROWTH}×)  {'good' if good else 'MISSED'}"
    )
    return said, good
