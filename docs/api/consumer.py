"""Keeps a copy of what a token may see, in an SQLite file. Killed at any moment, it goes on.

KFQ_TOKEN=… python consumer.py http://localhost:8000/api/v1/ copy.sqlite3
"""

import http.client
import json
import os
import sqlite3
import sys
import time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

TABLES = """CREATE TABLE IF NOT EXISTS place (id INTEGER PRIMARY KEY, cursor TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS record (
    resource TEXT, id INTEGER, data TEXT NOT NULL, PRIMARY KEY (resource, id));"""


def ask(address: str) -> dict:
    """One answer, however often the server is away or busy. LookupError: begin a new copy."""
    pause = 0.5
    while True:
        try:
            headers = {"Authorization": "Token " + os.environ["KFQ_TOKEN"]}
            with urlopen(Request(address, headers=headers), timeout=60) as answer:  # noqa: S310 — the address is one's own
                return json.load(answer)
        except HTTPError as error:
            if error.code == 410:
                raise LookupError from error
            if error.code != 429 and error.code < 500:
                raise SystemExit(error.read().decode()) from error
            pause = float(error.headers.get("Retry-After") or pause)
        except (OSError, ValueError, http.client.HTTPException):
            pass  # no connection, or it broke off in the middle
        time.sleep(pause)
        pause = min(2 * pause, 60)


def put(db: sqlite3.Connection, resource: str, pk: int, data: dict | None) -> None:
    db.execute("DELETE FROM record WHERE resource = ? AND id = ?", (resource, pk))
    if data is not None:
        db.execute("INSERT INTO record VALUES (?, ?, ?)", (resource, pk, json.dumps(data)))


def copy_all(db: sqlite3.Connection, base: str) -> None:
    """The cursor comes first, then the lists: what is written meanwhile comes again as a change."""
    start = ask(base + "changes/")
    with db:  # rows and cursor in one transaction
        db.execute("DELETE FROM record")
        for resource, address in start["resources"].items():
            page = {"next": address + "?page_size=1000"}
            while page["next"]:
                page = ask(page["next"])
                for row in page["results"]:
                    put(db, resource, row["id"], row)
        db.execute("REPLACE INTO place VALUES (1, ?)", (start["as_of"],))


def follow(db: sqlite3.Connection, base: str) -> None:
    [cursor] = db.execute("SELECT cursor FROM place").fetchone() or [None]
    try:
        page = ask(f"{base}changes/?after={cursor}&limit=1000&wait=25") if cursor else None
    except LookupError:
        page = None
    if page is None:
        copy_all(db, base)
        return
    with db:  # a change that comes again does no harm
        for entry in page["results"]:
            put(db, entry["resource"], entry["id"], entry.get("data"))
        db.execute("REPLACE INTO place VALUES (1, ?)", (page["cursor"],))


if __name__ == "__main__":
    copy = sqlite3.connect(sys.argv[2])
    copy.executescript(TABLES)
    while True:
        follow(copy, sys.argv[1])
