"""The operations page and its panels: broker, sweeps, mail, and those that apps add."""

from collections.abc import Iterator
from datetime import datetime, time, timedelta
from typing import Any

import pytest
import redis
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries
from pytest_django.asserts import assertContains, assertNotContains
from pytest_django.fixtures import Settings

from kfq_crm.base import broker as broker_module
from kfq_crm.base import operations, own_panels
from kfq_crm.base.models import MailState, OutgoingMail, QuietHours, SweepRun, User
from kfq_crm.base.operations import Line, register_panel
from kfq_crm.base.sweeps import COUNTS, summary
from tests.factories import UserFactory
from tests.mailing import at, later, letter_to

pytestmark = pytest.mark.django_db
PAGE, JSON = "admin:operations", "admin:operations_json"
NOON = at("2026-11-24 12:00")  # a Tuesday


@pytest.fixture
def office(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


@pytest.fixture
def own_registry(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "_panels", dict(operations._panels))


def lines(read: Any, now: datetime = NOON) -> dict[str, Line]:
    return {line.key: line for line in read(now)}


def sweep(name: str = "deliver_mail", ago: timedelta = timedelta(0), **values: Any) -> SweepRun:
    moment = NOON - ago
    values = {"finished_at": moment, "succeeded_at": moment, **values}
    return SweepRun.objects.create(name=name, started_at=moment, **values)


# --- Page and JSON ---------------------------------------------------------------------------


def test_page_shows_every_panel_of_the_ground(office: Client) -> None:
    answer = office.get(reverse(PAGE))
    for title in ("消息队列", "后台任务", "邮件发送", "失败与无法投递的邮件"):
        assertContains(answer, title)
    assertContains(answer, "未设置消息队列")


def test_page_is_for_whoever_runs_the_system(client: Client, reader: User) -> None:
    client.force_login(reader)
    assert client.get(reverse(PAGE)).status_code == 403
    assert client.get(reverse(JSON)).status_code == 403


def test_page_names_failed_mail_with_a_link_and_not_what_it_says(
    office: Client, reader: User
) -> None:
    row = letter_to(reader, subject="金丝雀", kind="reminders")
    OutgoingMail.objects.update(state=MailState.FAILED, last_error="550 user unknown")
    answer = office.get(reverse(PAGE))
    assertContains(answer, reverse("admin:base_outgoingmail_page", args=[row.pk]))
    assertContains(answer, "跟进提醒 → 顾航")
    assertContains(answer, "550 user unknown")
    assertNotContains(answer, "金丝雀")


def test_json_says_the_same(office: Client) -> None:
    said = office.get(reverse(JSON)).json()
    assert said["ready"] is False
    assert {problem["check"] for problem in said["problems"]} == {"broker", "sweeps"}
    panels = {panel["key"]: panel for panel in said["panels"]}
    assert {"broker", "sweep", "mail", "failed_mail"} <= set(panels)
    broker = panels["broker"]["lines"][0]
    assert (broker["key"], broker["value"], broker["level"]) == ("reachable", 0, "bad")


@pytest.mark.parametrize("count", [1, 50])
def test_page_asks_as_often_for_one_as_for_fifty(
    office: Client, count: int, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for number in range(count):
        letter_to(UserFactory(email="", username=f"u{number}"), key=f"k{number}")
        SweepRun.objects.create(name=f"sweep {number}", started_at=timezone.now())
    office.get(reverse(PAGE))
    with django_assert_max_num_queries(40):
        office.get(reverse(PAGE))


# --- Panels of others ------------------------------------------------------------------------


def test_apps_add_panels(office: Client, own_registry: None) -> None:
    def read(now: datetime) -> Iterator[Line]:
        yield Line("oldest", "最早到期的提醒", "3 天前", 259200, "warning", "/admin/inbox/")

    register_panel("reminders", "提醒引擎", read)
    answer = office.get(reverse(PAGE))
    for word in ("提醒引擎", "最早到期的提醒", "! 3 天前", 'href="/admin/inbox/"'):
        assertContains(answer, word)


def test_panel_registered_again_replaces_the_first(own_registry: None) -> None:
    register_panel("x", "一", lambda now: [])
    register_panel("x", "二", lambda now: [])
    assert [panel.title for panel in operations.read_panels(NOON) if panel.key == "x"] == ["二"]


def test_panel_that_fails_stops_no_other(office: Client, own_registry: None) -> None:
    def broken(now: datetime) -> Iterator[Line]:
        raise ZeroDivisionError

    register_panel("broken", "坏的", broken)
    answer = office.get(reverse(PAGE))
    assertContains(answer, "这些数据无法读取：ZeroDivisionError")
    assertContains(answer, "邮件发送")


# --- Broker ----------------------------------------------------------------------------------


@pytest.mark.broker
def test_broker_tells_what_waits_and_what_is_in_hand(broker: str, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = broker
    with redis.Redis.from_url(broker.replace("redis+socket", "unix")) as client:
        client.lpush("celery", "a", "b", "c")
        client.hset("unacked", "d", "x")
    seen = lines(own_panels.read_broker)
    assert (seen["reachable"].value, seen["reachable"].level) == (1, "good")
    assert (seen["queue_length"].value, seen["queue_length"].labels) == (3, {"queue": "celery"})
    assert seen["in_hand"].value == 1


@pytest.mark.broker
def test_long_queue_is_a_warning(broker: str, settings: Settings) -> None:
    settings.CELERY_BROKER_URL = broker
    with redis.Redis.from_url(broker.replace("redis+socket", "unix")) as client:
        client.lpush("celery", *range(own_panels.LONG_QUEUE + 1))
    assert lines(own_panels.read_broker)["queue_length"].level == "warning"


@pytest.mark.parametrize(
    "url", ["redis://127.0.0.1:1/0", "redis+socket:///nowhere/socket", "redis://[bad/0"]
)
def test_broker_out_of_reach_is_said_in_words(settings: Settings, url: str) -> None:
    settings.CELERY_BROKER_URL = url
    line = lines(own_panels.read_broker)["reachable"]
    assert (line.value, line.level, line.text) == (
        0,
        "bad",
        "连接不上消息队列：后台任务暂停，数据不会丢失",
    )


def test_no_broker_is_no_reachable_broker() -> None:
    assert broker_module.look() == broker_module.Broker(is_set_up=False)


# --- Sweeps ----------------------------------------------------------------------------------


def ages() -> dict[str, Line]:
    read = own_panels.read_sweeps(NOON)
    return {line.labels["sweep"]: line for line in read if line.key == "age_seconds"}


def test_sweep_that_never_ran_is_said() -> None:
    line = ages()["deliver_mail"]
    assert (line.text, line.level, line.value) == ("从未运行", "warning", None)


def test_sweep_tells_its_age_and_what_it_did() -> None:
    sweep(ago=timedelta(minutes=2), counts={"sent": 3, "failed": 1, "retried": 0})
    line = ages()["deliver_mail"]
    assert (line.level, line.value) == ("good", 120)
    assert line.text.replace("\xa0", " ") == "2 分钟前 · 发送 3、失败 1"


def test_sweep_that_fell_silent_is_bad() -> None:
    sweep(ago=timedelta(minutes=16))
    assert ages()["deliver_mail"].level == "bad"


def test_run_that_goes_on_is_a_sign_of_life() -> None:
    sweep(finished_at=NOON - timedelta(hours=1))
    assert ages()["deliver_mail"].level == "good"


def test_error_of_a_sweep_is_shown_with_its_last_success() -> None:
    sweep(error="Connection refused", succeeded_at=NOON - timedelta(hours=3))
    shown = [
        line for line in own_panels.read_sweeps(NOON) if line.labels["sweep"] == "deliver_mail"
    ]
    by_key = {line.key: line for line in shown}
    assert "Connection refused" in by_key["age_seconds"].text
    assert by_key["age_seconds"].level == "warning"
    assert "3 小时" in by_key["last_success"].text.replace("\xa0", " ")
    assert by_key["failing"].value == 1


def test_sweep_that_nobody_expects_is_shown_as_well() -> None:
    sweep("something_else")
    assert ages()["something_else"].label == "something_else"


def test_counts_read_as_words() -> None:
    assert summary({"sent": 2, "is_quiet": True, "failed": 0, "odd": [1, 2]}) == (
        f"{COUNTS['sent']} 2、{COUNTS['is_quiet']}、odd 2"
    )


# --- Mail ------------------------------------------------------------------------------------


def test_mail_counts_what_is_under_way_and_what_failed(reader: User) -> None:
    for number, state in enumerate(["waiting", "waiting", "failed", "undeliverable", "cancelled"]):
        row = letter_to(reader, key=f"k{number}")
        OutgoingMail.objects.filter(pk=row.pk).update(state=state)
    seen = lines(own_panels.read_mail)
    assert [seen[key].value for key in ("under_way", "failed", "undeliverable")] == [2, 1, 1]
    assert (seen["failed"].level, seen["under_way"].level) == ("bad", "")


@pytest.mark.parametrize(("minutes", "level"), [(1, ""), (15, ""), (16, "bad")])
def test_oldest_due_message_ages(reader: User, minutes: int, level: str) -> None:
    due = NOON - timedelta(minutes=minutes)
    row = letter_to(reader, key="old", not_before=due)
    letter_to(reader, key="young", not_before=NOON)
    letter_to(reader, key="later", not_before=later(days=900))
    line = lines(own_panels.read_mail)["oldest_due_seconds"]
    assert (line.value, line.level) == (minutes * 60, level)
    assert line.link == reverse("admin:base_outgoingmail_page", args=[row.pk])


def test_nothing_due_is_good(reader: User) -> None:
    letter_to(reader, not_before=later(days=900))
    line = lines(own_panels.read_mail)["oldest_due_seconds"]
    assert (line.value, line.level) == (0, "good")


def test_message_that_waits_for_the_morning_is_no_fault(reader: User) -> None:
    QuietHours.objects.create(valid_from="2026-01-01", starts_at=time(11), ends_at=time(13))
    letter_to(reader, not_before=NOON - timedelta(hours=5))
    seen = lines(own_panels.read_mail)
    assert (seen["quiet"].value, seen["oldest_due_seconds"].level) == (1, "")


def test_reminder_that_rests_is_no_fault(reader: User) -> None:
    sunday = at("2026-11-22 12:00")
    letter_to(reader, kind="reminders", not_before=sunday - timedelta(hours=5))
    seen = lines(own_panels.read_mail, sunday)
    assert (seen["rest_day"].value, seen["oldest_due_seconds"].value) == (1, 0)
