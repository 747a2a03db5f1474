"""A person's inbox as it is read: items with what there is to do, as far as that may be known."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import TYPE_CHECKING, Any

from django.db.models import QuerySet
from django.utils.translation import gettext_lazy, pgettext_lazy

from leads.models import Lead, Reminder, ReminderState
from leads.reminders.registry import rule_of

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models.reminder import ReminderQuerySet

WIDE = ("lead__search_text", "lead__search_grams", "lead__summary", "lead__emissions")
BESIDE = ("lead__chain", "lead__owner", "stands_for")

PERIODS = {
    "overdue": ("red", pgettext_lazy("inbox", "overdue")),
    "today": ("amber", pgettext_lazy("inbox", "due today")),
    "ahead": ("green", pgettext_lazy("inbox", "due soon")),
}


@dataclass(frozen=True)
class Item:
    """A reminder for its recipient's eyes. `detail` and the lead's name only where the lead may
    (still) be read; its number otherwise."""

    reminder: Reminder
    label: Any
    is_readable: bool
    detail: str = ""
    address: str = ""

    @property
    def lead(self) -> Lead | None:
        return self.reminder.lead

    @property
    def name(self) -> str:
        """What the item is about, in words that the person may read."""
        if self.lead is None:
            return self.detail or str(self.label)
        if self.is_readable:
            return str(self.lead)
        return self.lead.number

    @property
    def is_due(self) -> bool:
        return self.reminder.state == ReminderState.OPEN

    @property
    def is_own_lead(self) -> bool:
        return self.lead is not None and self.lead.owner_id == self.reminder.recipient_id


@dataclass(frozen=True)
class Period:
    """Items that are overdue, due today or due soon."""

    colour: str
    label: Any
    items: list[Item]


def on_desk(user: User, today: date) -> ReminderQuerySet:
    """What waits for the person now, one line for one thing."""
    return Reminder.objects.visible_to(user).on_desk(today).latest_steps()


def put_off(user: User, today: date) -> ReminderQuerySet:
    """Open items that come back on a later day."""
    rows = Reminder.objects.visible_to(user).open().latest_steps()
    return rows.filter(snoozed_until__gt=today)


def unread(user: User, today: date) -> ReminderQuerySet:
    return on_desk(user, today).filter(read_at=None)


def with_leads(rows: QuerySet[Reminder]) -> QuerySet[Reminder]:
    """The same rows with what `items_of` reads of leads and people."""
    return rows.select_related(*BESIDE).defer(*WIDE)


def items_of(user: User, reminders: Iterable[Reminder]) -> list[Item]:
    """The person's reminders, read by `with_leads`, as items; a query, and one
    a rule at most, with another where no lead tells what the person may see."""
    found = list(reminders)
    seen = _readable(user, {row.lead_id for row in found if row.lead_id})
    hidden = _hidden(user, [row for row in found if row.lead_id is None])
    readable = [
        row for row in found if (row.lead_id in seen if row.lead_id else row.pk not in hidden)
    ]
    details = _details(readable)
    return [
        Item(
            reminder=row,
            label=rule.label if (rule := rule_of(row.rule)) else gettext_lazy("reminder"),
            is_readable=row.lead_id is not None and row.lead_id in seen,
            detail=details.get(row.pk, ""),
            address="" if row.pk in hidden else address_of(row),
        )
        for row in found
    ]


def address_of(reminder: Reminder) -> str:
    """The page that an item opens where it is no lead's; "" where there is none."""
    rule = rule_of(reminder.rule)
    if rule is None or reminder.lead_id is not None:
        return ""
    return rule.addresses([reminder]).get(reminder.subject_id, "")


def _readable(user: User, leads: set[int]) -> set[int]:
    if not leads:
        return set()
    return set(Lead.objects.visible_to(user).filter(pk__in=leads).values_list("pk", flat=True))


def _hidden(user: User, rows: list[Reminder]) -> set[int]:
    """Items about what is no lead's and may not be seen (any more); without their details."""
    hidden: set[int] = set()
    for code in {row.rule for row in rows}:
        some = [row for row in rows if row.rule == code]
        rule = rule_of(code)
        subjects = rule.hidden_from(user, {row.subject_id for row in some}) if rule else set()
        hidden |= {row.pk for row in some if row.subject_id in subjects}
    return hidden


def _details(readable: list[Reminder]) -> dict[int, str]:
    """What there is to do; of items that are no longer due nobody asks."""
    due = [row for row in readable if row.state == ReminderState.OPEN]
    due.sort(key=lambda row: row.rule)
    told = {}
    for code, group in groupby(due, key=lambda row: row.rule):
        rows = list(group)
        rule = rule_of(code)
        words = rule.details(rows) if rule else {}
        told.update({row.pk: words.get(row.subject_id, "") for row in rows})
    return told


def by_period(items: Iterable[Item], today: date) -> Iterator[Period]:
    """Items in the order of their days, in the periods that they fall into."""
    for name, group in groupby(items, key=lambda item: _period(item.reminder.due_on, today)):
        colour, label = PERIODS[name]
        yield Period(colour, label, list(group))


def _period(due_on: date, today: date) -> str:
    return "overdue" if due_on < today else "today" if due_on == today else "ahead"
