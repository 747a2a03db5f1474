"""The ground's own panels of the operations page: broker, sweeps, mail."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Count
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.timesince import timesince
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext

from kfq_crm.base import broker, mail_reading
from kfq_crm.base.mail import REMINDER
from kfq_crm.base.models import MailState, OutgoingMail, SweepRun
from kfq_crm.base.operations import BAD, GOOD, WARNING, Line, register_panel
from kfq_crm.base.quiet import is_quiet, is_rest_day
from kfq_crm.base.sweeps import EXPECTED, Expected, last_sign, summary

LONGEST_WAIT = timedelta(minutes=15)  # a due message that is older says that nobody sends
LONG_QUEUE = 100  # tasks: each minute brings a handful
NEWEST = 5
UNDER_WAY = (MailState.WAITING, MailState.HANDING)
FAILED = (MailState.FAILED, MailState.UNDELIVERABLE)


def read_broker(now: datetime) -> Iterator[Line]:
    """Whether it answers, what waits in it."""
    seen = broker.look()
    label = _("broker")
    if not seen.is_set_up:
        text = _("None is set up (REDIS_URL): nothing runs by itself")
        yield Line("reachable", label, text, 0, BAD)
        return
    if not seen.answers:
        text = _("Broker not reachable: sweeps are not woken, nothing is lost")
        yield Line("reachable", label, text, 0, BAD)
        return
    yield Line("reachable", label, _("answers"), 1, GOOD)
    for name, waiting in seen.queues.items():
        level = WARNING if waiting > LONG_QUEUE else ""
        label = _("tasks that wait in the queue %(queue)s") % {"queue": name}
        yield Line("queue_length", label, str(waiting), waiting, level, labels={"queue": name})
    yield Line("in_hand", _("tasks in the hands of workers"), str(seen.in_hand), seen.in_hand)


def read_sweeps(now: datetime) -> Iterator[Line]:
    """The last run of each sweep: how long ago, what it did, what went wrong."""
    runs = {run.name: run for run in SweepRun.objects.all()}
    for name in [*EXPECTED, *sorted(set(runs) - set(EXPECTED))]:
        expected = EXPECTED.get(name) or Expected(name)
        yield from _sweep(name, expected, runs.get(name), now)


def _sweep(name: str, expected: Expected, run: SweepRun | None, now: datetime) -> Iterator[Line]:
    labels = {"sweep": name}
    if run is None:
        level = WARNING if expected.within else ""
        yield Line("age_seconds", expected.label, _("has never run"), None, level, labels=labels)
        return
    seen = last_sign(run)
    age = max((now - seen).total_seconds(), 0)
    silent = expected.within is not None and now - seen > expected.within
    level = BAD if silent else WARNING if run.error else GOOD
    facts = [_("%(age)s ago") % {"age": timesince(seen, now)}, run.error or summary(run.counts)]
    text = pgettext("facts", " · ").join(fact for fact in facts if fact)
    yield Line("age_seconds", expected.label, text, age, level, labels=labels)
    if run.error and run.succeeded_at:
        last = _("%(age)s ago") % {"age": timesince(run.succeeded_at, now)}
        yield Line("last_success", _("went well last"), last, labels=labels)
    yield Line("failing", _("the last run failed"), "", int(bool(run.error)), labels=labels)


def read_mail(now: datetime) -> Iterator[Line]:
    """What waits and since when, what failed."""
    counts = dict(
        OutgoingMail.objects.filter(state__in=[*UNDER_WAY, *FAILED])
        .order_by()
        .values_list("state")
        .annotate(Count("pk"))
    )
    quiet, resting = is_quiet(now), is_rest_day(now)
    told = _("nothing is sent at this hour") if quiet else ""
    yield Line("quiet", _("quiet hours"), told, int(quiet))
    told = _("reminders wait for the next working day") if resting else ""
    yield Line("rest_day", _("rest day"), told, int(resting))
    yield _oldest(now, quiet=quiet, resting=resting)
    under_way = sum(counts.get(state, 0) for state in UNDER_WAY)
    link = _list("waiting")
    yield Line("under_way", _("messages under way"), str(under_way), under_way, link=link)
    for state in FAILED:
        number = counts.get(state, 0)
        level = BAD if number else GOOD
        label = _("messages: %(state)s") % {"state": state.label}
        yield Line(state, label, str(number), number, level, _list("attention"))


def _oldest(now: datetime, *, quiet: bool, resting: bool) -> Line:
    label = _("oldest due message")
    due = OutgoingMail.objects.filter(state=MailState.WAITING, next_try_at__lte=now)
    if resting:
        due = due.exclude(kind__startswith=REMINDER)
    oldest = due.order_by("next_try_at", "pk").values_list("pk", "next_try_at").first()
    if oldest is None:
        return Line("oldest_due_seconds", label, _("nothing is due"), 0, GOOD)
    key, since = oldest
    late = now - since > LONGEST_WAIT and not quiet
    text = _("due for %(age)s") % {"age": timesince(since, now)}
    page = reverse("admin:base_outgoingmail_page", args=[key])
    age = (now - since).total_seconds()
    return Line("oldest_due_seconds", label, text, age, BAD if late else "", page)


def read_failed(now: datetime) -> Iterator[Line]:
    """The newest messages that need somebody's help; the subject is not told."""
    rows = OutgoingMail.objects.filter(state__in=FAILED)
    rows = rows.select_related("recipient").defer("text", "html").order_by("-pk")
    for row in rows[:NEWEST]:
        yield Line("message", _about(row), row.last_error, None, BAD, _page(row))


def _about(row: OutgoingMail) -> str:
    return _("%(kind)s to %(person)s, %(day)s") % {
        "kind": mail_reading.kind_label(row.kind),
        "person": row.addressee,
        "day": date_format(localtime(row.created_at), "SHORT_DATETIME_FORMAT"),
    }


def _page(row: Any) -> str:
    return reverse("admin:base_outgoingmail_page", args=[row.pk])


def _list(tab: str) -> str:
    return f"{reverse('admin:base_outgoingmail_changelist')}?tab={tab}"


def register() -> None:
    register_panel("broker", gettext_lazy("Broker and queues"), read_broker)
    register_panel("sweep", gettext_lazy("Sweeps"), read_sweeps)
    register_panel("mail", gettext_lazy("Messages (operations)"), read_mail)
    register_panel("failed_mail", gettext_lazy("Failed and undeliverable messages"), read_failed)
