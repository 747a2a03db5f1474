"""Measures the change feed beside bare SQL, and writers with and without it."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from statistics import median

from benchmark.ratios import FEED_TIMES, WRITER_TIMES, Ratio, Speed, at_most
from benchmark.sides import PRODUCT, Side
from benchmark.web import WORKERS, Served

CHANGES, ROUNDS, WARM_UP = 1000, 15, 3
WRITER_ROUNDS, WRITES = 12, 25

Written = dict[str, dict[str, list[float]]]


def measure_feed(url: str, found: Speed, vacuum: Callable[[], None]) -> None:
    """Rounds in turn, so that what else the machine does meets both sides."""
    with Side("benchmark.feeding", PRODUCT, url) as side:
        start = side.ask("prepare")
        vacuum()
        times, product_bytes, bare_bytes = _read(url, side, start["token"], start["cursor"])
        product, bare = (median(one) for one in zip(*times[WARM_UP:], strict=True))
        found.rows.append(at_most(f"{CHANGES:,} changes", product, bare, FEED_TIMES, found.leads))
        written = side.ask("writers", rounds=WRITER_ROUNDS, writes=WRITES)
        found.rows += _writer_rows(written, found.leads)
    found.notes.append(
        f"changes: {product_bytes:,} bytes from gunicorn with {WORKERS} workers; the bare side "
        f"reads the same columns of the same rows by the driver and dumps {bare_bytes:,} bytes"
    )


def _read(
    url: str, side: Side, token: str, cursor: str
) -> tuple[list[tuple[float, float]], int, int]:
    """Milliseconds of both sides, round by round, and what they said at last."""
    path = f"/api/v1/changes/?limit={CHANGES}&after={cursor}"
    headers = {"Authorization": f"Token {token}"}
    times = []
    with Served("kfq_crm.wsgi", PRODUCT, url) as web:
        for _round in range(ROUNDS + WARM_UP):
            status, body, taken = web.get(path, headers)
            bare = side.ask("bare")
            times.append((taken, bare["ms"]))
    told = len(json.loads(body).get("results", ())) if status == 200 else 0
    if told != CHANGES:
        raise SystemExit(f"{path} answered {status} with {told} changes")
    return times, len(body), bare["bytes"]


def _writer_rows(written: Written, leads: int) -> Iterator[Ratio]:
    """The typical write of each side."""
    for name, sides in written.items():
        recorded, plain = (median(sides[side]) for side in ("with", "without"))
        yield at_most(f"{name}, changes recorded", recorded, plain, WRITER_TIMES, leads)
