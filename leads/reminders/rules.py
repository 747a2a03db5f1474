"""What a reminder rule is: it finds what is due, in sets, and says what is due no more."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.functional import Promise

from leads.models import Reminder
from leads.reminders.clock import Clock, Window

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@dataclass(frozen=True)
class Due:
    """One subject that is due, with what the recipients are found by.

    `people` names them by role where no team does: of a subject that is no lead's. Its
    `lead_id` is None and its `chain_id` 0.
    """

    subject_id: int
    lead_id: int | None
    due_on: date
    revision: int
    owner_id: int
    chain_id: int
    round: int = 0
    people: Mapping[str, int] | None = None


class ReminderRule(ABC):
    """A kind of reminder: finds due subjects that have no reminder of a level yet.

    services registers rules of its own; the engine knows this class only.
    """

    code: ClassVar[str]
    label: ClassVar[str | Promise]
    roles: ClassVar[frozenset[str] | None] = None
    """Who may be told at all; None: whomever the escalation steps name."""

    @abstractmethod
    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        """At most `limit` subjects due in the window, with a key above `after`, in key order."""

    @abstractmethod
    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        """Those of the open reminders whose subject is still due as it was."""

    def details(self, reminders: Sequence[Reminder]) -> Mapping[int, str]:
        """What there is to do, by `subject_id`; `lead` is loaded. At most one query."""
        return {}

    def addresses(self, reminders: Sequence[Reminder]) -> Mapping[int, str]:
        """The page that each opens, by `subject_id`, where that is no lead's. No query."""
        return {}

    def hidden_from(self, person: User, subjects: Collection[int]) -> set[int]:
        """Those of the subjects that the person may not see (any more), where no lead tells it:
        of an item of a lead the lead is asked. At most one query."""
        return set()

    def told_to(self, person: User, reminders: Sequence[Reminder]) -> Mapping[int, str]:
        """`details` of what the person may see."""
        hidden = self.hidden_from(person, {item.subject_id for item in reminders})
        return self.details([item for item in reminders if item.subject_id not in hidden])

    def recorded(self, level: int, **same: Any) -> Exists:
        """Whether the outer row has a reminder of this rule and level already.

        Cancelled ones count: what ends a reminder (another day, another round) changes `same`.
        """
        found = Reminder.objects.filter(
            rule=self.code, level=level, subject_id=OuterRef("pk"), **same
        )
        return Exists(found)


def between(column: str, window: Window, *, moments: bool = False) -> Q:
    """The column's day lies in the window; `moments` for a datetime column, in site time."""
    if moments:
        up_to = Q(**{f"{column}__lt": midnight_after(window.by)})
        after = window.after and Q(**{f"{column}__gte": midnight_after(window.after)})
    else:
        up_to = Q(**{f"{column}__lte": window.by})
        after = window.after and Q(**{f"{column}__gt": window.after})
    return up_to & after if after else up_to


def midnight_after(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
