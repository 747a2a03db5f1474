"""The reference consumer, which keeps the numbers that it was told as well: one that comes a second
time breaks a constraint. `python -m tests.faults.follower BASE COPY`."""

import runpy
import sqlite3
import sys
from pathlib import Path
from typing import Any

CONSUMER = Path(__file__).resolve().parent.parent.parent / "docs" / "api" / "consumer.py"


def main(base: str, copy: str) -> None:
    consumer = runpy.run_path(str(CONSUMER))
    ask, follow = consumer["ask"], consumer["follow"]
    db = sqlite3.connect(copy)
    db.executescript(consumer["TABLES"])
    db.execute("CREATE TABLE IF NOT EXISTS told (number INTEGER PRIMARY KEY)")
    db.execute("CREATE TABLE IF NOT EXISTS first_copy (cursor TEXT)")
    db.commit()

    def noting(address: str) -> Any:
        """Into the transaction that stores the rows: nothing is committed before its end."""
        answer = ask(address)
        if "as_of" in answer:
            db.execute("INSERT INTO first_copy VALUES (?)", (answer["as_of"],))
        elif "cursor" in answer:
            numbers = [(e["number"],) for e in answer["results"] if "number" in e]
            db.executemany("INSERT INTO told VALUES (?)", numbers)
        return answer

    follow.__globals__["ask"] = noting
    while True:
        follow(db, base)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
