"""A story as the parts of rows that all leads with this story share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from django.db.models import Model

from kfq_crm.base.feed import resource_of
from kfq_crm.base.models import Change, ChangeKind
from leads.models import (
    Claim,
    ClaimKey,
    ClaimState,
    Contact,
    Enterprise,
    FollowUp,
    Lead,
    Method,
    Source,
    StageChange,
    WaitingFor,
)
from leads.models.lead import StageChangeKind
from leads.stages import ORDER, Exit
from seeds.generators import words
from seeds.generators.evidence import evidence
from seeds.generators.shapes import Shared, Sheaf
from seeds.generators.stories import Days, Story, invent, pick

_ANSWERED = 0.85
_OVERDUE = 0.25
_LONGEST_OVERDUE = 30
_LONGEST_AHEAD = 30
_LONGEST_SLEEP = 200
_WAITING = (
    *(WaitingFor.TEAM.value,) * 5,
    *(WaitingFor.INVESTOR.value,) * 4,
    *WaitingFor.values,
)


@dataclass(frozen=True)
class Told:
    """`parts` in the order in which things happened; `holds` while the claim is in force."""

    story: Story
    parts: dict[type[Model], Sheaf]
    holds: bool
    by_outpost: bool
    year: int


class Teller:
    """Tells stories; what does not change from one to the next is kept."""

    def __init__(
        self, days: Days, *, follow_ups: int, claim_days: int, logged_by: int, now: datetime
    ) -> None:
        self.days = days
        self.follow_ups = follow_ups
        self.claim_days = claim_days
        self.logged_by = logged_by
        change = Shared(
            Change, resource=resource_of(Lead), kind=ChangeKind.CREATED.value, recorded_at=now
        )
        plain = (ClaimKey, Lead.secondary_chains.through, Lead.readers.through)
        self.fixed = {Change: Sheaf([change]), **{m: Sheaf([Shared(m)]) for m in plain}}

    def tell(self, dice: Random, logged: int) -> Told:
        """A story that begins on that day."""
        story = invent(dice, logged, self.days.today, self.follow_ups)
        moments = [self.days.moment(day, dice) for day in story.entered]
        stamps = {"created_at": moments[0], "updated_at": moments[0]}
        post, claim = pick(dice, words.POSTS), self._claim(story)
        lead = self._lead(dice, story, moments)
        parts: dict[type[Model], list[Shared]] = {
            Enterprise: [Shared(Enterprise, **stamps)],
            Contact: [Shared(Contact, post=post, **stamps)],
            Claim: [Shared(Claim, **claim, **stamps)],
            Lead: [Shared(Lead, **lead)],
            FollowUp: self._talks(dice, story, lead),
            StageChange: self._moves(dice, story, moments, lead),
            **evidence(dice, moments),
        }
        return Told(
            story,
            self.fixed | {model: Sheaf(some) for model, some in parts.items()},
            holds=claim["ended_on"] is None,
            by_outpost=lead["source"] == Source.OUTPOST,
            year=moments[-1].year,
        )

    def _claim(self, story: Story) -> dict[str, Any]:
        dates, last = self.days.dates, max(story.progress, default=story.entered[0])
        lapses_on = dates[last + self.claim_days]
        in_force = lapses_on >= dates[self.days.today]
        return {
            "claimed_on": dates[story.entered[0]],
            "lapses_on": lapses_on,
            "state": ClaimState.ACTIVE.value if in_force else ClaimState.LAPSED.value,
            "ended_on": None if in_force else lapses_on + timedelta(days=1),
        }

    def _lead(self, dice: Random, story: Story, moments: list[datetime]) -> dict[str, Any]:
        dates = self.days.dates
        last = dates[max(story.contacts, default=story.entered[-1])]
        action, due = self._next_step(dice, story)
        return {
            "landing_park": pick(dice, words.PARKS),
            "source": pick(dice, Source.values),
            "referrer": pick(dice, words.REFERRERS),
            "summary": pick(dice, words.PLANS),
            "land_mu": int(dice.random() * 200),
            "stage": story.stage.value,
            "stage_entered_at": moments[-1],
            "waiting_for": pick(dice, _WAITING),
            "waiting_since": last,
            "next_action": action,
            "next_action_on": due,
            "last_contact_on": last if story.contacts else None,
            "last_progress_on": dates[max(story.progress)] if story.progress else None,
            "duplicates_checked_at": moments[0],
            "logged_by_id": self.logged_by,
            "version": len(moments) + len(story.contacts) + bool(story.exit),
            "created_at": moments[0],
            "updated_at": moments[-1],
            **self._exit(dice, story),
        }

    def _next_step(self, dice: Random, story: Story) -> tuple[str, date | None]:
        if story.exit:
            return "", None
        day = self.days.today + int(dice.random() * _LONGEST_AHEAD)
        if dice.random() < _OVERDUE:
            day = self.days.today - 1 - int(dice.random() * _LONGEST_OVERDUE)
        return pick(dice, words.NEXT_STEPS), self.days.workday(day)

    def _exit(self, dice: Random, story: Story) -> dict[str, Any]:
        if story.exited is None:
            return {}
        dates = self.days.dates
        sleep = 30 + int(dice.random() * _LONGEST_SLEEP)
        return {
            "exit": story.exit,
            "exit_reason": story.loss,
            "exit_detail": pick(dice, words.LOSS_DETAILS),
            "exited_on": dates[story.exited],
            "wake_on": dates[story.exited + sleep] if story.exit == Exit.SHELVED else None,
        }

    def _talks(self, dice: Random, story: Story, lead: dict[str, Any]) -> list[Shared]:
        talks = []
        for place, day in enumerate(story.contacts):
            last = place == len(story.contacts) - 1 and not story.exit
            moment = self.days.moment(day, dice)
            talks.append(
                Shared(
                    FollowUp,
                    occurred_at=moment,
                    method=pick(dice, Method.values),
                    two_way=place == 0 or dice.random() < _ANSWERED,
                    summary=pick(dice, words.SUMMARIES),
                    is_progress=day in story.progress,
                    next_action=lead["next_action"] if last else "",
                    next_action_on=lead["next_action_on"] if last else self.days.workday(day + 10),
                    created_at=moment,
                    updated_at=moment,
                )
            )
        return talks

    def _moves(
        self, dice: Random, story: Story, moments: list[datetime], lead: dict[str, Any]
    ) -> list[Shared]:
        moves = []
        left, since = "", None
        for stage, moment in zip(ORDER, moments, strict=False):
            kind = StageChangeKind.ADVANCED if left else StageChangeKind.LOGGED
            moves.append(_move(kind, left, stage.value, moment, since))
            left, since = stage.value, moment
        if story.exited is not None:
            moment = self.days.moment(story.exited, dice)
            way = {"exit": story.exit, "reason": lead["exit_detail"]}
            moves.append(_move(StageChangeKind.EXITED, left, left, moment, since, **way))
        return moves


def _move(
    kind: StageChangeKind,
    left: str,
    entered: str,
    moment: datetime,
    since: datetime | None,
    **way: str,
) -> Shared:
    return Shared(
        StageChange,
        kind=kind.value,
        from_stage=left,
        to_stage=entered,
        moved_at=moment,
        time_in_stage=moment - since if since else None,
        **way,
    )
