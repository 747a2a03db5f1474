"""Real processes that a test starts, kills and starts again."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection

from tests.conftest import missing

ROOT = Path(__file__).resolve().parent.parent.parent


def database_url() -> str:
    """The test's own database, for another process."""
    name = str(connection.settings_dict["NAME"])
    if connection.vendor == "sqlite":
        return f"sqlite:///{name}"
    given = urlsplit(settings.DATABASE_URL)
    # The path may lead to a socket; then urlunsplit would leave out the slashes before it
    folder = given.path.rpartition("/")[0]
    return f"{given.scheme}://{given.netloc}{folder}/{name}?{given.query}"


def wait_until(
    condition: Callable[[], bool],
    what: str,
    seconds: float,
    explain: Callable[[], str] = lambda: "",
) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.2)
    pytest.fail(f"Waited {seconds:.0f} s for {what}. {explain()}")


@dataclass
class Broker:
    """A Redis of the test's own, that can be emptied and started again on the same socket."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        return self.folder / "redis"

    @property
    def url(self) -> str:
        return f"redis+socket://{self.socket}"

    def start(self) -> None:
        program = shutil.which("redis-server")
        if program is None:
            missing("redis-server")
        self.process = subprocess.Popen(
            [str(program), "--port", "0", "--unixsocket", str(self.socket), "--save", ""],
            cwd=self.folder,
            stdout=subprocess.DEVNULL,
        )
        wait_until(self.socket.exists, "redis-server", 10)

    def stop(self) -> None:
        """Everything that it held is gone."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.socket.unlink(missing_ok=True)


@dataclass
class Workers:
    """Celery processes with the test's database, broker and mail server."""

    folder: Path
    broker: Broker
    mail_port: int
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    kills: int = 0

    def start(self, name: str, *command: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.running[name] = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "tests.faults.timetable", *command],
                cwd=ROOT,
                env=self._environment(),
                stdout=log,
                stderr=log,
                start_new_session=True,
            )

    def start_worker(self, name: str) -> None:
        self.start(name, "worker", "--concurrency", "1", "-n", f"{name}@faults", "-l", "WARNING")

    def start_beat(self, name: str) -> None:
        schedule = str(self.folder / f"{name}.schedule")
        self.start(name, "beat", "-s", schedule, f"--pidfile={self.folder}/{name}.pid")

    def kill(self, name: str) -> None:
        """SIGKILL to the whole group: the worker and its child, at whatever they were doing."""
        process = self.running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        self.kills += 1

    def stop(self) -> None:
        for process in self.running.values():
            os.killpg(process.pid, signal.SIGKILL)
        for process in self.running.values():
            process.wait()
        self.running.clear()

    def said(self) -> str:
        """The ends of the logs, for a failure."""
        return "\n".join(
            f"{path.name}: {path.read_text(errors='replace')[-1500:]}"
            for path in sorted(self.folder.glob("*.log"))
        )

    def _environment(self) -> dict[str, str]:
        test = connection.settings_dict
        user = test["USER"] or test["OPTIONS"].get("user", "")
        return {
            **{name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ},
            "DJANGO_SETTINGS_MODULE": "tests.faults.settings",
            "DATABASE_URL": f"postgres:///{test['HOST']}/{test['NAME']}?user={user}",
            "KFQ_VAR": str(self.folder),
            "SECRET_KEY": "made up for tests, signs nothing that lasts",
            "REDIS_URL": self.broker.url,
            "EMAIL_URL": f"smtp://127.0.0.1:{self.mail_port}",
            "LOG_LEVEL": "WARNING",
        }


@contextmanager
def system(folder: Path, mail_port: int, *, workers: int, beats: int) -> Iterator[Workers]:
    """Broker, workers and beats; nothing of it outlives the test."""
    broker = Broker(folder)
    broker.start()
    started = Workers(folder, broker, mail_port)
    try:
        for number in range(beats):
            started.start_beat(f"beat{number}")
        for number in range(workers):
            started.start_worker(f"worker{number}")
        yield started
    finally:
        started.stop()
        broker.stop()
