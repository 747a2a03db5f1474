"""Loads the invented people and leads into an empty database, as if they had lived there.

Everything goes through the actions, in the order of the days on which it happened, so that
stages, histories, clocks and claims are what the rules make of them.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

from django.db import transaction

from chains.models import Outpost
from kfq_crm.base.models import User
from leads.actions.claims import lapse_claims
from leads.models import Claim, Lead
from seeds.loader import load_report
from seeds.loading.store import read
from seeds.scenes.approvals import Approvals
from seeds.scenes.clock import Days, clock_at
from seeds.scenes.lists import fill_lists
from seeds.scenes.people import create_people
from seeds.scenes.promises import look_back
from seeds.scenes.questions import ask_around
from seeds.scenes.rulings import Dispute
from seeds.scenes.story import LAND, Event, Story

BEFORE_ALL = 30  # days between the arrival of the people and the first lead
BEDTIME = timedelta(hours=8)  # before the office opens


def is_empty() -> bool:
    """Whether nobody and nothing is in the database yet; the report's data do not count."""
    return not User.objects.exists() and not Lead.objects.exists()


@transaction.atomic
def load_demo(password: str, today: date | None = None) -> None:
    """The demo set in full or not at all. The caller has made sure that it may be loaded."""
    load_report()
    days = Days(today)
    data = read("demo_leads")
    first = max(row["entered"]["lead"] for row in data["leads"])
    with clock_at(days.moment(days.ago(first + BEFORE_ALL), 0)):
        people, outposts = create_people(password)
        fill_lists(people, days)
    _live_through(_events(data, people, outposts, days), days)
    ask_around(people, days)


def _events(
    data: dict, people: dict[str, User], outposts: dict[str, Outpost], days: Days
) -> list[Event]:
    """All events by day; on one day those of a lead stand together, in their own order."""
    told = [Story(row, people, outposts, days) for row in data["leads"]]
    disputes = [Dispute(row, people, days) for row in data["ruling_requests"]]
    stories = [sorted(story.events(), key=lambda event: event[:2]) for story in [*told, *disputes]]
    stories.append([Event(day, LAND, act) for day, act in Approvals(people, days).events()])
    return sorted((event for story in stories for event in story), key=lambda event: event.day)


def _live_through(events: list[Event], days: Days) -> None:
    """Day by day; claims lapse in the night, as the sweep would end them."""
    for day, happening in groupby(events, key=lambda event: event.day):
        _sleep_until(day, days)
        for place, event in enumerate(happening):
            with clock_at(days.moment(day, place)):
                event.act()
    _sleep_until(days.today, days)
    with clock_at(days.moment(days.today, 0) - BEDTIME):
        look_back()


def _sleep_until(day: date, days: Days) -> None:
    """Wake the sweep in the nights before `day` in which it has something to end."""
    due = Claim.objects.active().filter(lapses_on__lt=day).order_by("lapses_on")
    for last_day in sorted(set(due.values_list("lapses_on", flat=True))):
        with clock_at(days.moment(last_day + timedelta(days=1), 0) - BEDTIME):
            lapse_claims()
