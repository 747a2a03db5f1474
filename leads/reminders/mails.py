"""One message a person and working day, that lists all of that person's new items."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from itertools import groupby
from typing import TYPE_CHECKING

from django.db import transaction
from django.template.loader import render_to_string
from django.utils.translation import ngettext

from kfq_crm.base import mail
from kfq_crm.base.mail_models import MailState, OutgoingMail
from kfq_crm.base.models import User
from leads.models import Lead, Reminder
from leads.models.reminder import Via
from leads.reminders.registry import rule_of

if TYPE_CHECKING:
    from leads.reminders.clock import Clock

KIND = "reminders"
PEOPLE = 100
LISTED = 200


def compose(clock: Clock, now: datetime) -> int:
    """Queue the day's message for everybody with items that no message lists yet.

    Whoever has had a message today gets the rest with the next working day's; the inbox shows
    everything at once. Returns the number of messages queued.
    """
    queued, after = 0, 0
    waiting = Reminder.objects.on_desk(clock.today).filter(mail=None, via=Via.MAIL)
    while True:
        people = list(
            waiting.filter(recipient__gt=after)
            .order_by("recipient")
            .values_list("recipient", flat=True)
            .distinct()[:PEOPLE]
        )
        if not people:
            return queued
        after = people[-1]
        users = User.objects.in_bulk(people)
        queued += sum(_compose_for(users[pk], clock) for pk in people)


@transaction.atomic
def _compose_for(user: User, clock: Clock) -> bool:
    items = (
        Reminder.objects.on_desk(clock.today)
        .filter(recipient=user, mail=None, via=Via.MAIL)
        .select_related("lead__chain", "stands_for")
        .order_by("due_on", "pk")
    )
    listed = list(items[:LISTED])
    if not listed:
        return False
    total = items.count()
    withdrawn = OutgoingMail.objects.filter(
        key__startswith=_key(user, clock), state=MailState.CANCELLED
    ).count()
    sent = mail.enqueue(
        _key(user, clock) + (f":{withdrawn}" if withdrawn else ""),
        recipient=user,
        kind=KIND,
        **_message(user, listed, total, clock),
    )
    if sent is None:
        return False
    items.order_by().update(mail=sent)
    return True


def withdraw(pks: Iterable[int]) -> None:
    """Take back messages that are not handed over and list one of these reminders; what else
    they list is composed anew by the same sweep."""
    waiting = OutgoingMail.objects.filter(reminders__in=list(pks), state=MailState.WAITING)
    taken = list(waiting.values_list("pk", flat=True).distinct())
    if taken:
        mail.cancel(OutgoingMail.objects.filter(pk__in=taken))
        cancelled = OutgoingMail.objects.filter(pk__in=taken, state=MailState.CANCELLED)
        Reminder.objects.filter(mail__in=cancelled.values("pk")).update(mail=None)


def _key(user: User, clock: Clock) -> str:
    return f"{KIND}:{user.pk}:{clock.today:%Y-%m-%d}"


def _message(user: User, items: list[Reminder], total: int, clock: Clock) -> dict[str, str]:
    visible = set(
        Lead.objects.visible_to(user)
        .filter(pk__in=[item.lead_id for item in items if item.lead_id])
        .values_list("pk", flat=True)
    )
    context = {
        "person": user,
        "today": clock.today,
        "calendar": clock.calendar,
        "groups": _grouped(items, visible),
        "total": total,
        "more": total - len(items),
    }
    count = ngettext("%(count)d item", "%(count)d items", total) % {"count": total}
    subject = render_to_string("leads/mail/reminders_subject.txt", {**context, "count": count})
    return {
        "subject": " ".join(subject.split()),
        "text": render_to_string("leads/mail/reminders_body.txt", context),
        "html": render_to_string("leads/mail/reminders_body.html", context),
    }


def _grouped(items: list[Reminder], visible: set[int]) -> list[tuple[object, list[object]]]:
    """Items by rule; a lead that the person may not read is named by its number alone."""
    ordered = sorted(items, key=lambda item: (item.rule, item.due_on, item.pk))
    groups = []
    for code, rows in groupby(ordered, key=lambda item: item.rule):
        rule = rule_of(code)
        lines = [{"item": row, "readable": row.lead_id in visible} for row in rows]
        groups.append((rule.label if rule else code, lines))
    return groups
