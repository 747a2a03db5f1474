"""What happened to an invented lead, in days: logged, moved, talked about, perhaps lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from random import Random
from typing import TypeVar

from django.utils import timezone

from kfq_crm.base.calendar import current_calendar
from leads.stages import ORDER, Exit, LossReason, Stage

T = TypeVar("T")

# How far an invented lead wants to get; time may be too short for it.
_WISHES = (0,) * 20 + (1,) * 18 + (2,) * 34 + (3,) * 12 + (4,) * 16
_EXITS = (*(Exit.LOST.value,) * 7, *(Exit.SHELVED.value,) * 2, Exit.TRANSFERRED.value)
_SHARE_OF_EXITS = 0.35
_SHARE_OF_PROGRESS = 0.5
_LONGEST_STEP = 45
OLDEST = 1000
# Shelved leads wake after the furthest of these.
_BEYOND = 400
_TIMES = [time(hour, minute) for hour in range(9, 17) for minute in (5, 25, 50)]


def pick(dice: Random, choices: Sequence[T]) -> T:
    """As `choice`, without its checks: it is asked some dozens of times a lead."""
    return choices[int(dice.random() * len(choices))]


class Days:
    """Days as numbers, 0 is the oldest, those before `today` have passed. Every date and moment
    is made once."""

    def __init__(self, today: date) -> None:
        first = today - timedelta(days=OLDEST)
        calendar = current_calendar()
        zone = timezone.get_default_timezone()
        self.today = OLDEST
        self.dates = [first + timedelta(days=n) for n in range(OLDEST + _BEYOND)]
        self._moments = [
            [datetime.combine(day, clock, zone) for clock in _TIMES] for day in self.dates[:OLDEST]
        ]
        self._workdays = [calendar.next_workday(day) for day in self.dates]

    def moment(self, day: int, dice: Random) -> datetime:
        """Some time of office hours on a day before today."""
        return pick(dice, self._moments[day])

    def workday(self, day: int) -> date:
        """The day itself or the first working day after it."""
        return self._workdays[day]


@dataclass(slots=True)
class Story:
    """`entered` holds the day of entering each stage reached, `contacts` the days of talks,
    `progress` those that brought progress."""

    entered: list[int]
    exit: str = ""
    exited: int | None = None
    loss: str = ""
    contacts: list[int] = field(default_factory=list)
    progress: set[int] = field(default_factory=set)

    @property
    def stage(self) -> Stage:
        return ORDER[len(self.entered) - 1]

    @property
    def signed(self) -> bool:
        return len(self.entered) == len(ORDER)


def invent(dice: Random, logged: int, today: int, follow_ups: int) -> Story:
    """A story that began on that day; about so many follow-ups, one at least once in talks."""
    story = Story([logged])
    for _stage in range(pick(dice, _WISHES)):
        day = story.entered[-1] + 1 + int(dice.random() * _LONGEST_STEP)
        if day >= today:
            break
        story.entered.append(day)
    if not story.signed and dice.random() < _SHARE_OF_EXITS:
        _leave(dice, story, today)
    _talk(dice, story, today, follow_ups)
    return story


def _leave(dice: Random, story: Story, today: int) -> None:
    day = story.entered[-1] + 5 + int(dice.random() * 90)
    if day < today:
        story.exited = day
        story.exit = pick(dice, _EXITS)
        story.loss = pick(dice, LossReason.values) if story.exit == Exit.LOST else ""


def _talk(dice: Random, story: Story, today: int, follow_ups: int) -> None:
    count = int(dice.random() * (2 * follow_ups + 1))
    in_talks = len(story.entered) > ORDER.index(Stage.NEGOTIATING)
    first = story.entered[0]
    if in_talks and follow_ups:
        # The gate of negotiating asks for a talk before it.
        story.contacts.append(story.entered[1])
        count -= 1
    span = (story.exited if story.exited is not None else today) - first
    story.contacts += [first + int(dice.random() * span) for _n in range(count)]
    story.contacts.sort()
    story.progress.update(day for day in story.contacts if dice.random() < _SHARE_OF_PROGRESS)
