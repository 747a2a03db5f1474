"""What can fall due about a lead. Each rule is a query; none loads more than it is asked for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.db.models.functions import Coalesce, TruncDate
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from leads.models import Blocker, Lead, Reminder, Screening
from leads.models.reminder import LimitItem, Role
from leads.models.rules import Band, StallRule
from leads.reminders.clock import Clock
from leads.rulebook import response_days
from leads.stages import Exit, Stage


@dataclass(frozen=True)
class Due:
    """One subject that is due, with what the recipients are found by."""

    subject_id: int
    lead_id: int | None
    due_on: date
    revision: int
    owner_id: int
    chain_id: int


@dataclass(frozen=True)
class Window:
    """Due days after `after` (None: since ever) up to and including `by`."""

    by: date
    after: date | None = None


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

    def recorded(self, level: int, **same: Any) -> Exists:
        """Whether the outer row has a reminder of this rule and level already."""
        found = Reminder.objects.filter(
            rule=self.code, level=level, subject_id=OuterRef("pk"), **same
        )
        return Exists(found)


class LeadRule(ReminderRule):
    """A rule over leads that reads its due day from their columns."""

    column: ClassVar[str]

    @abstractmethod
    def subjects(self) -> QuerySet[Lead]:
        """Leads that can fall due by this rule."""

    @abstractmethod
    def within(self, window: Window, clock: Clock) -> Q:
        """Condition: the due day lies in the window."""

    @abstractmethod
    def same(self) -> dict[str, Any]:
        """What a reminder of the present due day shares with its lead."""

    @abstractmethod
    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        """Due day and revision of one row."""

    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        found = self.subjects().filter(
            self.within(window, clock), ~self.recorded(level, **self.same()), pk__gt=after
        )
        columns = ("pk", "owner_id", "chain_id", "band", "due_revision", "created_at", self.column)
        rows = found.order_by("pk").values(*columns)[:limit]
        return [self._due(row, clock) for row in rows]

    def _due(self, row: dict[str, Any], clock: Clock) -> Due:
        due_on, revision = self.dated(row, clock)
        return Due(row["pk"], row["pk"], due_on, revision, row["owner_id"], row["chain_id"])


class NextAction(LeadRule):
    """The dated next step of an open lead."""

    code = "next_action"
    label = _("next step of a lead")
    column = "next_action_on"

    def subjects(self) -> QuerySet[Lead]:
        return Lead.objects.open().filter(next_action_on__isnull=False)

    def within(self, window: Window, clock: Clock) -> Q:
        return _between("next_action_on", window)

    def same(self) -> dict[str, Any]:
        return {"revision": OuterRef("due_revision")}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        return row["next_action_on"], row["due_revision"]

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        lead = self.subjects().filter(pk=OuterRef("subject_id"), due_revision=OuterRef("revision"))
        return reminders.filter(Exists(lead))


class ResponseRule(LeadRule):
    """An answer owed within working days of the logging, by scale."""

    item: ClassVar[LimitItem]
    column = "stage_entered_at"

    def within(self, window: Window, clock: Clock) -> Q:
        days = response_days(self.item, clock.today)
        late = Q(pk__in=[])
        for band in ("", *Band.values) if days else ():
            limit = days.get(band, days[""])
            started = Window(
                clock.latest_start(limit, window.by),
                clock.latest_start(limit, window.after) if window.after else None,
            )
            late |= Q(band=band) & _between("stage_entered_at", started, moments=True)
        return late

    def same(self) -> dict[str, Any]:
        return {"recorded_on__gte": TruncDate(OuterRef("stage_entered_at"))}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        days = response_days(self.item, clock.today)
        start = _day_of(row["stage_entered_at"])
        due_on = clock.calendar.add_workdays(start, days.get(row["band"], days[""]))
        return due_on, start.toordinal()

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        return reminders.filter(Exists(self.subjects().filter(pk=OuterRef("subject_id"))))


class FirstResponse(ResponseRule):
    code = "first_response"
    label = _("first response to a new lead")
    item = LimitItem.FIRST_RESPONSE

    def subjects(self) -> QuerySet[Lead]:
        return Lead.objects.open().filter(stage=Stage.LEAD, last_contact_on=None)


class ScreeningVerdict(ResponseRule):
    code = "screening_verdict"
    label = _("screening verdict on a lead")
    item = LimitItem.SCREENING_VERDICT

    def subjects(self) -> QuerySet[Lead]:
        judged = Screening.objects.filter(lead=OuterRef("pk"))
        return Lead.objects.open().filter(~Exists(judged), stage=Stage.LEAD)


class ReferrerReply(ResponseRule):
    code = "referrer_reply"
    label = _("reply to whoever referred it")
    item = LimitItem.REFERRER_REPLY

    def subjects(self) -> QuerySet[Lead]:
        owed = Lead.objects.open().filter(stage=Stage.LEAD, referrer_replied_on=None)
        return owed.exclude(referrer="")


class NoProgress(LeadRule):
    """Months without a follow-up marked as progress: yellow, red, off the list."""

    colour: ClassVar[str]
    column = "last_progress_on"

    def subjects(self) -> QuerySet[Lead]:
        return Lead.objects.open().exclude(stage=Stage.SIGNED)

    def within(self, window: Window, clock: Clock) -> Q:
        rule = StallRule.objects.valid_on(clock.today).first()
        if rule is None:
            return Q(pk__in=[])
        months = getattr(rule, f"{self.colour}_months")
        since = Window(
            months_before(window.by, months),
            months_before(window.after, months) if window.after else None,
        )
        moved = _between("last_progress_on", since)
        return moved | (Q(last_progress_on=None) & _between("created_at", since, moments=True))

    def same(self) -> dict[str, Any]:
        start = Coalesce(OuterRef("last_progress_on"), TruncDate(OuterRef("created_at")))
        return {"recorded_on__gte": start}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        since = row["last_progress_on"] or _day_of(row["created_at"])
        rule = StallRule.objects.valid_on(clock.today).get()
        return months_before(since, -getattr(rule, f"{self.colour}_months")), since.toordinal()

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        lead = self.subjects().filter(pk=OuterRef("subject_id"))
        moved = lead.filter(last_progress_on__gte=OuterRef("recorded_on"))
        return reminders.filter(Exists(lead), ~Exists(moved))


class YellowCard(NoProgress):
    code = "no_progress_yellow"
    label = _("no progress: yellow card")
    colour = "yellow"
    roles = frozenset({Role.OWNER})


class RedCard(NoProgress):
    code = "no_progress_red"
    label = _("no progress: red card")
    colour = "red"
    roles = frozenset({Role.OWNER, Role.HEAD})


class OffTheList(NoProgress):
    code = "no_progress_off_list"
    label = _("no progress: to leave the list")
    colour = "off_list"
    roles = frozenset({Role.HEAD, Role.LEADER})


class WakeUp(LeadRule):
    """The day on which a shelved lead was to be looked at again."""

    code = "wake_up"
    label = _("shelved lead to be looked at")
    column = "wake_on"
    roles = frozenset({Role.OWNER, Role.HEAD})

    def subjects(self) -> QuerySet[Lead]:
        return Lead.objects.filter(exit=Exit.SHELVED)

    def within(self, window: Window, clock: Clock) -> Q:
        return _between("wake_on", window)

    def same(self) -> dict[str, Any]:
        return {"due_on": OuterRef("wake_on")}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        return row["wake_on"], row["wake_on"].toordinal()

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        same = self.subjects().filter(pk=OuterRef("subject_id"), wake_on=OuterRef("due_on"))
        return reminders.filter(Exists(same))


class OpenBlocker(ReminderRule):
    """What stands in a lead's way past its date; its own owner is told first."""

    code = "blocker"
    label = _("blocker to be cleared")

    def subjects(self) -> QuerySet[Blocker]:
        return Blocker.objects.filter(resolved_on=None, lead__exit="")

    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        found = self.subjects().filter(
            _between("due_on", window),
            ~self.recorded(level, due_on=OuterRef("due_on")),
            pk__gt=after,
        )
        rows = found.order_by("pk").values_list(
            "pk", "lead_id", "due_on", "owner_id", "lead__chain_id"
        )
        return [
            Due(pk, lead_id, due_on, due_on.toordinal(), owner_id, chain_id)
            for pk, lead_id, due_on, owner_id, chain_id in rows[:limit]
        ]

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        same = self.subjects().filter(pk=OuterRef("subject_id"), due_on=OuterRef("due_on"))
        return reminders.filter(Exists(same))


def months_before(day: date, months: int) -> date:
    """The same day of the month so many months earlier, or the last day of that month."""
    index = day.year * 12 + day.month - 1 - months
    year, month = divmod(index, 12)
    following = date(year + (month == 11), (month + 1) % 12 + 1, 1)
    last = (following - timedelta(days=1)).day
    return date(year, month + 1, min(day.day, last))


def _between(column: str, window: Window, moments: bool = False) -> Q:
    """The column's day lies in the window; `moments` for a datetime column, in site time."""
    if moments:
        up_to = Q(**{f"{column}__lt": _midnight_after(window.by)})
        after = window.after and Q(**{f"{column}__gte": _midnight_after(window.after)})
    else:
        up_to = Q(**{f"{column}__lte": window.by})
        after = window.after and Q(**{f"{column}__gt": window.after})
    return up_to & after if after else up_to


def _midnight_after(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))


def _day_of(moment: datetime) -> date:
    return timezone.localdate(moment)
