"""Delivery of the outbox beside a bare loop over one connection, as verbs of a worker."""

from __future__ import annotations

import smtplib
import time
from datetime import datetime
from datetime import time as hour
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.utils import timezone

from benchmark.office import bench_day
from kfq_crm.base import mail
from kfq_crm.base.mail_compose import compose
from kfq_crm.base.models import MailState, OutgoingMail, User
from seeds.generators.words import SUMMARIES

LINES = 12
PEOPLE = 50


def prepare(messages: int) -> dict[str, int]:
    """Put so many messages with text and HTML into the outbox; nothing else waits there."""
    OutgoingMail.objects.filter(state=MailState.WAITING).update(state=MailState.CANCELLED)
    people = _people()
    for start in range(0, messages, mail.CHUNK):
        numbers = range(start, min(messages, start + mail.CHUNK))
        mail.enqueue_all(_letter(number, people[number % PEOPLE]) for number in numbers)
    first = OutgoingMail.objects.filter(state=MailState.WAITING).latest("pk")
    return {"waiting": _waiting(), "bytes": len(compose(first))}


def _people() -> list[User]:
    names = [f"bench-mail-{number}" for number in range(PEOPLE)]
    return User.objects.bulk_create(
        User(username=name, display_name=name, email=f"{name}@office.example") for name in names
    )


def _letter(number: int, person: User) -> mail.Letter:
    """As long as a message with a dozen reminders; every one is another."""
    lines = [f"{number + line} {SUMMARIES[line % len(SUMMARIES)]}" for line in range(LINES)]
    rows = "".join(f"<tr><td>{line + 1}</td><td>{lines[line]}</td></tr>" for line in range(LINES))
    return mail.Letter(
        key=f"bench:{number}",
        recipient=person,
        subject=f"{SUMMARIES[0][:12]} {number}",
        text="\n".join(lines),
        html=f"<html><body><p>{person}</p><table>{rows}</table></body></html>",
        kind="bench",
    )


def _waiting() -> int:
    return OutgoingMail.objects.filter(state=MailState.WAITING).count()


def deliver(messages: int) -> dict[str, float]:
    """What the worker does, so many messages far, over the SMTP of EMAIL_URL."""
    morning = timezone.make_aware(datetime.combine(bench_day(), hour(10)))
    began = time.perf_counter()
    done = mail.deliver_due(morning, limit=messages)
    seconds = time.perf_counter() - began
    if done.sent != messages:
        raise SystemExit(f"{messages} messages were to be sent: {done}")
    return {"seconds": seconds}


def bare(first: int, messages: int) -> dict[str, float]:
    """The same bytes, ready-made, over one connection: nothing is read, nothing recorded."""
    rows = OutgoingMail.objects.filter(kind="bench").order_by("pk")[first : first + messages]
    ready = [(row.address, compose(row)) for row in rows.select_related("recipient")]
    sender = parseaddr(settings.DEFAULT_FROM_EMAIL)[1]
    began = time.perf_counter()
    with smtplib.SMTP(settings.EMAIL_HOST, settings.EMAIL_PORT) as server:
        for address, content in ready:
            server.sendmail(sender, [address], content)
    return {"seconds": time.perf_counter() - began}


VERBS: dict[str, Any] = {"prepare": prepare, "deliver": deliver, "bare": bare}
