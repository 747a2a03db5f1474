"""The examples of the documents, run as written against a server that listens."""

from __future__ import annotations

from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.api_cast import make_a_token
from tests.api_examples import blocks, run_examples
from tests.cast import Cast

LANGUAGES = ("README.md", "README.zh-hans.md")


def test_both_languages_show_the_same_examples() -> None:
    english, chinese = (blocks(name) for name in LANGUAGES)
    assert english == chinese
    assert len(english) > 5


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_examples_do_what_they_promise(cast: Cast, live_server: LiveServer, tmp_path: Path) -> None:
    token = make_a_token(cast.member_a).text
    beginning, *examples = blocks(LANGUAGES[0])
    assert "export BASE=" in beginning
    run_examples(examples, server=live_server.url, token=token, folder=tmp_path)
    assert (tmp_path / "leads.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    assert (tmp_path / "leads.xlsx").read_bytes().startswith(b"PK")
