"""A plan as its page shows it: every row that it needs in a fixed number of queries."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from django.db.models import QuerySet
from django.urls import reverse

from kfq_crm.base.workdays import WorkCalendar
from leads.models import MilestoneKind
from services.admin.offers import Facts, Offer, Rights, offers
from services.admin.standing import Standing, days_of, light_of_step, standing
from services.gantt import Chart, Row, StepDays, chart, expected
from services.models import (
    PASSED,
    ApprovalPlan,
    ApprovalStep,
    ClockStop,
    MissingItem,
    PaperTask,
    PlanState,
    StepDependency,
    StepPaper,
    StepState,
)
from services.models.states import STOPPED_BY_HAND
from services.ordering import Span

WORK = {"submit", "accept", "grant", "issue", "confirm", "settle", "hand_in"}
RARE = {"waive", "reckon"}
ONE_LINE = 17  # Chinese characters beside the drawing

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@dataclass(frozen=True)
class Line:
    """One step with its light, its bars, and what the person may do to it."""

    step: ApprovalStep
    standing: Standing
    offers: list[Offer]
    waits_for: list[ApprovalStep]
    owed: int
    promised: list[MissingItem]
    paper: PaperTask | None
    row: Row | None
    expected: Span | None

    @property
    def usual_offers(self) -> list[Offer]:
        """The two likeliest for the table; the step's own page has all of them."""
        return [offer for offer in self.offers if offer.verb not in RARE][:2]

    # What the drawing asks for (services/gantt.html)

    @property
    def name(self) -> str:
        return self.step.name

    @property
    def is_long(self) -> bool:
        """Whether the name takes both lines beside the drawing."""
        return len(self.step.name) > ONE_LINE

    @property
    def second(self) -> str:
        return f"{self.step.department} · {self.step.get_stage_display()}"

    @property
    def url(self) -> str:
        return reverse("admin:services_approvalstep_page", args=[self.step.pk])

    @property
    def words(self) -> str:
        """Below the bar: the limit where a clock runs, else the state; when it is expected."""
        if self.standing.limit:
            is_running = self.standing.light
            return (
                self.standing.limit if is_running else f"{self.standing.word} {self.standing.limit}"
            )
        return self.standing.word

    @property
    def colour(self) -> str:
        return self.standing.light


@dataclass(frozen=True)
class Group:
    """The steps that lead to one milestone."""

    stage: MilestoneKind
    lines: list[Line]

    @property
    def passed(self) -> int:
        return sum(line.step.state in PASSED for line in self.lines)


@dataclass(frozen=True)
class PlanView:
    plan: ApprovalPlan
    lines: list[Line]
    groups: list[Group]
    chart: Chart
    rights: Rights
    planned_until: date | None
    expected_until: date | None

    @property
    def passed(self) -> int:
        return sum(line.step.state in PASSED for line in self.lines)

    @property
    def todo(self) -> list[Line]:
        """Steps on which the person's next press is work of today: not only to mark or reckon."""
        return [line for line in self.lines if line.offers and line.offers[0].verb in WORK]

    @property
    def percent(self) -> int:
        return round(100 * self.passed / len(self.lines)) if self.lines else 0

    @property
    def overdue(self) -> list[Line]:
        return [line for line in self.lines if line.standing.light == "red" and is_running(line)]

    @property
    def is_late(self) -> bool:
        """Whether the end is expected after the day that was planned."""
        return bool(
            self.planned_until and self.expected_until and self.expected_until > self.planned_until
        )


def is_running(line: Line) -> bool:
    return line.step.state in (StepState.ACCEPTED, StepState.SUBMITTED)


def in_stage_order(steps: Iterable[ApprovalStep]) -> list[ApprovalStep]:
    order = {str(kind): place for place, kind in enumerate(MilestoneKind)}
    return sorted(steps, key=lambda step: (order[step.stage], step.order, step.pk))


def view_of(plan: ApprovalPlan, user: User, today: date, calendar: WorkCalendar) -> PlanView:
    """Seven queries beside those for the person's rights."""
    steps = in_stage_order(plan.steps.select_related("department"))
    for step in steps:
        step.plan = plan
    by_pk = {step.pk: step for step in steps}
    before = _before(plan)
    stops = _by_step(ClockStop.objects.filter(step__plan=plan).order_by("began_on", "pk"))
    owed = _by_step(StepPaper.objects.filter(step__plan=plan, handed_in_on=None))
    open_items = MissingItem.objects.open().filter(step__plan=plan)
    promised = _by_step(open_items.select_related("paper"))
    papers = {row.step_id: row for row in PaperTask.objects.filter(step__plan=plan)}
    days = [
        days_of(step, stops[step.pk], (by_pk[pk].code for pk in before[step.pk])) for step in steps
    ]
    awaited = expected(calendar, days, today) if plan.state == PlanState.OPEN else {}
    drawn = drawing(steps, days, awaited, today, calendar)
    rows = {row.code: row for row in drawn.rows}
    rights = Rights.of(user, plan)
    lines = [
        Line(
            step=step,
            standing=standing(step, stops[step.pk], today, calendar),
            offers=offers(
                step, rights, facts_of(owed[step.pk], stops[step.pk], papers.get(step.pk))
            ),
            waits_for=[by_pk[pk] for pk in before[step.pk] if by_pk[pk].state not in PASSED],
            owed=len(owed[step.pk]),
            promised=promised[step.pk],
            paper=papers.get(step.pk),
            row=rows.get(step.code),
            expected=awaited.get(step.code),
        )
        for step in steps
    ]
    return PlanView(
        plan=plan,
        lines=lines,
        groups=_groups(lines),
        chart=drawn,
        rights=rights,
        planned_until=max((s.planned_until_on for s in steps if s.planned_until_on), default=None),
        expected_until=max((span.until_on for span in awaited.values()), default=None),
    )


def facts_of(
    owed: Sequence[StepPaper], stops: Iterable[ClockStop], paper: PaperTask | None
) -> Facts:
    by_hand = any(not stop.ended_on and stop.reason in STOPPED_BY_HAND for stop in stops)
    return Facts(owes_papers=bool(owed), stopped_by_hand=by_hand, paper=paper)


def drawing(
    steps: Sequence[ApprovalStep],
    days: Sequence[StepDays],
    awaited: Mapping[str, Span],
    today: date,
    calendar: WorkCalendar,
) -> Chart:
    colours = {step.code: light_of_step(step, today, calendar) for step in steps}
    return chart(days, awaited, today, colours)


def _before(plan: ApprovalPlan) -> dict[int, list[int]]:
    found: dict[int, list[int]] = defaultdict(list)
    rows = StepDependency.objects.filter(step__plan=plan).order_by("on__order", "on_id")
    for step, on in rows.values_list("step_id", "on_id"):
        found[step].append(on)
    return found


def _by_step(rows: QuerySet[ClockStop] | QuerySet[StepPaper] | QuerySet[MissingItem]) -> dict:  # type: ignore[type-arg]  # three kinds of rows
    found = defaultdict(list)
    for row in rows:
        found[row.step_id].append(row)
    return found


def _groups(lines: Sequence[Line]) -> list[Group]:
    return [
        Group(kind, found)
        for kind in MilestoneKind
        if (found := [line for line in lines if line.step.stage == kind])
    ]
