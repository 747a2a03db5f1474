"""The promise on reminders, with real workers that are killed at whatever they are doing.

Each reminder is recorded and shown exactly once; its message is sent at least once, a second
copy only where a process, the network or the server failed between acceptance and record.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from random import Random

import pytest
from django.db import connection, transaction
from django.utils import timezone

from kfq_crm.base.models import CalendarDay, MailState, OutgoingMail, QuietHours, User
from leads.actions.pipeline import update_lead
from leads.models import EscalationStep, Lead, Reminder
from tests.cast import RULES_SINCE, Cast
from tests.factories import an_enterprise
from tests.faults.processes import Workers, system, wait_until
from tests.sink import DROP, OK, Sink

pytestmark = [
    pytest.mark.slow,
    pytest.mark.postgresql,
    pytest.mark.django_db(transaction=True),
]
FAR = timedelta(days=60)


@dataclass(frozen=True)
class Plan:
    leads: int
    kills: int
    seconds: float


SHORT = Plan(leads=1000, kills=10, seconds=240)
FULL = Plan(leads=10_000, kills=50, seconds=2400)


@dataclass
class Misbehaviour:
    """A mail server that says 451 to one in a hundred and hangs up after one text in 300."""

    dice: Random = field(default_factory=lambda: Random(7))
    lost: int = 0

    def on_recipient(self, address: str) -> str:
        return "451 later" if self.dice.random() < 0.01 else OK

    def on_text(self, address: str) -> str:
        if self.dice.random() < 0.003:
            self.lost += 1
            return DROP
        return OK


@pytest.fixture
def always_a_working_day(db: None) -> date:
    """The processes live by the real clock, which may show a Sunday night."""
    today = timezone.localdate()
    QuietHours.objects.all().delete()
    CalendarDay.objects.all().delete()
    CalendarDay.objects.bulk_create(
        CalendarDay(day=today + timedelta(days=day), is_workday=True, label="工作日")
        for day in range(-20, 20)
    )
    EscalationStep.objects.create(valid_from=RULES_SINCE, offset=0, role="owner")
    return today


def overdue_leads(cast: Cast, number: int, today: date) -> list[Lead]:
    """So many leads, each overdue since yesterday, each with an owner of its own."""
    User.objects.bulk_create(
        User(username=f"owner{n}", display_name=f"负责人{n}", email=f"owner{n}@example.com")
        for n in range(number)
    )
    owners = list(User.objects.filter(username__startswith="owner").order_by("pk"))
    cast.team_a.group.user_set.add(*owners)
    company = an_enterprise(by=cast.member_a, team=cast.team_a)
    with transaction.atomic():
        Lead.objects.bulk_create(
            Lead(
                title=f"项目{owner.pk}",
                enterprise=company,
                chain=cast.chain_a,
                owner=owner,
                source="visit",
                logged_by=owner,
                last_contact_on=today,
                last_progress_on=today,
                next_action="回访",
                next_action_on=today - timedelta(days=1),
            )
            for owner in owners
        )
    return list(Lead.objects.order_by("pk"))


def fire(workers: Workers, plan: Plan, moved: list[Lead], by: User) -> None:
    """Kill a worker again and again; empty and restart the broker; move leads meanwhile."""
    dice = Random(11)
    for number in range(plan.kills):
        time.sleep(dice.uniform(0.3, 2.5))
        name = dice.choice([name for name in workers.running if name.startswith("worker")])
        workers.kill(name)
        workers.start_worker(name)
        if number == plan.kills // 2:
            workers.broker.stop()
            workers.broker.start()
        share = len(moved) // plan.kills
        for lead in moved[number * share : (number + 1) * share]:
            lead.refresh_from_db()
            day = lead.next_action_on + FAR
            update_lead(lead=lead, values={"next_action_on": day}, by=by, expected=lead.version)


def settled(expected: set[int]) -> bool:
    """All that is due is recorded, and no message waits for anything."""
    connection.close()  # what a dead worker left behind is seen by a fresh connection
    recorded = set(Reminder.objects.open().values_list("lead", flat=True))
    busy = OutgoingMail.objects.filter(state__in=[MailState.WAITING, MailState.HANDING])
    return recorded == expected and not busy.exists() and not _unlisted()


def _unlisted() -> bool:
    return Reminder.objects.open().filter(mail=None).exists()


def _run(cast: Cast, folder: Path, today: date, plan: Plan) -> None:
    leads = overdue_leads(cast, plan.leads, today)
    moved = Random(3).sample(leads, plan.leads // 20)
    expected = {lead.pk for lead in leads} - {lead.pk for lead in moved}
    trouble = Misbehaviour()
    with Sink(on_recipient=trouble.on_recipient, on_text=trouble.on_text) as sink:
        with system(folder, sink.port, workers=2, beats=2) as workers:
            fire(workers, plan, moved, cast.coordinator)
            wait_until(lambda: settled(expected), "all to settle", plan.seconds, workers.said)
            kills = workers.kills
        _check(expected, sink, copies=kills + trouble.lost)


def _check(expected: set[int], sink: Sink, *, copies: int) -> None:
    """Recorded = expected = received, and no more copies than there were failures."""
    shown = Counter(Reminder.objects.open().values_list("lead", flat=True))
    assert shown == dict.fromkeys(expected, 1)
    sent = OutgoingMail.objects.filter(state=MailState.SENT)
    received = Counter(sink.message_ids)
    assert set(received) == set(sent.values_list("message_id", flat=True))
    told = set(sent.filter(reminders__state="open").values_list("reminders__lead", flat=True))
    assert told == expected
    extra = received.total() - len(received)
    _tell(
        f"{len(expected)} reminders, {len(received)} messages, {extra} copies of {copies} possible"
    )
    assert extra <= copies


def _tell(counts: str) -> None:
    """With `-s` the counts are read on the terminal; they belong into a report."""
    sys.stderr.write(f"\n{counts}\n")


def test_nothing_is_lost_or_doubled_while_workers_are_killed(
    cast: Cast, tmp_path: Path, always_a_working_day: date
) -> None:
    _run(cast, tmp_path, always_a_working_day, SHORT)


@pytest.mark.faults
@pytest.mark.timeout(3600)
def test_nothing_is_lost_or_doubled_in_ten_thousand(
    cast: Cast, tmp_path: Path, always_a_working_day: date
) -> None:
    _run(cast, tmp_path, always_a_working_day, FULL)
