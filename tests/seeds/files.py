"""What the tests of the seed files share: reading, walking, uniqueness."""

import re
from functools import cache
from pathlib import Path

import yaml

DATA = Path(__file__).resolve().parents[2] / "seeds" / "data"
DEMO = ("demo_people", "demo_leads", "demo_lists")


@cache
def load(name):
    return yaml.safe_load((DATA / f"{name}.yaml").read_text(encoding="utf-8"))


def rows(node):
    """Every mapping in a file, however deep."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from rows(child)


def walk(segments):
    for segment in segments:
        yield segment
        yield from walk(segment.get("children", []))


@cache
def segments_of():
    return {
        chain["code"]: {segment["code"]: segment for segment in walk(chain["segments"])}
        for chain in load("chains")["chains"]
    }


def assert_unique(values):
    values = list(values)
    assert len(values) == len(set(values)), sorted({v for v in values if values.count(v) > 1})


def assert_slugs(values):
    values = list(values)
    assert_unique(values)
    assert [v for v in values if not re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", v)] == []
