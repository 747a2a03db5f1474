"""What a landed project builds: permits by stage, buildings accepted one by one, the gates."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from kfq_crm.base.errors import GateNotMet, RuleViolation, VersionConflict
from leads.actions.construction import (
    accept_building,
    add_building,
    correct_building,
    correct_permit,
    record_permit,
    remove_building,
    remove_permit,
    withdraw_acceptance,
)
from leads.actions.landing import meet_milestone, milestones_of, open_project
from leads.actions.project_facts import (
    end_flag,
    enter_contracted_figures,
    record_lease,
    record_period,
    remove_period,
    set_flag,
)
from leads.landing_queries import completion_of
from leads.models import (
    Building,
    CapacityRule,
    ConstructionPermit,
    LandedProject,
    Milestone,
    MilestoneKind,
    WorksTerm,
)
from leads.permissions import NotAllowed
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import (
    a_building,
    a_permit,
    a_uscc,
    counted_contract,
    lead_in,
    open_milestone_gate,
)

TODAY = timezone.localdate()
CODE = "2603-321282-04-01-123456"


def ago(days: int) -> date:
    return TODAY - timedelta(days=days)


def a_project(cast: Cast, *, is_lease: bool = False) -> LandedProject:
    lead = lead_in(Stage.SIGNED, by=cast.member_a, uscc=a_uscc(1))
    return open_project(contract=counted_contract(lead), by=cast.member_a, is_lease=is_lease)


@pytest.fixture
def project(cast: Cast) -> LandedProject:
    return a_project(cast)


def meet(project: LandedProject, kind: str, by: Any, days_ago: int = 0, **values: Any) -> Milestone:
    told = {"evidence": "批文", "project_code": CODE, **values}
    return meet_milestone(project=project, kind=kind, actual_on=ago(days_ago), by=by, **told)


def reach(project: LandedProject, last: str, by: Any) -> LandedProject:
    """Ten days between one milestone and the next, the first a hundred days ago."""
    for place, kind in enumerate(milestones_of(project)):
        days = 100 - 10 * place
        meet(project, kind, by, days, **open_milestone_gate(project, kind, by=by, day=ago(days)))
        if kind == last:
            break
    project.refresh_from_db()
    return project


def refusal_of(call: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field


def missing_of(call: Any) -> list[str]:
    with pytest.raises(GateNotMet) as refusal:
        call()
    return [requirement.code for requirement in refusal.value.missing]


# --- 开工 -----------------------------------------------------------------------------------


def test_works_start_with_a_permit_for_one_stage(cast: Cast, project: LandedProject) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.LAND, by)
    start = {"works": "桩基", "evidence": "打桩记录"}
    assert missing_of(lambda: meet(project, MilestoneKind.STARTED, by, **start)) == ["permit"]
    a_permit(project, by=by, stage="piles", issued_on=ago(5))
    started = meet(project, MilestoneKind.STARTED, by, 5, **start)
    assert (started.works, started.actual_on) == ("桩基", ago(5))
    a_permit(project, by=by, stage="structure", issued_on=TODAY)
    assert project.permits.count() == 2


def test_works_before_the_first_permit_are_no_start(cast: Cast, project: LandedProject) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.LAND, by)
    a_permit(project, by=by, issued_on=ago(5))
    early = refusal_of(lambda: meet(project, MilestoneKind.STARTED, by, 6, works="桩基"))
    assert early == ("before_permit", "actual_on")


BAD_STARTS = {
    "levelling as the works": ({"works": "场地平整"}, "works_do_not_count", "works"),
    "temporary works": ({"works": "临时工程"}, "works_do_not_count", "works"),
    "works of no kind": ({"works": "挖洞"}, "works_missing", "works"),
    "no works at all": ({"works": ""}, "works_missing", "works"),
    "paper about levelling": ({"evidence": "场地平整完工照片"}, "works_do_not_count", "evidence"),
    "full-width paper": ({"evidence": "临时围挡验收单（１号）"}, "works_do_not_count", "evidence"),
}


@pytest.mark.parametrize("name", BAD_STARTS)
def test_works_that_do_not_count_are_refused_with_the_reason(
    cast: Cast, project: LandedProject, name: str
) -> None:
    values, code, field = BAD_STARTS[name]
    by = cast.member_a
    reach(project, MilestoneKind.LAND, by)
    a_permit(project, by=by, issued_on=ago(5))
    told = {"works": "桩基", **values}
    with pytest.raises(RuleViolation) as refused:
        meet(project, MilestoneKind.STARTED, by, **told)
    assert (refused.value.code, refused.value.field) == (code, field)
    if code == "works_do_not_count":
        assert "不算开工" in str(refused.value)
    assert not project.milestones.get(kind="started").is_reached


def test_paper_that_names_levelling_beside_piles_proves_a_start(
    cast: Cast, project: LandedProject
) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.LAND, by)
    a_permit(project, by=by, issued_on=ago(5))
    told = {"works": "桩基", "evidence": "平整后首根打桩记录"}
    assert meet(project, MilestoneKind.STARTED, by, **told).is_reached


def test_words_of_a_rule_are_data(cast: Cast, project: LandedProject) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.LAND, by)
    a_permit(project, by=by, issued_on=ago(5))
    WorksTerm.objects.create(valid_from=ago(1), name="奠基仪式", counts=False, words="奠基")
    told = {"works": "桩基", "evidence": "奠基典礼新闻稿"}
    refused = refusal_of(lambda: meet(project, MilestoneKind.STARTED, by, **told))
    assert refused == ("works_do_not_count", "evidence")


def test_lease_stands_where_land_would(cast: Cast) -> None:
    project, by = a_project(cast, is_lease=True), cast.member_a
    reach(project, MilestoneKind.REGISTERED, by)
    start = {"works": "桩基"}
    assert missing_of(lambda: meet(project, MilestoneKind.STARTED, by, **start)) == [
        "lease",
        "permit",
    ]
    record_lease(project=project, number="租〔2026〕1号", signed_on=ago(9), by=by)
    a_permit(project, by=by, stage="fit_out", issued_on=ago(20))
    early = refusal_of(lambda: meet(project, MilestoneKind.STARTED, by, 10, **start))
    assert early == ("before_lease", "actual_on")
    assert meet(project, MilestoneKind.STARTED, by, 9, **start).is_reached
    again = {"project": project, "number": "租2", "signed_on": TODAY, "by": by}
    assert refusal_of(lambda: record_lease(**again))[0] == "started"


def test_project_that_takes_land_has_no_lease(cast: Cast, project: LandedProject) -> None:
    lease = {"project": project, "number": "租1", "signed_on": TODAY, "by": cast.member_a}
    assert refusal_of(lambda: record_lease(**lease))[0] == "takes_land"


# --- Permits --------------------------------------------------------------------------------


BAD_PERMITS = {
    "no number": ({"number": "　"}, "number_missing", "number"),
    "number too long": ({"number": "长" * 61}, "max_length", "number"),
    "stage unknown": ({"stage": "roof"}, "invalid_choice", "stage"),
    "in the future": ({"issued_on": TODAY + timedelta(days=1)}, "in_future", "issued_on"),
    "no day": ({"issued_on": None}, "blank", "issued_on"),
    "same number": ({"number": "施许Ａ-1"}, "permit_on_record", "number"),
}


@pytest.mark.parametrize("name", BAD_PERMITS)
def test_bad_permit_is_refused_at_its_field(cast: Cast, project: LandedProject, name: str) -> None:
    values, code, field = BAD_PERMITS[name]
    a_permit(project, by=cast.member_a, number="施许A-1")
    told = {"stage": "whole", "number": "施许A-2", "issued_on": TODAY, **values}
    refused = refusal_of(lambda: record_permit(project=project, values=told, by=cast.member_a))
    assert refused == (code, field)
    assert project.permits.count() == 1


def test_start_keeps_the_permit_that_it_rests_on(cast: Cast, project: LandedProject) -> None:
    by = cast.member_a
    reach(project, MilestoneKind.STARTED, by)
    permit = project.permits.get()
    assert refusal_of(lambda: remove_permit(permit=permit, by=by))[0] == "start_rests_on_it"
    late = {"issued_on": TODAY}
    moved = refusal_of(lambda: correct_permit(permit=permit, values=late, by=by))
    assert moved == ("start_rests_on_it", "issued_on")
    other = a_permit(project, by=by, issued_on=permit.issued_on)
    remove_permit(permit=permit, by=by)
    assert list(project.permits.all()) == [other]
    assert ConstructionPermit.history.filter(id=permit.pk, history_type="-").exists()


@pytest.mark.parametrize(("who", "error"), [("chain_leader_a", NotAllowed), ("member_b", None)])
def test_permits_are_for_those_who_work_on_the_lead(
    cast: Cast, project: LandedProject, who: str, error: Any
) -> None:
    with pytest.raises(error or LandedProject.DoesNotExist):
        a_permit(project, by=getattr(cast, who))
    assert a_permit(project, by=cast.second_member_a).pk


def test_outdated_form_changes_no_permit(cast: Cast, project: LandedProject) -> None:
    permit = a_permit(project, by=cast.member_a)
    values = {"scope": "1号车间"}
    correct_permit(permit=permit, values=values, by=cast.head_a, expected=1)
    with pytest.raises(VersionConflict):
        correct_permit(permit=permit, values=values, by=cast.member_a, expected=1)


# --- 竣工 -----------------------------------------------------------------------------------


def accept(building: Building, by: Any, days_ago: int = 0, **values: Any) -> Building:
    told = {"acceptance_paper": "验收备案表1号", "accepted_on": ago(days_ago), **values}
    return accept_building(building=building, by=by, **told)


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
