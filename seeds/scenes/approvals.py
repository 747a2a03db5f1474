"""Demo approval plans, lived through day by day: some steps go well, some are sent back, promised
for, stopped, or let pass until they count as granted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from functools import partial
from typing import Any

from django.core.files.base import ContentFile

from kfq_crm.base.models import User
from leads.models import LandedProject
from seeds.loading.store import read
from seeds.scenes.clock import Days, clock_at
from services.actions.approval_sweep import sweep_approvals
from services.actions.clock import resume_clock, stop_clock
from services.actions.deemed import confirm_deemed, issue_paper, object_to_deemed
from services.actions.departments import save_department
from services.actions.papers import Promise
from services.actions.plans import make_plan
from services.actions.steps import (
    accept_step,
    grant_step,
    hand_in,
    return_step,
    submit_step,
)
from services.models import (
    OPEN,
    ApprovalPlan,
    ApprovalStep,
    ApprovalTemplate,
    Department,
    PlanState,
    StepPaper,
    StepState,
)

NEVER = "never"
NIGHT = timedelta(hours=8)  # before the office opens
PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n"
    b"2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
    b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]>>endobj\n"
    b"trailer<</Root 1 0 R>>\n%%EOF\n"
)


class Approvals:
    """What demo_approvals.yaml tells, as one event for every working day since the first plan.

    It runs beside the stories of the projects: a plan is made before its milestones are reached.
    """

    def __init__(self, people: dict[str, User], days: Days) -> None:
        self.data, self.people, self.days = read("demo_approvals"), people, days
        self.waiting = sorted(self.data["plans"], key=lambda row: -row["began_ago"])
        self.going: list[Way] = []

    def events(self) -> Iterator[tuple[date, Callable[[], object]]]:
        first = self.days.ago(self.waiting[0]["began_ago"])
        yield first, lambda: _staff(self.data["staff"], self.people)
        for day in _workdays(first, self.days):
            yield day, partial(self.live, day)

    def live(self, day: date) -> None:
        """The sweep of the night, plans that begin, then what every open step does."""
        with clock_at(self.days.moment(day, 0) - NIGHT) as night:
            sweep_approvals(night)
        while self.waiting and self.days.ago(self.waiting[0]["began_ago"]) <= day:
            self.going.append(Way.begin(self.waiting.pop(0), self.people, self.days))
        for way in self.going:
            way.live(day)


def _workdays(first: date, days: Days) -> Iterator[date]:
    day = first
    while day <= days.today:
        yield day
        day = days.calendar.next_workday(day + timedelta(days=1))


def _staff(rows: list[dict[str, Any]], people: dict[str, User]) -> None:
    by = people["lizhengheng"]
    for row in rows:
        named = {"head": people[row["head"]], "members": [people[name] for name in row["members"]]}
        department = Department.objects.get(code=row["department"])
        save_department(department=department, values=named, by=by)


def _project(row: dict[str, Any]) -> LandedProject:
    """By the number of its contract; or by its name, one of the report's."""
    if "contract" in row:
        return LandedProject.objects.get(contract__number=row["contract"])
    return LandedProject.objects.get(name=row["project"])


class Way:
    """One plan on its way; each working day every open step does what its line says."""

    def __init__(self, plan: ApprovalPlan, row: dict[str, Any], days: Days) -> None:
        self.plan, self.row, self.days = plan, row, days
        self.place = 0

    @classmethod
    def begin(cls, row: dict[str, Any], people: dict[str, User], days: Days) -> Way:
        template = ApprovalTemplate.objects.filter(is_active=True).earliest("pk")
        helper = people[row["helper"]]
        plan = make_plan(project=_project(row), template=template, by=helper)
        return cls(plan, row, days)

    def live(self, day: date) -> None:
        self.place = 1
        self.plan.refresh_from_db()
        if self.plan.state != PlanState.OPEN:
            return
        steps = self.plan.steps.filter(state__in=(*OPEN, StepState.DEEMED))
        for step in steps.select_related("department__head").order_by("order", "pk"):
            told = self.row["steps"].get(step.code, {})
            with clock_at(self.days.moment(day, self.place)):
                self._act(step, told, day)

    def _act(self, step: ApprovalStep, told: dict[str, Any], day: date) -> None:
        act = {
            StepState.READY: self._submit,
            StepState.SUBMITTED: self._accept,
            StepState.ACCEPTED: self._decide,
            StepState.RETURNED: self._bring_back,
            StepState.DEEMED: self._after_default,
        }[StepState(step.state)]
        act(step, told, day)
        self.place += 1

    def _past(self, since: date | None, working_days: Any, day: date) -> bool:
        if since is None or working_days == NEVER:
            return False
        return self.days.calendar.workdays_between(since, day) >= int(working_days)

    def _official(self, step: ApprovalStep) -> User:
        """The department's head where it has people here, else who may record for every one."""
        return step.department.head or self.plan.helper

    # --- What happens to a step -------------------------------------------------------------

    def _submit(self, step: ApprovalStep, told: dict[str, Any], day: date) -> None:
        if told.get("hold") or day < self.days.ago(told.get("submit_ago", 9999)):
            return
        if self._past(step.opened_on, told.get("submit", 1), day):
            later = told.get("promise", {})
            papers = {paper: None for paper in step.papers.all() if paper.name not in later}
            submit_step(step=step, papers=papers, by=self.plan.helper)

    def _accept(self, step: ApprovalStep, told: dict[str, Any], day: date) -> None:
        if self._past(step.submitted_on, told.get("accept", 1), day):
            promises = [
                self._promise(step.papers.get(name=name), values, day)
                for name, values in told.get("promise", {}).items()
            ]
            accept_step(step=step, promises=promises, by=self._official(step))

    def _promise(self, paper: StepPaper, values: dict[str, Any], day: date) -> Promise:
        return Promise(
            paper=paper,
            upload=ContentFile(PDF, f"容缺承诺书（演示）-{paper.name}.pdf"),
            due_on=self.days.calendar.add_workdays(day, values["days"]),
            consequence=values["consequence"],
            note=values["note"],
        )

    def _decide(self, step: ApprovalStep, told: dict[str, Any], day: date) -> None:
        since, back, stop = step.clock_from_on, told.get("return"), told.get("stop")
        if self._bring_promised(step, told, day):
            return
        if back and not step.stops.exists() and self._past(since, back["after"], day):
            papers = step.papers.filter(name=back["paper"])
            return_step(
                step=step, papers=list(papers), reason=back["reason"], by=self._official(step)
            )
        elif stop and self._stop(step, stop, day):
            return
        elif self._past(since, told.get("decide", self._usual(step)), day):
            number = told.get("number", f"演示〔{day.year}〕{step.pk}号")
            grant_step(step=step, number=number, by=self._official(step))

    def _usual(self, step: ApprovalStep) -> int:
        return max(1, round(step.working_days * self.row["pace"]))

    def _bring_promised(self, step: ApprovalStep, told: dict[str, Any], day: date) -> bool:
        for item in step.missing_items.open().select_related("paper"):
            values = told.get("promise", {}).get(item.paper.name, {"brought": NEVER})
            if self._past(item.promised_on, values["brought"], day):
                hand_in(step=step, papers={item.paper: None}, by=self.plan.helper)
                return True
        return False

    def _stop(self, step: ApprovalStep, told: dict[str, Any], day: date) -> bool:
        running = step.stops.filter(ended_on=None).first()
        if running is None and not step.stops.exists():
            if self._past(step.clock_from_on, told["after"], day):
                note, by = told["note"], self._official(step)
                stop_clock(step=step, reason="procedure", note=note, by=by)
                return True
        elif running and self._past(running.began_on, told["days"], day):
            resume_clock(step=step, reason="procedure", by=self._official(step))
            return True
        return running is not None

    def _bring_back(self, step: ApprovalStep, told: dict[str, Any], day: date) -> None:
        stop = step.stops.filter(ended_on=None).first()
        if stop and self._past(stop.began_on, told["return"]["back"], day):
            papers = dict.fromkeys(step.papers.filter(handed_in_on=None))
            hand_in(step=step, papers=papers, by=self.plan.helper)

    def _after_default(self, step: ApprovalStep, told: dict[str, Any], day: date) -> None:
        after, by = told.get("deemed", {"issue": 1, "confirm": 1, "note": ""}), self._official(step)
        task = step.paper_task
        if not task.issued_on and self._past(step.deemed_on, after["issue"], day):
            number = told.get("number", f"演示〔{day.year}〕{step.pk}号")
            issue_paper(task=task, number=number, by=by)
            step.refresh_from_db()
        if step.deemed_verdict:
            return
        if "confirm" in after and self._past(step.deemed_on, after["confirm"], day):
            confirm_deemed(step=step, note=after["note"], by=by)
        elif "object" in after and self._past(step.deemed_on, after["object"], day):
            object_to_deemed(step=step, reason=after["note"], by=by)
