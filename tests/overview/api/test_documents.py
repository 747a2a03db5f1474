"""The examples of the overview's document, run as written against a server that listens."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.api_cast import make_a_token
from tests.base.api.test_documents import SPY, STATUS, blocks
from tests.cast import Cast
from tests.conftest import missing

LANGUAGES = ("overview.md", "overview.zh-hans.md")


def test_both_languages_show_the_same_examples() -> None:
    english, chinese = (blocks(name) for name in LANGUAGES)
    assert english == chinese
    assert len(english) == 3


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_examples_do_what_they_promise(cast: Cast, live_server: LiveServer, tmp_path: Path) -> None:
    if shutil.which("curl") is None:
        missing("curl")
    own = {
        "BASE": f"{live_server.url}/api/v1",
        "TOKEN": make_a_token(cast.member_a).text,
        "no_proxy": "*",
    }
    for example in blocks(LANGUAGES[0]):
        run = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", SPY + example],
            env={**os.environ, **own},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, (example, run.stdout, run.stderr)
        assert run.stderr.split() == STATUS.findall(example), (example, run.stdout)
    assert (tmp_path / "overview.xlsx").read_bytes().startswith(b"PK")
