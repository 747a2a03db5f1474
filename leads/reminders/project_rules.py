"""What falls due about landed projects: a month's progress report, a milestone behind its plan."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, F, OuterRef, Q, QuerySet
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from leads.landing_queries import name_to_tell, reports_missing
from leads.landing_rulebook import report_due_day
from leads.models import LandedProject, Milestone, MilestoneKind, ProgressReport, Reminder
from leads.progress import month_of, months_after, report_due_on
from leads.reminders.clock import Clock, Window
from leads.reminders.lead_rules import BY_NUMBER
from leads.reminders.rules import Due, ReminderRule, between

PERSON = {
    "lead": F("contract__lead"),
    "owner": F("contract__lead__owner"),
    "chain_of_lead": F("contract__lead__chain"),
    "round": F("contract__lead__reminder_round"),
}


class ProgressReportDue(ReminderRule):
    """The report of the last month, of a project of a contract under construction.

    The month is the revision: each one is a reminder of its own, and only the last is asked for.
    """

    code = "progress_report"
    label = gettext_lazy("monthly progress report of a project")

    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        due_day = report_due_day(clock.today)
        month = _month_due(window, due_day) if due_day else None
        if month is None or due_day is None:
            return []
        revision = month.toordinal()
        found = (
            reports_missing(LandedProject.objects.all(), month)
            .annotate(**PERSON)
            .filter(~self.recorded(level, revision=revision, round=OuterRef("round")), pk__gt=after)
        )
        rows = found.order_by(BY_NUMBER).values_list("pk", *PERSON)[:limit]
        due_on = report_due_on(month, due_day)
        return [
            Due(pk, lead, due_on, revision, owner, chain, round_)
            for pk, lead, owner, chain, round_ in rows
        ]

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        """Not once the month, or a later one, is reported, nor once works are completed."""
        due = reminders.filter(Exists(self._building(OuterRef("subject_id"), OuterRef("round"))))
        months = set(due.order_by().values_list("revision", flat=True).distinct())
        reported = Q(pk__in=[])
        for month in months:
            later = ProgressReport.objects.filter(
                project=OuterRef("subject_id"), month__gte=date.fromordinal(month)
            )
            reported |= Q(Exists(later), revision=month)
        return due.exclude(reported)

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        return {item.subject_id: _words(item) for item in reminders}

    @staticmethod
    def _building(key: Any, round_: Any) -> QuerySet[LandedProject]:
        return LandedProject.objects.filter(
            pk=key,
            milestone=MilestoneKind.STARTED,
            contract__lead__exit="",
            contract__lead__reminder_round=round_,
        )


class MilestoneBehind(ReminderRule):
    """A planned milestone whose day has come: the first one of its project that is not reached."""

    code = "milestone_planned"
    label = gettext_lazy("planned milestone of a project")

    def subjects(self) -> QuerySet[Milestone]:
        earlier = Milestone.objects.filter(
            project=OuterRef("project"), is_reached=False, planned_on__lt=OuterRef("planned_on")
        )
        return Milestone.objects.filter(
            ~Exists(earlier),
            is_reached=False,
            planned_on__isnull=False,
            project__contract__lead__exit="",
        )

    def due(self, window: Window, level: int, clock: Clock, after: int, limit: int) -> list[Due]:
        lead = "project__contract__lead"
        same = {"due_on": OuterRef("planned_on"), "round": OuterRef(f"{lead}__reminder_round")}
        found = self.subjects().filter(
            between("planned_on", window), ~self.recorded(level, **same), pk__gt=after
        )
        columns = ("pk", lead, "planned_on", f"{lead}__owner", f"{lead}__chain")
        rows = found.order_by(BY_NUMBER).values_list(*columns, f"{lead}__reminder_round")
        return [
            Due(pk, of, planned_on, planned_on.toordinal(), owner, chain, round_)
            for pk, of, planned_on, owner, chain, round_ in rows[:limit]
        ]

    def current(self, reminders: QuerySet[Reminder]) -> QuerySet[Reminder]:
        same = self.subjects().filter(
            pk=OuterRef("subject_id"),
            planned_on=OuterRef("due_on"),
            project__contract__lead__reminder_round=OuterRef("round"),
        )
        return reminders.filter(Exists(same))

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = Milestone.objects.filter(pk__in=[item.subject_id for item in reminders])
        told = rows.values_list("pk", "kind", name_to_tell("project__"))
        return {
            pk: _("planned: %(milestone)s of %(project)s")
            % {"milestone": MilestoneKind(kind).label, "project": project}
            for pk, kind, project in told
        }


def _month_due(window: Window, due_day: int) -> date | None:
    """The last month whose due day lies in the window."""
    month = months_after(month_of(window.by), -1)
    if report_due_on(month, due_day) > window.by:
        month = months_after(month, -1)
    if window.after and report_due_on(month, due_day) <= window.after:
        return None
    return month


def _words(item: Reminder) -> str:
    month = date.fromordinal(item.revision)
    return _("report of %(month)s") % {"month": date_format(month, "YEAR_MONTH_FORMAT")}
