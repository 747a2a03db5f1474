"""What can fall due about a lead. Each rule is a query; none loads more than it is asked for."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import date
from typing import Any, ClassVar

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce, TruncDate
from django.utils.translation import gettext_lazy as _

from leads.models import Blocker, LandedProject, Lead, MilestoneKind, Reminder, Screening
from leads.models.reminder import LimitItem, Role
from leads.models.rules import Band
from leads.reminders.clock import Clock, Window
from leads.reminders.rules import Due, ReminderRule, between
from leads.rulebook import months_before
from leads.stages import Exit, Stage

LANDED = [kind for kind in MilestoneKind if kind != MilestoneKind.REGISTERED]
LEAD_COLUMNS = (
    *("pk", "owner_id", "chain_id", "stage", "band"),
    *("due_revision", "reminder_round", "next_action_on", "wake_on"),
)

# Of many leads few are due. Sorted by the bare key, the database would go through all of them in
# that order, in the hope of having enough soon.
BY_NUMBER = F("pk") + 0


class LeadRule(ReminderRule):
    """A rule over leads that reads its due day from their columns.

    `started`: the day from which it is reckoned, in site time; `started_on` of the rows.
    """

    started: ClassVar[Combinable] = TruncDate("stage_entered_at")

    @abstractmethod
    def subjects(self) -> QuerySet[Lead]:
        """Leads that can fall due by this rule."""

    @abstractmethod
    def within(self, window: Window, clock: Clock) -> Q:
        """Condition: the due day lies in the window."""

    @abstractmethod
    def same(self) -> dict[str, Any]:
        """What a reminder of the present due day shares with its lead, besides the round."""

    @abstractmethod
    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        """Due day and revision of one row."""

    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        found = (
            self.subjects()
            .annotate(started_on=self.started)
            .filter(
                self.within(window, clock),
                ~self.recorded(level, round=OuterRef("reminder_round"), **self.same()),
                pk__gt=after,
            )
        )
        rows = found.order_by(BY_NUMBER).values(*LEAD_COLUMNS, "started_on")[:limit]
        return [self._due(row, clock) for row in rows]

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        return reminders.filter(Exists(self.still_due()))

    def still_due(self) -> QuerySet[Lead]:
        """The reminder's lead, if it is due in the same round; the reminder is the outer row."""
        return self.subjects().filter(pk=OuterRef("subject_id"), reminder_round=OuterRef("round"))

    def _due(self, row: dict[str, Any], clock: Clock) -> Due:
        due_on, revision = self.dated(row, clock)
        return Due(
            subject_id=row["pk"],
            lead_id=row["pk"],
            due_on=due_on,
            revision=revision,
            owner_id=row["owner_id"],
            chain_id=row["chain_id"],
            round=row["reminder_round"],
        )


class NextAction(LeadRule):
    """The dated next step of an open lead."""

    code = "next_action"
    label = _("next step of a lead")

    def subjects(self) -> QuerySet[Lead]:
        return Lead.objects.open().filter(next_action_on__isnull=False)

    def within(self, window: Window, clock: Clock) -> Q:
        return between("next_action_on", window)

    def same(self) -> dict[str, Any]:
        return {"revision": OuterRef("due_revision")}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        return row["next_action_on"], row["due_revision"]

    def still_due(self) -> QuerySet[Lead]:
        return super().still_due().filter(due_revision=OuterRef("revision"))

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        return {item.subject_id: item.lead.next_action for item in reminders if item.lead}


class NoContact(LeadRule):
    """The contact clock: nobody talked within the cadence, and no dated step is due instead.

    Cadences by stage and scale (江府办函〔2024〕37号: negotiating once a fortnight).
    """

    code = "no_contact"
    label = _("no contact within the cadence")
    started = Coalesce("last_contact_on", TruncDate("stage_entered_at"))

    def subjects(self) -> QuerySet[Lead]:
        """Leads under negotiation, and signed ones before land; earlier stages owe answers."""
        landed = LandedProject.objects.filter(contract__lead=OuterRef("pk"), milestone__in=LANDED)
        talked_about = (Stage.NEGOTIATING, Stage.REVIEW, Stage.SIGNED)
        return Lead.objects.open().filter(~Exists(landed), stage__in=talked_about)

    def within(self, window: Window, clock: Clock) -> Q:
        late = Q(pk__in=[])
        for (stage, band), days in clock.cadences.items():
            since = clock.started(days, window)
            talked = between("last_contact_on", since) | (
                Q(last_contact_on=None) & between("stage_entered_at", since, moments=True)
            )
            late |= Q(stage=stage) & _of_band(stage, band, clock) & talked
        planned = Q(next_action_on=None) | Q(next_action_on__gt=max(clock.today, window.by))
        return late & planned

    def same(self) -> dict[str, Any]:
        return {"recorded_on__gte": OuterRef("started_on")}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        start, stage = row["started_on"], row["stage"]
        days = clock.cadences.get((stage, row["band"])) or clock.cadences[stage, ""]
        return clock.calendar.add_workdays(start, days), start.toordinal()

    def still_due(self) -> QuerySet[Lead]:
        talked_since = Q(last_contact_on__gte=OuterRef("recorded_on"))
        return super().still_due().exclude(talked_since)


class ResponseRule(LeadRule):
    """An answer owed within working days of the logging, by scale (江府办函〔2024〕37号)."""

    item: ClassVar[LimitItem]

    def within(self, window: Window, clock: Clock) -> Q:
        days = clock.responses(self.item)
        late = Q(pk__in=[])
        for band in ("", *Band.values) if days else ():
            since = clock.started(days.get(band, days[""]), window)
            late |= Q(band=band) & between("stage_entered_at", since, moments=True)
        return late

    def same(self) -> dict[str, Any]:
        return {"recorded_on__gte": OuterRef("started_on")}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        days = clock.responses(self.item)
        start = row["started_on"]
        due_on = clock.calendar.add_workdays(start, days.get(row["band"], days[""]))
        return due_on, start.toordinal()


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
    """The progress clock: months without a follow-up marked as progress (邯郸)."""

    colour: ClassVar[str]
    started = Coalesce("last_progress_on", TruncDate("created_at"))

    def subjects(self) -> QuerySet[Lead]:
        return Lead.objects.open().exclude(stage=Stage.SIGNED)

    def within(self, window: Window, clock: Clock) -> Q:
        if clock.stall_rule is None:
            return Q(pk__in=[])
        months = self._months(clock)
        since = Window(
            months_before(window.by, months),
            months_before(window.after, months) if window.after else None,
        )
        moved = between("last_progress_on", since)
        return moved | (Q(last_progress_on=None) & between("created_at", since, moments=True))

    def same(self) -> dict[str, Any]:
        return {"recorded_on__gte": OuterRef("started_on")}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        since = row["started_on"]
        return months_before(since, -self._months(clock)), since.toordinal()

    def _months(self, clock: Clock) -> int:
        return int(getattr(clock.stall_rule, f"{self.colour}_months"))

    def still_due(self) -> QuerySet[Lead]:
        return super().still_due().exclude(last_progress_on__gte=OuterRef("recorded_on"))


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
    roles = frozenset({Role.OWNER, Role.HEAD})

    def subjects(self) -> QuerySet[Lead]:
        return Lead.objects.filter(exit=Exit.SHELVED)

    def within(self, window: Window, clock: Clock) -> Q:
        return between("wake_on", window)

    def same(self) -> dict[str, Any]:
        return {"due_on": OuterRef("wake_on")}

    def dated(self, row: dict[str, Any], clock: Clock) -> tuple[date, int]:
        return row["wake_on"], row["wake_on"].toordinal()

    def still_due(self) -> QuerySet[Lead]:
        return super().still_due().filter(wake_on=OuterRef("due_on"))


class OpenBlocker(ReminderRule):
    """What stands in a lead's way past its date; whoever is to clear it is told first."""

    code = "blocker"
    label = _("blocker to be cleared")

    def subjects(self) -> QuerySet[Blocker]:
        return Blocker.objects.filter(resolved_on=None, lead__exit="")

    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        same = {"due_on": OuterRef("due_on"), "round": OuterRef("lead__reminder_round")}
        found = self.subjects().filter(
            between("due_on", window), ~self.recorded(level, **same), pk__gt=after
        )
        rows = found.order_by("pk").values(
            *("pk", "lead_id", "due_on", "owner_id"),
            chain_id=F("lead__chain_id"),
            round=F("lead__reminder_round"),
        )
        return [
            Due(subject_id=row.pop("pk"), revision=row["due_on"].toordinal(), **row)
            for row in rows[:limit]
        ]

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        same = self.subjects().filter(
            pk=OuterRef("subject_id"),
            due_on=OuterRef("due_on"),
            lead__reminder_round=OuterRef("round"),
        )
        return reminders.filter(Exists(same))

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        keys = [item.subject_id for item in reminders]
        return dict(Blocker.objects.filter(pk__in=keys).values_list("pk", "description"))


def _of_band(stage: str, band: str, clock: Clock) -> Q:
    """The leads for which this cadence holds: its own band, or every band without a rule."""
    if band:
        return Q(band=band)
    named = [other for kind, other in clock.cadences if kind == stage and other]
    return ~Q(band__in=named)
