"""Measures the mayor's overview behind a web server beside the bare SQL of its figures."""

from __future__ import annotations

import http.client
from collections.abc import Callable
from statistics import median
from typing import Any
from urllib.parse import urlencode

from benchmark.ratios import Speed, at_most
from benchmark.sides import PRODUCT, Side
from benchmark.web import WORKERS, Served

COLD_TIMES, UNCHANGED_TIMES, KNOWN_TIMES = 6, 0.25, 2
COLD_ROUNDS, ROUNDS, WARM_UP = 5, 60, 6
PATH = "/api/v1/overview/"


def measure_overview(url: str, found: Speed, vacuum: Callable[[], None], tell: Any) -> None:
    """Cold beside its own SQL, unchanged beside the same, known beside an empty request."""
    with Side("benchmark.overseeing", PRODUCT, url) as worker:
        asked = worker.ask("prepare")
        vacuum()
        with Served("kfq_crm.wsgi", PRODUCT, url) as web:
            asking = _Asking(web, asked["token"])
            cases = {
                "": {},
                ", by month": {"by": "month"},
                ", half a year ago": {"as_of": asked["past"]},
            }
            for name, query in cases.items():
                tell(f"overview{name}")
                _measure(name, query, worker, asking, found)
            _known(asking, found)
        for row in worker.ask("slowest", query={}):
            found.notes.append(f"overview: {row['ms']:,.0f} ms for {row['statement']} …")


class _Asking:
    """A program with its token."""

    def __init__(self, web: Served, token: str) -> None:
        self.web = web
        self.headers = {"Authorization": f"Token {token}"}

    def ask(self, path: str, status: int = 200, **headers: str) -> float:
        code, body, taken = self.web.get(path, {**self.headers, **headers})
        if code != status:
            raise SystemExit(f"{path} answered {code}: {body[:300]!r}")
        return taken


def _measure(name: str, query: dict[str, str], worker: Side, asking: _Asking, found: Speed) -> None:
    path = f"{PATH}?{urlencode(query)}" if query else PATH
    worker.ask("bare", query=query)  # the pages of the tables are read once by each side
    cold, bare, alone = [], [], []
    for _round in range(COLD_ROUNDS):
        worker.ask("write")
        cold.append(asking.ask(path))
        told = worker.ask("bare", query=query)
        bare.append(told["ms"])
        alone.append(told["figures"])
    unchanged = [asking.ask(path) for _round in range(ROUNDS)][WARM_UP:]
    sql = median(bare)
    found.rows.append(at_most(f"overview{name}, cold", median(cold), sql, COLD_TIMES, found.leads))
    found.rows.append(
        at_most(f"overview{name}, unchanged", median(unchanged), sql, UNCHANGED_TIMES, found.leads)
    )
    found.notes.append(
        f"overview{name}: {told['statements']:.0f} statements, figures without the web server "
        f"{median(alone):,.0f} ms"
    )


def _known(asking: _Asking, found: Speed) -> None:
    """In turns with a request that asks for nothing but who is there."""
    etag = _etag(asking)
    times = [
        (asking.ask(PATH, 304, **{"If-None-Match": etag}), asking.ask("/api/v1/"))
        for _round in range(ROUNDS + WARM_UP)
    ][WARM_UP:]
    known, empty = (median(series) for series in zip(*times, strict=True))
    found.rows.append(at_most("overview, If-None-Match", known, empty, KNOWN_TIMES, found.leads))
    found.notes.append(
        f"overview: gunicorn with {WORKERS} workers; the empty request is GET /api/v1/"
    )


def _etag(asking: _Asking) -> str:
    connection: Any = asking.web.connect()
    connection.request("GET", PATH, headers={"Host": "localhost", **asking.headers})
    answer: http.client.HTTPResponse = connection.getresponse()
    answer.read()
    connection.close()
    return answer.headers["ETag"]
