"""One message a person and working day, that lists all of that person's new items."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import attrgetter
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, QuerySet
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import ngettext

from kfq_crm.base import mail
from kfq_crm.base.models import MailState, OutgoingMail, User
from leads.models import Reminder
from leads.models.reminder import Via
from leads.reminders.cancelling import cancel, take_back, unreadable
from leads.reminders.registry import rule_of

if TYPE_CHECKING:
    from leads.reminders.clock import Clock

KIND = "reminders"
PEOPLE = 100
LISTED = 200
WIDE = ("search_text", "search_grams", "summary")


def compose(clock: Clock) -> int:
    """Queue the day's message for everybody with items that no message lists yet.

    Whoever has had a message today gets the rest with the next working day's; the inbox shows
    everything at once. Returns the number of messages queued.
    """
    queued, after = 0, 0
    unlisted = _unlisted(clock.today).order_by("recipient").values_list("recipient", flat=True)
    while people := list(unlisted.filter(recipient__gt=after).distinct()[:PEOPLE]):
        after = people[-1]
        queued += _compose_for(people, clock)
    return queued


def _unlisted(today: date) -> QuerySet[Reminder]:
    return Reminder.objects.on_desk(today).filter(mail=None, via=Via.MAIL)


@transaction.atomic
def _compose_for(people: list[int], clock: Clock) -> int:
    """Their messages; what waits already is taken back and listed again with the rest."""
    before = _messages_before(people, clock.today)
    items = _unlisted(clock.today).filter(recipient__in=before)
    cancel(unreadable(items))
    totals = dict(items.order_by().values_list("recipient").annotate(n=Count("pk")))
    persons = User.objects.in_bulk(totals)
    queued = mail.enqueue_all(
        _letter(persons[pk], before[pk], items.filter(recipient=pk), total, clock)
        for pk, total in totals.items()
    )
    for row in queued:
        items.filter(recipient=row.recipient_id).update(mail=row)
    return len(queued)


def _messages_before(people: list[int], day: date) -> dict[int, int]:
    """How many messages of the day are on record for each of them, all cancelled by now; whoever
    was told already, or may have been, is left out."""
    today = OutgoingMail.objects.filter(
        recipient__in=people, kind=KIND, key__contains=f":{day:%Y-%m-%d}:"
    )
    rows = list(today.values_list("recipient", "pk", "state"))
    ended = (MailState.WAITING, MailState.CANCELLED)
    told = {person for person, _pk, state in rows if state not in ended}
    waiting = [pk for person, pk, state in rows if state == ended[0] and person not in told]
    if waiting and not take_back(OutgoingMail.objects.filter(pk__in=waiting)):
        kept = today.filter(pk__in=waiting).exclude(state=MailState.CANCELLED)
        told.update(kept.values_list("recipient", flat=True))
    counts = Counter(person for person, _pk, _state in rows)
    return {person: counts[person] for person in people if person not in told}


def _letter(
    person: User, before: int, items: QuerySet[Reminder], total: int, clock: Clock
) -> mail.Letter:
    listed = (
        items.select_related("lead__chain", "stands_for")
        .defer(*(f"lead__{column}" for column in WIDE))
        .order_by("due_on", "pk")[:LISTED]
    )
    site = settings.SITE_URL
    context = {
        "person": person,
        "today": clock.today,
        "calendar": clock.calendar,
        "groups": _grouped(person, list(listed)),
        "more": max(0, total - LISTED),
        "site_url": site,
        "inbox_url": f"{site}{reverse('admin:inbox')}" if site else "",
        "count": ngettext("%(count)d item", "%(count)d items", total) % {"count": total},
    }
    subject = render_to_string("leads/mail/reminders_subject.txt", context)
    return mail.Letter(
        key=f"{KIND}:{person.pk}:{clock.today:%Y-%m-%d}:{before}",
        recipient=person,
        kind=KIND,
        subject=" ".join(subject.split()),
        text=render_to_string("leads/mail/reminders_body.txt", context),
        html=render_to_string("leads/mail/reminders_body.html", context),
    )


@dataclass(frozen=True)
class Group:
    """Items of one rule, the longest overdue first, each with what there is to do."""

    label: Any
    items: list[tuple[Reminder, str]]


def _grouped(person: User, listed: list[Reminder]) -> list[Group]:
    ordered = sorted(listed, key=lambda item: (item.rule, item.due_on, item.pk))
    return [
        _group(person, code, list(items)) for code, items in groupby(ordered, attrgetter("rule"))
    ]


def _group(person: User, code: str, items: list[Reminder]) -> Group:
    rule = rule_of(code)
    details = rule.told_to(person, items) if rule else {}
    return Group(
        label=rule.label if rule else code,
        items=[(item, details.get(item.subject_id, "")) for item in items],
    )
