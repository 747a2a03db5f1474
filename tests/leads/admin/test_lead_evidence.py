"""Evidence, files and blockers put on record by pages; bad input is refused at its field."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertRedirects

from leads.actions.followups import raise_blocker
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
from tests.factories import lead_in, log_a_lead
from tests.leads.admin.browsing import A_MONDAY, CHINESE, PNG, as_, page, picture, send, verb

pytestmark = pytest.mark.django_db
JUDGEMENTS = dict.fromkeys(
    ("industry", "market", "technology", "environment", "energy", "benefit"), "符合"
)


def state(lead: Lead) -> tuple[Any, ...]:
    """What must stay as it was when a verb is refused."""
    fresh = Lead.objects.get(pk=lead.pk)
    rows = (StageChange, Screening, DepartmentOpinion, JointReview, Blocker, Attachment)
    return (fresh.version, fresh.stage, fresh.exit, *(model.objects.count() for model in rows))


# --- Evidence, files, blockers --------------------------------------------------------------


def test_opinion_form_opens_for_the_department_that_is_missing(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.member_a)
    for asked, chosen in (("safety", "safety"), ("nonsense", "land")):
        answer = client.get(verb(lead, "record_opinion"), {"department": asked})
        assert answer.context["form"]["department"].value() == chosen


@pytest.mark.parametrize(
    ("name", "values", "model"),
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
    client: Client, cast: Cast, name: str, values: dict[str, str], model: Any, time_machine: Any
) -> None:
    time_machine.move_to(A_MONDAY, tick=False)
    lead = log_a_lead(by=cast.member_a)
    assertRedirects(send(as_(client, cast.second_member_a), lead, name, **values), page(lead))
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
    sent, values, field = BAD_INPUT[name]
    lead = lead_in("screening", by=cast.member_a)
    before = state(lead)
    answer: Any = send(as_(client, cast.head_a), lead, sent, **_made(values, cast))
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
