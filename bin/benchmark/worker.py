"""A program that answers questions (`VERBS` of a module): a line of JSON in, a line of JSON out.

The product and the plain admin run in a process each, with settings of their own; whoever
measures asks them in turn, so that what else the machine does meets both.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

import django
from django.db import connection
from django.http import HttpResponse
from django.test import Client

# Where a list's page is: on both sides it is Django's own object.
CHANGELIST = "cl"


class Counter:
    """How many statements were sent to the database; far cheaper than a log of them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        self.count += 1
        return execute(sql, params, many, context)


def measured(work: Callable[[], Any]) -> tuple[Any, dict[str, Any]]:
    """What the work gave, and what it took."""
    counter = Counter()
    with connection.execute_wrapper(counter):
        began = time.perf_counter()
        result = work()
        seconds = time.perf_counter() - began
    return result, {"ms": seconds * 1000, "queries": counter.count}


def opened(client: Client, path: str, data: dict[str, Any] | None = None) -> dict[str, Any]:
    """Open a page, or send a form that must be accepted."""
    work = (lambda: client.get(path)) if data is None else (lambda: client.post(path, data))
    response, taken = measured(work)
    _check(response, path, 200 if data is None else 302)
    changelist = (getattr(response, "context_data", None) or {}).get(CHANGELIST)
    return {**taken, "rows": len(changelist.result_list) if changelist else None}


def _check(response: HttpResponse, path: str, status: int) -> None:
    if response.status_code == status:
        return
    form = (getattr(response, "context_data", None) or {}).get("adminform")
    said = form.form.errors.as_text() if form else response.get("Location", "")
    raise RuntimeError(f"{path} answered {response.status_code}: {said}")


def serve(module: str) -> None:
    """Answer until there are no more questions. What the verbs print goes to the error stream."""
    django.setup()
    verbs: dict[str, Callable[..., Any]] = import_module(module).VERBS
    with _answers() as answers:
        for line in sys.stdin:
            question = json.loads(line)
            answer = verbs[question.pop("verb")](**question)
            print(json.dumps(answer), file=answers, flush=True)


@contextmanager
def _answers() -> Iterator[Any]:
    with os.fdopen(os.dup(1), "w", encoding="utf-8") as answers:
        os.dup2(2, 1)
        yield answers


if __name__ == "__main__":
    serve(sys.argv[1])
