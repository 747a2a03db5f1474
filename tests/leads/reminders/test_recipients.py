"""Somebody who left, is away or has no address never stops the others."""

from __future__ import annotations

from datetime import date

import pytest

from kfq_crm.base.absences import enter_absence
from kfq_crm.base.models import ChannelPreference, MailState, OutgoingMail, User
from leads.actions.followups import raise_blocker
from leads.actions.pipeline import update_lead
from leads.models import Lead, Reminder
from tests.cast import Cast
from tests.factories import UserFactory, log_a_lead
from tests.leads.reminders.told import due_on, sweep, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steps")]
NEXT = "next_action"
MONDAY = date(2026, 11, 23)
TUESDAY = date(2026, 11, 24)


@pytest.fixture
def tomorrow(cast: Cast) -> Lead:
    """A lead of which only its owner would be told today."""
    return due_on(log_a_lead(by=cast.member_a), TUESDAY)


def away(person: User, by: User, deputy: User | None = None) -> None:
    enter_absence(user=person, first_day=MONDAY, last_day=TUESDAY, deputy=deputy, by=by)


def test_person_without_an_address_is_listed_and_the_head_is_told(
    cast: Cast, tomorrow: Lead
) -> None:
    User.objects.filter(pk=cast.member_a.pk).update(email="")
    result = sweep()
    assert told() == {(NEXT, -1, "member_a"), (NEXT, -1, "head_a")}
    assert result.out_of_reach == (cast.member_a.pk,)
    states = dict(OutgoingMail.objects.values_list("recipient__username", "state"))
    assert states == {"member_a": MailState.UNDELIVERABLE, "head_a": MailState.SENT}


def test_person_with_a_robot_and_no_address_can_be_reached(cast: Cast, tomorrow: Lead) -> None:
    User.objects.filter(pk=cast.member_a.pk).update(email="")
    ChannelPreference.objects.create(
        user=cast.member_a,
        channel="feishu",
        webhook="https://open.feishu.cn/open-apis/bot/v2/hook/0a1b2c3d-0a1b-0a1b-0a1b-0a1b2c3d4e5f",
    )
    assert sweep().out_of_reach == ()
    assert told() == {(NEXT, -1, "member_a")}


def test_person_who_left_is_reported_and_the_head_is_told(cast: Cast, tomorrow: Lead) -> None:
    User.objects.filter(pk=cast.member_a.pk).update(is_active=False)
    assert sweep().out_of_reach == (cast.member_a.pk,)
    assert (NEXT, -1, "head_a") in told()


def test_everybody_above_is_tried_until_one_is_reached(
    cast: Cast, tomorrow: Lead, lead_unit: User
) -> None:
    User.objects.filter(pk__in=[cast.member_a.pk, cast.head_a.pk]).update(email="")
    assert sweep().out_of_reach == tuple(sorted([cast.member_a.pk, cast.head_a.pk]))
    assert {who for _rule, _level, who in told()} == {"member_a", "head_a", "lead_unit_a"}


def test_deputy_is_told_in_the_place_of_whoever_is_away(cast: Cast, tomorrow: Lead) -> None:
    away(cast.member_a, by=cast.member_a, deputy=cast.second_member_a)
    assert sweep().out_of_reach == ()
    reminder = Reminder.objects.get()
    assert (reminder.recipient, reminder.stands_for) == (cast.second_member_a, cast.member_a)
    assert "代" in OutgoingMail.objects.get().text


def test_away_without_a_deputy_goes_up_at_once(cast: Cast, tomorrow: Lead) -> None:
    away(cast.member_a, by=cast.member_a)
    assert sweep().out_of_reach == (cast.member_a.pk,)
    assert told() == {(NEXT, -1, "member_a"), (NEXT, -1, "head_a")}


def test_deputy_who_is_told_anyway_is_told_once(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), MONDAY)
    away(cast.member_a, by=cast.member_a, deputy=cast.head_a)
    sweep()
    assert told() == {(NEXT, 0, "head_a")}


def test_team_without_a_lead_unit_person_tells_the_leader(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), date(2026, 11, 18))
    sweep()
    assert (NEXT, 3, "chain_leader_a") in told()


def test_hidden_lead_leaves_the_message_that_waits_and_the_inbox(
    cast: Cast, lead_unit: User
) -> None:
    lead = due_on(log_a_lead(by=cast.member_a, title="密级项目"), date(2026, 11, 18))
    sweep("2026-11-23T01:00")
    OutgoingMail.objects.update(state=MailState.WAITING, sent_at=None)  # as in quiet hours
    hidden = {"confidential": True, "code_name": "甲号项目", "readers": [cast.member_a]}
    update_lead(lead=lead, values=hidden, by=cast.member_a, expected=lead.version)
    sweep("2026-11-23T02:00")
    assert told() == {(NEXT, 0, "member_a"), (NEXT, 0, "head_a")}
    by_state = dict(OutgoingMail.objects.values_list("recipient__username", "state"))
    assert by_state["lead_unit_a"] == MailState.CANCELLED
    sent = OutgoingMail.objects.get(recipient=cast.member_a, state=MailState.SENT)
    assert "甲号项目" in sent.text
    assert "密级项目" not in sent.text


def test_message_that_waits_is_taken_back_from_whoever_leaves_the_team(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), MONDAY)
    sweep("2026-11-23T01:00")
    OutgoingMail.objects.update(state=MailState.WAITING, sent_at=None)
    cast.team_a.group.user_set.remove(cast.head_a)
    sweep("2026-11-23T02:00")
    assert told() == {(NEXT, 0, "member_a")}
    assert not OutgoingMail.objects.filter(recipient=cast.head_a, state=MailState.SENT).exists()


def test_person_who_may_not_read_the_lead_is_never_told_of_it(cast: Cast) -> None:
    stranger = UserFactory(username="stranger", email="stranger@example.com")
    cast.team_a.lead_unit_person = stranger
    cast.team_a.save()
    due_on(log_a_lead(by=cast.member_a), date(2026, 11, 18))
    sweep()
    assert (NEXT, 3, "stranger") not in told()
    assert not OutgoingMail.objects.filter(recipient=stranger).exists()


def test_blocker_is_told_to_whoever_clears_it_first(cast: Cast) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), date(2026, 12, 30))
    raise_blocker(
        lead=lead,
        description="用地指标未落实",
        owner=cast.second_member_a,
        due_on=TUESDAY,
        by=cast.member_a,
    )
    sweep()
    assert told() == {("blocker", -1, "second_member_a")}
    assert "用地指标未落实" in OutgoingMail.objects.get().text
