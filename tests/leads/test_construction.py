"""What a landed project builds: permits by stage, what counts as a start of works."""

from datetime import timedelta
from typing import Any

import pytest

from kfq_crm.base.errors import RuleViolation, VersionConflict
from leads.actions.construction import (
    correct_permit,
    record_permit,
    remove_permit,
)
from leads.actions.project_facts import (
    record_lease,
)
from leads.models import (
    ConstructionPermit,
    LandedProject,
    MilestoneKind,
    WorksTerm,
)
from leads.permissions import NotAllowed
from tests.cast import Cast
from tests.factories import (
    a_permit,
)
from tests.leads.building_sites import TODAY, a_project, ago, meet, missing_of, reach, refusal_of


@pytest.fixture
def project(cast: Cast) -> LandedProject:
    return a_project(cast)


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
