"""The API's description: checked in, true, and complete in both languages."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings
from django.contrib.staticfiles import finders
from django.test import Client
from django.urls import reverse

from kfq_crm.base.api.schema import schema_in
from kfq_crm.base.management.commands.write_api_schema import file_of, text_of

FOLDER = Path(settings.BASE_DIR) / "docs" / "api"
LANGUAGES = [code for code, _label in settings.LANGUAGES]
CHINESE = re.compile(r"[\u3400-\u9fff]")


@pytest.mark.parametrize("language", LANGUAGES)
def test_checked_in_description_is_the_present_one(language: str) -> None:
    """After a change of the API: manage.py write_api_schema, and look at the difference."""
    assert file_of(FOLDER, language).read_bytes() == text_of(language)


def operations(language: str) -> Iterator[tuple[str, dict[str, Any]]]:
    for path, methods in schema_in(language)["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def test_description_is_of_this_version_of_openapi() -> None:
    assert schema_in("en")["openapi"].startswith("3.1")
    assert yaml.safe_load(text_of("zh-hans"))["info"]["version"] == "1.0.0"


def test_every_operation_says_what_it_is_in_either_language() -> None:
    for (name, english), (_same, chinese) in zip(
        operations("en"), operations("zh-hans"), strict=True
    ):
        assert english["summary"], name
        assert CHINESE.search(chinese["summary"]), (name, chinese["summary"])
        assert english["summary"] != chinese["summary"]


def test_every_parameter_is_explained_in_either_language() -> None:
    bare = [
        (name, parameter["name"])
        for language in LANGUAGES
        for name, operation in operations(language)
        for parameter in operation.get("parameters", ())
        if parameter["name"] != "format" and not parameter.get("description")
    ]
    assert bare == []


def test_no_english_is_left_in_the_chinese_description() -> None:
    left = [
        text
        for text in texts(schema_in("zh-hans"))
        if re.search(r"[A-Za-z]{3}", text) and not CHINESE.search(text)
    ]
    assert sorted(set(left) - KNOWN) == []


KNOWN: set[str] = set()


def texts(node: Any) -> Iterator[str]:
    """What people read: titles, descriptions, summaries."""
    if isinstance(node, list):
        for below in node:
            yield from texts(below)
    elif isinstance(node, dict):
        for key, below in node.items():
            if key in {"title", "description", "summary"} and isinstance(below, str):
                yield below
            else:
                yield from texts(below)


def test_every_operation_wants_a_token_and_tells_its_refusals() -> None:
    for name, operation in operations("en"):
        assert operation["security"] == [{"token": []}], name
        assert {"400", "401", "403", "429"} <= set(operation["responses"]), name
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                assert list(answer["content"]) == ["application/problem+json"], (name, status)


def test_writes_name_their_conditions() -> None:
    for name, operation in operations("en"):
        method, path = name.split()
        headers = {p["name"] for p in operation.get("parameters", ()) if p["in"] == "header"}
        if method == "POST":
            assert "Idempotency-Key" in headers, name
        if method == "PATCH" or path.endswith("/moves/"):
            assert "If-Match" in headers, name


def test_names_of_operations_are_unique() -> None:
    ids = [operation["operationId"] for _name, operation in operations("en")]
    assert len(ids) == len(set(ids))


# --- Where it is served ----------------------------------------------------------------------


def test_description_is_open_to_all_in_the_readers_language(client: Client) -> None:
    address = reverse("api:schema")
    assert client.get(address).json()["info"] == schema_in("zh-hans")["info"]
    english = client.get(address, headers={"accept-language": "en"})
    assert english.json()["info"] == schema_in("en")["info"]
    assert client.get(address, {"lang": "en", "format": "yaml"}).content == text_of("en")
    assert client.get(address, {"lang": "fr"}).status_code == 400


@pytest.mark.parametrize("language", LANGUAGES)
def test_page_loads_nothing_from_elsewhere_and_runs_no_inline_script(
    client: Client, language: str
) -> None:
    answer = client.get(reverse("api:docs"), {"lang": language})
    page = answer.content.decode()
    assert answer.status_code == 200
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert not re.search(r"<script(?![^>]*(?:\bsrc=|application/json))", page)
    assert not re.search(r"\bon\w+=", page)
    assert "script-src 'self'" in answer.headers["Content-Security-Policy"]
    for name in re.findall(rf"{settings.STATIC_URL}([^\"]+)", page):
        assert finders.find(name), name
