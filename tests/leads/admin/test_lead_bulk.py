"""Handing several leads over: the head chooses, all go or none."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains

from kfq_crm.base.models import User
from leads.admin import lead_bulk
from leads.models import Lead
from tests.cast import Cast
from tests.factories import log_a_lead

pytestmark = pytest.mark.django_db
LIST = "admin:leads_lead_changelist"


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def send(client: Client, leads: list[Lead], **more: Any) -> Any:
    data = {"action": "reassign_selected", "_selected_action": [lead.pk for lead in leads], **more}
    return client.post(f"{reverse(LIST)}?tab=all", data)


@pytest.fixture
def leads(cast: Cast) -> list[Lead]:
    return [log_a_lead(by=cast.member_a, title=f"线索{number}") for number in range(3)]


def owners(leads: list[Lead]) -> set[User]:
    return {lead.owner for lead in Lead.objects.filter(pk__in=[lead.pk for lead in leads])}


def test_head_is_asked_for_the_person_first(client: Client, cast: Cast, leads: list[Lead]) -> None:
    page = send(as_(client, cast.head_a), leads)
    assertContains(page, "线索0")
    offered = set(page.context["form"].fields["owner"].queryset)
    assert offered == {cast.head_a, cast.member_a, cast.second_member_a}
    assert owners(leads) == {cast.member_a}


def test_head_hands_leads_over(client: Client, cast: Cast, leads: list[Lead]) -> None:
    answer = send(as_(client, cast.head_a), leads, confirm="1", owner=cast.second_member_a.pk)
    assert answer.status_code == 302
    assert owners(leads) == {cast.second_member_a}
    assert Lead.objects.get(pk=leads[0].pk).history.first().history_user == cast.head_a


@pytest.mark.parametrize("person", ["member_a", "chain_leader_a"])
def test_others_may_not(client: Client, cast: Cast, leads: list[Lead], person: str) -> None:
    as_(client, getattr(cast, person))
    assertNotContains(client.get(reverse(LIST)), "reassign_selected")
    send(client, leads, confirm="1", owner=cast.second_member_a.pk)
    assert owners(leads) == {cast.member_a}


def test_a_stranger_cannot_be_typed(client: Client, cast: Cast, leads: list[Lead]) -> None:
    page = send(as_(client, cast.head_a), leads, confirm="1", owner=cast.member_b.pk)
    assert set(page.context["form"].errors) == {"owner"}
    assert owners(leads) == {cast.member_a}


def test_leads_of_two_chains_find_nobody(client: Client, cast: Cast, leads: list[Lead]) -> None:
    other = log_a_lead(by=cast.member_b)
    page = send(as_(client, cast.coordinator), [*leads, other])
    assert not page.context["form"].has_people
    assertContains(page, "o-notice--amber")


def test_all_or_none(client: Client, cast: Cast, leads: list[Lead]) -> None:
    """A head also sees what another chain shares with the own one, but does not hand it over."""
    User.objects.get(pk=cast.head_a.pk).groups.add(cast.team_b.group)
    shared = log_a_lead(by=cast.member_b, secondary_chains=[cast.chain_a])
    page = send(as_(client, cast.head_a), [*leads, shared], confirm="1", owner=cast.head_a.pk)
    assert page.status_code == 403
    assert owners([*leads, shared]) == {cast.member_a, cast.member_b}


def test_hidden_leads_are_left_out(client: Client, cast: Cast, leads: list[Lead]) -> None:
    hidden = log_a_lead(by=cast.member_b, title="看不见的")
    page = send(as_(client, cast.head_a), [*leads, hidden])
    assertNotContains(page, "看不见的")


def test_too_many_at_once_are_refused(
    client: Client, cast: Cast, leads: list[Lead], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_bulk, "AT_ONCE", 2)
    answer = send(as_(client, cast.head_a), leads, confirm="1", owner=cast.second_member_a.pk)
    assert answer.status_code == 302
    assert owners(leads) == {cast.member_a}
