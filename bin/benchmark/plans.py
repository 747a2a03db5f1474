"""Whether a page reads a large table from end to end, by PostgreSQL's own account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

# A list may look at ten thousand rows to tell how many there are, and pass over 25,000 on its way
# to page 500, in an index. Beyond, or in no index, somebody forgot one.
LONGEST_SCAN = 12_000


def long_reads(work: Callable[[], Any]) -> list[str]:
    """What the statements of this work read without an index, where that is much."""
    with CaptureQueriesContext(connection) as queries:
        work()
    found = []
    for statement in (query["sql"] for query in queries):
        if statement.startswith("SELECT"):
            found += [f"{read}: {statement[:200]} …" for read in _scans(_plan_of(statement))]
    return found


def _plan_of(statement: str) -> dict[str, Any]:
    with connection.cursor() as cursor:
        # Complete statements: a percent sign in them is no placeholder.
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}")
        plan = cursor.fetchone()[0]
    return (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]


def _scans(plan: dict[str, Any]) -> Iterator[str]:
    if plan["Node Type"] == "Seq Scan":
        read = (plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)) * plan["Actual Loops"]
        if read > LONGEST_SCAN:
            yield f"{read:,.0f} rows of {plan['Relation Name']} read without an index"
    for part in plan.get("Plans", ()):
        yield from _scans(part)
