"""Counters that all processes share, for limits; what they hold may be lost, never misread."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zlib import crc32

from django.conf import settings
from django.core.cache import cache
from django.core.cache.backends.filebased import FileBasedCache

_FILES = 16


def count_up(key: str, *, seconds: int) -> int:
    """Raise the counter and return it; it begins anew `seconds` after it began.

    Redis counts in one step. The cache in files reads and then writes, so a locked file keeps
    other processes out meanwhile (they are all on one machine).
    """
    if isinstance(cache, FileBasedCache) or isinstance(_backend(), FileBasedCache):
        with _locked(key):
            return _count(key, seconds)
    return _count(key, seconds)


def _count(key: str, seconds: int) -> int:
    for _attempt in range(2):
        cache.add(key, 0, timeout=seconds)
        try:
            return int(cache.incr(key))
        except ValueError:  # it ended between the two steps
            continue
    return 1


def _backend() -> object:
    return cache._connections[cache._alias]  # type: ignore[attr-defined]  # the proxy hides it


@contextmanager
def _locked(key: str) -> Iterator[None]:
    path = Path(settings.VAR) / f"count-{crc32(key.encode()) % _FILES}.lock"
    with open(os.open(path, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
