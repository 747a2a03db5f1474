"""What every sweep leaves behind: when it ran, what it did, what went wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext, gettext_lazy

from kfq_crm.base.models import SweepRun

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Expected:
    """What a sweep is called, and how long ago it may have run at most.

    Without `within` it is only shown: a sweep that runs once a week says nothing about whether
    the timetable and the workers are alive.
    """

    label: str | _StrPromise
    within: timedelta | None = None


# Longer than the longest run: a run that goes on for minutes is no sign of death
EXPECTED: dict[str, Expected] = {
    "deliver_mail": Expected(gettext_lazy("delivery of messages"), timedelta(minutes=15)),
    "sweep_feed": Expected(gettext_lazy("numbering of changes"), timedelta(minutes=15)),
    "clear_expired_sessions": Expected(gettext_lazy("clearing of old sign-ins")),
    "forget_old_answers": Expected(gettext_lazy("clearing of answers to programs")),
}

# What the counts are called; apps add theirs. True stands alone, without a number.
COUNTS: dict[str, str | _StrPromise] = {
    "sent": gettext_lazy("sent (count)"),
    "retried": gettext_lazy("to be tried again"),
    "failed": gettext_lazy("failed (count)"),
    "unanswered": gettext_lazy("without an answer"),
    "recovered": gettext_lazy("taken over from a worker that died"),
    "numbered": gettext_lazy("changes numbered"),
    "dropped": gettext_lazy("old changes dropped"),
    "forgotten": gettext_lazy("answers dropped"),
    "is_quiet": gettext_lazy("quiet hours: nothing sent"),
}

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


def expect(name: str, label: str | _StrPromise, within: timedelta | None = None) -> None:
    """Show the sweep by this name; with `within`, its silence is a reason not to be ready."""
    EXPECTED[name] = Expected(label, within)


def last_sign(run: SweepRun) -> datetime:
    """When the sweep was last known to be alive, whether it went well or not."""
    return max(run.started_at, run.finished_at or run.started_at)


def last_success(name: str) -> datetime | None:
    """When a sweep last went well; None when it never did."""
    return SweepRun.objects.filter(name=name).values_list("succeeded_at", flat=True).first()


def is_fresh(name: str, within: timedelta, now: datetime) -> bool:
    last = last_success(name)
    return last is not None and now - last <= within


def summary(counts: Mapping[str, Any]) -> str:
    """Counts as a person reads them in a table: "sent 3, failed 1"; nothing for nothing."""
    return gettext(", ").join(_words(name, value) for name, value in counts.items() if value)


def _words(name: str, value: Any) -> str:
    word = str(COUNTS.get(name, name))
    if value is True:
        return word
    return f"{word} {len(value) if isinstance(value, list) else value}"
