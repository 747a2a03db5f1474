"""How long a sign-in lasts, what ends it, and when the door is locked."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import time_machine
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from pytest_django.asserts import assertContains, assertRedirects

from kfq_crm.base.models import User

PASSWORD = "江阴 quay no. 7"
MORNING = datetime(2025, 3, 3, 9, 0, tzinfo=ZoneInfo("Asia/Shanghai"))

pytestmark = pytest.mark.django_db


@pytest.fixture
def person() -> User:
    return User.objects.create_user(
        "gu.hang", password=PASSWORD, display_name="顾航", is_staff=True, is_superuser=True
    )


def signed_in(client: Client) -> bool:
    return client.get(reverse("admin:password_change")).status_code == 200


def sign_in(client: Client, password: str = PASSWORD) -> int:
    form = {"username": "gu.hang", "password": password}
    return client.post(reverse("admin:login"), form).status_code


def test_sign_in_lasts_while_used(client: Client, person: User) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        client.force_login(person)
        for _visit in range(4):
            clock.shift(timedelta(minutes=28))
            assert signed_in(client)


def test_sign_in_ends_after_half_an_hour_idle(client: Client, person: User) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        client.force_login(person)
        clock.shift(timedelta(minutes=31))
        assert not signed_in(client)


def test_sign_in_ends_after_twelve_hours_at_most(client: Client, person: User) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        client.force_login(person)
        for _visit in range(35):
            clock.shift(timedelta(minutes=20))
            assert signed_in(client)
        clock.shift(timedelta(minutes=20))
        assert not signed_in(client)


def test_reading_pages_does_not_write_the_session_each_time(client: Client, person: User) -> None:
    client.force_login(person)
    signed_in(client)
    with CaptureQueriesContext(connection) as asked:
        client.get(reverse("admin:password_change_done"))
    assert [query["sql"] for query in asked if not query["sql"].startswith("SELECT")] == []


def test_sign_in_ends_when_the_password_changes(client: Client, person: User) -> None:
    client.force_login(person)
    person.set_password("another quay, no. 8")
    person.save()
    assert not signed_in(client)


def test_sign_in_ends_when_the_account_is_disabled(client: Client, person: User) -> None:
    client.force_login(person)
    person.is_active = False
    person.save()
    assert not signed_in(client)


def test_strangers_are_sent_to_the_sign_in_page(client: Client) -> None:
    assertRedirects(client.get("/"), f"{reverse('admin:login')}?next=/")


def test_five_failures_lock_this_person_at_this_address(client: Client, person: User) -> None:
    statuses = [sign_in(client, "wrong") for _attempt in range(5)]
    assert statuses == [200, 200, 200, 200, 429]
    assert sign_in(client) == 429
    elsewhere = Client(REMOTE_ADDR="10.9.9.9")
    assert sign_in(elsewhere) == 302


def test_lock_says_in_chinese_what_to_do(client: Client, person: User) -> None:
    for _attempt in range(5):
        answer = client.post(reverse("admin:login"), {"username": "gu.hang", "password": "wrong"})
    assertContains(answer, "登录已暂时锁定", status_code=429)
    assertContains(answer, "15 分钟", status_code=429)


def test_lock_opens_after_a_quarter_of_an_hour(client: Client, person: User) -> None:
    with time_machine.travel(MORNING, tick=False) as clock:
        for _attempt in range(5):
            sign_in(client, "wrong")
        clock.shift(timedelta(minutes=16))
        assert sign_in(client) == 302


@pytest.mark.parametrize("password", ["short1!", "1357924680", "password123", "gu.hang.2025"])
def test_weak_passwords_are_refused(person: User, password: str) -> None:
    with pytest.raises(ValidationError):
        validate_password(password, person)
