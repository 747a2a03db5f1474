"""The sweep over promises: makes the look-backs that are called for, judges what is open."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

from kfq_crm.base.one_at_a_time import one_at_a_time
from kfq_crm.base.sweeps import record_sweep
from leads.actions.look_backs import schedule_look_backs
from leads.actions.outlooks import judge_outlooks

SWEEP = "run_look_backs"


@dataclass
class LookBackSweep:
    """What a sweep did; `is_busy`: another worker sweeps, and this one did nothing."""

    look_backs: int = 0
    outlooks: int = 0
    is_busy: bool = False

    def counts(self) -> dict[str, Any]:
        """What is worth showing of it."""
        return {name: value for name, value in asdict(self).items() if value}


def run_look_backs(now: datetime | None = None) -> LookBackSweep:
    """Make the look-backs called for by `now` and judge every open promise, in site time.

    Safe to run twice, at once and after a kill: one worker sweeps at a time, each chunk is one
    transaction, and the next run finds what this one left. Must not run in a transaction.
    """
    with one_at_a_time(SWEEP) as is_mine:
        if not is_mine:
            return LookBackSweep(is_busy=True)
        with record_sweep(SWEEP) as sweep:
            result = LookBackSweep(schedule_look_backs(now), judge_outlooks(now))
            sweep.counts = result.counts()
        return result
