"""One message a person and working day, that lists all of that person's new items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import ngettext

from kfq_crm.base import mail
from kfq_crm.base.models import MailState, OutgoingMail, User
from leads.models import Reminder
from leads.models.reminder import Via
from leads.reminders.cancelling import cancel, hidden_from, take_back
from leads.reminders.registry import rule_of

if TYPE_CHECKING:
    from leads.reminders.clock import Clock

KIND = "reminders"
PEOPLE = 100
LISTED = 200


def compose(clock: Clock) -> int:
    """Queue the day's message for everybody with items that no message lists yet.

    Whoever has had a message today gets the rest with the next working day's; the inbox shows
    everything at once. Returns the number of messages queued.
    """
    queued, after = 0, 0
    unlisted = _unlisted(clock.today).order_by("recipient").values_list("recipient", flat=True)
    while people := list(unlisted.filter(recipient__gt=after).distinct()[:PEOPLE]):
        after = people[-1]
        users = User.objects.in_bulk(people)
        queued += sum(_compose_for(users[pk], clock) for pk in people)
    return queued


def _unlisted(today: date) -> QuerySet[Reminder]:
    return Reminder.objects.on_desk(today).filter(mail=None, via=Via.MAIL)


@transaction.atomic
def _compose_for(person: User, clock: Clock) -> bool:
    """One person's message; what waits already is taken back and listed again with the rest."""
    today = OutgoingMail.objects.filter(recipient=person, key__startswith=_key(person, clock.today))
    before = today.count()
    if today.exclude(state__in=[MailState.WAITING, MailState.CANCELLED]).exists():
        return False
    if not take_back(today.filter(state=MailState.WAITING)):
        return False
    items = _unlisted(clock.today).filter(recipient=person)
    cancel(list(hidden_from(person, items).values_list("pk", flat=True)))
    message = _message(person, items, clock)
    if message is None:
        return False
    key = f"{_key(person, clock.today)}{before}"
    queued = mail.enqueue(key, recipient=person, kind=KIND, **message)
    items.update(mail=queued)
    return queued is not None


def _key(person: User, day: date) -> str:
    return f"{KIND}:{person.pk}:{day:%Y-%m-%d}:"


def _message(person: User, items: QuerySet[Reminder], clock: Clock) -> dict[str, str] | None:
    total = items.count()
    if not total:
        return None
    listed = items.select_related("lead__chain", "stands_for").order_by("due_on", "pk")[:LISTED]
    site = settings.SITE_URL
    context = {
        "person": person,
        "today": clock.today,
        "calendar": clock.calendar,
        "groups": _grouped(list(listed)),
        "more": max(0, total - LISTED),
        "site_url": site,
        "inbox_url": f"{site}{reverse('admin:inbox')}" if site else "",
        "count": ngettext("%(count)d item", "%(count)d items", total) % {"count": total},
    }
    subject = render_to_string("leads/mail/reminders_subject.txt", context)
    return {
        "subject": " ".join(subject.split()),
        "text": render_to_string("leads/mail/reminders_body.txt", context),
        "html": render_to_string("leads/mail/reminders_body.html", context),
    }


@dataclass(frozen=True)
class Group:
    """Items of one rule, the longest overdue first, each with what there is to do."""

    label: Any
    items: list[tuple[Reminder, str]]


def _grouped(listed: list[Reminder]) -> list[Group]:
    ordered = sorted(listed, key=lambda item: (item.rule, item.due_on, item.pk))
    return [_group(code, list(items)) for code, items in groupby(ordered, attrgetter("rule"))]


def _group(code: str, items: list[Reminder]) -> Group:
    rule = rule_of(code)
    details = rule.details(items) if rule else {}
    return Group(
        label=rule.label if rule else code,
        items=[(item, details.get(item.subject_id, "")) for item in items],
    )
