"""The verbs of a lead as pages: consequences named, refusals with links, nothing half-written."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.models import User
from leads.actions.followups import raise_blocker
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
from tests.leads.admin.test_lead_page import PNG

pytestmark = pytest.mark.django_db
A_MONDAY = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
CHINESE = re.compile("[\u4e00-\u9fff]")
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
JUDGEMENTS = dict.fromkeys(
    ("industry", "market", "technology", "environment", "energy", "benefit"), "符合"
)


def url(lead: Lead, verb: str) -> str:
    return reverse(f"admin:leads_lead_{verb}", args=[lead.pk])


def page(lead: Lead) -> str:
    return reverse("admin:leads_lead_page", args=[lead.pk])


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def send(client: Client, lead: Lead, verb: str, **values: Any) -> HttpResponse:
    """Send a verb's form as the page just opened shows it."""
    lead.refresh_from_db()
    answer: Any = client.post(url(lead, verb), {"expected_version": lead.version, **values})
    return answer


def state(lead: Lead) -> tuple[Any, ...]:
    """What must stay as it was when a verb is refused."""
    fresh = Lead.objects.get(pk=lead.pk)
    rows = (StageChange, Screening, DepartmentOpinion, JointReview, Blocker, Attachment)
    return (fresh.version, fresh.stage, fresh.exit, *(model.objects.count() for model in rows))


# --- Who may --------------------------------------------------------------------------------


@pytest.mark.parametrize("verb", VERBS)
def test_verb_is_404_for_another_team(client: Client, cast: Cast, verb: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    before = state(lead)
    as_(client, cast.member_b)
    assert client.get(url(lead, verb)).status_code == 404
    assert send(client, lead, verb).status_code == 404
    assert state(lead) == before


@pytest.mark.parametrize("verb", [*VERBS, "reopen"])
def test_verb_is_403_for_the_leader_who_reads_only(client: Client, cast: Cast, verb: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    before = state(lead)
    as_(client, cast.chain_leader_a)
    assert client.get(url(lead, verb)).status_code == 403
    assert send(client, lead, verb).status_code == 403
    assert state(lead) == before


@pytest.mark.parametrize("verb", ["advance", "return", "exit", "record_contract", "reassign"])
def test_move_is_403_for_a_colleague_who_is_not_in_charge(
    client: Client, cast: Cast, verb: str
) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.second_member_a)
    assert client.get(url(lead, verb)).status_code == 403
    assert send(client, lead, verb).status_code == 403


@pytest.mark.parametrize("verb", VERBS)
def test_verb_page_opens_with_its_form(client: Client, cast: Cast, verb: str) -> None:
    lead = lead_in(VERBS[verb], by=cast.member_a)
    answer = as_(client, cast.head_a).get(url(lead, verb))
    assertContains(answer, f'name="expected_version" value="{lead.version}"')
    assertContains(answer, page(lead))


# --- Advance --------------------------------------------------------------------------------


def test_advance_names_what_will_happen_and_moves(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    screen(lead, by=cast.member_a)
    as_(client, cast.member_a)
    assertContains(client.get(url(lead, "advance")), "研判")
    assertRedirects(send(client, lead, "advance"), page(lead))
    lead.refresh_from_db()
    assert lead.stage == "screening"


def test_advance_to_signed_says_that_it_counts(client: Client, cast: Cast) -> None:
    lead = lead_in("review", by=cast.member_a)
    open_gate(lead, "signed", by=cast.member_a)
    as_(client, cast.member_a)
    assertContains(client.get(url(lead, "advance")), "计入")
    send(client, lead, "advance")
    assert lead.contracts.get().counted


def test_advance_with_a_closed_gate_shows_what_is_missing_and_where(
    client: Client, cast: Cast
) -> None:
    lead = lead_in("negotiating", by=cast.member_a)
    before = state(lead)
    as_(client, cast.member_a)
    opened = client.get(url(lead, "advance"))
    refused = send(client, lead, "advance")
    for answer in (opened, refused):
        for code in ("land", "energy", "environment", "safety"):
            assertContains(answer, f"{url(lead, 'record_opinion')}?department={code}")
        assertContains(answer, url(lead, "record_review"))
    assertNotContains(opened, 'type="submit" class="o-button')
    assertContains(refused, "会商评审")
    assert state(lead) == before


def test_outdated_page_is_sent_back_with_the_name_of_who_saved(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    screen(lead, by=cast.member_a)
    seen = Lead.objects.get(pk=lead.pk).version
    follow_up(lead, by=cast.head_a)
    sent = {"expected_version": seen}
    answer = as_(client, cast.member_a).post(url(lead, "advance"), sent, follow=True)
    assertRedirects(answer, page(lead))
    assertContains(answer, str(cast.head_a))
    lead.refresh_from_db()
    assert lead.stage == "lead"


@pytest.mark.parametrize("version", ["", "x", "-1", "1.0", "٣"])
def test_page_without_a_revision_is_refused(client: Client, cast: Cast, version: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    screen(lead, by=cast.member_a)
    before = state(lead)
    as_(client, cast.member_a).post(url(lead, "advance"), {"expected_version": version})
    assert state(lead) == before


# --- Return, exit, reopen -------------------------------------------------------------------


def test_return_offers_earlier_stages_only(client: Client, cast: Cast) -> None:
    lead = lead_in("negotiating", by=cast.member_a)
    as_(client, cast.member_a)
    choices = client.get(url(lead, "return")).context["form"].fields["to"].choices
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
    for verb in ("reopen", "return"):
        assertNotContains(client.get(url(lead, verb)), '<form method="post" class="o-form"')
    exit_lead(lead=lead, exit="transferred", detail="转给园区", by=cast.member_a)
    for verb in ("advance", "exit", "return"):
        answer = client.get(url(lead, verb))
        assert CHINESE.search(answer.context["refusal"])


# --- Hand over, whom it waits for -----------------------------------------------------------


def test_hand_over_offers_the_team_without_the_present_owner(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    form = as_(client, cast.head_a).get(url(lead, "reassign")).context["form"]
    assert set(form.fields["owner"].queryset) == {cast.second_member_a, cast.head_a}
    send(client, lead, "reassign", owner=cast.second_member_a.pk)
    lead.refresh_from_db()
    assert lead.owner == cast.second_member_a


def test_hand_over_on_an_outdated_page_changes_nothing(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    seen = lead.version
    follow_up(lead, by=cast.member_a)
    sent = {"expected_version": seen, "owner": cast.second_member_a.pk}
    as_(client, cast.head_a).post(url(lead, "reassign"), sent)
    lead.refresh_from_db()
    assert lead.owner == cast.member_a


def test_asking_sets_whom_and_since_when(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    send(client, lead, "ask", waiting_for="leader", waiting_detail="链长")
    lead.refresh_from_db()
    assert (lead.waiting_for, lead.waiting_detail) == ("leader", "链长")
    assert lead.waiting_since == timezone.localdate()


# --- Evidence, files, blockers --------------------------------------------------------------


def test_opinion_form_opens_for_the_department_that_is_missing(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    for asked, chosen in (("safety", "safety"), ("nonsense", "land")):
        answer = client.get(url(lead, "record_opinion"), {"department": asked})
        assert answer.context["form"]["department"].value() == chosen


@pytest.mark.parametrize(
    ("verb", "values", "model"),
    [
        (
            "record_screening",
            {"verdict": "reserve", "judged_on": "2026-11-20", **JUDGEMENTS},
            Screening,
        ),
        (
            "record_opinion",
            {
                "department": "land",
                "verdict": "conditional",
                "text": "须调整红线",
                "given_by": "自规局",
                "given_on": "2026.11.20",
            },
            DepartmentOpinion,
        ),
        (
            "record_review",
            {"held_on": "20261120", "attendees": "四部门", "conclusion": "原则同意"},
            JointReview,
        ),
    ],
)
def test_evidence_is_put_on_record(
    client: Client, cast: Cast, verb: str, values: dict[str, str], model: Any, time_machine: Any
) -> None:
    time_machine.move_to(A_MONDAY, tick=False)
    lead = log_a_lead(by=cast.member_a)
    assertRedirects(send(as_(client, cast.second_member_a), lead, verb, **values), page(lead))
    assert model.objects.get().lead == lead


def test_minutes_keep_their_file(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    scan = SimpleUploadedFile("纪要.png", PNG, "image/png")
    values = {"held_on": str(timezone.localdate()), "attendees": "四部门", "conclusion": "同意"}
    send(as_(client, cast.member_a), lead, "record_review", file=scan, **values)
    assert JointReview.objects.get().attachments.get().name == "纪要.png"


def test_minutes_with_a_bad_file_are_not_recorded(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    before = state(lead)
    scan = SimpleUploadedFile("纪要.pdf", b"MZ", "application/pdf")
    values = {"held_on": str(timezone.localdate()), "attendees": "四部门", "conclusion": "同意"}
    send(as_(client, cast.member_a), lead, "record_review", file=scan, **values)
    assert state(lead) == before


def picture(name: str, content: bytes = PNG) -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, "image/png")


def test_files_are_attached_all_or_none(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    refused: Any = send(client, lead, "attach", file=[picture("一.png"), picture("二.exe")])
    assert CHINESE.search(" ".join(refused.context["form"].errors["file"]))
    assert not Attachment.objects.exists()
    send(client, lead, "attach", file=[picture("一.png"), picture("二.png")])
    assert {file.name for file in Attachment.objects.all()} == {"一.png", "二.png"}


def test_blocker_is_raised_and_cleared(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.second_member_a)
    values = {
        "blocker": "岸线条件不明",
        "blocker_owner": cast.head_a.pk,
        "blocker_due_on": str(timezone.localdate() + timedelta(days=7)),
    }
    send(client, lead, "raise_blocker", **values)
    blocker = Blocker.objects.get()
    assertContains(client.get(page(lead)), "岸线条件不明")
    clear = reverse("admin:leads_blocker_resolve", args=[blocker.pk])
    assertRedirects(client.post(clear, {"resolution": "已批复"}), page(lead))
    blocker.refresh_from_db()
    assert blocker.resolved_on == timezone.localdate()
    assert CHINESE.search(client.get(clear).context["refusal"])


def test_blocker_of_a_hidden_lead_is_404(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    blocker = raise_blocker(
        lead=lead,
        description="岸线",
        owner=cast.member_a,
        due_on=timezone.localdate(),
        by=cast.member_a,
    )
    clear = reverse("admin:leads_blocker_resolve", args=[blocker.pk])
    assert as_(client, cast.member_b).get(clear).status_code == 404
    assert client.post(clear, {"resolution": "已批复"}).status_code == 404
    assert as_(client, cast.chain_leader_a).post(clear, {"resolution": "x"}).status_code == 403
    blocker.refresh_from_db()
    assert blocker.resolved_on is None


# --- Bad input ------------------------------------------------------------------------------

Values = dict[str, Any]
BAD_INPUT: dict[str, tuple[str, Values, str]] = {
    "return without a reason": ("return", {"to": "lead", "reason": " "}, "reason"),
    "return forwards": ("return", {"to": "signed", "reason": "x"}, "to"),
    "no way out chosen": ("exit", {}, "exit"),
    "lost without a reason": ("exit", {"exit": "lost"}, "reason"),
    "another place, which": ("exit", {"exit": "lost", "reason": "chose_another_place"}, "detail"),
    "shelved without a day": ("exit", {"exit": "shelved", "detail": "等"}, "wake_on"),
    "shelved until yesterday": (
        "exit",
        {"exit": "shelved", "detail": "等", "wake_on": "2026-11-22"},
        "wake_on",
    ),
    "no such day": ("exit", {"exit": "shelved", "detail": "等", "wake_on": "2月30日"}, "wake_on"),
    "passed on, to whom": ("exit", {"exit": "transferred"}, "detail"),
    "hand over to nobody": ("reassign", {}, "owner"),
    "hand over to another team": ("reassign", {"owner": "{other}"}, "owner"),
    "waiting for the moon": ("ask", {"waiting_for": "moon"}, "waiting_for"),
    "judgement left out": (
        "record_screening",
        {"verdict": "follow", "judged_on": "2026-11-20", **JUDGEMENTS, "market": " "},
        "market",
    ),
    "judged tomorrow": (
        "record_screening",
        {"verdict": "follow", "judged_on": "2026-11-24", **JUDGEMENTS},
        "judged_on",
    ),
    "opinion of tomorrow": (
        "record_opinion",
        {
            "department": "land",
            "verdict": "agree",
            "text": "同意",
            "given_by": "局",
            "given_on": "2026-11-24",
        },
        "given_on",
    ),
    "minutes of tomorrow": (
        "record_review",
        {"held_on": "2026-11-24", "attendees": "四部门", "conclusion": "同意"},
        "held_on",
    ),
    "no file chosen": ("attach", {}, "file"),
    "empty file": ("attach", {"file": lambda: SimpleUploadedFile("空.png", b"")}, "file"),
    "file that is not what it says": (
        "attach",
        {"file": lambda: SimpleUploadedFile("图.png", b"%PDF-1.7")},
        "file",
    ),
    "blocker due yesterday": (
        "raise_blocker",
        {"blocker": "岸线", "blocker_owner": "{member}", "blocker_due_on": "2026-11-22"},
        "blocker_due_on",
    ),
}


@pytest.mark.parametrize("name", BAD_INPUT)
def test_bad_input_is_refused_in_chinese_at_its_field(
    client: Client, cast: Cast, name: str, time_machine: Any
) -> None:
    time_machine.move_to(A_MONDAY, tick=False)
    verb, values, field = BAD_INPUT[name]
    lead = lead_in("screening", by=cast.member_a)
    before = state(lead)
    answer: Any = send(as_(client, cast.head_a), lead, verb, **_made(values, cast))
    assert list(answer.context["form"].errors) == [field]
    assert CHINESE.search(" ".join(answer.context["form"].errors[field]))
    assert state(lead) == before


def _made(values: Values, cast: Cast) -> Values:
    people = {"{member}": cast.member_a.pk, "{other}": cast.member_b.pk}
    made: dict[str, Any] = {}
    for key, value in values.items():
        maker: Callable[[], Any] | None = value if callable(value) else None
        made[key] = maker() if maker else people.get(value, value)
    return made
