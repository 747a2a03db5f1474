"""The later gates of a project: buildings accepted one by one, production, full capacity."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from leads.actions.construction import (
    add_building,
    correct_building,
    remove_building,
    withdraw_acceptance,
)
from leads.actions.landing import meet_milestone
from leads.actions.project_facts import (
    end_flag,
    enter_contracted_figures,
    record_period,
    remove_period,
    set_flag,
)
from leads.landing_queries import completion_of
from leads.models import (
    Building,
    CapacityRule,
    LandedProject,
    MilestoneKind,
)
from tests.cast import Cast
from tests.factories import (
    a_building,
)
from tests.leads.building_sites import (
    TODAY,
    a_project,
    accept,
    ago,
    meet,
    missing_of,
    reach,
    refusal_of,
)


@pytest.fixture
def project(cast: Cast) -> LandedProject:
    return a_project(cast)


# --- 竣工 -----------------------------------------------------------------------------------


def test_completion_waits_for_every_counted_building(cast: Cast, project: LandedProject) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.STARTED, by)
    kind = MilestoneKind.COMPLETED
    assert missing_of(lambda: meet(project, kind, by)) == ["building", "accepted"]
    first, second = (a_building(project, by=by, area_m2=Decimal(n)) for n in (6000, 2000))
    a_building(project, by=by, name="门卫室", area_m2=Decimal(60), is_counted=False)
    accept(first, by, 9)
    assert missing_of(lambda: meet(project, kind, by)) == ["accepted"]
    accept(second, by, 4)
    assert refusal_of(lambda: meet(project, kind, by, 5)) == ("before_acceptance", "actual_on")
    assert meet(project, kind, by, 4).is_reached


def test_completion_is_the_accepted_share_of_what_counts(
    cast: Cast, project: LandedProject
) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.STARTED, by)
    assert completion_of(project.buildings.all()).percent is None
    first, _second = (a_building(project, by=by, area_m2=Decimal(n)) for n in ("2000", "4000.5"))
    a_building(project, by=by, is_counted=False)
    accept(first, by)
    share = completion_of(project.buildings.all())
    assert (share.accepted, share.counted) == (Decimal(2000), Decimal("6000.5"))
    assert share.percent == Decimal("33.33")


def test_nearly_all_is_never_shown_as_all() -> None:
    rows = [
        Building(area_m2=Decimal("999999.99"), accepted_on=TODAY),
        Building(area_m2=Decimal("0.01")),
    ]
    assert completion_of(rows).percent == Decimal("99.99")


BAD_BUILDINGS = {
    "no name": ({"name": " "}, "blank", "name"),
    "same name": ({"name": "１号厂房"}, "building_on_record", "name"),
    "no area": ({"area_m2": None}, "area", "area_m2"),
    "nothing": ({"area_m2": Decimal(0)}, "area", "area_m2"),
    "below nothing": ({"area_m2": Decimal(-1)}, "area", "area_m2"),
    "too much": ({"area_m2": Decimal("1e11")}, "max_whole_digits", "area_m2"),
}


@pytest.mark.parametrize("name", BAD_BUILDINGS)
def test_bad_building_is_refused_at_its_field(
    cast: Cast, project: LandedProject, name: str
) -> None:
    values, code, field = BAD_BUILDINGS[name]
    a_building(project, by=cast.member_a, name="1号厂房")
    told = {"name": "2号厂房", "area_m2": Decimal(1), **values}
    refused = refusal_of(lambda: add_building(project=project, values=told, by=cast.member_a))
    assert refused == (code, field)
    assert project.buildings.count() == 1


BAD_ACCEPTANCES = {
    "no paper": ({"acceptance_paper": " "}, "paper_missing", "acceptance_paper"),
    "in the future": ({"accepted_on": TODAY + timedelta(days=1)}, "in_future", "accepted_on"),
    "before the start": ({"accepted_on": ago(99)}, "before_start", "accepted_on"),
}


@pytest.mark.parametrize("name", BAD_ACCEPTANCES)
def test_bad_acceptance_is_refused_at_its_field(
    cast: Cast, project: LandedProject, name: str
) -> None:
    values, code, field = BAD_ACCEPTANCES[name]
    reach(project, MilestoneKind.STARTED, cast.member_a)
    building = a_building(project, by=cast.member_a)
    assert refusal_of(lambda: accept(building, cast.member_a, **values)) == (code, field)


def test_nothing_is_accepted_before_works_start(cast: Cast, project: LandedProject) -> None:
    building = a_building(project, by=cast.member_a)
    assert refusal_of(lambda: accept(building, cast.member_a))[0] == "not_started"


def test_acceptance_by_mistake_is_taken_back_until_completion(
    cast: Cast, project: LandedProject
) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.STARTED, by)
    building = a_building(project, by=by)
    accept(building, by, 5)
    assert refusal_of(lambda: remove_building(building=building, by=by))[0] == "accepted"
    assert withdraw_acceptance(building=building, by=by).accepted_on is None
    accept(building, by, 5)
    meet(project, MilestoneKind.COMPLETED, by)
    for change in (
        lambda: withdraw_acceptance(building=building, by=by),
        lambda: correct_building(building=building, values={"is_counted": False}, by=by),
        lambda: a_building(project, by=by),
    ):
        assert refusal_of(change)[0] == "completed"
    assert a_building(project, by=by, is_counted=False).pk


# --- 投产, 达产 -----------------------------------------------------------------------------


def test_production_is_shown_by_an_invoice_or_by_power(cast: Cast, project: LandedProject) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.COMPLETED, by)
    kind = MilestoneKind.PRODUCING
    for proof in ("", "trial"):
        refused = refusal_of(lambda proof=proof: meet(project, kind, by, proof=proof))
        assert refused == ("proof_missing", "proof")
    assert meet(project, kind, by, proof="power").proof == "power"


@pytest.fixture
def producing(cast: Cast, project: LandedProject) -> LandedProject:
    CapacityRule.objects.create(valid_from=ago(400), months=1)
    return reach(project, MilestoneKind.PRODUCING, cast.member_a)


def period(project: LandedProject, by: Any, days_ago: int = 50, **values: Any) -> Any:
    told = {"output": Decimal(100), "tax": Decimal(5), "paper": "统计表", **values}
    return record_period(project=project, starts_on=ago(days_ago), by=by, **told)


def test_full_capacity_needs_output_and_tax_for_a_whole_period(
    cast: Cast, producing: LandedProject
) -> None:
    by, kind = cast.member_a, MilestoneKind.FULL
    assert missing_of(lambda: meet(producing, kind, by)) == ["contracted", "period"]
    enter_contracted_figures(project=producing, output=Decimal(100), tax=Decimal(6), by=by)
    short = period(producing, by, 59)
    assert missing_of(lambda: meet(producing, kind, by)) == ["period"]
    whole = period(producing, by, 45, tax=Decimal(6))
    early = refusal_of(
        lambda: meet_milestone(
            project=producing,
            kind=kind,
            actual_on=whole.ends_on - timedelta(days=1),
            evidence="认定表",
            by=by,
        )
    )
    assert early == ("before_period_end", "actual_on")
    assert meet(producing, kind, by).is_reached
    assert refusal_of(lambda: remove_period(period=short, by=by))[0] == "full"


BAD_PERIODS = {
    "before production": ({"days_ago": 61}, "before_production", "starts_on"),
    "not over": ({"days_ago": 10}, "period_runs", "starts_on"),
    "no paper": ({"paper": " "}, "paper_missing", "paper"),
    "negative tax": ({"tax": Decimal(-1)}, "negative", "tax"),
    "twice": ({"days_ago": 50}, "period_on_record", "starts_on"),
}


@pytest.mark.parametrize("name", BAD_PERIODS)
def test_bad_period_is_refused_at_its_field(
    cast: Cast, producing: LandedProject, name: str
) -> None:
    values, code, field = BAD_PERIODS[name]
    period(producing, cast.member_a, 50)
    told = {"days_ago": 45, **values}
    assert refusal_of(lambda: period(producing, cast.member_a, **told)) == (code, field)


# --- The published report -------------------------------------------------------------------


def test_milestones_of_the_report_rest_on_its_words(cast: Cast) -> None:
    project = LandedProject.objects.create(
        name="商业航天动力产业园", chain=cast.chain_a, source="一.进", milestone=MilestoneKind.LAND
    )
    by = cast.coordinator
    words = {"evidence": "工作报告：场地平整"}
    refused = refusal_of(lambda: meet(project, MilestoneKind.STARTED, by, **words))
    assert refused == ("works_do_not_count", "evidence")
    meet(project, MilestoneKind.STARTED, by, evidence="工作报告：开工建设")
    building = a_building(project, by=by)
    assert missing_of(lambda: meet(project, MilestoneKind.COMPLETED, by)) == ["accepted"]
    accept(building, by)
    meet(project, MilestoneKind.COMPLETED, by)
    assert meet(project, MilestoneKind.PRODUCING, by).is_reached


# --- Flags ----------------------------------------------------------------------------------


def test_flag_has_its_day_and_paper_and_may_end(cast: Cast, project: LandedProject) -> None:
    by = cast.member_a
    told = {"project": project, "kind": "above_scale", "by": by}
    flag = set_flag(**told, since_on=ago(5), paper="入规函1号")
    assert refusal_of(lambda: set_flag(**told, since_on=TODAY, paper="2"))[0] == "flagged"
    assert refusal_of(lambda: end_flag(flag=flag, ended_on=ago(6), reason="退规", by=by)) == (
        "before_listing",
        "ended_on",
    )
    assert refusal_of(lambda: end_flag(flag=flag, ended_on=TODAY, reason=" ", by=by))[1] == "reason"
    end_flag(flag=flag, ended_on=TODAY, reason="退规", by=by)
    assert set_flag(**told, since_on=TODAY, paper="入规函2号").pk
    project.refresh_from_db()
    assert project.milestone == ""


# --- What the database holds ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"accepted_on": TODAY}, "building_acceptance_has_paper"),
        ({"acceptance_paper": "1"}, "building_acceptance_has_paper"),
        ({"area_m2": 0}, "building_has_area"),
        ({"name": ""}, "building_has_name"),
    ],
)
def test_database_refuses_buildings_that_make_no_sense(
    cast: Cast, project: LandedProject, change: dict[str, Any], constraint: str
) -> None:
    a_building(project, by=cast.member_a)
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Building.objects.update(**change)
