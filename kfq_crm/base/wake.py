"""Wake a sweep at once instead of at its next minute. Losing the call loses nothing.

Callers name the task and never import it: what is due stands in rows, and the timetable finds
it without this.
"""

from __future__ import annotations

from functools import partial
from time import monotonic

import structlog
from django.db import transaction

from kfq_crm.celery import app

logger = structlog.get_logger(__name__)

PAUSE = 1.0  # seconds: a burst of rows needs one call
EXPIRES = 55  # seconds: the timetable's own call comes within a minute

_last_calls: dict[str, float] = {}


def wake_after_commit(task: str) -> None:
    """Call the task by its name once the rows of this transaction can be seen."""
    transaction.on_commit(partial(wake, task), robust=True)


def wake(task: str) -> None:
    """At most one call a second and process; a broker that does not answer is only logged."""
    if monotonic() - _last_calls.get(task, -PAUSE) < PAUSE:
        return
    _last_calls[task] = monotonic()
    try:
        app.send_task(task, expires=EXPIRES)
    except Exception as error:  # whatever the broker's client raises: the sweep finds the row
        logger.warning("sweep_not_woken", task=task, error=str(error))
