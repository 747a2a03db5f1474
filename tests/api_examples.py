"""The curl examples of docs/api, and how one is run as it stands there."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings

from tests.conftest import missing

FOLDER = Path(settings.BASE_DIR) / "docs" / "api"
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
STATUS = re.compile(r"# (\d{3})$", re.MULTILINE)
# Beside the example itself: its status on a channel of its own
SPY = 'curl() { command curl "$@" -w "%{stderr}%{http_code}\\n"; }\n'


def blocks(name: str) -> list[str]:
    return BLOCK.findall((FOLDER / name).read_text(encoding="utf-8"))


def run_examples(examples: Iterable[str], *, server: str, token: str, folder: Path) -> None:
    """Each line with a status behind it answers with that status, in the order of the page."""
    if shutil.which("curl") is None:
        missing("curl")
    own = {"BASE": f"{server}/api/v1", "TOKEN": token, "no_proxy": "*"}
    for example in examples:
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", SPY + example],
            env={**os.environ, **own},
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, (example, run.stdout, run.stderr)
        assert run.stderr.split() == STATUS.findall(example), (example, run.stdout)
