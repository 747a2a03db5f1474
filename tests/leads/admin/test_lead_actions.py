"""The verbs of a lead as pages: consequences named, refusals with links, nothing half-written."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from leads.actions.pipeline import exit_lead
from leads.models import (
    Attachment,
    Blocker,
    DepartmentOpinion,
    JointReview,
    Lead,
    Screening,
    StageChange,
)
from tests.cast import Cast
from tests.factories import follow_up, lead_in, log_a_lead, open_gate, screen
from tests.leads.admin.browsing import A_MONDAY, CHINESE, as_, page, send, verb

pytestmark = pytest.mark.django_db
# Verb and the stage of a lead in which it makes sense
VERBS = {
    "advance": "lead",
    "return": "screening",
    "exit": "lead",
    "reassign": "lead",
    "ask": "lead",
    "attach": "lead",
    "raise_blocker": "lead",
    "record_screening": "lead",
    "record_opinion": "lead",
    "record_review": "lead",
    "record_contract": "lead",
}


def state(lead: Lead) -> tuple[Any, ...]:
    """What must stay as it was when a verb is refused."""
    fresh = Lead.objects.get(pk=lead.pk)
    rows = (StageChange, Screening, DepartmentOpinion, JointReview, Blocker, Attachment)
    return (fresh.version, fresh.stage, fresh.exit, *(model.objects.count() for model in rows))


# --- Who may --------------------------------------------------------------------------------


@pytest.mark.parametrize("name", VERBS)
def test_verb_is_404_for_another_team(client: Client, cast: Cast, name: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    before = state(lead)
    as_(client, cast.member_b)
    assert client.get(verb(lead, name)).status_code == 404
    assert send(client, lead, name).status_code == 404
    assert state(lead) == before


@pytest.mark.parametrize("name", [*VERBS, "reopen"])
def test_verb_is_403_for_the_leader_who_reads_only(client: Client, cast: Cast, name: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    before = state(lead)
    as_(client, cast.chain_leader_a)
    assert client.get(verb(lead, name)).status_code == 403
    assert send(client, lead, name).status_code == 403
    assert state(lead) == before


@pytest.mark.parametrize("name", ["advance", "return", "exit", "record_contract", "reassign"])
def test_move_is_403_for_a_colleague_who_is_not_in_charge(
    client: Client, cast: Cast, name: str
) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.second_member_a)
    assert client.get(verb(lead, name)).status_code == 403
    assert send(client, lead, name).status_code == 403


@pytest.mark.parametrize("name", VERBS)
def test_verb_page_opens_with_its_form(client: Client, cast: Cast, name: str) -> None:
    lead = lead_in(VERBS[name], by=cast.member_a)
    answer = as_(client, cast.head_a).get(verb(lead, name))
    assertContains(answer, f'name="expected_version" value="{lead.version}"')
    assertContains(answer, page(lead))


# --- Advance --------------------------------------------------------------------------------


def test_advance_names_what_will_happen_and_moves(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    screen(lead, by=cast.member_a)
    as_(client, cast.member_a)
    assertContains(client.get(verb(lead, "advance")), "研判")
    assertRedirects(send(client, lead, "advance"), page(lead))
    lead.refresh_from_db()
    assert lead.stage == "screening"


def test_advance_to_signed_says_that_it_counts(client: Client, cast: Cast) -> None:
    lead = lead_in("review", by=cast.member_a)
    open_gate(lead, "signed", by=cast.member_a)
    as_(client, cast.member_a)
    assertContains(client.get(verb(lead, "advance")), "计入")
    send(client, lead, "advance")
    assert lead.contracts.get().counted


def test_advance_with_a_closed_gate_shows_what_is_missing_and_where(
    client: Client, cast: Cast
) -> None:
    lead = lead_in("negotiating", by=cast.member_a)
    before = state(lead)
    as_(client, cast.member_a)
    opened = client.get(verb(lead, "advance"))
    refused = send(client, lead, "advance")
    for answer in (opened, refused):
        for code in ("land", "energy", "environment", "safety"):
            assertContains(answer, f"{verb(lead, 'record_opinion')}?department={code}")
        assertContains(answer, verb(lead, "record_review"))
    assertNotContains(opened, 'type="submit" class="o-button')
    assertContains(refused, "会商评审")
    assert state(lead) == before


def test_outdated_page_is_sent_back_with_the_name_of_who_saved(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    screen(lead, by=cast.member_a)
    seen = Lead.objects.get(pk=lead.pk).version
    follow_up(lead, by=cast.head_a)
    sent = {"expected_version": seen}
    answer = as_(client, cast.member_a).post(verb(lead, "advance"), sent, follow=True)
    assertRedirects(answer, page(lead))
    assertContains(answer, str(cast.head_a))
    lead.refresh_from_db()
    assert lead.stage == "lead"


@pytest.mark.parametrize("version", ["", "x", "-1", "1.0", "٣"])
def test_page_without_a_revision_is_refused(client: Client, cast: Cast, version: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    screen(lead, by=cast.member_a)
    before = state(lead)
    as_(client, cast.member_a).post(verb(lead, "advance"), {"expected_version": version})
    assert state(lead) == before


# --- Return, exit, reopen -------------------------------------------------------------------


def test_return_offers_earlier_stages_only(client: Client, cast: Cast) -> None:
    lead = lead_in("negotiating", by=cast.member_a)
    as_(client, cast.member_a)
    choices = client.get(verb(lead, "return")).context["form"].fields["to"].choices
    assert [value for value, _label in choices] == ["screening", "lead"]
    send(client, lead, "return", to="lead", reason="推进有误")
    lead.refresh_from_db()
    assert lead.stage == "lead"


@pytest.mark.parametrize(
    ("values", "exit"),
    [
        ({"exit": "shelved", "detail": "等增资", "wake_on": "2027.1.4"}, "shelved"),
        ({"exit": "transferred", "detail": "转给兄弟园区"}, "transferred"),
        ({"exit": "lost", "reason": "contact_lost"}, "lost"),
    ],
)
def test_lead_leaves_each_way_and_comes_back(
    client: Client, cast: Cast, values: dict[str, str], exit: str, time_machine: Any
) -> None:
    time_machine.move_to(A_MONDAY, tick=False)
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    assertRedirects(send(client, lead, "exit", **values), page(lead))
    lead.refresh_from_db()
    assert lead.exit == exit
    assertRedirects(send(client, lead, "reopen", reason="对方又来电话"), page(lead))
    lead.refresh_from_db()
    assert lead.is_open


def test_verb_that_makes_no_sense_now_says_so(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    for name in ("reopen", "return"):
        assertNotContains(client.get(verb(lead, name)), '<form method="post" class="o-form"')
    exit_lead(lead=lead, exit="transferred", detail="转给园区", by=cast.member_a)
    for name in ("advance", "exit", "return"):
        answer = client.get(verb(lead, name))
        assert CHINESE.search(answer.context["refusal"])


# --- Hand over, whom it waits for -----------------------------------------------------------


def test_hand_over_offers_the_team_without_the_present_owner(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    form = as_(client, cast.head_a).get(verb(lead, "reassign")).context["form"]
    assert set(form.fields["owner"].queryset) == {cast.second_member_a, cast.head_a}
    send(client, lead, "reassign", owner=cast.second_member_a.pk)
    lead.refresh_from_db()
    assert lead.owner == cast.second_member_a


def test_hand_over_on_an_outdated_page_changes_nothing(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    seen = lead.version
    follow_up(lead, by=cast.member_a)
    sent = {"expected_version": seen, "owner": cast.second_member_a.pk}
    as_(client, cast.head_a).post(verb(lead, "reassign"), sent)
    lead.refresh_from_db()
    assert lead.owner == cast.member_a


def test_asking_sets_whom_and_since_when(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    send(client, lead, "ask", waiting_for="leader", waiting_detail="链长")
    lead.refresh_from_db()
    assert (lead.waiting_for, lead.waiting_detail) == ("leader", "链长")
    assert lead.waiting_since == timezone.localdate()
