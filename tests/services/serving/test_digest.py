"""Services in the weekly digest: by project for a leader, by department for the office."""

from typing import Any

import pytest
from django.template.loader import render_to_string

from kfq_crm.base.models import User
from leads.digest.engine import scope_of
from leads.digest.payload import for_viewer, payload_of
from leads.models import DigestRule, Lead
from services.models import Question
from tests.leads.digest.weeks import a_rule, at, content, week
from tests.services.questions.office import a_question
from tests.services.serving.world import Serving, accepted

pytestmark = pytest.mark.django_db
# The week after National Day and the first sweep; `second` was let pass on 28 October, a Wednesday
WEEK, NOW = "2026-W44", "2026-11-02T08:00"


@pytest.fixture(autouse=True)
def _late(serving: Serving, time_machine: Any) -> None:
    """The second plan's planning is past its day, a question about its lead as well."""
    a_rule()
    office = serving.office
    accepted(serving.second, "planning", office, at("2026-10-12T10:00"))
    question = a_question(office, now=at("2026-10-20T10:00"))
    Question.objects.filter(pk=question.pk).update(lead=_lead(serving))
    time_machine.move_to(f"{NOW}:00+08:00", tick=False)


def _lead(serving: Serving) -> Lead:
    contract = serving.second.project.contract
    assert contract
    return contract.lead


def told(serving: Serving, reader: User, code: str = WEEK) -> dict[str, Any] | None:
    return content(reader, serving.office.cast.chain_a, code, NOW).get("services")


def test_leader_reads_what_is_late_by_project(serving: Serving) -> None:
    part = told(serving, serving.office.cast.chain_leader_a)
    assert part
    (project,) = part["projects"]["items"]
    assert (project["project"], project["more_steps"]) == (serving.second.project_id, 0)
    steps = [(step["what"], step["kind"], step["day"]) for step in project["steps"]]
    assert steps == [("规划许可", "late", "2026-10-15"), ("环评审批", "granted", "2026-10-28")]
    (question,) = part["questions"]["items"]
    assert (question["lead"], question["what"]) == (_lead(serving).pk, "厂房加层手续怎么办")
    assert question["days"] > 0


def test_grant_is_told_in_its_own_week_only(serving: Serving) -> None:
    part = told(serving, serving.office.cast.chain_leader_a, "2026-W43")
    assert part
    (project,) = part["projects"]["items"]
    assert [step["kind"] for step in project["steps"]] == ["late"]


def test_another_chain_is_told_nothing(serving: Serving) -> None:
    cast = serving.office.cast
    assert "services" not in content(cast.head_b, cast.chain_b, WEEK, NOW)


@pytest.mark.parametrize("kind", ["html", "txt"])
def test_both_letters_say_it(serving: Serving, kind: str) -> None:
    cast = serving.office.cast
    part = told(serving, cast.chain_leader_a)
    text = render_to_string(f"services/digest_services.{kind}", {"c": part})
    for word in ("规划许可", "环评审批", "厂房加层手续怎么办", serving.second.project.name):
        assert word in text
    zone = content(cast.coordinator, None, WEEK, NOW)["zone_services"]
    text = render_to_string(f"services/digest_zone.{kind}", {"c": zone})
    assert "住房和城乡建设局" in text


def test_office_reads_departments_in_numbers(serving: Serving) -> None:
    zone = content(serving.office.cast.coordinator, None, WEEK, NOW)["zone_services"]
    rows = [(row["name"], row["late"], row["granted"], row["questions"]) for row in zone["rows"]]
    assert rows == [
        ("住房和城乡建设局", 1, 0, 1),  # the question that was rated 2 is asked again
        ("消防救援大队", 0, 1, 0),
        ("", 0, 0, 1),
    ]


# --- What may travel --------------------------------------------------------------------------


def hide(serving: Serving) -> None:
    lead = _lead(serving)
    Lead.objects.filter(pk=lead.pk).update(confidential=True, code_name="启明")


def test_confidential_lead_is_told_to_nobody_who_may_not_read_it(serving: Serving) -> None:
    hide(serving)
    assert told(serving, serving.office.cast.chain_leader_a) is None
    zone = content(serving.office.cast.coordinator, None, WEEK, NOW)["zone_services"]
    assert [(row["name"], row["late"], row["granted"]) for row in zone["rows"]][:1] == [
        ("住房和城乡建设局", 0, 0)
    ]


def test_of_a_confidential_lead_nothing_written_is_told(serving: Serving) -> None:
    hide(serving)
    leader = serving.office.cast.chain_leader_a
    _lead(serving).readers.add(leader)
    part = told(serving, leader)
    assert part
    assert [item["name"] for item in part["projects"]["items"]] == ["启明"]
    assert {(item["name"], item["what"]) for item in part["questions"]["items"]} == {("启明", "")}


def test_question_marked_confidential_goes_without_its_words(serving: Serving) -> None:
    Question.objects.update(confidential=True)
    part = told(serving, serving.office.cast.chain_leader_a)
    assert part
    assert {item["what"] for item in part["questions"]["items"]} == {""}


def test_viewer_who_may_not_read_the_lead_gets_no_item(serving: Serving) -> None:
    cast = serving.office.cast
    scope = scope_of(
        cast.chain_leader_a, cast.chain_a, week(WEEK), DigestRule.objects.first(), at(NOW)
    )
    shown = for_viewer(payload_of(scope), cast.member_b)["sections"]["services"]
    assert shown["projects"]["items"] == shown["questions"]["items"] == []
    assert shown["projects"]["total"] == shown["questions"]["total"] == 0
