"""The inbox on the workbench and in the navigation: one's own, what waits now, in few queries."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from chains.actions.teams import remove_member
from kfq_crm.base.models import User
from kfq_crm.overview.navigation import sidebar
from leads.models import Lead, Reminder, ReminderState
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.overview.pages import open_page

HOME = "/admin/"
Queries = Callable[..., Any]


def an_item(lead: Lead, person: User, days: int = 0, **values: Any) -> Reminder:
    today = timezone.localdate()
    return Reminder.objects.create(
        **{
            "rule": "next_action",
            "subject_id": lead.pk,
            "revision": 0,
            "level": 0,
            "recipient": person,
            "lead": lead,
            "due_on": today + timedelta(days=days),
            "via": "mail",
            "recorded_on": today,
            **values,
        }
    )


def badge(user: User) -> Any:
    request = RequestFactory().get(HOME)
    request.user = User.objects.get(pk=user.pk)
    links = {item["link"]: item for group in sidebar(request) for item in group["items"]}
    return links[reverse("admin:inbox")].get("badge")


def test_badge_counts_what_is_unread_and_waits_now(cast: Cast) -> None:
    leads = [log_a_lead(by=cast.member_a) for _number in range(5)]
    me, later = cast.member_a, timezone.localdate() + timedelta(days=1)
    an_item(leads[0], me)
    an_item(leads[0], cast.head_a)
    an_item(leads[1], me, read_at=timezone.now())
    an_item(leads[2], me, state=ReminderState.CANCELLED)
    an_item(leads[3], me, snoozed_until=later, snooze_reason="等")
    an_item(leads[4], me, level=-1)
    an_item(leads[4], me)
    assert badge(me) == "2"
    assert badge(cast.second_member_a) is None


def test_workbench_shows_the_first_of_them_the_longest_overdue_on_top(
    client: Client, cast: Cast
) -> None:
    rows = [an_item(log_a_lead(by=cast.member_a), cast.member_a, -days) for days in range(7)]
    waiting = open_page(client, cast.member_a, HOME).context["messages_waiting"]
    assert [item.reminder.pk for item in waiting.items] == [row.pk for row in rows[:1:-1]]
    assert waiting.pile.total == 7


def test_workbench_names_no_lead_that_may_not_be_read_any_more(client: Client, cast: Cast) -> None:
    person = cast.second_member_a
    lead = log_a_lead(by=cast.member_a, title="不可外传的项目")
    an_item(lead, person)
    cast.team_b.group.user_set.add(person)  # a desk remains
    remove_member(team=cast.team_a, user=person, by=cast.coordinator)
    page = open_page(client, person, HOME).content.decode()
    assert lead.number in page
    assert "不可外传" not in page


def test_workbench_without_items_has_no_such_card(client: Client, cast: Cast) -> None:
    page = open_page(client, cast.member_a, HOME)
    assert not page.context["messages_waiting"]
    assert "打开消息" not in page.content.decode()


@pytest.mark.parametrize("number", [1, 50])
def test_workbench_with_items_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    for _number in range(number):
        an_item(log_a_lead(by=cast.member_a), cast.head_a, stands_for=cast.member_a)
    client.force_login(cast.head_a)
    with django_assert_num_queries(23):
        client.get(HOME)
