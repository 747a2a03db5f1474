"""A sweep goes on in sets: what it finds, what it writes and whom it tells."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from kfq_crm.base.models import MailState, OutgoingMail, User
from leads.models import Lead, Reminder
from leads.reminders import cancelling, engine, mails
from leads.reminders.engine import run_reminders
from tests.cast import Cast
from tests.factories import UserFactory, log_a_lead
from tests.leads.reminders.told import due_on, sweep
from tests.mailing import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steps")]
MONDAY = date(2026, 11, 23)


def colleagues(cast: Cast, number: int, kind: str = "colleague") -> list[User]:
    people = [
        UserFactory(username=f"{kind}_{n}", email=f"{kind}_{n}@example.com") for n in range(number)
    ]
    cast.team_a.group.user_set.add(*people)
    return people


@pytest.mark.parametrize(("found", "chunk"), [(1, 1), (3, 2), (7, 7), (8, 3), (100, 2)])
def test_nobody_is_left_out_between_two_sets(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, found: int, chunk: int
) -> None:
    monkeypatch.setattr(engine, "FOUND", found)
    monkeypatch.setattr(engine, "CHUNK", chunk)
    leads = [due_on(log_a_lead(by=cast.member_a), MONDAY) for _n in range(7)]
    assert sweep().recorded == 14
    assert Counter(Reminder.objects.values_list("lead", flat=True)) == {x.pk: 2 for x in leads}
    assert sweep().recorded == 0


def test_everybody_gets_the_own_items_in_groups_of_people(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mails, "PEOPLE", 2)
    people = colleagues(cast, 5)
    for person in people:
        lead = due_on(log_a_lead(by=cast.member_a, title=f"{person.username}的项目"), MONDAY)
        Lead.objects.filter(pk=lead.pk).update(owner=person)
    assert run_reminders(at("2026-11-23T09:00")).messages == 6  # and the head
    for person in people:
        message = OutgoingMail.objects.get(recipient=person)
        assert f"{person.username}的项目" in message.text
        assert message.text.count("的项目") == 1
        assert set(message.reminders.values_list("recipient", flat=True)) == {person.pk}


def test_one_whose_message_may_have_arrived_does_not_hold_up_the_others(cast: Cast) -> None:
    first, second = colleagues(cast, 2)
    for person in (first, second):
        lead = due_on(log_a_lead(by=cast.member_a), MONDAY)
        Lead.objects.filter(pk=lead.pk).update(owner=person)
    run_reminders(at("2026-11-23T00:05"))
    OutgoingMail.objects.filter(recipient=first).update(unanswered=1)
    for person in (first, second):
        lead = due_on(log_a_lead(by=cast.member_a, title="后来的"), MONDAY)
        Lead.objects.filter(pk=lead.pk).update(owner=person)
    run_reminders(at("2026-11-23T06:00"))
    assert "后来的" not in OutgoingMail.objects.get(recipient=first).text
    assert "后来的" in OutgoingMail.objects.get(recipient=second, state=MailState.WAITING).text


def test_hidden_items_are_found_in_chunks_and_for_each_person(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cancelling, "CHUNK", 2)
    leads = [due_on(log_a_lead(by=cast.member_a), MONDAY) for _n in range(5)]
    run_reminders(at("2026-11-23T00:05"))
    for lead in leads:
        Lead.objects.filter(pk=lead.pk).update(confidential=True, code_name="代号")
    cast.team_a.group.user_set.remove(cast.member_a)
    hidden = cancelling.unreadable(Reminder.objects.open())
    mine = Reminder.objects.filter(recipient=cast.member_a)
    assert set(hidden) == set(mine.values_list("pk", flat=True))  # the head reads them all


def test_queries_of_the_messages_hardly_grow_with_the_people(cast: Cast) -> None:
    """What is asked once a person is the list itself and the mark that it was sent."""
    counts = []
    for number, day in ((1, "2026-11-23"), (9, "2026-11-24")):
        for person in colleagues(cast, number, f"wave_{number}"):
            lead = due_on(log_a_lead(by=cast.member_a), date.fromisoformat(day))
            Lead.objects.filter(pk=lead.pk).update(owner=person)
        with CaptureQueriesContext(connection) as queries:
            run_reminders(at(f"{day}T09:00"))
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 3 * 9
