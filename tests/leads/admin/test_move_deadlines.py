"""After an edit of the calendar: what lies on rest days is shown, and moved only when asked."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base.calendar import set_days
from kfq_crm.base.models import AccessEntry
from leads.actions import deadlines as actions
from leads.actions.deadlines import deadlines_on_rest_days, move_deadlines
from leads.actions.followups import raise_blocker
from leads.actions.pipeline import exit_lead
from leads.admin import deadlines as pages
from leads.models import Blocker, Lead
from leads.permissions import NotAllowed
from leads.stages import Exit, LossReason
from tests.cast import Cast
from tests.factories import UserFactory, log_a_lead

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_monday")]
PAGE = "admin:move_deadlines"
WEDNESDAY, THURSDAY, FRIDAY = (date(2026, 11, day) for day in (25, 26, 27))
Queries = Callable[..., Any]


@pytest.fixture
def _monday(time_machine: Any) -> None:
    time_machine.move_to("2026-11-23T10:00:00+08:00", tick=False)


@pytest.fixture
def office(client: Client, cast: Cast) -> Client:
    client.force_login(cast.coordinator)
    return client


def due_on(lead: Lead, day: date) -> Lead:
    Lead.objects.filter(pk=lead.pk).update(next_action_on=day, next_action="回访")
    lead.refresh_from_db()
    return lead


def holiday(cast: Cast, first: date = WEDNESDAY, last: date = THURSDAY) -> None:
    set_days(first=first, last=last, is_workday=False, label="临时放假", by=cast.coordinator)


def moves() -> list[tuple[str, date, date]]:
    return [(str(move.lead), move.day, move.to) for move in deadlines_on_rest_days()]


def test_edit_of_the_calendar_moves_nothing_by_itself(office: Client, cast: Cast) -> None:
    lead = due_on(log_a_lead(by=cast.member_a, title="叶片"), WEDNESDAY)
    holiday(cast)
    answer = office.get(reverse(PAGE))
    assertContains(answer, "叶片")
    assertContains(answer, "11月27日")
    lead.refresh_from_db()
    assert lead.next_action_on == WEDNESDAY


def test_confirmed_deadlines_move_to_the_next_working_day(office: Client, cast: Cast) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), WEDNESDAY)
    other = due_on(log_a_lead(by=cast.member_a), FRIDAY)
    before = lead.due_revision, lead.version
    holiday(cast)
    assertRedirects(office.post(reverse(PAGE)), reverse(PAGE))
    lead.refresh_from_db()
    other.refresh_from_db()
    assert (lead.next_action_on, lead.next_action) == (FRIDAY, "回访")
    assert (lead.due_revision, lead.version) == (before[0] + 1, before[1] + 1)
    assert other.next_action_on == FRIDAY
    assert AccessEntry.objects.get(subject="deadlines.moved").detail == {"rows": 1}
    assertContains(office.get(reverse(PAGE)), "没有")


def test_blocker_moves_as_well(office: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    blocker = raise_blocker(
        lead=lead, description="等批复", owner=cast.member_a, due_on=THURSDAY, by=cast.member_a
    )
    holiday(cast)
    assertContains(office.get(reverse(PAGE)), "等批复")
    office.post(reverse(PAGE))
    blocker.refresh_from_db()
    assert blocker.due_on == FRIDAY


def test_past_closed_and_cleared_deadlines_stay(cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), date(2026, 11, 21))  # a Saturday that is over
    closed = due_on(log_a_lead(by=cast.member_a), WEDNESDAY)
    exit_lead(lead=closed, exit=Exit.LOST, reason=LossReason.CONTACT_LOST, by=cast.member_a)
    lead = log_a_lead(by=cast.member_a)
    blocker = raise_blocker(
        lead=lead, description="x", owner=cast.member_a, due_on=WEDNESDAY, by=cast.member_a
    )
    Blocker.objects.filter(pk=blocker.pk).update(resolved_on=date(2026, 11, 23))
    holiday(cast)
    assert [move for move in moves() if move[1] == WEDNESDAY] == []
    assert move_deadlines(by=cast.coordinator) == 0


def test_deadline_moved_meanwhile_stays_where_it_was_put(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), WEDNESDAY)
    holiday(cast)
    found = list(deadlines_on_rest_days())
    due_on(lead, FRIDAY)
    monkeypatch.setattr(actions, "deadlines_on_rest_days", lambda _now: iter(found))
    assert move_deadlines(by=cast.coordinator) == 0
    lead.refresh_from_db()
    assert lead.next_action_on == FRIDAY


def test_confidential_lead_is_counted_not_named(office: Client, cast: Cast) -> None:
    secret = log_a_lead(
        by=cast.member_a, title="不可外传的项目", confidential=True, code_name="启明"
    )
    due_on(secret, WEDNESDAY)
    holiday(cast)
    answer = office.get(reverse(PAGE))
    assertNotContains(answer, "不可外传")
    assertNotContains(answer, "启明")
    assert (answer.context["preview"].seen, answer.context["preview"].unseen) == (0, 1)
    office.post(reverse(PAGE))
    secret.refresh_from_db()
    assert secret.next_action_on == FRIDAY


def test_administrator_keeps_the_calendar_and_reads_no_lead(client: Client, cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a, title="叶片"), WEDNESDAY)
    holiday(cast)
    administrator = UserFactory()
    administrator.groups.add(role_group(ADMINISTRATION))
    client.force_login(administrator)
    answer = client.get(reverse(PAGE))
    assertNotContains(answer, "叶片")
    assert answer.context["preview"].unseen == 1


@pytest.mark.parametrize("name", ["member_a", "head_a", "chain_leader_a", "outsider"])
def test_only_those_who_keep_the_calendar_move_deadlines(
    client: Client, cast: Cast, name: str
) -> None:
    lead = due_on(log_a_lead(by=cast.member_a), WEDNESDAY)
    holiday(cast)
    person = getattr(cast, name)
    client.force_login(person)
    assert client.get(reverse(PAGE)).status_code == client.post(reverse(PAGE)).status_code == 403
    with pytest.raises(NotAllowed):
        move_deadlines(by=person)
    lead.refresh_from_db()
    assert lead.next_action_on == WEDNESDAY


def test_day_beyond_the_published_calendar_is_marked(office: Client, cast: Cast) -> None:
    due_on(log_a_lead(by=cast.member_a), date(2027, 3, 6))  # a Saturday
    assertContains(office.get(reverse(PAGE)), "暂按周末推算", count=2)


def test_long_list_is_cut_and_moved_in_parts(
    office: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "SHOWN", 2)
    monkeypatch.setattr(pages, "AT_ONCE", 3)
    for _number in range(5):
        due_on(log_a_lead(by=cast.member_a), WEDNESDAY)
    holiday(cast)
    preview = office.get(reverse(PAGE)).context["preview"]
    assert (len(preview.moves), preview.now, preview.is_capped) == (2, 3, True)
    office.post(reverse(PAGE))
    assert len(moves()) == 2


@pytest.mark.parametrize("number", [1, 50])
def test_preview_takes_the_same_queries(
    office: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    for _number in range(number):
        lead = due_on(log_a_lead(by=cast.member_a), WEDNESDAY)
        raise_blocker(
            lead=lead, description="x", owner=cast.member_a, due_on=WEDNESDAY, by=cast.member_a
        )
    holiday(cast)
    with django_assert_num_queries(16):
        office.get(reverse(PAGE))
