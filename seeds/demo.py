"""Loads the invented people and leads into an empty database, as if they had lived there.

Everything goes through the actions, in the order of the days on which it happened, so that
stages, histories, clocks and claims are what the rules make of them.
"""

from __future__ import annotations

from datetime import date, timedelta
from itertools import groupby

from django.db import transaction

from chains.models import TaskTeam
from kfq_crm.base.models import User
from leads.actions.claims import lapse_claims, request_ruling
from leads.models import Lead
from seeds.loader import load_report
from seeds.loading.store import read
from seeds.scenes.clock import Days, clock_at
from seeds.scenes.people import create_people
from seeds.scenes.story import Event, Story

BEFORE_ALL = 30  # days between the arrival of the people and the first lead


def is_empty() -> bool:
    """Whether nobody and nothing is in the database yet; the report's data do not count."""
    return not User.objects.exists() and not Lead.objects.exists()


@transaction.atomic
def load_demo(password: str, today: date | None = None) -> None:
    """The demo set in full or not at all. The caller has made sure that it may be loaded."""
    load_report()
    days = Days(today)
    rows = read("demo_leads")
    first = max(row["entered"]["lead"] for row in rows["leads"])
    with clock_at(days.moment(days.ago(first + BEFORE_ALL), 0)):
        people, outposts = create_people(password)
    events = [
        event for row in rows["leads"] for event in _in_order(Story(row, people, outposts, days))
    ]
    for row in rows["ruling_requests"]:
        events.append(Event(days.ago(row["days_ago"]), 0, lambda row=row: _ask(row, people)))
    _live_through(events, days)


def _in_order(story: Story) -> list[Event]:
    return sorted(story.events(), key=lambda event: event[:2])


def _live_through(events: list[Event], days: Days) -> None:
    """Day by day; claims lapse in the night, as the sweep would end them."""
    events.sort(key=lambda event: event.day)
    night = events[0].day
    for day, happening in groupby(events, key=lambda event: event.day):
        _sleep_until(day, night, days)
        night = day
        for place, event in enumerate(happening):
            with clock_at(days.moment(day, place)):
                event.act()
    _sleep_until(days.today, night, days)


def _sleep_until(day: date, since: date, days: Days) -> None:
    for passed in range(1, (day - since).days + 1):
        night = since + timedelta(days=passed)
        with clock_at(days.moment(night, 0) - timedelta(hours=8)):
            lapse_claims()


def _ask(row: dict, people: dict[str, User]) -> None:
    request_ruling(
        company_name=row["company_name"],
        team=TaskTeam.objects.get(chain__code=row["asking_team"]),
        grounds=row["grounds"],
        by=people[row["asked_by"]],
    )
