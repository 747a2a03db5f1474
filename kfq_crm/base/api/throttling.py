"""So many requests a minute and token, counted for all processes together."""

from __future__ import annotations

import logging
import time
from typing import Any

from redis.exceptions import RedisError
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle

from kfq_crm.base.counting import count_up

logger = logging.getLogger("kfq_crm.api")
WINDOW = 60


class TokenThrottle(BaseThrottle):
    """A fixed minute. Without its counter (Redis is away) requests pass: it keeps one program
    from slowing down the others, and is no lock."""

    _left = 0

    def allow_request(self, request: Request, view: Any) -> bool:
        token: Any = request.auth
        if token is None:
            return True
        now = time.time()
        window = int(now // WINDOW)
        self._left = WINDOW - int(now % WINDOW)
        try:
            used = count_up(f"api-{token.pk}-{window}", seconds=2 * WINDOW)
        except (RedisError, OSError) as error:
            logger.warning("requests are not counted: %s", error)
            return True
        return bool(used <= token.requests_per_minute)

    def wait(self) -> float:
        return self._left
