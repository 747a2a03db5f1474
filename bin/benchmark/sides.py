"""The two programs that are measured, as those who ask them see them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

# The day on which the run began, in site time, for every program that it starts.
BEGAN = "KFQ_BENCH_BEGAN"
PRODUCT, PLAIN = "kfq_crm.settings", "benchmark.plain.settings"


class Side:
    """One of the programs (see `worker`): a module of verbs and its settings, in a process that
    ends with the block."""

    def __init__(self, verbs: str, settings: str, url: str, **environment: str) -> None:
        self.name = verbs
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmark.worker", verbs],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": settings,
                "DATABASE_URL": url,
                **environment,
            },
            text=True,
        )

    def ask(self, verb: str, **question: Any) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps({"verb": verb, **question}) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise SystemExit(f"{self.name} failed at {verb} {question}; see above.")
        return json.loads(answer)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()


def manage(url: str, *command: str) -> None:
    """A command of the product's manage.py."""
    program = [sys.executable, "manage.py", *command]
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": PRODUCT, "DATABASE_URL": url}
    if subprocess.run(program, env=environment, stdout=subprocess.DEVNULL).returncode:
        raise SystemExit(f"manage.py {command[0]} failed; see above.")
