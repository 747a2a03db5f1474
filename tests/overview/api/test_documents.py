"""The examples of the overview's document, run as written against a server that listens."""

from pathlib import Path

import pytest
from pytest_django.live_server_helper import LiveServer

from tests.api_cast import make_a_token
from tests.api_examples import blocks, run_examples
from tests.cast import Cast

LANGUAGES = ("overview.md", "overview.zh-hans.md")


def test_both_languages_show_the_same_examples() -> None:
    english, chinese = (blocks(name) for name in LANGUAGES)
    assert english == chinese
    assert len(english) == 3


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_examples_do_what_they_promise(cast: Cast, live_server: LiveServer, tmp_path: Path) -> None:
    token = make_a_token(cast.member_a).text
    examples = blocks(LANGUAGES[0])
    run_examples(examples, server=live_server.url, token=token, folder=tmp_path)
    assert (tmp_path / "overview.xlsx").read_bytes().startswith(b"PK")
