"""The examples of the documents, run as written against a server that listens."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.conf import settings
from pytest_django.live_server_helper import LiveServer

from tests.api_cast import make_a_token
from tests.cast import Cast
from tests.conftest import missing

FOLDER = Path(settings.BASE_DIR) / "docs" / "api"
LANGUAGES = ("README.md", "README.zh-hans.md")
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.DOTALL | re.MULTILINE)
STATUS = re.compile(r"# (\d{3})$", re.MULTILINE)
# Beside the example itself: its status on a channel of its own
SPY = 'curl() { command curl "$@" -w "%{stderr}%{http_code}\\n"; }\n'


def blocks(name: str) -> list[str]:
    return BLOCK.findall((FOLDER / name).read_text(encoding="utf-8"))


def test_both_languages_show_the_same_examples() -> None:
    english, chinese = (blocks(name) for name in LANGUAGES)
    assert english == chinese
    assert len(english) > 5


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_examples_do_what_they_promise(cast: Cast, live_server: LiveServer, tmp_path: Path) -> None:
    """Each line with a status behind it answers with that status, in the order of the page."""
    if shutil.which("curl") is None:
        missing("curl")
    made = make_a_token(cast.member_a)
    own = {"BASE": f"{live_server.url}/api/v1", "TOKEN": made.text, "no_proxy": "*"}
    beginning, *examples = blocks(LANGUAGES[0])
    assert "export BASE=" in beginning
    for example in examples:
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", SPY + example],
            env={**os.environ, **own},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, (example, run.stdout, run.stderr)
        promised = STATUS.findall(example)
        assert run.stderr.split() == promised, (example, run.stdout)
    assert (tmp_path / "leads.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert (tmp_path / "leads.xlsx").read_bytes().startswith(b"PK")
