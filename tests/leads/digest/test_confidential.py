"""Nothing hidden gets into a digest: exact sets, for leader, deputy, previewer and the zone."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from kfq_crm.base.absences import enter_absence
from kfq_crm.base.models import OutgoingMail, User
from leads.digest.engine import make_digests
from leads.digest.payload import for_viewer
from leads.models import Digest
from tests.cast import Cast
from tests.factories import follow_up, log_a_lead
from tests.leads.digest.asking import a_blocker, a_question
from tests.leads.digest.weeks import a_rule, at, clock, content, names

pytestmark = pytest.mark.django_db

SECRET, KNOWN = "夜鹭秘密项目", "金雕秘密项目"
WRITTEN = ("不外传的进展", "不外传的堵点", "不外传的下一步", "某秘密公司")


@pytest.fixture
def leads(cast: Cast) -> Cast:
    """An open lead, a confidential one that the leader may read, one that the leader may not."""
    a_rule()
    with clock("2026-11-18T10:00"):
        open_lead = log_a_lead(by=cast.member_a, title="公开项目")
        known = log_a_lead(
            by=cast.member_a,
            title=KNOWN,
            investor="某秘密公司",
            confidential=True,
            code_name="启明",
            readers=[cast.chain_leader_a],
        )
        hidden = log_a_lead(by=cast.member_a, title=SECRET, confidential=True, code_name="长庚")
        for lead in (open_lead, known, hidden):
            words = {"next_action": WRITTEN[2], "next_action_on": at("2026-11-20T00:00").date()}
            follow_up(lead, by=cast.member_a, is_progress=True, summary=WRITTEN[0], **words)
            a_blocker(lead, cast.member_a, days=5, what=WRITTEN[1])
    return cast


def told_to(cast: Cast, reader: User) -> dict[str, Any]:
    return content(reader, cast.chain_a, "2026-W47", "2026-11-23T08:00")


def everywhere(sections: dict[str, Any]) -> set[str]:
    moved = sections["moved"]
    parts = [*(moved[name] for name in ("new", "progress", "problems"))]
    return set().union(*(names(part) for part in parts), names(sections["overdue"]))


@pytest.mark.parametrize(
    ("reader", "seen"),
    [
        ("chain_leader_a", {"公开项目", "启明"}),
        ("head_a", {"公开项目", "启明", "长庚"}),
        ("member_a", {"公开项目", "启明", "长庚"}),
        ("coordinator", {"公开项目"}),
        ("member_b", set()),
        ("outsider", set()),
    ],
)
def test_each_reader_is_told_of_what_he_or_she_may_see(
    leads: Cast, reader: str, seen: set[str]
) -> None:
    sections = told_to(leads, getattr(leads, reader))
    assert everywhere(sections) == seen
    rows = {row["code"]: row["now"] for row in sections["figures"]["rows"]}
    assert (rows["new"], rows["open"], rows["overdue"]) == (len(seen),) * 3


def test_confidential_lead_goes_by_its_code_name_and_without_words(leads: Cast) -> None:
    make_digests(at("2026-11-23T08:00"))
    mail = OutgoingMail.objects.get(recipient=leads.chain_leader_a)
    for text in (mail.text, mail.html):
        assert "启明" in text
        assert not [name for name in (KNOWN, SECRET, "长庚", WRITTEN[3]) if name in text]
    items = told_to(leads, leads.chain_leader_a)["overdue"]["items"]
    assert {item["name"]: item["what"] for item in items} == {
        "公开项目": WRITTEN[2],
        "启明": "",
    }


def test_viewer_of_another_s_digest_reads_only_the_own_part(leads: Cast) -> None:
    make_digests(at("2026-11-23T08:00"))
    payload = Digest.objects.get(chain=leads.chain_a).payload
    seen = {}
    for name in ("chain_leader_a", "head_a", "coordinator", "member_b", "outsider"):
        cut = for_viewer(payload, getattr(leads, name))
        has_numbers = "figures" in cut["sections"]
        seen[name] = (everywhere(cut["sections"]), has_numbers, cut["is_cut"])
    assert seen == {
        "chain_leader_a": ({"公开项目", "启明"}, True, False),
        "head_a": ({"公开项目", "启明"}, True, False),
        "coordinator": ({"公开项目"}, False, True),
        "member_b": (set(), False, True),
        "outsider": (set(), False, True),
    }
    cut = for_viewer(payload, leads.coordinator)["sections"]
    assert cut["overdue"]["total"] == cut["moved"]["new"]["total"] == 1


@pytest.mark.parametrize(
    ("deputy", "seen"), [("head_a", True), ("coordinator", False), ("outsider", False)]
)
def test_deputy_reads_no_more_than_may_be_seen(leads: Cast, deputy: str, seen: bool) -> None:
    with clock("2026-11-20T10:00"):
        a_question(leads, "公开的请示")
        enter_absence(
            user=leads.chain_leader_a,
            first_day=at("2026-11-23T00:00").date(),
            last_day=at("2026-11-24T00:00").date(),
            deputy=getattr(leads, deputy),
            by=leads.chain_leader_a,
        )
    make_digests(at("2026-11-23T08:00"))
    mail = OutgoingMail.objects.get(key__endswith=":deputy")
    assert mail.recipient == getattr(leads, deputy)
    assert ("启明" in mail.text) is seen
    assert ("公开项目" in mail.text) is (deputy != "outsider")
    assert ("公开的请示" in mail.text) is (deputy != "outsider")
    assert not mail.attachments.exists()


def test_zone_s_digest_is_what_the_coordinator_may_see(leads: Cast) -> None:
    make_digests(at("2026-11-23T08:00"))
    zone = Digest.objects.get(chain=None).payload["sections"]
    assert names(zone["zone_overdue"]) == {"公开项目"}
    rows = {row["name"]: (row["new"], row["overdue"]) for row in zone["zone_chains"]["rows"]}
    assert rows == {"航空航天": (1, 1), "新材料": (0, 0)}


def test_preview_shows_each_viewer_the_own_part(leads: Cast, client: Client) -> None:
    frame = reverse("admin:digest_preview_formatted", args=[leads.team_a.pk])
    seen = {}
    with clock("2026-11-19T10:00"):
        for name in ("chain_leader_a", "head_a", "coordinator"):
            client.force_login(getattr(leads, name))
            page = client.get(frame).content.decode()
            words = ("公开项目", "启明", "长庚", KNOWN)
            seen[name] = {word for word in words if word in page}
    assert seen == {
        "chain_leader_a": {"公开项目", "启明"},
        "head_a": {"公开项目", "启明"},
        "coordinator": {"公开项目"},
    }
