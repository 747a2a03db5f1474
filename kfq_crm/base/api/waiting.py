"""Places for requests that wait for news. Each keeps a thread, so there are few of them."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Lock

from django.conf import settings

STEP = 0.25  # seconds between two looks


class WaitingRoom:
    """So many requests of this process may wait at once, and of each token one."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._waiting: set[int] = set()

    @contextmanager
    def place_for(self, token: int) -> Iterator[bool]:
        """Whether there is one; it is free again after the block."""
        with self._lock:
            has_place = token not in self._waiting and len(self._waiting) < settings.LONG_POLLS
            if has_place:
                self._waiting.add(token)
        try:
            yield has_place
        finally:
            if has_place:
                with self._lock:
                    self._waiting.discard(token)


ROOM = WaitingRoom()


def wait_for(news: Callable[[], bool], until: float) -> bool:
    """Look again and again, holding nothing meanwhile; False when the time is up.

    `until` is a moment of `time.monotonic`.
    """
    while True:
        left = until - time.monotonic()
        if left <= 0:
            return False
        time.sleep(min(STEP, left))
        if news():
            return True
