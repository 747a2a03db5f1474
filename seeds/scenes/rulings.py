"""A second team asks for a company that is claimed; the coordination office rules."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chains.models import TaskTeam
from kfq_crm.base.models import User
from leads.actions.claims import request_ruling, rule_on_claim
from leads.models import RulingRequest
from seeds.scenes.clock import Days
from seeds.scenes.story import LEAVE, Event


class Dispute:
    """One request of the demo file and what became of it."""

    request: RulingRequest

    def __init__(self, row: dict[str, Any], people: dict[str, User], days: Days) -> None:
        self.row, self.people, self.days = row, people, days

    def events(self) -> Iterator[Event]:
        yield Event(self.days.ago(self.row["days_ago"]), LEAVE, self.ask)
        if self.row["state"] == "ruled":
            yield Event(self.days.ago(self.row["ruled_days_ago"]), LEAVE, self.rule)

    def ask(self) -> None:
        self.request = request_ruling(
            company_name=self.row["company_name"],
            team=self._team(self.row["asking_team"]),
            grounds=self.row["grounds"],
            by=self.people[self.row["asked_by"]],
        )

    def rule(self) -> None:
        rule_on_claim(
            request=self.request,
            holder=self._team(self.row["holder"]),
            reasons=self.row["reasons"],
            by=self.people[self.row["ruled_by"]],
        )

    def _team(self, chain: str) -> TaskTeam:
        return TaskTeam.objects.get(chain__code=chain)
