"""The inbox: one's own items and nobody else's, in their periods, read, put off, led on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from chains.actions.teams import remove_member
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from leads.actions.inbox import snooze_reminder
from leads.models import Lead, Reminder, ReminderState, SnoozeRule
from leads.reminders.inbox import on_desk
from tests.cast import RULES_SINCE, Cast
from tests.factories import log_a_lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_monday")]
Queries = Callable[..., Any]
INBOX = "admin:inbox"
MONDAY = date(2026, 11, 23)


@pytest.fixture
def _monday(time_machine: Any) -> None:
    time_machine.move_to("2026-11-23T10:00:00+08:00", tick=False)


@pytest.fixture
def snooze_rule(db: None) -> SnoozeRule:
    return SnoozeRule.objects.create(valid_from=RULES_SINCE, working_days=3)


def an_item(lead: Lead | None, person: User, days: int = 0, **values: Any) -> Reminder:
    """An item due so many days from the Monday."""
    due_on = MONDAY + timedelta(days=days)
    return Reminder.objects.create(
        **{
            "rule": "next_action",
            "subject_id": lead.pk if lead else 1,
            "revision": lead.due_revision if lead else 0,
            "level": 0,
            "recipient": person,
            "lead": lead,
            "due_on": due_on,
            "via": "mail",
            "recorded_on": MONDAY,
            **values,
        }
    )


def shown(client: Client, who: User, **query: Any) -> list[int]:
    """The items of a part of the inbox, in order."""
    client.force_login(who)
    answer = client.get(reverse(INBOX), query)
    assert answer.status_code == 200
    return [item.reminder.pk for item in answer.context["items"]]


def path(item: Reminder, verb: str) -> str:
    return reverse(f"admin:inbox_{verb}", args=[item.pk])


# --- Whose items -----------------------------------------------------------------------------


def test_inbox_holds_one_s_own_items_alone(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    mine = an_item(lead, cast.member_a)
    heads = an_item(lead, cast.head_a)
    assert shown(client, cast.member_a, tab="all") == [mine.pk]
    assert shown(client, cast.head_a, tab="all") == [heads.pk]
    assert shown(client, cast.coordinator, tab="all") == []


@pytest.mark.parametrize("verb", ["open", "read", "snooze"])
def test_item_of_another_person_is_not_found(client: Client, cast: Cast, verb: str) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a)
    for name in ("head_a", "member_b", "coordinator", "outsider"):
        client.force_login(getattr(cast, name))
        send = client.post if verb == "read" else client.get
        assert send(path(item, verb)).status_code == 404
        assert client.post(path(item, verb), {"until": "2026-11-24"}).status_code in {404, 405}
    item.refresh_from_db()
    assert (item.read_at, item.snoozed_until) == (None, None)


def test_strangers_are_sent_to_the_sign_in_page(client: Client, cast: Cast) -> None:
    assert client.get(reverse(INBOX)).status_code == 302


@pytest.mark.parametrize(
    "query", [{"tab": "x"}, {"page": "0"}, {"page": "x"}, {"page": "99"}, {"page": "9" * 30}]
)
def test_address_that_is_none_of_ours_is_not_found(
    client: Client, cast: Cast, query: dict[str, str]
) -> None:
    client.force_login(cast.member_a)
    assert client.get(reverse(INBOX), query).status_code == 404


# --- What they say ---------------------------------------------------------------------------


def test_items_stand_in_their_periods(client: Client, cast: Cast) -> None:
    leads = [log_a_lead(by=cast.member_a) for _number in range(3)]
    ahead, today, late = (
        an_item(lead, cast.member_a, days) for lead, days in zip(leads, (1, 0, -3), strict=True)
    )
    client.force_login(cast.member_a)
    answer = client.get(reverse(INBOX))
    periods = [
        (period.colour, [item.reminder.pk for item in period.items])
        for period in answer.context["periods"]
    ]
    assert periods == [("red", [late.pk]), ("amber", [today.pk]), ("green", [ahead.pk])]
    for words in ("逾期 1 个工作日", "今天到期", "还剩 1 个工作日"):
        assertContains(answer, words)


def test_item_says_lead_rule_step_and_whom_one_stands_in_for(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, title="叶片项目")
    Lead.objects.filter(pk=lead.pk).update(next_action="约见总经理")
    an_item(lead, cast.second_member_a, stands_for=cast.member_a)
    client.force_login(cast.second_member_a)
    answer = client.get(reverse(INBOX))
    for words in ("叶片项目", lead.number, "约见总经理", f"代 {cast.member_a}"):
        assertContains(answer, words)
    assertContains(answer, f"{reverse('admin:quick_log')}?lead={lead.pk}")


def test_lead_that_may_not_be_read_any_more_is_a_number(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, title="不可外传的项目")
    Lead.objects.filter(pk=lead.pk).update(next_action="不可外传的下一步")
    item = an_item(lead, cast.second_member_a)
    remove_member(team=cast.team_a, user=cast.second_member_a, by=cast.coordinator)
    client.force_login(cast.second_member_a)
    answer = client.get(reverse(INBOX))
    assertContains(answer, lead.number)
    assertNotContains(answer, "不可外传")
    assertNotContains(answer, reverse("admin:leads_lead_page", args=[lead.pk]))
    assertRedirects(client.get(path(item, "open")), reverse(INBOX))


def test_confidential_lead_goes_by_its_code_name(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, title="不可外传的项目", confidential=True, code_name="启明")
    an_item(lead, cast.member_a)
    client.force_login(cast.member_a)
    answer = client.get(reverse(INBOX))
    assertContains(answer, "启明")
    assertNotContains(answer, "不可外传")


def test_later_step_replaces_the_earlier_one(client: Client, cast: Cast) -> None:
    """Told on Friday that it is due on Monday, and on Monday that it is: one thing to do."""
    lead = log_a_lead(by=cast.member_a)
    an_item(lead, cast.member_a, level=-1)
    today = an_item(lead, cast.member_a, level=0)
    an_item(lead, cast.head_a, level=3)
    other = an_item(log_a_lead(by=cast.member_a), cast.member_a, level=-1)
    assert shown(client, cast.member_a) == [today.pk, other.pk]


def test_day_beyond_the_published_calendar_says_so(client: Client, cast: Cast) -> None:
    an_item(log_a_lead(by=cast.member_a), cast.member_a, days=60)
    client.force_login(cast.member_a)
    assertContains(client.get(reverse(INBOX)), "暂按周末推算")


def test_item_of_a_rule_that_is_gone_still_opens(client: Client, cast: Cast) -> None:
    item = an_item(None, cast.member_a, rule="nobody_s")
    assert shown(client, cast.member_a) == [item.pk]


# --- Parts -----------------------------------------------------------------------------------


def test_parts_hold_what_they_say(client: Client, cast: Cast) -> None:
    leads = [log_a_lead(by=cast.member_a) for _number in range(4)]
    todo = an_item(leads[0], cast.member_a)
    later = an_item(leads[1], cast.member_a, snoozed_until=date(2026, 11, 25), snooze_reason="等")
    back = an_item(leads[2], cast.member_a, snoozed_until=MONDAY, snooze_reason="等")
    ended = an_item(leads[3], cast.member_a, state=ReminderState.CANCELLED)
    me = cast.member_a
    assert shown(client, me) == [todo.pk, back.pk]
    assert shown(client, me, tab="later") == [later.pk]
    assert shown(client, me, tab="ended") == [ended.pk]
    assert shown(client, me, tab="all") == [ended.pk, back.pk, later.pk, todo.pk]


def test_long_inbox_has_pages(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    rows = [an_item(lead, cast.member_a, subject_id=1000 + n, days=n - 40) for n in range(35)]
    assert shown(client, cast.member_a) == [row.pk for row in rows[:30]]
    assert shown(client, cast.member_a, page="2") == [row.pk for row in rows[30:]]


@pytest.mark.parametrize("number", [1, 50])
def test_inbox_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    for place in range(number):
        lead = log_a_lead(by=cast.member_a)
        an_item(lead, cast.head_a, days=-place, stands_for=cast.member_a)
        an_item(lead, cast.head_a, days=-place, rule="blocker")
    client.force_login(cast.head_a)
    with django_assert_num_queries(11):
        answer = client.get(reverse(INBOX))
    assert len(answer.context["items"]) == min(2 * number, 30)


# --- Reading ---------------------------------------------------------------------------------


def test_opening_leads_to_the_lead_and_counts_as_read(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    item = an_item(lead, cast.member_a)
    client.force_login(cast.member_a)
    assertRedirects(
        client.get(path(item, "open")), reverse("admin:leads_lead_page", args=[lead.pk])
    )
    item.refresh_from_db()
    assert item.read_at == timezone.now()


def test_reading_is_noted_once(client: Client, cast: Cast, time_machine: Any) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a)
    client.force_login(cast.member_a)
    client.post(path(item, "read"))
    first = Reminder.objects.get().read_at
    time_machine.move_to("2026-11-23T10:20:00+08:00")
    client.post(path(item, "read"))
    assert Reminder.objects.get().read_at == first


def test_all_open_items_are_marked_as_read(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    for number in range(3):
        an_item(lead, cast.member_a, subject_id=number)
    heads = an_item(lead, cast.head_a)
    client.force_login(cast.member_a)
    client.post(reverse("admin:inbox_read_all"))
    unread = Reminder.objects.filter(read_at=None)
    assert list(unread) == [heads]


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:1"])
def test_reading_goes_back_to_places_of_ours_only(
    client: Client, cast: Cast, elsewhere: str
) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a)
    client.force_login(cast.member_a)
    answer = client.post(path(item, "read"), {"next": elsewhere})
    assert answer.headers["Location"] == reverse(INBOX)
    back = f"{reverse(INBOX)}?tab=all"
    assert client.post(path(item, "read"), {"next": back}).headers["Location"] == back


# --- Putting off -----------------------------------------------------------------------------


@pytest.mark.usefixtures("snooze_rule")
def test_item_is_put_off_with_a_reason_and_comes_back(
    client: Client, cast: Cast, time_machine: Any
) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a)
    client.force_login(cast.member_a)
    form = {"until": "2026年11月26日", "reason": "对方周四回国"}
    assertRedirects(client.post(path(item, "snooze"), form), reverse(INBOX))
    assert shown(client, cast.member_a) == []
    assertContains(client.get(reverse(INBOX), {"tab": "later"}), "对方周四回国")
    time_machine.move_to("2026-11-26T09:00:00+08:00")
    assert list(on_desk(cast.member_a, timezone.localdate())) == [item]


@pytest.mark.usefixtures("snooze_rule")
@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"until": "2026-11-27"}, "until"),  # the fourth working day
        ({"until": "2026-11-23"}, "until"),
        ({"until": "2026-11-20"}, "until"),
        ({"until": "后天"}, "until"),
        ({"until": ""}, "until"),
        ({"reason": ""}, "reason"),
        ({"reason": "   "}, "reason"),
        ({"reason": "很" * 201}, "reason"),
    ],
)
def test_bad_delay_is_refused_at_its_field(
    client: Client, cast: Cast, typed: dict[str, str], field: str
) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a)
    client.force_login(cast.member_a)
    form = {"until": "2026-11-25", "reason": "等对方", **typed}
    answer = client.post(path(item, "snooze"), form)
    assert field in answer.context["form"].errors
    item.refresh_from_db()
    assert item.snoozed_until is None


def test_nothing_is_put_off_without_a_rule(client: Client, cast: Cast) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a)
    client.force_login(cast.member_a)
    assert client.get(path(item, "snooze")).context["refusal"]
    assertNotContains(client.get(reverse(INBOX)), path(item, "snooze"))
    client.post(path(item, "snooze"), {"until": "2026-11-24", "reason": "等"})
    item.refresh_from_db()
    assert item.snoozed_until is None


@pytest.mark.usefixtures("snooze_rule")
def test_item_that_is_no_longer_due_is_not_put_off(client: Client, cast: Cast) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a, state=ReminderState.CANCELLED)
    client.force_login(cast.member_a)
    assert client.get(path(item, "snooze")).context["refusal"]
    with pytest.raises(RuleViolation):
        snooze_reminder(reminder=item, until=date(2026, 11, 24), reason="等", by=cast.member_a)


@pytest.mark.usefixtures("snooze_rule")
def test_delay_offers_the_next_working_day_and_names_the_last(client: Client, cast: Cast) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a)
    client.force_login(cast.member_a)
    answer = client.get(path(item, "snooze"))
    assert answer.context["form"].initial["until"] == date(2026, 11, 24)
    assertContains(answer, "11月26日")


@pytest.mark.usefixtures("snooze_rule")
def test_limit_holds_for_all_delays_together(client: Client, cast: Cast, time_machine: Any) -> None:
    item = an_item(log_a_lead(by=cast.member_a), cast.member_a)
    client.force_login(cast.member_a)
    client.post(path(item, "snooze"), {"until": "2026-11-25", "reason": "等对方"})
    time_machine.move_to("2026-11-25T09:00:00+08:00")
    client.force_login(cast.member_a)  # the night ended the session
    page = client.get(path(item, "snooze"))
    assertContains(page, "11月26日")
    answer = client.post(path(item, "snooze"), {"until": "2026-11-27", "reason": "再等"})
    assert "until" in answer.context["form"].errors
    form = {"until": "2026-11-26", "reason": "再等一天"}
    assertRedirects(client.post(path(item, "snooze"), form), reverse(INBOX))
    time_machine.move_to("2026-11-26T09:00:00+08:00")
    client.force_login(cast.member_a)
    assert client.get(path(item, "snooze")).context["refusal"]
    with pytest.raises(RuleViolation) as refused:
        snooze_reminder(reminder=item, until=date(2026, 11, 27), reason="又等", by=cast.member_a)
    assert refused.value.code == "snoozed_enough"
