"""Landed projects in the admin: who sees them, the milestones, projects of the report."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from leads.actions.landing import meet_milestone, plan_milestone
from leads.models import (
    LandedProject,
    Milestone,
    MilestoneKind,
)
from tests.cast import Cast
from tests.factories import (
    a_uscc,
)
from tests.leads.admin.project_pages import (
    A_MONDAY,
    CHINESE,
    CODE,
    LIST,
    OF_ALL,
    VERBS,
    a_project,
    as_,
    met,
    of_the_report,
    send,
    url,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_a_monday(time_machine: Any) -> None:
    time_machine.move_to(A_MONDAY, tick=False)


# --- Who sees and who may -------------------------------------------------------------------


def test_project_is_404_for_another_team_everywhere(client: Client, cast: Cast) -> None:
    project = a_project(cast)
    as_(client, cast.member_b)
    for name in ("page", "change", "history", *VERBS):
        assert client.get(url(project, name)).status_code == 404, name
    for verb in VERBS:
        assert send(client, project, verb, **met()).status_code == 404, verb
    assertNotContains(client.get(reverse(LIST), {"tab": "all"}), project.name)


def test_list_holds_exactly_what_one_may_see(client: Client, cast: Cast) -> None:
    own, report = a_project(cast), of_the_report(cast)
    other = of_the_report(cast, code="other")
    LandedProject.objects.filter(pk=other.pk).update(chain=cast.chain_b)
    seen = {
        name: set(
            as_(client, getattr(cast, name))
            .get(reverse(LIST), {"tab": "all"})
            .context["cl"]
            .result_list
        )
        for name in ("member_a", "member_b", "chain_leader_a", "coordinator")
    }
    assert seen == {
        "member_a": {own, report},
        "member_b": {other},
        "chain_leader_a": {own, report},
        "coordinator": {own, report, other},
    }


def test_leader_reads_without_buttons(client: Client, cast: Cast) -> None:
    project = a_project(cast)
    answer = as_(client, cast.chain_leader_a).get(url(project))
    for verb in VERBS:
        assertNotContains(answer, url(project, verb))
        assert client.get(url(project, verb)).status_code == 403
        assert send(client, project, verb, **met()).status_code == 403
    assert not Milestone.objects.filter(is_reached=True).exists()


def test_colleague_who_is_not_in_charge_does_not_move_it(client: Client, cast: Cast) -> None:
    project = a_project(cast)
    as_(client, cast.second_member_a)
    assert client.get(url(project)).status_code == 200
    for verb in VERBS:
        expected = 200 if verb in OF_ALL else 403
        assert client.get(url(project, verb)).status_code == expected, verb
    assert send(client, project, "meet", **met()).status_code == 403


def test_form_of_the_model_leads_to_the_page(client: Client, cast: Cast) -> None:
    project = a_project(cast)
    as_(client, cast.coordinator)
    assertRedirects(client.get(url(project, "change")), url(project))
    assert client.post(url(project, "change"), {"name": "x"}).status_code == 403
    assert client.get(reverse("admin:leads_landedproject_add")).status_code == 403


# --- Projects of the report -----------------------------------------------------------------


def test_report_is_quoted_with_its_section_and_read_only(client: Client, cast: Cast) -> None:
    project = of_the_report(cast)
    answer = as_(client, cast.head_a).get(url(project))
    for text in ("总投资百亿级的商业航天动力产业园签约落户", "一.进", "总投资百亿级", "日期不详"):
        assertContains(answer, text)
    for verb in VERBS:
        assertNotContains(answer, url(project, verb))
        assert send(client, project, verb, **met()).status_code == 403


def test_nothing_is_planned_before_what_the_report_states(client: Client, cast: Cast) -> None:
    project = of_the_report(cast, milestone="started")
    as_(client, cast.coordinator)
    choices = client.get(url(project, "plan")).context["form"].fields["kind"].choices
    assert [value for value, _label in choices] == ["completed", "producing", "full"]
    assertNotContains(client.get(url(project)), url(project, "plan", kind="land"))


def test_office_goes_on_with_a_project_of_the_report(client: Client, cast: Cast) -> None:
    project = of_the_report(cast, milestone="registered")
    as_(client, cast.coordinator)
    values = {"kind": "land", "actual_on": "2026-11-20", "evidence": "出让合同"}
    assertRedirects(send(client, project, "meet", **values), url(project))
    project.refresh_from_db()
    assert project.milestone == "land"


# --- Milestones -----------------------------------------------------------------------------


def test_milestones_stand_in_order_and_a_lease_takes_no_land(client: Client, cast: Cast) -> None:
    as_(client, cast.member_a)
    lines = client.get(url(a_project(cast))).context["lines"]
    assert [line.kind.value for line in lines] == list(MilestoneKind.values)
    assert [line.state for line in lines] == ["is-now", *[""] * 5]
    lines = client.get(url(a_project(cast, is_lease=True))).context["lines"]
    assert "land" not in [line.kind.value for line in lines]


def test_milestone_is_met_planned_and_recognised(client: Client, cast: Cast) -> None:
    project = a_project(cast, uscc=a_uscc(3))
    as_(client, cast.member_a)
    assertRedirects(send(client, project, "meet", **met()), url(project))
    values = {"kind": "land", "planned_on": "2027年3月1日"}
    assertRedirects(send(client, project, "plan", **values), url(project))
    values = {"kind": "registered", "recognised_on": "2026-11-23"}
    assertRedirects(send(client, project, "recognise", **values), url(project))
    project.refresh_from_db()
    assert (project.milestone, project.project_code, project.is_recognised) == (
        "registered",
        CODE,
        True,
    )
    answer = client.get(url(project))
    for text in ("11月20日", "2027年3月1日", "11月23日", "营业执照", CODE):
        assertContains(answer, text)


def test_registration_waits_for_the_local_company_and_leads_to_it(
    client: Client, cast: Cast
) -> None:
    project = a_project(cast)
    as_(client, cast.member_a)
    assertContains(client.get(url(project, "meet")), url(project, "company"))
    answer = send(client, project, "meet", **met())
    assertContains(answer, url(project, "company"))
    assert CHINESE.search(" ".join(answer.context["form"].non_field_errors()))
    assertRedirects(
        send(client, project, "company", name="靖江云翼动力有限公司", uscc=a_uscc(5)), url(project)
    )
    assertContains(client.get(url(project)), "靖江云翼动力有限公司")
    assertRedirects(send(client, project, "meet", **met()), url(project))


def test_plan_and_recognition_open_for_the_milestone_asked(client: Client, cast: Cast) -> None:
    project = a_project(cast)
    as_(client, cast.member_a)
    for asked, chosen in (("completed", "completed"), ("nonsense", "registered")):
        form = client.get(url(project, "plan", kind=asked)).context["form"]
        assert form["kind"].value() == chosen
    assert CHINESE.search(client.get(url(project, "recognise")).context["refusal"])


def test_outdated_page_changes_nothing_and_names_who_saved(client: Client, cast: Cast) -> None:
    project = a_project(cast, uscc=a_uscc(3))
    seen = project.version
    plan_milestone(project=project, kind="started", planned_on=A_MONDAY.date(), by=cast.head_a)
    sent = met(expected_version=seen)
    answer = as_(client, cast.member_a).post(url(project, "meet"), sent, follow=True)
    assertContains(answer, str(cast.head_a))
    assert not Milestone.objects.filter(is_reached=True).exists()


BAD_MILESTONES = {
    "out of order": ("meet", {"kind": "started"}, "kind"),
    "in the future": ("meet", {"actual_on": "2026-11-24"}, "actual_on"),
    "no such day": ("meet", {"actual_on": "2026-02-30"}, "actual_on"),
    "no evidence": ("meet", {"evidence": " "}, "evidence"),
    "project code too short": ("meet", {"project_code": "2603-321282"}, "project_code"),
    "project code missing": ("meet", {"project_code": ""}, "project_code"),
    "plan in words": ("plan", {"kind": "land", "planned_on": "明年"}, "planned_on"),
}


@pytest.mark.parametrize("name", BAD_MILESTONES)
def test_bad_milestone_is_refused_in_chinese_at_its_field(
    client: Client, cast: Cast, name: str
) -> None:
    verb, values, field = BAD_MILESTONES[name]
    project = a_project(cast, uscc=a_uscc(3))
    answer = send(as_(client, cast.member_a), project, verb, **met(**values))
    assert list(answer.context["form"].errors) == [field]
    assert CHINESE.search(" ".join(answer.context["form"].errors[field]))
    assert not Milestone.objects.filter(is_reached=True).exists()


@pytest.mark.parametrize("day", ["2026-11-24", "2026-11-19"])
def test_recognition_lies_between_the_day_itself_and_today(
    client: Client, cast: Cast, day: str
) -> None:
    project = a_project(cast, uscc=a_uscc(3))
    meet_milestone(
        project=project,
        kind="registered",
        actual_on=datetime(2026, 11, 20, tzinfo=ZoneInfo("Asia/Shanghai")).date(),
        evidence="营业执照",
        project_code=CODE,
        by=cast.member_a,
    )
    values = {"kind": "registered", "recognised_on": day}
    answer = send(as_(client, cast.member_a), project, "recognise", **values)
    assert list(answer.context["form"].errors) == ["recognised_on"]
