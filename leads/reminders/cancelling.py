"""What is due no more leaves the inbox, and a message that is not handed over yet."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.db.models.functions import Coalesce

from kfq_crm.base import mail
from kfq_crm.base.models import MailState, OutgoingMail, User
from leads.models import Lead, Reminder
from leads.models.reminder import ReminderState
from leads.reminders.registry import all_rules, rule_of

CHUNK = 2000


def cancel_stale() -> int:
    """Cancel open reminders whose lead was rescheduled, closed, handed over or hidden."""
    cancelled = 0
    for rule in all_rules():
        waiting = Reminder.objects.open().filter(rule=rule.code)
        cancelled += _cancel_all(waiting.exclude(pk__in=rule.current(waiting).values("pk")))
    return cancelled + _cancel_unreadable() + _cancel_unseen()


def cancel(pks: Sequence[int]) -> int:
    """Cancel these, and messages that list one of them and are not handed over; what else those
    list is listed anew by the same sweep."""
    return sum(_cancel_some(pks[start : start + CHUNK]) for start in range(0, len(pks), CHUNK))


@transaction.atomic
def _cancel_some(pks: Sequence[int]) -> int:
    open_still = Reminder.objects.open().filter(pk__in=pks)
    cancelled = open_still.update(state=ReminderState.CANCELLED)
    take_back(OutgoingMail.objects.filter(reminders__in=pks, state=MailState.WAITING))
    return cancelled


def take_back(messages: QuerySet[OutgoingMail]) -> bool:
    """Cancel messages; the items that they list go without a message again.

    False when one of them may have arrived: it stays, with its items.
    """
    found = list(messages.values_list("pk", flat=True).distinct())
    taken = mail.cancel(OutgoingMail.objects.filter(pk__in=found)) if found else 0
    ended = OutgoingMail.objects.filter(pk__in=found, state=MailState.CANCELLED)
    Reminder.objects.filter(mail__in=ended.values("pk")).update(mail=None)
    return taken == len(found)


def unreadable(items: QuerySet[Reminder]) -> list[int]:
    """Those of the items whose lead the recipient may not read (any more).

    Whoever is in the team of an open lead's chain reads it; only the others are asked one by one.
    """
    in_team = User.groups.through.objects.filter(
        user=OuterRef("recipient"),
        user__is_active=True,
        group__task_team__chain=OuterRef("lead__chain"),
    )
    about = items.filter(lead__isnull=False).order_by()
    doubtful = about.exclude(Exists(in_team), lead__confidential=False)
    by_person: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for person, pk, lead in doubtful.values_list("recipient", "pk", "lead"):
        by_person[person].append((pk, lead))
    people = User.objects.in_bulk(by_person)
    return [pk for key, rows in by_person.items() for pk in _hidden_from(people[key], rows)]


def _hidden_from(person: User, rows: Sequence[tuple[int, int]]) -> Iterator[int]:
    """Asks about these leads by number: all that a person may read can be half of the table."""
    for start in range(0, len(rows), CHUNK):
        some = rows[start : start + CHUNK]
        asked = Lead.objects.visible_to(person).filter(pk__in={lead for _pk, lead in some})
        readable = set(asked.values_list("pk", flat=True))
        yield from (pk for pk, lead in some if lead not in readable)


def _cancel_unreadable() -> int:
    """Somebody left the team, or cannot read the lead any more, while a message waits."""
    return cancel(unreadable(Reminder.objects.open().filter(mail__state=MailState.WAITING)))


def _cancel_unseen() -> int:
    """What is no lead's, once whoever it is for may not see it any more. A deputy keeps the item
    of the absent person, without its particulars where he or she may not see them."""
    person = Coalesce("stands_for", "recipient")
    open_items = Reminder.objects.open().filter(lead=None).order_by()
    found: dict[tuple[str, int], list[tuple[int, int]]] = defaultdict(list)
    for code, who, pk, subject in open_items.values_list("rule", person, "pk", "subject_id"):
        found[code, who].append((pk, subject))
    people = User.objects.in_bulk({who for _code, who in found})
    return cancel(
        [pk for (code, who), rows in found.items() for pk in _gone(code, people[who], rows)]
    )


def _gone(code: str, person: User, rows: Sequence[tuple[int, int]]) -> Iterator[int]:
    rule = rule_of(code)
    hidden = rule.hidden_from(person, {subject for _pk, subject in rows}) if rule else set()
    yield from (pk for pk, subject in rows if subject in hidden)


def _cancel_all(reminders: QuerySet[Reminder]) -> int:
    cancelled = 0
    while batch := list(reminders.order_by("pk").values_list("pk", flat=True)[:CHUNK]):
        cancelled += cancel(batch)
    return cancelled
