"""What the tests of the digest share: its rule, moments in site time, one reader's content."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, time
from typing import Any

import time_machine
from django.utils import timezone

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import OutgoingMail, User
from leads.digest.engine import scope_of
from leads.digest.payload import payload_of
from leads.digest.period import Period
from leads.models import Digest, DigestRule

MONDAY_AT_8 = {"weekday": 0, "time": time(8), "decisions": 3, "link_days": 14}


def a_rule(**values: Any) -> DigestRule:
    values = {"valid_from": date(2020, 1, 1), **MONDAY_AT_8, **values}
    return DigestRule.objects.create(**values)


def at(text: str) -> datetime:
    """A moment in site time."""
    return timezone.make_aware(datetime.fromisoformat(text))


@contextmanager
def clock(text: str) -> Iterator[datetime]:
    """The time stands on that moment."""
    with time_machine.travel(at(text), tick=False):
        yield at(text)


def week(code: str) -> Period:
    """2026-W53 as a period."""
    return Period(datetime.strptime(f"{code}-1", "%G-W%V-%u").date())  # noqa: DTZ007 — a day


def content(reader: User, chain: Any, code: str, now: str) -> dict[str, Any]:
    """The sections of a digest that is not kept."""
    scope = scope_of(reader, chain, week(code), DigestRule.objects.first(), at(now))
    found: dict[str, Any] = payload_of(scope)["sections"]
    return found


def names(part: dict[str, Any]) -> set[str]:
    return {item["name"] for item in part["items"]}


def made() -> list[tuple[str, str, str, str]]:
    """Reader, chain, week and state of every digest on record."""
    rows = Digest.objects.select_related("reader", "chain").order_by("starts_on", "pk")
    return [(row.reader.username, str(row.chain or ""), row.code, row.state) for row in rows]


def mails_of(person: User) -> list[OutgoingMail]:
    return list(OutgoingMail.objects.filter(recipient=person, kind="digest").order_by("pk"))


def next_workday(day: date) -> date:
    return current_calendar().next_workday(day)
