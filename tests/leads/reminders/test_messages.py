"""One message a person and working day, with everything in it."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django.fixtures import Settings

from kfq_crm.base.models import MailState, OutgoingMail, QuietHours
from leads.models import Reminder
from leads.reminders import mails
from leads.reminders.engine import run_reminders
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.leads.reminders.told import due_on, sweep
from tests.mailing import at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steps")]
MONDAY = date(2026, 11, 23)


def sent_to(username: str) -> list[OutgoingMail]:
    rows = OutgoingMail.objects.filter(recipient__username=username)
    return list(rows.exclude(state=MailState.CANCELLED).order_by("pk"))


def test_one_message_lists_all_items_of_the_person(cast: Cast) -> None:
    for number in range(3):
        due_on(log_a_lead(by=cast.member_a, title=f"项目{number}"), date(2026, 11, 20))
    sweep()
    (message,) = sent_to("member_a")
    assert all(f"项目{number}" in message.text for number in range(3))
    assert all(f"项目{number}" in message.html for number in range(3))
    assert "3" in message.subject
    assert len(sent_to("head_a")) == 1
    assert not Reminder.objects.filter(mail=None).exists()


def test_what_comes_later_that_day_waits_for_the_next_message(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a, title="早上的"), MONDAY)
    sweep()
    due_on(log_a_lead(by=cast.member_a, title="后来的"), MONDAY)
    sweep("2026-11-23T11:00")
    assert len(sent_to("member_a")) == 1
    sweep("2026-11-24T09:00")
    _first, second = sent_to("member_a")
    assert "后来的" in second.text
    assert "早上的" not in second.text


def test_what_comes_in_the_quiet_hours_is_in_the_morning_message(cast: Cast) -> None:
    QuietHours.objects.all().delete()
    QuietHours.objects.create(
        valid_from=date(2020, 1, 1),
        starts_at=at("2026-11-23T21:00").time(),
        ends_at=at("2026-11-23T07:30").time(),
    )
    due_on(log_a_lead(by=cast.member_a, title="午夜的"), MONDAY)
    sweep("2026-11-23T00:05")
    due_on(log_a_lead(by=cast.member_a, title="清晨的"), MONDAY)
    sweep("2026-11-23T06:00")
    sweep("2026-11-23T08:00")
    (message,) = sent_to("member_a")
    assert message.state == MailState.SENT
    assert "午夜的" in message.text
    assert "清晨的" in message.text


def test_long_list_is_cut_and_says_so(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mails, "LISTED", 2)
    for number in range(3):
        due_on(log_a_lead(by=cast.member_a, title=f"项目{number}"), MONDAY)
    sweep()
    (message,) = sent_to("member_a")
    assert "项目2" not in message.text
    assert "另有 1 项" in message.text


def test_snoozed_item_is_not_in_the_message(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), MONDAY)
    run_reminders(at("2026-11-23T00:05"))
    Reminder.objects.filter(recipient=cast.member_a).update(
        snoozed_until=date(2026, 11, 25), snooze_reason="等对方回国"
    )
    assert not Reminder.objects.on_desk(MONDAY).filter(recipient=cast.member_a).exists()
    assert Reminder.objects.on_desk(date(2026, 11, 25)).filter(recipient=cast.member_a).exists()


def test_links_begin_with_the_address_of_the_site_or_are_left_out(
    cast: Cast, settings: Settings
) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep()
    (message,) = sent_to("head_a")
    assert "http" not in message.text + message.html.replace("http-equiv", "")
    settings.SITE_URL = "https://crm.example"
    due_on(lead, MONDAY)
    sweep("2026-11-24T09:00")
    message = sent_to("head_a")[-1]
    assert f"https://crm.example/admin/leads/lead/{lead.pk}/page/" in message.html
    assert "https://crm.example/admin/" in message.text


@pytest.mark.parametrize("hostile", ["<script>alert(1)</script>", '"><img src=x onerror=y>'])
def test_title_cannot_write_into_the_message(cast: Cast, hostile: str) -> None:
    due_on(log_a_lead(by=cast.member_a, title=hostile), MONDAY)
    sweep()
    (message,) = sent_to("member_a")
    assert "<script" not in message.html
    assert "<img" not in message.html
    assert hostile in message.text


def test_queries_of_a_sweep_do_not_grow_with_the_leads(cast: Cast) -> None:
    counts = []
    for wave in (1, 49):
        for _number in range(wave):
            due_on(log_a_lead(by=cast.member_a), MONDAY)
        with CaptureQueriesContext(connection) as queries:
            run_reminders(at("2026-11-23T09:00") if wave == 1 else at("2026-11-24T09:00"))
        counts.append(len(queries))
    assert counts[1] <= counts[0] + 12
