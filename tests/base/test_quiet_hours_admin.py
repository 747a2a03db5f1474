"""Quiet hours: added from a day on, withdrawn before it, never edited."""

from datetime import time, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains

from kfq_crm.base.models import AccessEntry, QuietHours, User

pytestmark = pytest.mark.django_db
LIST, ADD = "admin:base_quiethours_changelist", "admin:base_quiethours_add"
TODAY = timezone.localdate()
LATER = TODAY + timedelta(days=10)


@pytest.fixture
def office(client: Client, administrator: User) -> Client:
    client.force_login(administrator)
    return client


def rule(valid_from: Any, start: int = 21, end: int = 7) -> QuietHours:
    hours = {"starts_at": time(start), "ends_at": time(end)}
    return QuietHours.objects.create(valid_from=valid_from, **hours)


def form(**values: Any) -> dict[str, Any]:
    return {"starts_at": "20:30", "ends_at": "08:00", "valid_from": LATER, **values}


def test_rule_is_added_for_a_day_to_come(office: Client) -> None:
    office.post(reverse(ADD), form())
    row = QuietHours.objects.get()
    assert (row.starts_at, row.ends_at, row.valid_from) == (time(20, 30), time(8), LATER)
    assert AccessEntry.objects.filter(subject="rule.added").exists()


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"valid_from": TODAY - timedelta(days=1)}, "valid_from"),
        ({"valid_from": TODAY}, "valid_from"),  # there is one from that day on
        ({"starts_at": "25:00"}, "starts_at"),
        ({"ends_at": ""}, "ends_at"),
        ({"ends_at": "20:30"}, "__all__"),
    ],
)
def test_bad_rule_is_told_at_its_field(office: Client, values: dict[str, Any], field: str) -> None:
    rule(TODAY)
    answer = office.post(reverse(ADD), form(**values))
    assert set(answer.context["adminform"].form.errors) == {field}
    assert QuietHours.objects.count() == 1


def test_list_tells_what_holds_and_what_comes(office: Client) -> None:
    rule(TODAY - timedelta(days=900), 12, 14)
    rule(TODAY - timedelta(days=9))
    rule(LATER, 22, 6)
    answer = office.get(reverse(LIST))
    for word in ("21:00 至次日 07:00", "22:00 至次日 06:00"):
        assertContains(answer, word)
    assertNotContains(answer, "12:00 至 14:00")
    assertContains(office.get(reverse(LIST), {"tab": "all"}), "12:00 至 14:00")


def test_rule_in_force_is_neither_edited_nor_withdrawn(office: Client) -> None:
    row = rule(TODAY)
    answer = office.get(reverse("admin:base_quiethours_change", args=[row.pk]))
    assertNotContains(answer, 'name="starts_at"')
    withdraw = reverse("admin:base_quiethours_withdraw", args=[row.pk])
    assertNotContains(answer, withdraw)
    office.post(withdraw, {})
    office.post(reverse("admin:base_quiethours_change", args=[row.pk]), form())
    row.refresh_from_db()
    assert row.starts_at == time(21)


def test_rule_to_come_is_withdrawn(office: Client) -> None:
    office.post(reverse("admin:base_quiethours_withdraw", args=[rule(LATER).pk]), {})
    assert not QuietHours.objects.exists()
    assert AccessEntry.objects.filter(subject="rule.withdrawn").exists()
