"""Counters that several processes share, with the cache in files and with Redis."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys, django
django.setup()
from kfq_crm.base.counting import count_up
seen = [count_up("a key", seconds=60) for _ in range(200)]
print(*seen)
"""


def _count_in_two_processes(**environment: str) -> list[int]:
    common = {"DJANGO_SETTINGS_MODULE": "kfq_crm.settings", "PATH": "/usr/bin:/bin"}
    running = [
        subprocess.Popen(
            [sys.executable, "-c", PROGRAM],
            cwd=ROOT,
            env={**common, "LOG_LEVEL": "ERROR", "SECRET_KEY": "made up", **environment},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _process in range(2)
    ]
    return sorted(int(n) for process in running for n in process.communicate()[0].split())


@pytest.mark.slow
def test_two_processes_count_together_in_files(tmp_path: Path) -> None:
    assert _count_in_two_processes(KFQ_VAR=str(tmp_path)) == list(range(1, 401))


@pytest.mark.slow
@pytest.mark.broker
def test_two_processes_count_together_in_redis(tmp_path: Path, broker: str) -> None:
    found = _count_in_two_processes(KFQ_VAR=str(tmp_path), REDIS_URL=broker)
    assert found == list(range(1, 401))
