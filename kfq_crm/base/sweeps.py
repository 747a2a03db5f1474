"""What every sweep leaves behind: when it ran, what it did, what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from kfq_crm.base.models import SweepRun

LONGEST_ERROR = SweepRun._meta.get_field("error").max_length


@dataclass
class Sweep:
    """Filled by the sweep while it runs; `error` reports trouble that did not raise."""

    counts: dict[str, Any] = field(default_factory=dict)
    error: str = ""


@contextmanager
def record_sweep(name: str) -> Iterator[Sweep]:
    """Record one run of the sweep of this name; an exception is recorded and goes on.

    Must not run in a transaction, or a failing sweep would take its own record back.
    """
    sweep, started = Sweep(), timezone.now()
    SweepRun.objects.update_or_create(name=name, defaults={"started_at": started})
    try:
        yield sweep
    except BaseException as error:
        _finish(name, error=f"{type(error).__name__}: {error}", counts=sweep.counts)
        raise
    if sweep.error:
        _finish(name, error=sweep.error, counts=sweep.counts)
    else:
        now = timezone.now()
        _finish(name, error="", counts=sweep.counts, succeeded_at=now)


def _finish(name: str, *, error: str, **values: Any) -> None:
    rows = SweepRun.objects.filter(name=name)
    rows.update(finished_at=timezone.now(), error=error[:LONGEST_ERROR], **values)


def last_success(name: str) -> datetime | None:
    """When a sweep last went well; None when it never did."""
    return SweepRun.objects.filter(name=name).values_list("succeeded_at", flat=True).first()


def is_fresh(name: str, within: timedelta, now: datetime) -> bool:
    last = last_success(name)
    return last is not None and now - last <= within


def summary(counts: Mapping[str, Any]) -> str:
    """Counts as a person reads them in a table: "sent 3, failed 1"."""
    return ", ".join(f"{name} {value}" for name, value in counts.items())
