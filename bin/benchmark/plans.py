"""Whether a page reads a large table from end to end, by PostgreSQL's own account."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

from django.db import connection
from django.test.utils import CaptureQueriesContext

from benchmark.figures import LONGEST_SCAN


def long_reads(work: Callable[[], Any]) -> list[str]:
    """What the statements of this work read without an index, where that is much."""
    with CaptureQueriesContext(connection) as queries:
        work()
    found = []
    for statement in (query["sql"] for query in queries):
        if statement.startswith("SELECT"):
            found += [f"{read}: {statement[:200]} …" for read in _scans(_plan_of(statement))]
    return found


def rows_read(statement: str, params: Any) -> float:
    """How many rows of tables and entries of indexes the statement looks at."""
    return sum(_read_by(node) for node in _nodes(_plan_of(statement, params)))


def _read_by(node: dict[str, Any]) -> float:
    kind = node["Node Type"]
    if not kind.endswith("Scan") or ("Relation Name" not in node and "Index Name" not in node):
        return 0.0
    passed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return float((node["Actual Rows"] + passed) * node["Actual Loops"])


def _nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for part in plan.get("Plans", ()):
        yield from _nodes(part)


def _plan_of(statement: str, params: Any = None) -> dict[str, Any]:
    with connection.cursor() as cursor:
        # Without parameters a percent sign is no placeholder.
        cursor.execute(f"EXPLAIN (ANALYZE, TIMING OFF, FORMAT JSON) {statement}", params)
        plan = cursor.fetchone()[0]
    return (json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]


def _scans(plan: dict[str, Any]) -> Iterator[str]:
    for node in _nodes(plan):
        if node["Node Type"] == "Seq Scan" and (read := _read_by(node)) > LONGEST_SCAN:
            yield f"{read:,.0f} rows of {node['Relation Name']} read without an index"
