"""A note outside the database of how far the feed had come, by which a restored backup is known.

The note lies in the state folder of the machine. Each machine writes its own before it tells a
reader of a number, so that the database is behind the note exactly when it was put back. A note of
an epoch that is not known here says nothing; one of an epoch that has ended says "put back" too.
"""

from __future__ import annotations

import fcntl
import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings

_MOST_EPOCHS = 100
logger = structlog.get_logger(__name__)


def is_behind(epoch: uuid.UUID, number: int) -> bool:
    """Whether the database stands where it stood before this machine told of more."""
    noted = _read()
    if str(epoch) == noted["epoch"]:
        return bool(number < noted["number"])
    return str(epoch) in noted["ended"]


def keep(epoch: uuid.UUID, number: int) -> None:
    """Note the number before a reader is told of it."""
    noted = _read()
    if str(epoch) == noted["epoch"] and number <= noted["number"]:
        return
    with _alone():
        noted = _read()
        if str(epoch) in noted["ended"]:
            return  # it ended while this was on its way
        if str(epoch) != noted["epoch"]:
            _write(_after(noted, noted["epoch"], epoch, number))
        elif number > noted["number"]:
            _write({**noted, "number": number})


def renew(ended: uuid.UUID, epoch: uuid.UUID, number: int) -> None:
    """Note that an epoch has ended and another one begun."""
    with _alone():
        _write(_after(_read(), str(ended), epoch, number))


def _after(noted: dict[str, Any], ended: str, epoch: uuid.UUID, number: int) -> dict[str, Any]:
    past = [one for one in (*noted["ended"], ended) if one][-_MOST_EPOCHS:]
    return {"epoch": str(epoch), "number": number, "ended": past}


@contextmanager
def _alone() -> Iterator[None]:
    """Of two processes that note at once, the second one sees what the first one noted."""
    try:
        lock = _path().with_suffix(".lock").open("w")
    except OSError as error:
        logger.warning("feed mark cannot be locked", error=str(error))
        yield
        return
    with lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _path() -> Path:
    return Path(settings.VAR) / "feed_mark.json"


def _read() -> dict[str, Any]:
    try:
        noted = json.loads(_path().read_text(encoding="utf-8"))
        return {"epoch": noted["epoch"], "number": noted["number"], "ended": noted["ended"]}
    except FileNotFoundError:
        pass
    except (OSError, ValueError, KeyError, TypeError) as error:
        logger.warning("feed mark cannot be read", error=str(error))
    return {"epoch": "", "number": 0, "ended": []}


def _write(noted: dict[str, Any]) -> None:
    """Whole or not at all, whenever the process dies."""
    draft = _path().with_suffix(".draft")
    try:
        draft.write_text(json.dumps(noted), encoding="utf-8")
        draft.replace(_path())
    except OSError as error:
        logger.warning("feed mark cannot be written", error=str(error))
