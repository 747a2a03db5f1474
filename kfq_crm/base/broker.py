"""The broker as the operations page sees it: does it answer, how much lies in its queues.

Asked directly and briefly: a broker that hangs must not hang the page that tells so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import redis
import structlog
from django.conf import settings

from kfq_crm.celery import app

logger = structlog.get_logger(__name__)

CONNECT_TIMEOUT = 1.0  # seconds
ANSWER_TIMEOUT = 2.0
IN_HAND = "unacked"  # where the transport keeps what workers have taken and not finished
SCHEMES = ("redis://", "rediss://", "redis+socket://", "unix://")


@dataclass(frozen=True)
class Broker:
    """`queues` by name, with the tasks that wait; `in_hand` were taken and are not finished."""

    is_set_up: bool
    answers: bool = False
    queues: dict[str, int] = field(default_factory=dict)
    in_hand: int = 0


def look() -> Broker:
    """One connection, two questions; never raises."""
    if not settings.CELERY_BROKER_URL.startswith(SCHEMES):
        return Broker(is_set_up=False)
    name = str(app.conf.task_default_queue)
    try:
        with _client() as client:
            pipe = client.pipeline(transaction=False)
            waiting, in_hand = pipe.llen(name).hlen(IN_HAND).execute()
    except (redis.RedisError, OSError, ValueError) as error:
        logger.warning("broker_unreachable", error=str(error))
        return Broker(is_set_up=True)
    return Broker(True, True, {name: waiting}, in_hand)


def _client() -> Any:
    url = settings.CELERY_BROKER_URL.replace("redis+socket://", "unix://", 1)
    return redis.Redis.from_url(
        url, socket_connect_timeout=CONNECT_TIMEOUT, socket_timeout=ANSWER_TIMEOUT
    )
