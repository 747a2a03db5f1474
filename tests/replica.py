"""A program that keeps a copy of what it may see: first copy, then changes, as the docs say."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from tests.api_cast import Program

Rows = dict[tuple[str, int], Any]
BASE = "/api/v1"


@dataclass
class Replica:
    """Rows by resource and number, and how far it has read."""

    program: Program
    rows: Rows = field(default_factory=dict)
    cursor: str = ""
    numbers: list[int] = field(default_factory=list)
    snapshots: int = 0
    entries: list[dict[str, Any]] = field(default_factory=list)

    def begin(self) -> None:
        start = self.program.ask("/changes/").json()
        self.rows = whole_lists(self.program, start["resources"])
        self.cursor = start["as_of"]
        self.snapshots += 1

    def poll(self, limit: int = 1000) -> list[dict[str, Any]]:
        """Everything new; begins anew on 410. Returns the entries."""
        told: list[dict[str, Any]] = []
        while True:
            answer = self.program.ask("/changes/", after=self.cursor, limit=limit)
            if answer.status_code == 410:
                self.begin()
                return told
            assert answer.status_code == 200, answer.content.decode()
            page = answer.json()
            for entry in page["results"]:
                self._apply(entry)
            told += page["results"]
            self.cursor = page["cursor"]
            if not page["more"]:
                self.entries += told
                return told

    def _apply(self, entry: dict[str, Any]) -> None:
        place = entry["resource"], entry["id"]
        if entry["kind"] == "upsert":
            self.rows[place] = entry["data"]
        else:
            self.rows.pop(place, None)
        if "number" in entry:
            self.numbers.append(entry["number"])

    def truth(self) -> Rows:
        """What the lists say now."""
        start = self.program.ask("/changes/").json()
        return whole_lists(self.program, start["resources"])


def replica_of(program: Program) -> Replica:
    made = Replica(program)
    made.begin()
    return made


def whole_lists(program: Program, addresses: dict[str, str]) -> Rows:
    return {
        (resource, row["id"]): row
        for resource, address in addresses.items()
        for row in program.whole(address.partition(BASE)[2], page_size=1000)
    }


def places(entries: list[dict[str, Any]]) -> list[tuple[str, str, int]]:
    """Kind, resource and number of each entry."""
    return [(entry["kind"], entry["resource"], entry["id"]) for entry in entries]
