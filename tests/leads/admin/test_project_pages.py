"""Landed projects in the admin: the list, the milestones, the verbs, projects of the report."""

import re
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from pytest_django.fixtures import DjangoAssertNumQueries
from zeal import zeal_context

from kfq_crm.base.models import User
from leads.actions.enterprises import update_enterprise
from leads.actions.landing import meet_milestone, open_project, plan_milestone
from leads.models import (
    Building,
    ConstructionPermit,
    LagRule,
    LandedProject,
    Milestone,
    MilestoneKind,
    ProgressReport,
    ProgressRule,
    ServicePromise,
)
from leads.progress import months_after
from tests.cast import Cast
from tests.factories import (
    a_building,
    a_uscc,
    counted_contract,
    lead_in,
    log_a_lead,
    open_milestone_gate,
)

pytestmark = pytest.mark.django_db
A_MONDAY = datetime(2026, 11, 23, 10, tzinfo=ZoneInfo("Asia/Shanghai"))
CHINESE = re.compile("[\u4e00-\u9fff]")
CODE = "2603-321282-04-01-123456"
LIST = "admin:leads_landedproject_changelist"
VERBS = (
    *("company", "meet", "plan", "recognise", "contracted", "curve"),
    *("lease", "permit", "building", "progress", "period", "flag"),
)
OF_ALL = ("lease", "permit", "building", "progress", "period", "flag")  # whoever works on the lead


def url(project: LandedProject, name: str = "page", **query: str) -> str:
    return reverse(f"admin:leads_landedproject_{name}", args=[project.pk], query=query or None)


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def a_project(cast: Cast, *, uscc: str | None = None, is_lease: bool = False) -> LandedProject:
    lead = lead_in("signed", by=cast.member_a)
    if uscc:
        update_enterprise(
            enterprise=lead.enterprise, values={"uscc": uscc}, by=cast.member_a, expected=None
        )
    return open_project(contract=counted_contract(lead), by=cast.member_a, is_lease=is_lease)


def of_the_report(cast: Cast, **values: Any) -> LandedProject:
    project = LandedProject.objects.create(
        name="商业航天动力产业园",
        chain=cast.chain_a,
        source="一.进",
        state_note="总投资百亿级的商业航天动力产业园签约落户",
        investment_note="总投资百亿级",
        **values,
    )
    Milestone.objects.create(project=project, kind=MilestoneKind.REGISTERED, is_reached=True)
    return project


def send(client: Client, project: LandedProject, verb: str, **values: Any) -> Any:
    project.refresh_from_db()
    return client.post(url(project, verb), {"expected_version": project.version, **values})


def met(**values: Any) -> dict[str, Any]:
    return {
        "kind": "registered",
        "actual_on": "2026.11.20",
        "evidence": "营业执照",
        "project_code": CODE,
        **values,
    }


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


# --- What comes next ------------------------------------------------------------------------


def under_works(cast: Cast, day: date = date(2026, 6, 10)) -> LandedProject:
    """Works begun on that day, planned from June 2026 to March 2027."""
    project, by = a_project(cast, uscc=a_uscc(3)), cast.member_a
    for kind, planned in (("started", date(2026, 6, 1)), ("completed", date(2027, 3, 31))):
        plan_milestone(project=project, kind=kind, planned_on=planned, by=by)
    for kind in ("registered", "land", "started"):
        typed = open_milestone_gate(project, kind, by=by, day=day)
        told = {"evidence": "批文", "project_code": CODE, **typed}
        meet_milestone(project=project, kind=kind, actual_on=day, by=by, **told)
    project.refresh_from_db()
    return project


def test_start_of_works_leads_to_the_permit_that_it_lacks(client: Client, cast: Cast) -> None:
    project, by = a_project(cast, uscc=a_uscc(3)), cast.member_a
    for kind in ("registered", "land"):
        day = date(2026, 11, 2)
        told = {"evidence": "批文", "project_code": CODE}
        meet_milestone(project=project, kind=kind, actual_on=day, by=by, **told)
    as_(client, by)
    for name in ("page", "meet"):
        answer = client.get(url(project, name))
        assertContains(answer, url(project, "permit"))
        assertContains(answer, "施工许可（桩基等分段许可也算）")
    start = {"kind": "started", "actual_on": "2026-11-20", "evidence": "打桩记录", "works": "桩基"}
    refused = send(client, project, "meet", **start)
    assert CHINESE.search(" ".join(refused.context["form"].non_field_errors()))
    assertContains(refused, url(project, "permit"))
    permit = {"stage": "piles", "number": "施许１号", "issued_on": "2026.11.18", "scope": "1号车间"}
    assertRedirects(send(client, project, "permit", **permit), url(project))
    levelled = send(client, project, "meet", **{**start, "works": "场地平整"})
    assert list(levelled.context["form"].errors) == ["works"]
    assertContains(levelled, "场地平整不算开工")
    assertRedirects(send(client, project, "meet", **start), url(project))
    assertContains(client.get(url(project)), "施许1号")


def test_two_buildings_are_accepted_before_completion(client: Client, cast: Cast) -> None:
    project = under_works(cast)
    as_(client, cast.member_a)
    for name, area in (("1号车间", "６，０００"), ("2号车间", "2000")):
        told = {"name": name, "area_m2": area, "is_counted": "on"}
        assertRedirects(send(client, project, "building", **told), url(project))
    finished = {"kind": "completed", "actual_on": "2026-11-22", "evidence": "竣工验收备案表"}
    first, second = project.buildings.all()
    accept = reverse("admin:leads_building_accept", args=[first.pk])
    assertContains(send(client, project, "meet", **finished), accept)
    for building in (first, second):
        address = reverse("admin:leads_building_accept", args=[building.pk])
        told = {"accepted_on": "2026-11-20", "acceptance_paper": "联合验收1号"}
        answer = client.post(address, {"expected_version": building.version, **told})
        assertRedirects(answer, url(project))
        share = "75%" if building == first else "100%"
        assertContains(client.get(url(project)), f"<strong>{share}</strong>")
    assertRedirects(send(client, project, "meet", **finished), url(project))


def photo(name: str = "site.jpg") -> SimpleUploadedFile:
    content = BytesIO()
    Image.new("RGB", (2, 2)).save(content, "JPEG")
    return SimpleUploadedFile(name, content.getvalue(), "image/jpeg")


def test_month_is_reported_with_photos_and_drawn_against_the_plan(
    client: Client, cast: Cast
) -> None:
    LagRule.objects.create(valid_from=date(2020, 1, 1), yellow_from=10, red_over=30)
    ProgressRule.objects.create(valid_from=date(2020, 1, 1), due_day=5)
    project = under_works(cast)
    as_(client, cast.second_member_a)
    assertContains(client.get(url(project)), "2026年10月的月报还没有")
    form = client.get(url(project, "progress")).context["form"]
    assert form["month"].value() == "2026-10-01"
    told = {"month": "2026-10-01", "percent": "３５.5", "invested": "1.2亿元", "summary": "主体"}
    files = [photo("一.jpg"), photo("二.jpg")]
    assertRedirects(send(client, project, "progress", **told, photos=files), url(project))
    report = ProgressReport.objects.get()
    assert (report.percent, report.invested) == (Decimal("35.5"), Decimal(12000))
    answer = client.get(url(project))
    for text in (
        "<svg",
        "进度滞后 14.5 个百分点",
        "1.2 亿元",
        "二.jpg",
        "滞后 10 个百分点起亮黄灯",
    ):
        assertContains(answer, text)
    assertNotContains(answer, "的月报还没有")


BAD_REPORTS = {
    "no such month": ({"month": "2026-12-01"}, "month"),
    "in dollars": ({"invested": "100万美元"}, "invested"),
    "over a hundred": ({"percent": "101"}, "percent"),
    "no number": ({"percent": "一半"}, "percent"),
    "a program": ({"photos": SimpleUploadedFile("a.exe", b"MZ")}, None),
}


@pytest.mark.parametrize("name", BAD_REPORTS)
def test_bad_report_is_refused_in_chinese(client: Client, cast: Cast, name: str) -> None:
    values, field = BAD_REPORTS[name]
    told = {"month": "2026-10-01", "percent": "35", "invested": "1亿元", "summary": "主体"}
    answer = send(as_(client, cast.member_a), under_works(cast), "progress", **{**told, **values})
    errors = answer.context["form"].errors
    assert list(errors) == [field or "__all__"]
    assert CHINESE.search(str(errors))
    assert not ProgressReport.objects.exists()


def test_curve_is_typed_month_by_month(client: Client, cast: Cast) -> None:
    project = under_works(cast)
    as_(client, cast.member_a)
    form = client.get(url(project, "curve")).context["form"]
    assert len(form.fields) == 9  # March 2027, the last month, is 100
    assert form.fields["m202606"].widget.attrs["placeholder"] == "10"
    assertRedirects(send(client, project, "curve", m202609="20"), url(project))
    typed = project.planned_progress.filter(is_typed=True).values_list("month", "percent")
    assert list(typed) == [(date(2026, 9, 1), Decimal(20))]
    falling = send(client, project, "curve", m202608="30", m202609="20")
    assert CHINESE.search(" ".join(falling.context["form"].non_field_errors()))


def test_intervals_say_what_was_promised_and_that_it_is_our_inference(
    client: Client, cast: Cast
) -> None:
    ServicePromise.objects.create(
        valid_from=date(2020, 1, 1), interval="start_on_land", working_days=2, inferred=True
    )
    answer = as_(client, cast.member_a).get(url(under_works(cast)))
    for text in ("拿地即开工", "承诺 2 个工作日", "我们的推断", "已兑现：用了0 个工作日"):
        assertContains(answer, text)


def test_list_has_lights_and_tabs_for_what_is_behind_and_silent(client: Client, cast: Cast) -> None:
    LagRule.objects.create(valid_from=date(2020, 1, 1), yellow_from=10, red_over=30)
    ProgressRule.objects.create(valid_from=date(2020, 1, 1), due_day=5)
    late, fine = under_works(cast), a_project(cast)
    as_(client, cast.head_a)
    for tab, found in (("behind", [late]), ("silent", [late]), ("all", [fine, late])):
        assert list(client.get(reverse(LIST), {"tab": tab}).context["cl"].result_list) == found
    assertContains(client.get(reverse(LIST)), "严重滞后 50 个百分点")


def test_row_of_another_teams_project_is_404(client: Client, cast: Cast) -> None:
    project = under_works(cast)
    building = a_building(project, by=cast.member_a)
    as_(client, cast.member_b)
    for name, pk in (
        ("building_accept", building.pk),
        ("building_correct", building.pk),
        ("constructionpermit_remove", project.permits.get().pk),
    ):
        address = reverse(f"admin:leads_{name}", args=[pk])
        assert client.get(address).status_code == 404
        assert client.post(address, {"expected_version": 1}).status_code == 404


# --- Speed ----------------------------------------------------------------------------------


def test_list_costs_the_same_at_one_and_at_fifty_rows(
    client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    company = log_a_lead(by=cast.member_a).enterprise
    of_the_report(cast, enterprise=company)
    as_(client, cast.head_a).get(reverse(LIST))
    with django_assert_max_num_queries(18) as few:
        client.get(reverse(LIST), {"tab": "all"})
    LandedProject.objects.bulk_create(
        LandedProject(name=f"项目{number}", source="二.1", chain=cast.chain_a, enterprise=company)
        for number in range(49)
    )
    with django_assert_max_num_queries(18) as many, zeal_context():
        client.get(reverse(LIST), {"tab": "all"})
    assert len(few) == len(many)


@pytest.mark.parametrize("rows", [1, 50])
def test_page_stays_within_its_queries(
    client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries, rows: int
) -> None:
    project = under_works(cast)
    with transaction.atomic():
        Building.objects.bulk_create(
            Building(project=project, name=f"{number}号", area_m2=1) for number in range(rows)
        )
        ConstructionPermit.objects.bulk_create(
            ConstructionPermit(
                project=project, stage="whole", number=str(number), issued_on=date(2026, 6, 1)
            )
            for number in range(rows)
        )
        ProgressReport.objects.bulk_create(
            ProgressReport(
                project=project,
                month=months_after(date(2022, 1, 1), number),
                percent=1,
                invested=1,
                reported_by=cast.member_a,
                reported_at=A_MONDAY,
            )
            for number in range(rows)
        )
    as_(client, cast.member_a).get(url(project))
    with django_assert_max_num_queries(33), zeal_context():
        client.get(url(project))
