"""bin/supervise.py with real processes: what dies comes back, and nothing stays behind."""

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not Path("/proc/self/stat").exists(), reason="reads /proc"),
]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def children(parent: int) -> dict[str, int]:
    """Name (as in the command line) to process id of the supervisor's own children."""
    found = {}
    for folder in Path("/proc").iterdir():
        if not folder.name.isdigit():
            continue
        try:
            fields = (folder / "stat").read_text().rsplit(")", 1)[1].split()
            command = (folder / "cmdline").read_bytes().decode()
        except (OSError, IndexError):
            continue  # it ended while we looked
        if int(fields[1]) == parent and fields[0] != "Z":
            found |= {name: int(folder.name) for name in MARKS if MARKS[name] in command}
    return found


MARKS = {
    "broker": "valkey-server",
    "web": "gunicorn",
    "worker": "kfq_crm\0worker",
    "beat": "kfq_crm\0beat",
}


def wait_for(condition: Callable[[], bool], what: str, seconds: int = 40) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if condition():
            return
        time.sleep(0.2)
    pytest.fail(f"Waited {seconds} s for {what}.")


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def supervisor(tmp_path: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    environment = {
        "PATH": os.environ["PATH"],
        "KFQ_VAR": str(tmp_path),
        "KFQ_BIND": "127.0.0.1",
        "PORT": str(port),
        "KFQ_INSECURE_HTTP": "1",
        "KFQ_DEMO_PASSWORD": "not needed",
        "SECRET_KEY": "not needed either",
    }
    program = [sys.executable, str(ROOT / "bin" / "supervise.py")]
    (tmp_path / "static").mkdir()
    with (tmp_path / "said").open("wb") as said:
        process = subprocess.Popen(program, cwd=ROOT, env=environment, stdout=said, stderr=said)
    try:
        wait_for(lambda: b"Ready" in (tmp_path / "said").read_bytes(), "the system to be ready")
        yield process
    finally:
        process.terminate()
        process.wait(60)


@pytest.mark.parametrize("name", sorted(MARKS))
def test_killed_process_is_started_again(supervisor: subprocess.Popen[bytes], name: str) -> None:
    before = children(supervisor.pid)
    assert set(before) == set(MARKS)
    os.kill(before[name], signal.SIGKILL)
    wait_for(lambda: children(supervisor.pid).get(name, before[name]) != before[name], name)
    others = children(supervisor.pid)
    assert {n: p for n, p in others.items() if n != name} == {
        n: p for n, p in before.items() if n != name
    }


def test_one_signal_stops_everything(supervisor: subprocess.Popen[bytes]) -> None:
    before = children(supervisor.pid)
    supervisor.send_signal(signal.SIGINT)
    assert supervisor.wait(60) == 0
    assert [name for name, pid in before.items() if alive(pid)] == []


def test_nothing_outlives_a_killed_supervisor(supervisor: subprocess.Popen[bytes]) -> None:
    before = children(supervisor.pid)
    supervisor.kill()
    wait_for(lambda: not any(alive(pid) for pid in before.values()), "the children to end")


def test_logs_hold_no_token_of_a_signed_address(
    supervisor: subprocess.Popen[bytes], tmp_path: Path, port: int
) -> None:
    # Under /api/, since pages would need static files collected; lines are masked all the same
    address = f"http://127.0.0.1:{port}/api/rate/MTI:no-token/"
    with pytest.raises(HTTPError) as refused:
        urlopen(Request(address, headers={"Referer": address}), timeout=20)
    refused.value.close()
    log = tmp_path / "log" / "web.log"
    wait_for(lambda: "GET /api/rate/" in log.read_text("utf-8"), "the line of access")
    written = log.read_text("utf-8")
    assert written.count("/rate/***/") == 3  # the line of access, its Referer, Django's own line
    assert "no-token" not in written
