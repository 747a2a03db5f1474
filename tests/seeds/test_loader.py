"""The report in the database: each row where the report puts it, once, and never over an edit."""

from collections import Counter
from datetime import date
from decimal import Decimal

import chinese_calendar
import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.db.models import Q

from chains.models import (
    AnchorFirm,
    AnnualResult,
    AnnualTarget,
    Chain,
    Gap,
    Metric,
    Segment,
    SegmentLink,
    TaskTeam,
)
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import ApiRule, CalendarDay, FeedRule, QuietHours, User
from leads.models import (
    CadenceRule,
    ClaimRule,
    DisclosureRule,
    Enterprise,
    EscalationStep,
    LandedProject,
    Lead,
    Milestone,
    MilestoneKind,
    ResponseLimit,
    ScaleThreshold,
    SnoozeRule,
)
from leads.models.rules import StallRule
from leads.rulebook import band_of, cadence_days, claim_lapses_on
from seeds.loader import load_report
from seeds.loading.projects import INFERRED, STATED
from tests.seeds.files import load, walk
from tests.seeds.loaded import loaded, snapshot

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module", autouse=True)
def report(django_db_setup, django_db_blocker):
    with loaded(django_db_blocker, load_report):
        yield


def section(row):
    return f"2024年工作报告 {row['source']}"


def test_seed_loads_nine_chains_as_the_file_says():
    expected = [
        (row["code"], row["name"], row["kind"], row["order"], row["direction"], section(row))
        for row in load("chains")["chains"]
    ]
    columns = ("code", "name", "kind", "order", "direction", "source")
    assert list(Chain.objects.order_by("order").values_list(*columns)) == expected


def test_seed_loads_segments_as_a_tree_with_places_marked_as_inferred():
    expected = {
        (chain["code"], row["code"], row["name"], row["position"], row["position_inferred"])
        for chain in load("chains")["chains"]
        for row in walk(chain["segments"])
    }
    columns = ("chain__code", "code", "name", "position", "position_inferred")
    assert set(Segment.objects.values_list(*columns)) == expected
    parents = {
        (child["code"], row["code"])
        for chain in load("chains")["chains"]
        for row in walk(chain["segments"])
        for child in row.get("children", [])
    }
    inner = Segment.objects.exclude(parent=None)
    assert set(inner.values_list("code", "parent__code")) == parents


def test_seed_loads_anchors_but_not_firms_that_are_only_named():
    expected = {
        (chain["code"], firm["name"], firm["segment"])
        for chain in load("chains")["chains"]
        for firm in chain["firms"]
        if firm["role"] == "anchor"
    }
    assert set(AnchorFirm.objects.values_list("chain__code", "name", "segment__code")) == expected


def test_seed_loads_a_gap_for_each_segment_that_lacks_something():
    expected = Counter(
        (chain["code"], gap["kind"], gap["text"], code)
        for chain in load("chains")["chains"]
        for gap in chain["gaps"]
        for code in gap["segments"] or [None]
    )
    columns = ("chain__code", "kind", "description", "segment__code")
    assert Counter(Gap.objects.values_list(*columns)) == expected


def test_seed_loads_links_across_chains():
    expected = {
        (row["from_chain"], row["from_segment"], row["to_chain"], row["to_segment"], row["quote"])
        for row in load("chains")["links"]
    }
    columns = ("from_chain__code", "from_segment__code", "to_chain__code", "to_segment__code")
    assert set(SegmentLink.objects.values_list(*columns, "note")) == expected


def test_seed_gives_every_chain_a_chinese_team_without_lead_unit():
    names = {team.chain.name: team.name for team in TaskTeam.objects.select_related("chain")}
    assert names == {chain.name: f"{chain.name}招商专班" for chain in Chain.objects.all()}
    assert "航空航天招商专班" in names.values()
    assert not TaskTeam.objects.exclude(lead_unit="", head=None, leader=None).exists()
    assert set(names.values()) < set(Group.objects.values_list("name", flat=True))


def expected_project(row):
    """Chain, segment, milestone and how the milestone is known, straight from the file."""
    milestone = row["milestone"] if row["milestone"] in MilestoneKind.values else ""
    known = {"": None}.get(milestone, INFERRED if row["milestone_inferred"] else STATED)
    return (row["chain"], row.get("segment"), milestone, known, section(row))


def test_every_project_stands_in_the_chain_and_at_the_milestone_of_the_report():
    data = load("projects")
    expected = {
        row["code"]: expected_project(row) for row in [*data["projects"], *data["infrastructure"]]
    }
    found = {}
    for project in LandedProject.objects.select_related("chain", "segment"):
        reached = project.milestones.filter(is_reached=True).first()
        assert (reached.kind if reached else "") == project.milestone
        found[project.code] = (
            project.chain.code if project.chain else None,
            project.segment.code if project.segment else None,
            project.milestone,
            reached.evidence if reached else None,
            project.source,
        )
    assert found == expected


@pytest.mark.parametrize(
    ("name", "chain", "milestone"),
    [
        ("商业航天动力产业园", "航空航天", ""),
        ("航天信控火箭发动机", "航空航天", ""),
        ("凯飞航空结构件", "航空航天", "started"),
        ("祥瑞不锈钢精线", "新材料", "producing"),
        ("青山产业园一期", "新材料", "producing"),
        ("中粮粮谷", "大健康", "started"),
        ("赛德力离心机", "新能源", ""),
        ("迈能新型热储能", "新能源", "started"),
    ],
)
def test_projects_that_people_know_are_where_they_look_for_them(name, chain, milestone):
    project = LandedProject.objects.get(name=name)
    assert (project.chain.name, project.milestone) == (chain, milestone)


def test_projects_state_no_amount_and_no_day_that_the_report_does_not():
    assert not LandedProject.objects.exclude(investment=None, contract=None, band="").exists()
    assert not Milestone.objects.exclude(
        actual_on=None, planned_on=None, recognised_on=None
    ).exists()
    park = LandedProject.objects.get(code="commercial-space-propulsion-park")
    assert park.investment_note == "总投资百亿级"
    assert park.state_note == "总投资百亿级的商业航天动力产业园签约落户"


def test_infrastructure_is_on_no_chain():
    codes = {row["code"] for row in load("projects")["infrastructure"]}
    on_none = LandedProject.objects.filter(chain=None)
    assert set(on_none.values_list("code", flat=True)) == codes


def test_companies_of_the_report_are_public_and_belong_to_no_team():
    named = {row["company"] for row in load("projects")["projects"] if row["company"]}
    named |= {
        firm["name"]
        for chain in load("chains")["chains"]
        for firm in chain["firms"]
        if firm["role"] == "anchor"
    }
    assert set(Enterprise.objects.values_list("name", flat=True)) == named
    assert not Enterprise.objects.exclude(is_public=True, registered_by=None, uscc=None).exists()


def test_results_and_targets_are_those_of_the_report():
    results = load("results_2023")["results"]
    assert AnnualResult.objects.count() == len(results)
    for row in results:
        result = AnnualResult.objects.get(year=2023, metric__code=row["metric"])
        assert result.value == Decimal(row["value"])
        assert result.growth_percent == (row["growth_pct"] and Decimal(row["growth_pct"]))
        assert (result.note, result.source) == (row["quote"], section(row))
    targets = load("targets_2024")["targets"]
    assert AnnualTarget.objects.count() == len(targets)
    for row in targets:
        target = AnnualTarget.objects.get(year=2024, metric__code=row["metric"], scope="zone")
        assert target.value == (row["value"] and Decimal(row["value"]))
        assert target.growth_percent == (row["growth_pct"] and Decimal(row["growth_pct"]))
        assert target.comparator == row["comparator"]
        assert target.excludes_jiangyin_park == bool(row["excludes_jiangyin_park"])
    assert Metric.objects.count() == len(load("metrics")["metrics"])


def test_rules_in_force_are_those_of_the_documents():
    today = date(2026, 3, 2)
    assert [cadence_days("negotiating", band, today) for band in ("", *"ABC")] == [10, 5, 10, 20]
    assert cadence_days("lead", "", today) == 1
    assert [cadence_days("screening", band, today) for band in "AC"] == [5, 3]
    assert (claim_lapses_on(today) - today).days == 90
    bands = [band_of(Decimal(wan), "CNY", today) for wan in (50000, 10000, 9999)]
    assert [*bands, band_of(Decimal(3000), "USD", today)] == ["A", "B", "C", "A"]
    stall = StallRule.objects.get()
    months = (stall.yellow_months, stall.red_months, stall.off_list_months)
    assert (*months, stall.published) == (2, 3, 6, "邯郸")
    first = CadenceRule.objects.get(stage="lead")
    assert (first.published, first.inferred) == ("江府办函〔2024〕37号", False)
    assert ClaimRule.objects.get().inferred
    night = QuietHours.objects.get()
    assert (f"{night}", night.inferred) == ("21:00 – 07:30", True)
    assert (FeedRule.objects.get().days, FeedRule.objects.get().inferred) == (90, True)
    tokens = ApiRule.objects.get()
    assert (tokens.requests_per_minute, tokens.longest_days, tokens.inferred) == (300, 366, True)
    assert ScaleThreshold.objects.filter(band="B", published="泰政办发〔2022〕58号").count() == 2


def test_answers_are_owed_within_the_published_days():
    limits = {(row.item, row.band): row.working_days for row in ResponseLimit.objects.all()}
    assert limits == {
        ("first_response", ""): 1,
        ("screening_verdict", ""): 3,
        ("screening_verdict", "A"): 5,
        ("referrer_reply", ""): 5,
    }
    origins = set(ResponseLimit.objects.values_list("published", "inferred"))
    assert origins == {("江府办函〔2024〕37号", False)}


def test_escalation_goes_up_in_four_steps():
    steps = EscalationStep.objects.values_list("offset", "role", "via", "inferred")
    assert set(steps) == {
        (-1, "owner", "mail", True),
        (0, "owner", "mail", True),
        (0, "head", "mail", True),
        (3, "lead_unit", "mail", True),
        (5, "leader", "digest", True),
    }
    disclosure = DisclosureRule.objects.get()
    assert (disclosure.fewest, disclosure.inferred) == (2, True)
    snooze = SnoozeRule.objects.get()
    assert (snooze.working_days, snooze.inferred) == (3, True)


def test_calendar_holds_the_days_of_the_published_notices():
    """Rows decide every day as the library does, weekends included."""
    years = {day.year for day in CalendarDay.objects.values_list("day", flat=True)}
    assert years == {2024, 2025, 2026}
    calendar = current_calendar()
    for day in CalendarDay.objects.all():
        assert day.is_workday == chinese_calendar.is_workday(day.day)
    assert CalendarDay.objects.get(day=date(2026, 10, 1)).label == "国庆节"
    assert CalendarDay.objects.get(day=date(2026, 10, 10)).is_workday
    assert calendar.last_published_year == 2026
    assert calendar.is_provisional(date(2027, 1, 4))


def test_seed_alone_brings_nobody_and_nothing_invented():
    assert not User.objects.exists()
    assert not Lead.objects.exists()
    for table, rows in snapshot().items():
        texts = [value for row in rows for value in row.values() if isinstance(value, str)]
        assert [text for text in texts if "演示" in text or "DEMO" in text] == [], table


def test_seeding_again_changes_no_row_no_revision_no_time_and_records_no_change():
    before = snapshot()
    call_command("seed", verbosity=0)
    assert snapshot() == before


def test_seeding_again_leaves_what_the_office_edited():
    AnchorFirm.objects.filter(name="青山").update(name="青山控股")
    Enterprise.objects.filter(name="青山").update(name="青山控股", name_key="青山控股")
    Gap.objects.filter(chain__code="aerospace").update(description="改过的缺口")
    Segment.objects.filter(code="drones").update(name="无人驾驶航空器", position="upstream")
    ClaimRule.objects.update(days_without_progress=60, valid_from=date(2023, 1, 1))
    CadenceRule.objects.filter(stage="lead").update(working_days=2, valid_from=date(2025, 1, 1))
    AnnualTarget.objects.update(value=1, excludes_jiangyin_park=False)
    TaskTeam.objects.filter(chain__code="aerospace").update(name="航空航天专班", lead_unit="某局")
    LandedProject.objects.filter(code="wangxiaolu").update(name="王小卤二期", chain=None)
    Milestone.objects.filter(project__code="wangxiaolu").update(kind="completed")
    before = snapshot()
    load_report()
    assert snapshot() == before


def test_seed_takes_rows_that_people_made_by_hand_for_its_own():
    """An upgrade brings a segment that the office had added under another code."""
    Segment.objects.filter(code="drones").update(code="uav")
    before = snapshot()
    load_report()
    assert snapshot() == before


def test_seed_brings_the_permissions_of_teams_up_to_date():
    team = TaskTeam.objects.first()
    granted = set(team.group.permissions.values_list("pk", flat=True))
    team.group.permissions.clear()
    load_report()
    assert set(team.group.permissions.values_list("pk", flat=True)) == granted


def test_no_group_has_an_english_name():
    assert not Group.objects.filter(Q(name__regex=r"[A-Za-z]")).exists()
