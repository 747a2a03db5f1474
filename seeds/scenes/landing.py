"""A demo project after its contract: the local company, milestones reached and planned, what is
built, how far it is, the lists that it stands on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from kfq_crm.base.amounts import parse_amount
from leads.actions.construction import accept_building, add_building, record_permit
from leads.actions.landing import (
    meet_milestone,
    name_local_company,
    open_project,
    plan_milestone,
    recognise_milestone,
)
from leads.actions.progress import report_progress
from leads.actions.project_facts import enter_contracted_figures, record_lease, set_flag
from leads.models import LandedProject
from leads.progress import month_end, month_of, months_after
from seeds.scenes.pictures import site_photo

if TYPE_CHECKING:
    from seeds.scenes.story import Story

Happening = tuple[date, Callable[[], object]]


class Landing:
    """What the `landing` of a demo lead tells."""

    project: LandedProject

    def __init__(self, story: Story) -> None:
        self.story, self.row = story, story.row["landing"]

    def events(self) -> Iterator[Happening]:
        """Days and what happens on them; on one day papers come before what rests on them.
        Plans are made when the project opens."""
        ago = self.story.days.ago
        told = [*self._papers(), *self._reached()]
        yield ago(self.story.row["entered"]["signed"]), self.open
        yield from ((ago(days), act) for days, act in told)
        yield from self._reported()

    def _papers(self) -> Iterator[tuple[int, Callable[[], object]]]:
        row = self.row
        if "lease_paper" in row:
            yield row["lease_paper"]["days_ago"], self.rent
        if "contracted" in row:
            yield row["contracted"]["days_ago"], self.owe
        for permit in row.get("permits", []):
            yield permit["days_ago"], partial(self.permit, permit)
        for building in row.get("buildings", []):
            yield building["days_ago"], partial(self.build, building)
            if "accepted_days_ago" in building:
                yield building["accepted_days_ago"], partial(self.accept, building)
        for flag in row.get("flags", []):
            yield flag["days_ago"], partial(self.flag, flag)

    def _reached(self) -> Iterator[tuple[int, Callable[[], object]]]:
        for step in self.row["milestones"]:
            if "days_ago" in step:
                yield step["days_ago"], partial(self.meet, step)
            if "recognised_days_ago" in step:
                yield step["recognised_days_ago"], partial(self.recognise, step)

    def _reported(self) -> Iterator[Happening]:
        """Each month's report on the first working day after it; none that lies ahead."""
        days = self.story.days
        for row in self.row.get("progress", []):
            month = months_after(month_of(days.today), -row["months_ago"])
            day = days.calendar.next_workday(month_end(month), include=False)
            if day <= days.today:
                yield day, partial(self.report, month, row)

    def open(self) -> None:
        story = self.story
        contract = story.lead.contracts.get(counted=True)
        self.project = open_project(contract=contract, is_lease=self.row["lease"], by=story.owner)
        for step in self.row["milestones"]:
            if "planned_in" in step:
                day = story.days.ahead(step["planned_in"])
                plan_milestone(
                    project=self.project,
                    kind=step["kind"],
                    planned_on=day,
                    reason="按备案的总进度计划核定（演示）",
                    by=story.owner,
                )

    def meet(self, step: dict[str, Any]) -> None:
        if step["kind"] == "registered":
            self.found_company()
        meet_milestone(
            project=self.project,
            kind=step["kind"],
            actual_on=self.story.days.ago(step["days_ago"]),
            evidence=step["evidence"],
            project_code=self.row["project_code"],
            works=step.get("works", ""),
            proof=step.get("proof", ""),
            by=self.story.owner,
        )

    def found_company(self) -> None:
        """The investor's local company, to which the project belongs from now on."""
        company, story = self.row["company"], self.story
        name_local_company(
            project=self.project,
            name=company["name"],
            uscc=company["uscc"],
            region_code=company["region"],
            by=story.owner,
        )

    def recognise(self, step: dict[str, Any]) -> None:
        recognise_milestone(
            project=self.project,
            kind=step["kind"],
            recognised_on=self.story.days.ago(step["recognised_days_ago"]),
            by=self.story.owner,
        )

    def rent(self) -> None:
        row = self.row["lease_paper"]
        signed_on = self.story.days.ago(row["days_ago"])
        record_lease(
            project=self.project, number=row["number"], signed_on=signed_on, by=self.story.owner
        )

    def owe(self) -> None:
        row = self.row["contracted"]
        figures = {name: parse_amount(row[name]).value for name in ("output", "tax")}
        enter_contracted_figures(project=self.project, **figures, by=self.story.owner)

    def permit(self, row: dict[str, Any]) -> None:
        values = {name: row[name] for name in ("stage", "number", "scope")}
        values["issued_on"] = self.story.days.ago(row["days_ago"])
        record_permit(project=self.project, values=values, by=self.story.owner)

    def build(self, row: dict[str, Any]) -> None:
        values = {
            "name": row["name"],
            "area_m2": Decimal(row["area_m2"]),
            "is_counted": row.get("counted", True),
        }
        add_building(project=self.project, values=values, by=self.story.owner)

    def accept(self, row: dict[str, Any]) -> None:
        accept_building(
            building=self.project.buildings.get(name=row["name"]),
            accepted_on=self.story.days.ago(row["accepted_days_ago"]),
            acceptance_paper=row["paper"],
            by=self.story.owner,
        )

    def flag(self, row: dict[str, Any]) -> None:
        set_flag(
            project=self.project,
            kind=row["kind"],
            since_on=self.story.days.ago(row["days_ago"]),
            paper=row["paper"],
            by=self.story.owner,
        )

    def report(self, month: date, row: dict[str, Any]) -> None:
        photos = [
            site_photo(f"{month:%Y%m}-{number + 1}", Decimal(row["percent"]))
            for number in range(row.get("photos", 0))
        ]
        report_progress(
            project=self.project,
            month=month,
            percent=Decimal(row["percent"]),
            invested=parse_amount(row["invested"]).value,
            summary=row["text"],
            photos=photos,
            by=self.story.owner,
        )
