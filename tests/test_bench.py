"""bin/bench runs from end to end: of few leads it judges how many statements a page takes.

Minutes long, so it belongs to what `bin/test --faults` runs.
"""

import subprocess
from pathlib import Path

import pytest

BENCH = Path(__file__).resolve().parent.parent / "bin" / "bench"
OPERATIONS = (
    *("list: first page", "list: owner + stage", "list: own team's scope", "list: page "),
    *("search: two-character word", "search: rare name", "search: pinyin initials"),
    *("search: last digits of a phone", "search: two characters, own team"),
    *("lead page, 50 follow-ups", "log a lead"),
    *("sweep, with its messages", "sweep, nothing due", "sweep, memory", "mail, "),
    *("digest, p50", "digest, p95", "digest, rows that one statement reads"),
    *("1,000 changes", "log a follow-up, changes recorded", "change a lead, changes recorded"),
    *("list: leads, page 1", "list: leads, chain + stage + overdue", "list: follow-ups, page 1"),
    *("approvals, sweep", "approvals, memory", "approvals, nothing due"),
    *("on time, table of departments", "on time, whole page"),
    *("list: steps, page 1", "list: questions, page 1"),
)


@pytest.mark.faults
@pytest.mark.postgresql
@pytest.mark.timeout(900)
def test_bench_prints_its_table_and_nothing_is_missed() -> None:
    command = [str(BENCH), "--leads", "500", "--rounds", "1"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    lines = run.stdout.splitlines()
    missing = [name for name in OPERATIONS if not any(f"| {name}" in line for line in lines)]
    assert missing == []
    assert any(line.startswith("generate_demo: ") for line in lines)
    assert "MISSED" not in run.stdout
