"""Whom a new rule would remind: what the next working day's sweep would record with it and
without it, reckoned by the rules' own queries. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cached_property
from typing import Any

from django.utils import timezone

from kfq_crm.base.models import User
from leads.models import CadenceRule, EscalationStep, ResponseLimit, StallRule
from leads.models.rules import Rule
from leads.reminders.clock import Clock
from leads.reminders.engine import CHUNK, steps_on, window_of
from leads.reminders.lead_rules import NoContact, NoProgress, ResponseRule
from leads.reminders.recipients import Recipients
from leads.reminders.registry import all_rules
from leads.reminders.rules import ReminderRule
from leads.rulebook import cadences_on

# Items reckoned on each side; a page must not wait for a million of them.
MOST_ITEMS = 5_000
SHOWN_PEOPLE = 30

Steps = Sequence[EscalationStep]


@dataclass
class Tally:
    """Items by person and by kind of reminder. `is_capped`: there are more than were counted."""

    people: Counter[int] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    is_capped: bool = False

    @property
    def items(self) -> int:
        return self.people.total()

    @property
    def persons(self) -> int:
        return len(self.people)


@dataclass(frozen=True)
class Line:
    """One person or one kind of reminder: items without the rule and with it."""

    name: Any
    before: int
    after: int

    @property
    def change(self) -> int:
        return self.after - self.before


@dataclass(frozen=True)
class Forecast:
    """What the sweep of `day` would record now, and with the new rule in force."""

    day: date
    before: Tally
    after: Tally
    kinds: list[Line]
    people: list[Line]

    @property
    def changes_nothing(self) -> bool:
        return self.before == self.after


@dataclass(frozen=True)
class SupposedClock(Clock):
    """The day's rules, with one more that is not on record."""

    supposed: Rule | None = None

    @cached_property
    def cadences(self) -> dict[tuple[str, str], int]:
        days, rule = cadences_on(self.today), self.supposed
        if isinstance(rule, CadenceRule):
            days[rule.stage, rule.band] = rule.working_days
        return days

    @cached_property
    def stall_rule(self) -> StallRule | None:
        rule = self.supposed
        if isinstance(rule, StallRule):
            return rule
        return StallRule.objects.valid_on(self.today).first()

    def responses(self, item: str) -> dict[str, int]:
        rule = self.supposed
        if not (isinstance(rule, ResponseLimit) and rule.item == item):
            return super().responses(item)
        if item not in self._responses:
            rows = ResponseLimit.objects.valid_on(self.today).filter(item=item)
            days = {row.band: row.working_days for row in reversed(list(rows))}
            days[rule.band] = rule.working_days
            self._responses[item] = days if "" in days else {}
        return self._responses[item]


def forecast(
    *, rule: Rule | None = None, steps: Steps | None = None, now: datetime | None = None
) -> Forecast:
    """The next working day's sweep, as the records stand, without and with a new rule.

    `rule` is unsaved; `steps` is a whole new set of escalation steps. The new rule is taken to
    hold on that day already, from whichever later day on it is entered.
    """
    clock = Clock.on(timezone.localdate(now))
    day = clock.calendar.add_workdays(clock.today, 1)
    known = steps_on(day)
    concerned = _concerned(rule)
    recipients = Recipients(day)
    before = _tally(concerned, Clock(day, clock.calendar), known, recipients)
    supposed = SupposedClock(day, clock.calendar, supposed=rule)
    after = _tally(concerned, supposed, known if steps is None else steps, recipients)
    return Forecast(day, before, after, _kinds(concerned, before, after), _people(before, after))


def _concerned(rule: Rule | None) -> list[ReminderRule]:
    """The kinds of reminders that reckon with a rule; all of them reckon with the steps."""
    if isinstance(rule, ResponseLimit):
        return [r for r in all_rules() if isinstance(r, ResponseRule) and r.item == rule.item]
    if isinstance(rule, StallRule):
        return [r for r in all_rules() if isinstance(r, NoProgress)]
    if isinstance(rule, CadenceRule):
        return [r for r in all_rules() if isinstance(r, NoContact)]
    return all_rules()


def _tally(
    rules: Sequence[ReminderRule], clock: Clock, steps: Steps, recipients: Recipients
) -> Tally:
    tally = Tally()
    for rule in rules:
        named = [step for step in steps if rule.roles is None or step.role in rule.roles]
        for offset in sorted({step.offset for step in named}):
            told = [step for step in named if step.offset == offset]
            _count(tally, rule, offset, told, clock, recipients)
    return tally


def _count(
    tally: Tally,
    rule: ReminderRule,
    offset: int,
    told: Steps,
    clock: Clock,
    recipients: Recipients,
) -> None:
    after, window = 0, window_of(offset, clock)
    while not tally.is_capped and (found := rule.due(window, offset, clock, after, CHUNK)):
        after = found[-1].subject_id
        recipients.learn(found)
        for due in found:
            people = {who.user_id for step in told for who in recipients.of(step.role, due)}
            tally.people.update(people)
            tally.rules[rule.code] += len(people)
        tally.is_capped = tally.items >= MOST_ITEMS


def _kinds(rules: Sequence[ReminderRule], before: Tally, after: Tally) -> list[Line]:
    lines = [Line(rule.label, before.rules[rule.code], after.rules[rule.code]) for rule in rules]
    return [line for line in lines if line.before or line.after]


def _people(before: Tally, after: Tally) -> list[Line]:
    """Those for whom something changes, the greatest change first."""
    keys = {pk for pk in {*before.people, *after.people} if before.people[pk] != after.people[pk]}
    ordered = sorted(keys, key=lambda pk: (-abs(after.people[pk] - before.people[pk]), pk))
    users = User.objects.in_bulk(ordered[:SHOWN_PEOPLE])
    return [
        Line(users[pk], before.people[pk], after.people[pk])
        for pk in ordered[:SHOWN_PEOPLE]
        if pk in users
    ]
