"""On a lead's page: the answer owed to the referrer, and who was reminded of what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.models import MailState, OutgoingMail, User
from leads.actions.pipeline import exit_lead
from leads.models import Lead, Reminder, ResponseLimit
from leads.stages import Exit, LossReason
from tests.cast import RULES_SINCE, Cast
from tests.factories import follow_up, log_a_lead
from tests.leads.admin.browsing import as_, page, send, verb

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_monday")]
ANSWER = "answer_referrer"
Queries = Callable[..., Any]


@pytest.fixture
def _monday(time_machine: Any) -> None:
    time_machine.move_to("2026-11-23T10:00:00+08:00", tick=False)


@pytest.fixture
def limit(db: None) -> ResponseLimit:
    return ResponseLimit.objects.create(
        valid_from=RULES_SINCE, item="referrer_reply", working_days=5
    )


@pytest.fixture
def referred(cast: Cast, limit: ResponseLimit) -> Lead:
    return log_a_lead(by=cast.member_a, referrer="市贸促会")


# --- The referrer ----------------------------------------------------------------------------


def test_page_says_that_the_referrer_waits_and_until_when(
    client: Client, cast: Cast, referred: Lead
) -> None:
    answer = as_(client, cast.member_a).get(page(referred))
    assert answer.context["owed"].due_on == date(2026, 11, 30)
    for words in ("市贸促会", "还剩 5 个工作日", verb(referred, ANSWER)):
        assertContains(answer, words)


def test_reader_sees_the_wait_and_no_button(client: Client, cast: Cast, referred: Lead) -> None:
    answer = as_(client, cast.chain_leader_a).get(page(referred))
    assertContains(answer, "市贸促会")
    assertNotContains(answer, verb(referred, ANSWER))


def test_answer_is_noted_and_the_wait_ends(client: Client, cast: Cast, referred: Lead) -> None:
    as_(client, cast.member_a)
    assertRedirects(send(client, referred, ANSWER, replied_on="2026.11.20"), page(referred))
    referred.refresh_from_db()
    assert referred.referrer_replied_on == date(2026, 11, 20)
    answer = client.get(page(referred))
    assert answer.context["owed"] is None
    assertContains(answer, "11月20日")


@pytest.mark.parametrize("typed", ["", "2026-11-24", "下周", "2026-02-30"])
def test_bad_day_is_refused_at_its_field(
    client: Client, cast: Cast, referred: Lead, typed: str
) -> None:
    as_(client, cast.member_a)
    answer = send(client, referred, ANSWER, replied_on=typed)
    assert answer.context["form"].errors["replied_on"]
    referred.refresh_from_db()
    assert referred.referrer_replied_on is None


def test_answer_is_for_those_who_work_on_the_lead(
    client: Client, cast: Cast, referred: Lead
) -> None:
    expected = {
        "member_a": 200,
        "second_member_a": 200,
        "head_a": 200,
        "coordinator": 200,
        "chain_leader_a": 403,
        "member_b": 404,
        "outsider": 404,
    }
    found = {
        name: as_(client, getattr(cast, name)).get(verb(referred, ANSWER)).status_code
        for name in expected
    }
    assert found == expected


def test_lead_that_nobody_referred_owes_no_answer(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    assert client.get(page(lead)).context["owed"] is None
    assertNotContains(client.get(page(lead)), verb(lead, ANSWER))
    assert client.get(verb(lead, ANSWER)).context["refusal"]
    send(client, lead, ANSWER, replied_on="2026-11-20")
    lead.refresh_from_db()
    assert lead.referrer_replied_on is None


def test_lead_that_is_out_owes_no_answer(client: Client, cast: Cast, referred: Lead) -> None:
    exit_lead(lead=referred, exit=Exit.LOST, reason=LossReason.CONTACT_LOST, by=cast.member_a)
    assert as_(client, cast.member_a).get(page(referred)).context["owed"] is None


def test_wait_without_a_rule_has_no_limit(client: Client, cast: Cast, referred: Lead) -> None:
    ResponseLimit.objects.all().delete()
    owed = as_(client, cast.member_a).get(page(referred)).context["owed"]
    assert (owed.referrer, owed.due_on) == ("市贸促会", None)


# --- Who was told ----------------------------------------------------------------------------


def a_reminder(lead: Lead, person: User, **values: Any) -> Reminder:
    return Reminder.objects.create(
        **{
            "rule": "next_action",
            "subject_id": lead.pk,
            "revision": 0,
            "level": 0,
            "recipient": person,
            "lead": lead,
            "due_on": date(2026, 11, 20),
            "via": "mail",
            "recorded_on": date(2026, 11, 23),
            **values,
        }
    )


def a_mail(person: User, state: str = MailState.WAITING) -> OutgoingMail:
    return OutgoingMail.objects.create(
        key=f"k{OutgoingMail.objects.count()}", recipient=person, subject="x", text="x", state=state
    )


def test_history_says_who_was_told_at_which_step_and_how(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    a_reminder(lead, cast.member_a, level=-1, mail=a_mail(cast.member_a))
    a_reminder(lead, cast.head_a, stands_for=cast.member_a, mail=a_mail(cast.head_a, "failed"))
    a_reminder(lead, cast.chain_leader_a, level=5, via="digest")
    answer = as_(client, cast.member_a).get(page(lead, tab="history"))
    for words in ("提前 1 个工作日", "到期当天", "逾期 5 个工作日", f"代 {cast.member_a}"):
        assertContains(answer, words)
    colours = {line.reminder.level: line.mail_colour for line in answer.context["tellings"]}
    assert colours == {-1: "grey", 0: "red", 5: "grey"}


def test_history_does_not_show_the_counters_of_reminders(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    day = date(2026, 11, 25)
    follow_up(lead, by=cast.member_a, next_action="回访", next_action_on=day)
    answer = as_(client, cast.member_a).get(page(lead, tab="history"))
    assertContains(answer, "2026年11月25日")
    for words in ("due revision", "reminder round"):
        assertNotContains(answer, words)


def test_reminders_of_other_leads_are_not_shown(client: Client, cast: Cast) -> None:
    lead, other = log_a_lead(by=cast.member_a), log_a_lead(by=cast.member_a)
    a_reminder(other, cast.head_a)
    answer = as_(client, cast.member_a).get(page(lead, tab="history"))
    assert answer.context["tellings"] == []


def test_readers_do_not_see_who_was_told(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    a_reminder(lead, cast.member_a)
    answer = as_(client, cast.chain_leader_a).get(page(lead, tab="history"))
    assert "tellings" not in answer.context
    assertNotContains(answer, 'id="reminders"')


@pytest.mark.parametrize("number", [1, 50])
def test_history_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    lead = log_a_lead(by=cast.member_a)
    for place in range(number):
        mail = a_mail(cast.head_a)
        a_reminder(lead, cast.head_a, revision=place, stands_for=cast.member_a, mail=mail)
    as_(client, cast.member_a)
    with django_assert_num_queries(19):
        answer = client.get(page(lead, tab="history"))
    assert len(answer.context["tellings"]) == number
