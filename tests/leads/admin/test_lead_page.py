"""The page of one lead: what it shows to whom, its checklist, its timeline, its entry box."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from leads.actions.pipeline import advance_lead, exit_lead, return_lead, update_lead
from leads.admin.lead_page import claim_view, steps
from leads.models import Attachment, Claim, ClaimState, FollowUp
from leads.stages import ORDER
from tests.cast import Cast
from tests.factories import (
    a_contact,
    a_contract,
    days_ago,
    lead_in,
    log_a_lead,
    screen,
)
from tests.leads.admin.browsing import A_MONDAY, as_, page, picture, verb

pytestmark = pytest.mark.django_db


def entry(**values: Any) -> dict[str, Any]:
    """What the entry box sends when only the obvious is filled in."""
    return {"summary": "来园看地", "method": "visit_in", "two_way": "on", **values}


# --- Who sees what --------------------------------------------------------------------------


def test_page_is_there_for_those_who_see_the_lead(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    seen = {
        name
        for name, person in cast.people()
        if person.is_active and as_(client, person).get(page(lead)).status_code == 200
    }
    assert seen == {"member_a", "second_member_a", "head_a", "chain_leader_a", "coordinator"}


def test_page_is_404_for_another_team_in_every_tab_and_on_sending(
    client: Client, cast: Cast
) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_b)
    for tab in ("overview", "contracts", "needs", "history"):
        assert client.get(page(lead, tab=tab)).status_code == 404
    assert client.post(page(lead), entry()).status_code == 404
    assert not FollowUp.objects.exists()


def test_leader_reads_and_finds_nothing_to_press(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    answer = as_(client, cast.chain_leader_a).get(page(lead))
    for name in ("advance", "ask", "exit", "reassign", "attach", "record_screening"):
        assertNotContains(answer, verb(lead, name))
    assertNotContains(answer, 'name="summary"')
    assert client.post(page(lead), entry()).status_code == 403
    assert not FollowUp.objects.exists()


@pytest.mark.parametrize(
    ("person", "buttons"),
    [
        ("member_a", ["advance", "ask"]),
        ("second_member_a", ["ask"]),
        ("head_a", ["advance", "reassign", "ask"]),
        ("coordinator", ["advance", "reassign", "ask"]),
    ],
)
def test_buttons_are_those_that_the_person_may_press(
    client: Client, cast: Cast, person: str, buttons: list[str]
) -> None:
    lead = log_a_lead(by=cast.member_a)
    text = as_(client, getattr(cast, person)).get(page(lead)).content.decode()
    assert [v for v in ("advance", "reassign", "ask") if verb(lead, v) in text] == buttons


def test_confidential_lead_shows_its_readers_and_not_its_title_in_the_window(
    client: Client, cast: Cast
) -> None:
    lead = log_a_lead(
        by=cast.member_a,
        title="绝密发动机",
        confidential=True,
        code_name="蓝鲸",
        readers=[cast.coordinator],
    )
    answer = as_(client, cast.coordinator).get(page(lead)).content.decode()
    head = re.search(r"<title>(.*?)</title>", answer, re.DOTALL)
    assert head is not None
    assert "蓝鲸" in head[1]
    assert "绝密发动机" not in head[1]
    assert "招商办" in answer.partition('id="readers"')[2]
    assert as_(client, cast.second_member_a).get(page(lead)).status_code == 404


def test_phone_is_masked_for_everybody_but_the_owner_of_the_relation(
    client: Client, cast: Cast
) -> None:
    lead = log_a_lead(by=cast.member_a)
    a_contact(lead, by=cast.member_a, team=cast.team_a, phone="13812345678")
    assertContains(as_(client, cast.member_a).get(page(lead)), "13812345678")
    assertNotContains(as_(client, cast.head_a).get(page(lead)), "13812345678")
    assertContains(client.get(page(lead)), "****5678")


def test_other_teams_contacts_stay_hidden(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    a_contact(lead, by=cast.coordinator, team=cast.team_b, name="对方专班的人")
    assertNotContains(as_(client, cast.member_a).get(page(lead)), "对方专班的人")


def test_unknown_tab_and_broken_cursor_are_404(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    assert client.get(page(lead, tab="secrets")).status_code == 404
    for cursor in ("x", "2026-01-01_0_1", "2026-01-01T00:00:00+08:00_a_b", "_" * 9):
        assert client.get(page(lead, before=cursor)).status_code == 404


# --- Checklist ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stage", "places"),
    [
        ("lead", ["record_screening"]),
        ("screening", ["page#entry"]),
        ("negotiating", ["record_opinion?department=land", "record_review"]),
        ("review", ["record_contract"]),
    ],
)
def test_what_is_missing_links_to_the_place_that_fills_it(
    client: Client, cast: Cast, stage: str, places: list[str]
) -> None:
    lead = lead_in(stage, by=cast.member_a)
    gate = as_(client, cast.member_a).get(page(lead)).context["gate"]
    assert gate.target == ORDER[ORDER.index(stage) + 1]
    urls = [line.url for line in gate.lines if not line.is_met]
    for place in places:
        name, mark, rest = re.split(r"([#?]|$)", place, maxsplit=1)[:3]
        assert f"{verb(lead, name)}{mark}{rest}" in urls


def test_missing_reference_links_to_the_agreement_that_lacks_it(client: Client, cast: Cast) -> None:
    lead = lead_in("review", by=cast.member_a)
    contract = a_contract(lead, by=cast.member_a, legal_review_reference="")
    gate = as_(client, cast.member_a).get(page(lead)).context["gate"]
    missing = [line.url for line in gate.lines if not line.is_met]
    assert missing == [reverse("admin:leads_contract_change", args=[contract.pk])]


def test_open_gate_says_so_and_a_closed_lead_has_none(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    screen(lead, by=cast.member_a)
    assert as_(client, cast.member_a).get(page(lead)).context["gate"].is_open
    exit_lead(lead=lead, exit="transferred", detail="转给园区", by=cast.member_a)
    answer = client.get(page(lead))
    assert answer.context["gate"] is None
    assertContains(answer, verb(lead, "reopen"))
    assertNotContains(answer, verb(lead, "advance"))


# --- Stepper --------------------------------------------------------------------------------


def test_steps_tell_day_of_entry_and_days_spent(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=days_ago(30))
    screen(lead, by=cast.member_a)
    lead = advance_lead(lead=lead, by=cast.member_a, now=days_ago(20))
    found = steps(lead, list(lead.stage_changes.all()))
    assert [step.state for step in found] == ["is-done", "is-now", "", "", ""]
    assert [step.spent.days if step.spent else None for step in found] == [10, 20, None, None, None]
    assert found[1].entered_on == timezone.localdate(days_ago(20))


def test_steps_of_a_returned_lead_add_both_stays_up(cast: Cast) -> None:
    lead = lead_in("screening", by=cast.member_a)
    return_lead(lead=lead, to="lead", reason="点错了", by=cast.member_a)
    lead.refresh_from_db()
    found = steps(lead, list(lead.stage_changes.all()))
    assert [step.state for step in found] == ["is-now", "", "", "", ""]
    assert found[1].entered_on is None
    assert found[1].spent is not None


# --- Claim ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "state", "colour"),
    [
        (60, "active", "green"),
        (30, "active", "amber"),
        (-1, "active", "red"),
        (60, "lapsed", "red"),
    ],
)
def test_claim_wanes_in_its_last_third(left: int, state: str, colour: str) -> None:
    today = timezone.localdate()
    claim = Claim(
        claimed_on=today + timedelta(days=left - 90),
        lapses_on=today + timedelta(days=left),
        state=ClaimState(state),
    )
    view = claim_view(claim, None, today)
    assert view is not None
    assert view.colour == colour


# --- Entry box ------------------------------------------------------------------------------


def test_next_date_is_filled_from_the_cadence(client: Client, cast: Cast) -> None:
    lead = lead_in("negotiating", by=cast.member_a, investment=60000)
    form = as_(client, cast.member_a).get(page(lead)).context["form"]
    calendar = client.get(page(lead)).context["calendar"]
    assert form.initial["next_action_on"] == calendar.add_workdays(timezone.localdate(), 5)


def test_entry_logs_the_follow_up_with_its_files(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    answer = as_(client, cast.member_a).post(
        page(lead), entry(is_progress="on", file=[picture("一.png"), picture("二.png")])
    )
    assertRedirects(answer, page(lead))
    logged = lead.follow_ups.get()
    assert (logged.summary, logged.is_progress, logged.logged_by) == (
        "来园看地",
        True,
        cast.member_a,
    )
    assert {file.name for file in logged.attachments.all()} == {"一.png", "二.png"}


def test_entry_with_one_bad_file_writes_nothing(
    client: Client, cast: Cast, settings: Any, tmp_path: Any
) -> None:
    settings.MEDIA_ROOT = tmp_path
    lead = log_a_lead(by=cast.member_a)
    bad = SimpleUploadedFile("二.png", b"MZ not a picture", "image/png")
    answer = as_(client, cast.member_a).post(page(lead), entry(file=[picture("一.png"), bad]))
    assertContains(answer, "内容")
    assert not FollowUp.objects.exists()
    assert not Attachment.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_entry_that_says_nothing_of_waiting_leaves_it(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    values = {"waiting_for": "department", "waiting_detail": "自规局"}
    update_lead(lead=lead, values=values, by=cast.member_a, expected=None)
    as_(client, cast.member_a).post(page(lead), entry())
    lead.refresh_from_db()
    assert (lead.waiting_for, lead.waiting_detail) == ("department", "自规局")


BAD_ENTRIES = {
    "nothing said": ({"summary": "  "}, "summary"),
    "in the future": (
        {"occurred_at_0": "2026-11-26"},
        "occurred_at",
    ),
    "no such time": ({"occurred_at_0": "2026-03-05", "occurred_at_1": "25点"}, "occurred_at"),
    "no such day": ({"occurred_at_0": "2026-02-30"}, "occurred_at"),
    "next step before today": ({"next_action_on": "2020-01-02"}, "next_action_on"),
    "next step on a rest day": ({"next_action_on": "2026-12-06"}, "next_action_on"),
    "no such method": ({"method": "carrier pigeon"}, "method"),
    "blocker without an owner": ({"blocker": "岸线"}, "blocker_owner"),
    "blocker without a day": ({"blocker": "岸线", "blocker_owner": "{member}"}, "blocker_due_on"),
    "somebody who clears nothing": ({"blocker_owner": "{member}"}, "blocker"),
    "later today, no day typed": ({"occurred_at_1": "23:50"}, "occurred_at"),
    "blocker for another team": (
        {"blocker": "岸线", "blocker_owner": "{other}", "blocker_due_on": "2099-01-05"},
        "blocker_owner",
    ),
}


@pytest.mark.parametrize("name", BAD_ENTRIES)
def test_bad_entry_is_refused_in_chinese_at_its_field(
    client: Client, cast: Cast, name: str, time_machine: Any
) -> None:
    time_machine.move_to(A_MONDAY, tick=False)
    values, field = BAD_ENTRIES[name]
    people = {"{member}": str(cast.member_a.pk), "{other}": str(cast.member_b.pk)}
    lead = log_a_lead(by=cast.member_a)
    sent = entry(**{key: people.get(value, value) for key, value in values.items()})
    form = as_(client, cast.member_a).post(page(lead), sent).context["form"]
    assert list(form.errors) == [field]
    assert re.search("[\u4e00-\u9fff]", " ".join(form.errors[field]))
    assert not FollowUp.objects.exists()


def test_time_without_a_day_is_a_time_of_today(
    client: Client, cast: Cast, time_machine: Any
) -> None:
    time_machine.move_to(A_MONDAY, tick=False)
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a).post(page(lead), entry(occurred_at_1="00:30"))
    moment = timezone.localtime(lead.follow_ups.get().occurred_at)
    assert (moment.date(), moment.hour, moment.minute) == (timezone.localdate(), 0, 30)


def test_full_width_and_dotted_days_are_read(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    sent = entry(occurred_at_0="２０２４.３.５", occurred_at_1="09:30")
    as_(client, cast.member_a).post(page(lead), sent)
    moment = timezone.localtime(lead.follow_ups.get().occurred_at)
    assert (moment.month, moment.day, moment.hour, moment.minute) == (3, 5, 9, 30)
