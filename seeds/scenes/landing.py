"""A demo project after its contract: the local company, milestones reached and planned."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date
from typing import TYPE_CHECKING, Any

from leads.actions.landing import (
    meet_milestone,
    name_local_company,
    open_project,
    plan_milestone,
    recognise_milestone,
)
from leads.models import LandedProject

if TYPE_CHECKING:
    from seeds.scenes.story import Story


class Landing:
    """What the `landing` of a demo lead tells."""

    project: LandedProject

    def __init__(self, story: Story) -> None:
        self.story, self.row = story, story.row["landing"]

    def events(self) -> Iterator[tuple[date, Callable[[], object]]]:
        """Days and what happens on them, in order; plans are made when the project opens."""
        ago = self.story.days.ago
        yield ago(self.story.row["entered"]["signed"]), self.open
        for step in self.row["milestones"]:
            if "days_ago" in step:
                yield ago(step["days_ago"]), lambda s=step: self.meet(s)
            if "recognised_days_ago" in step:
                yield ago(step["recognised_days_ago"]), lambda s=step: self.recognise(s)

    def open(self) -> None:
        story = self.story
        contract = story.lead.contracts.get(counted=True)
        self.project = open_project(contract=contract, is_lease=self.row["lease"], by=story.owner)
        for step in self.row["milestones"]:
            if "planned_in" in step:
                day = story.days.ahead(step["planned_in"])
                plan_milestone(
                    project=self.project, kind=step["kind"], planned_on=day, by=story.owner
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
