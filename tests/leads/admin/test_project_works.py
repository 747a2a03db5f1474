"""Works on a project's page: permits, buildings, reports of the month, the list and its cost."""

from datetime import date
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.urls import reverse
from PIL import Image
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from pytest_django.fixtures import DjangoAssertNumQueries
from zeal import zeal_context

from leads.actions.landing import meet_milestone
from leads.models import (
    Building,
    ConstructionPermit,
    LagRule,
    LandedProject,
    ProgressReport,
    ProgressRule,
    ServicePromise,
)
from leads.progress import months_after
from tests.cast import Cast
from tests.factories import (
    a_building,
    a_uscc,
    log_a_lead,
)
from tests.leads.admin.project_pages import (
    A_MONDAY,
    CHINESE,
    CODE,
    LIST,
    a_project,
    as_,
    of_the_report,
    send,
    under_works,
    url,
)

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _on_a_monday(time_machine: Any) -> None:
    time_machine.move_to(A_MONDAY, tick=False)


# --- What comes next ------------------------------------------------------------------------


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
