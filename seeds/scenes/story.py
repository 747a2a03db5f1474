"""One demo lead: its events in order, each told to the action that a person would use."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from typing import Any, NamedTuple

from chains.models import Outpost
from kfq_crm.base.models import User
from leads.actions.claims import release_claim
from leads.actions.contracts import add_commitment, record_contract
from leads.actions.decisions import ask_leader
from leads.actions.enterprises import add_contact, update_contact, update_enterprise
from leads.actions.followups import log_follow_up, raise_blocker
from leads.actions.pipeline import advance_lead, exit_lead, log_lead, update_lead
from leads.actions.reviews import record_opinion, record_review, record_screening
from leads.models import ClaimState, Contract, Lead, WaitingFor
from leads.stages import ORDER
from seeds.scenes import values
from seeds.scenes.clock import Days
from seeds.scenes.landing import Landing
from seeds.scenes.promises import Promises

# What comes first on one day: a talk before a verdict, a paper before the move that rests on it
LOG, TALK, BLOCK, SCREEN, MOVE_ON, OPINE, REVIEW, SIGN, MOVE_LATE, LAND, WAIT, LEAVE, RELEASE = (
    range(13)
)
PLANS = {
    "planned_start_on": "start_days",
    "planned_completion_on": "complete_days",
    "planned_production_on": "produce_days",
}


class Event(NamedTuple):
    """What happens on a day; `rank` orders the events of one lead on that day."""

    day: date
    rank: int
    act: Callable[[], object]


class Story:
    """A lead of the demo file and the people in it."""

    lead: Lead

    def __init__(
        self,
        row: dict[str, Any],
        people: dict[str, User],
        outposts: dict[str, Outpost],
        days: Days,
    ) -> None:
        self.row, self.people, self.outposts, self.days = row, people, outposts, days
        self.owner = people[row["owner"]]
        self.waiting: dict[str, Any] = {}

    def events(self) -> Iterator[Event]:
        """Everything that happens, in no order."""
        row, ago = self.row, self.days.ago
        yield Event(ago(row["entered"]["lead"]), LOG, self.log)
        yield from self._told()
        yield from self._moves()
        for blocker in row.get("blockers", []):
            yield Event(ago(blocker["raised_days_ago"]), BLOCK, lambda b=blocker: self.block(b))
        if "waiting_for" in row:
            yield Event(ago(row["waiting_for"]["since_days_ago"]), WAIT, self.wait)
        if row.get("claim", {}).get("state") == "released":
            yield self._event(row["claim"], RELEASE, self.release)
        if "landing" in row:
            for day, act in Landing(self).events():
                yield Event(day, LAND, act)
        if "promises" in row:
            for day, act in Promises(self).events():
                yield Event(day, LAND, act)

    def _told(self) -> Iterator[Event]:
        """What the file tells as rows with a `days_ago` of their own."""
        kinds: list[tuple[str, int, Callable[..., object]]] = [
            ("followups", TALK, self.talk),
            ("screening", SCREEN, self.screen),
            ("opinions", OPINE, self.opine),
            ("review", REVIEW, self.review),
            ("agreements", SIGN, self.sign),
            ("exit", LEAVE, self.leave),
        ]
        for key, rank, act in kinds:
            told = self.row.get(key, [])
            for row in told if isinstance(told, list) else [told]:
                yield self._event(row, rank, act)

    def _event(self, row: dict[str, Any], rank: int, act: Callable[..., object]) -> Event:
        return Event(self.days.ago(row["days_ago"]), rank, lambda: act(row))

    def _moves(self) -> Iterator[Event]:
        for stage, days in list(self.row["entered"].items())[1:]:
            rank = MOVE_ON if stage in ORDER[:3] else MOVE_LATE
            yield Event(self.days.ago(days), rank, self.advance)

    def log(self) -> None:
        row = self.row
        typed = values.lead_values(row, self.people, self.outposts)
        if self._waits_for() == WaitingFor.TEAM:  # the ball was theirs until it came back
            typed["waiting_for"] = WaitingFor.INVESTOR
        if not row["followups"]:
            typed.update(self.next_step())
        self.lead = log_lead(values=typed, by=self.owner)
        codes = values.official_codes(row["company"])
        update_enterprise(
            enterprise=self.lead.enterprise, values=codes, by=self.owner, expected=None
        )
        first, *others = row["contacts"]
        known = self.lead.enterprise.contacts.get(name=first["name"])
        update_contact(contact=known, values={"post": first["post"]}, by=self.owner, expected=None)
        for person in others:
            team = self.lead.first_talk_team
            add_contact(enterprise=self.lead.enterprise, team=team, values=person, by=self.owner)

    def next_step(self) -> dict[str, Any]:
        """The open next step of the lead as it stands today; none for a lead that is out."""
        step = self.row.get("next_action")
        if step is None:
            return {}
        return {"next_action": step["text"], "next_action_on": self.days.ahead(step["due_in"])}

    def talk(self, row: dict[str, Any]) -> None:
        by = self.people[row["by"]]
        ours = dict.fromkeys((by, self.owner))
        typed = {
            "method": row["method"],
            "two_way": row["two_way"],
            "our_people": "、".join(person.display_name for person in ours),
            "their_people": "、".join(row["theirs"]),
            "summary": row["summary"],
            "is_progress": row["progress"],
            **self.waiting,
        }
        if row is self.row["followups"][-1]:
            typed.update(self.next_step())
        log_follow_up(lead=self.lead, values=typed, by=by)

    def block(self, row: dict[str, Any]) -> None:
        blocker = raise_blocker(
            lead=self.lead,
            description=row["text"],
            owner=self.people[row["owner"]],
            due_on=self.days.ahead(row["due_in"]),
            by=self.owner,
        )
        if "ask" in row:
            head = self.lead.chain.team.head
            ask_leader(blocker=blocker, question=row["ask"], by=head)

    def screen(self, row: dict[str, Any]) -> None:
        record_screening(lead=self.lead, by=self.people[row["by"]], **values.screening_values(row))

    def opine(self, row: dict[str, Any]) -> None:
        record_opinion(
            lead=self.lead,
            by=self.owner,
            department=row["department"],
            verdict=row["verdict"],
            text=row["text"],
            given_by=row["given_by"],
            given_on=self.days.ago(row["days_ago"]),
        )

    def review(self, row: dict[str, Any]) -> None:
        record_review(
            lead=self.lead,
            by=self.owner,
            held_on=self.days.ago(row["days_ago"]),
            attendees=row["attendees"],
            conclusion=row["conclusion"],
        )

    def sign(self, row: dict[str, Any]) -> None:
        signed_on = self.days.ago(row["days_ago"])
        plan = {
            field: signed_on + timedelta(days=row[key])
            for field, key in PLANS.items()
            if key in row
        }
        typed = values.contract_values(row, self.lead.enterprise.name)
        paper = record_contract(
            lead=self.lead, values={**typed, **plan, "signed_on": signed_on}, by=self.owner
        )
        for promise in row.get("commitments", []):
            self.promise(paper, promise)

    def promise(self, paper: Contract, row: dict[str, Any]) -> None:
        due_on = paper.signed_on + timedelta(days=row["due_days"])
        typed = {**values.commitment_values(row), "due_on": due_on}
        if "starts_days" in row:
            typed["starts_on"] = paper.signed_on + timedelta(days=row["starts_days"])
        add_commitment(contract=paper, values=typed, by=self.owner)

    def advance(self) -> None:
        advance_lead(lead=self.lead, by=self.owner)

    def _waits_for(self) -> str:
        waiting = self.row.get("waiting_for", {})
        return (
            ""
            if waiting.get("since_days_ago") == self.row["entered"]["lead"]
            else waiting.get("who", "")
        )

    def wait(self) -> None:
        row = self.row["waiting_for"]
        self.waiting = {"waiting_for": row["who"], "waiting_detail": row.get("detail", "")}
        update_lead(lead=self.lead, values=self.waiting, by=self.owner, expected=None)

    def leave(self, row: dict[str, Any]) -> None:
        wake_on = self.days.ahead(row["wake_in"]) if "wake_in" in row else None
        exit_lead(lead=self.lead, by=self.owner, wake_on=wake_on, **values.exit_values(row))

    def release(self, row: dict[str, Any]) -> None:
        claim = self.lead.claim
        claim.refresh_from_db()
        if claim.state == ClaimState.ACTIVE:
            release_claim(claim=claim, by=claim.team.head)
