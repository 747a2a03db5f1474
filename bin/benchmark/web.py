"""A program behind gunicorn with two workers, and whoever asks it over its socket."""

from __future__ import annotations

import http.client
import os
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

WORKERS = 2
STARTS_WITHIN = 60


class Served:
    """The program of a wsgi module; it ends with the block."""

    def __init__(self, wsgi: str, settings: str, url: str, **environment: str) -> None:
        self._folder = TemporaryDirectory(prefix="kfq-web-")
        self._path = str(Path(self._folder.name) / "socket")
        self._process = subprocess.Popen(
            [
                *(sys.executable, "-m", "gunicorn", wsgi, f"--workers={WORKERS}"),
                *(f"--bind=unix:{self._path}", "--log-level=warning", "--timeout=120"),
            ],
            env={
                **os.environ,
                "DJANGO_SETTINGS_MODULE": settings,
                "DATABASE_URL": url,
                **environment,
            },
        )

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> tuple[int, bytes, float]:
        """Status, body, and the milliseconds until the last byte."""
        connection = self.connect()
        began = time.perf_counter()
        connection.request("GET", path, headers={"Host": "localhost", **(headers or {})})
        answer = connection.getresponse()
        body = answer.read()
        taken = (time.perf_counter() - began) * 1000
        connection.close()
        return answer.status, body, taken

    def connect(self) -> http.client.HTTPConnection:
        """A connection of one's own, for whoever wants to see the headers."""
        return _Connection(self._path)

    def __enter__(self) -> Self:
        deadline = time.monotonic() + STARTS_WITHIN
        while not Path(self._path).exists():
            if self._process.poll() is not None or time.monotonic() > deadline:
                raise SystemExit("gunicorn did not start; see above.")
            time.sleep(0.05)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.terminate()
        self._process.wait()
        self._folder.cleanup()


class _Connection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=120)
        self._path = path

    def connect(self) -> None:
        self.sock: Any = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)
