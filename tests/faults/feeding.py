"""The processes of the feed's fault test: web server, consumers, writers."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from django.conf import settings

from tests.faults.processes import ROOT, database_url, wait_until

Process = subprocess.Popen[bytes]


@dataclass
class House:
    """Everything that runs beside the test, on one folder and one port; kills are SIGKILL."""

    folder: Path
    port: int = field(default_factory=lambda: _free_port())
    running: list[Process] = field(default_factory=list)
    server: Process | None = None

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}/api/v1/"

    def start(self, name: str, *command: str, **environment: str) -> Process:
        with (self.folder / f"{name}.log").open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", *command],
                cwd=ROOT,
                env={**self._environment(), **environment},
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self.running.append(process)
        return process

    def serve(self) -> None:
        bind = f"--bind=127.0.0.1:{self.port}"
        self.server = self.start(
            "web", "gunicorn", "kfq_crm.wsgi", bind, "--workers=2", "--threads=4"
        )
        wait_until(self._answers, "gunicorn", 60, self.said)

    def follow(self, name: str, token: str) -> Process:
        copy = str(self.folder / f"{name}.sqlite3")
        return self.start(
            f"follow-{name}", "tests.faults.follower", self.base, copy, KFQ_TOKEN=token
        )

    def stop(self) -> None:
        for process in self.running:
            kill(process)

    def said(self) -> str:
        """The ends of the logs, for a failure."""
        return "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-1500:]}"
            for path in sorted(self.folder.glob("*.log"))
        )

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1):
                return True
        except OSError:
            return False

    def _environment(self) -> dict[str, str]:
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": database_url(),
            "KFQ_VAR": str(self.folder),
            "KFQ_INSECURE_HTTP": "1",
            "SECRET_KEY": settings.SECRET_KEY,
            "LOG_LEVEL": "ERROR",
        }


@dataclass(frozen=True)
class Copy:
    """What a consumer has stored."""

    path: Path

    def rows(self) -> dict[tuple[str, int], Any]:
        found = self._ask("SELECT resource, id, data FROM record")
        return {(resource, pk): json.loads(data) for resource, pk, data in found}

    def numbers(self) -> list[int]:
        return [number for (number,) in self._ask("SELECT number FROM told ORDER BY number")]

    def has_begun(self) -> bool:
        return self.path.exists() and bool(self._ask("SELECT 1 FROM place"))

    def first_copies(self) -> int:
        return len(self._ask("SELECT 1 FROM first_copy"))

    def _ask(self, statement: str) -> list[Any]:
        db = sqlite3.connect(self.path, timeout=20)
        try:
            return list(db.execute(statement))
        except sqlite3.OperationalError:
            return []  # the consumer has not made its tables yet
        finally:
            db.close()


def kill(process: Process) -> None:
    """The whole group, at whatever it was doing."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
