"""Landed projects: milestone after milestone, dated, proved, recognised apart."""

import contextlib
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from kfq_crm.base.errors import RuleViolation, VersionConflict
from leads.actions.contracts import update_contract
from leads.actions.enterprises import update_enterprise
from leads.actions.landing import (
    meet_milestone,
    milestones_of,
    name_local_company,
    next_milestone,
    open_project,
    plan_milestone,
    recognise_milestone,
)
from leads.models import Contract, LandedProject, Lead, Milestone, MilestoneKind
from leads.permissions import NotAllowed
from leads.rulebook import band_of
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import (
    a_contract,
    a_uscc,
    counted_contract,
    lead_in,
    open_milestone_gate,
)

TODAY = timezone.localdate()
CODE = "2603-321282-04-01-123456"
ALL = list(MilestoneKind)
LEASED = [kind for kind in MilestoneKind if kind != MilestoneKind.LAND]


@pytest.fixture
def signed(cast: Cast) -> Lead:
    return lead_in(Stage.SIGNED, by=cast.member_a, uscc=a_uscc(1))


@pytest.fixture
def contract(signed: Lead) -> Contract:
    return counted_contract(signed)


@pytest.fixture
def project(cast: Cast, contract: Contract) -> LandedProject:
    return open_project(contract=contract, by=cast.member_a)


def meet(project: LandedProject, kind: str, by: Any, days_ago: int = 0, **values: Any) -> Milestone:
    day = TODAY - timedelta(days=days_ago)
    typed = {}
    if next_milestone(LandedProject.objects.get(pk=project.pk)) == kind:
        with contextlib.suppress(RuleViolation, LandedProject.DoesNotExist):
            typed = open_milestone_gate(project, kind, by=by, day=day)
    values = {"evidence": "批文", "project_code": CODE, **typed, **values}
    return meet_milestone(project=project, kind=kind, actual_on=day, by=by, **values)


def reach(project: LandedProject, last: str, by: Any) -> None:
    for kind in milestones_of(project):
        meet(project, kind, by)
        if kind == last:
            return


def refusal_of(call: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field


# --- Opening --------------------------------------------------------------------------------


def test_project_takes_over_what_the_contract_says(cast: Cast, signed: Lead) -> None:
    contract = counted_contract(signed)
    update_contract(
        contract=contract,
        values={
            "planned_start_on": date(2027, 3, 1),
            "planned_completion_on": date(2028, 3, 1),
            "planned_production_on": date(2028, 9, 1),
        },
        by=cast.member_a,
        expected=contract.version,
    )
    project = open_project(contract=contract, by=cast.member_a, landing_park="城南园区")
    assert (project.enterprise, project.chain) == (signed.enterprise, signed.chain)
    assert (project.investment, project.currency, project.band) == (Decimal(60000), "CNY", "A")
    assert (project.name, project.landing_park) == (signed.title, "城南园区")
    planned = dict(project.milestones.values_list("kind", "planned_on"))
    assert list(planned) == ALL
    assert planned["started"] == date(2027, 3, 1)
    assert planned["completed"] == date(2028, 3, 1)
    assert planned["producing"] == date(2028, 9, 1)
    assert planned["registered"] is planned["land"] is planned["full"] is None


def test_project_is_opened_once_from_a_counted_contract(
    cast: Cast, signed: Lead, contract: Contract, project: LandedProject
) -> None:
    again = refusal_of(lambda: open_project(contract=contract, by=cast.member_a))
    assert again[0] == "opened"
    for values in (
        {"kind": "intent"},
        {"expands": contract, "added_investment": Decimal(5)},
        {"exclusion": "local_money"},
    ):
        other = a_contract(signed, by=cast.member_a, **values)
        assert refusal_of(lambda c=other: open_project(contract=c, by=cast.member_a)) == (
            "not_counted",
            None,
        )


@pytest.mark.parametrize("who", ["second_member_a", "chain_leader_a"])
def test_project_is_opened_by_those_who_may_move_the_lead(
    cast: Cast, contract: Contract, who: str
) -> None:
    with pytest.raises(NotAllowed):
        open_project(contract=contract, by=getattr(cast, who))


@pytest.mark.parametrize("who", ["member_b", "outsider", "disabled"])
def test_hidden_project_is_not_found(cast: Cast, project: LandedProject, who: str) -> None:
    with pytest.raises(LandedProject.DoesNotExist):
        meet(project, MilestoneKind.REGISTERED, getattr(cast, who))


# --- The local company ----------------------------------------------------------------------


def test_local_company_takes_the_project_under_its_investor(
    cast: Cast, project: LandedProject, signed: Lead
) -> None:
    name_local_company(
        project=project, name="靖江云翼动力有限公司", uscc=a_uscc(7), by=cast.member_a
    )
    project.refresh_from_db()
    company = project.enterprise
    assert company is not None
    assert (company.name, company.uscc) == ("靖江云翼动力有限公司", a_uscc(7))
    assert company.parent_group == signed.enterprise.name
    assert signed.enterprise != company
    meet(project, MilestoneKind.REGISTERED, cast.member_a)


def test_investor_itself_may_be_the_local_company(cast: Cast) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.member_a)
    project = open_project(contract=counted_contract(lead), by=cast.member_a)
    name_local_company(
        project=project,
        name=lead.enterprise.name,
        uscc=a_uscc(8),
        region_code="321282",
        by=cast.member_a,
    )
    lead.enterprise.refresh_from_db()
    assert project.enterprise == lead.enterprise
    assert (lead.enterprise.uscc, lead.enterprise.region_code) == (a_uscc(8), "321282")
    assert lead.enterprise.parent_group == ""


def test_local_company_without_a_right_code_is_refused_whole(
    cast: Cast, project: LandedProject, signed: Lead
) -> None:
    for code in ("", "  ", "91320000000000000X"):
        named = {"project": project, "name": "靖江某公司", "uscc": code, "by": cast.member_a}
        assert refusal_of(lambda named=named: name_local_company(**named))[1] == "uscc"
    project.refresh_from_db()
    assert project.enterprise == signed.enterprise


def test_company_of_another_team_is_not_taken_as_the_local_one(
    cast: Cast, project: LandedProject
) -> None:
    other = lead_in(Stage.LEAD, by=cast.member_b, uscc=a_uscc(9))
    named = {"project": project, "name": other.enterprise.name, "uscc": a_uscc(9)}
    assert refusal_of(lambda: name_local_company(**named, by=cast.member_a)) == (
        "on_record",
        "name",
    )


# --- Order and days -------------------------------------------------------------------------


def test_milestones_are_reached_in_order(cast: Cast, project: LandedProject) -> None:
    for place, kind in enumerate(ALL):
        assert next_milestone(LandedProject.objects.get()) == kind
        meet(project, kind, cast.member_a, days_ago=60 - 10 * place)
    project.refresh_from_db()
    assert (project.milestone, next_milestone(project)) == (MilestoneKind.FULL, None)
    assert project.project_code == CODE


def test_lease_project_skips_land(cast: Cast, contract: Contract) -> None:
    project = open_project(contract=contract, by=cast.member_a, is_lease=True)
    assert list(project.milestones.values_list("kind", flat=True)) == LEASED
    meet(project, MilestoneKind.REGISTERED, cast.member_a)
    assert refusal_of(lambda: meet(project, MilestoneKind.LAND, cast.member_a))[1] == "kind"
    assert meet(project, MilestoneKind.STARTED, cast.member_a).is_reached


@pytest.mark.parametrize("kind", [kind for kind in ALL if kind != MilestoneKind.REGISTERED])
def test_milestone_out_of_order_is_refused(
    cast: Cast, project: LandedProject, kind: MilestoneKind
) -> None:
    assert refusal_of(lambda: meet(project, kind, cast.member_a)) == ("milestone_order", "kind")


def test_milestone_is_reached_once(cast: Cast, project: LandedProject) -> None:
    meet(project, MilestoneKind.REGISTERED, cast.member_a)
    again = refusal_of(lambda: meet(project, MilestoneKind.REGISTERED, cast.member_a))
    assert again == ("milestone_order", "kind")


def test_days_do_not_lie_in_the_future_or_before_the_step_before(
    cast: Cast, project: LandedProject
) -> None:
    by = cast.member_a
    future = refusal_of(lambda: meet(project, MilestoneKind.REGISTERED, by, days_ago=-1))
    assert future == ("in_future", "actual_on")
    meet(project, MilestoneKind.REGISTERED, by, days_ago=10)
    early = refusal_of(lambda: meet(project, MilestoneKind.LAND, by, days_ago=11))
    assert early == ("milestone_day", "actual_on")
    assert meet(project, MilestoneKind.LAND, by, days_ago=10).is_reached


def test_milestone_wants_its_proof(cast: Cast, project: LandedProject) -> None:
    by = cast.member_a
    kind = MilestoneKind.REGISTERED
    assert refusal_of(lambda: meet(project, kind, by, evidence=" "))[1] == "evidence"
    assert refusal_of(lambda: meet(project, kind, by, evidence="长" * 201))[1] == "evidence"
    assert not project.milestones.filter(is_reached=True).exists()
    reached = meet(project, kind, by, evidence="备案证")
    assert (reached.evidence, reached.recorded_by) == ("备案证", by)


def test_registration_wants_both_codes(cast: Cast) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.member_a)
    project = open_project(contract=counted_contract(lead), by=cast.member_a)
    kind = MilestoneKind.REGISTERED
    for code in ("", "123", "2613-321282-04-01-12345X"):
        refused = refusal_of(
            lambda code=code: meet(project, kind, cast.member_a, project_code=code)
        )
        assert refused[1] == "project_code"
    assert refusal_of(lambda: meet(project, kind, cast.member_a))[0] == "uscc_missing"
    update_enterprise(
        enterprise=lead.enterprise, values={"uscc": a_uscc(2)}, by=cast.member_a, expected=1
    )
    assert meet(project, kind, cast.member_a).is_reached


def test_outdated_page_does_not_move_a_project(cast: Cast, project: LandedProject) -> None:
    meet(project, MilestoneKind.REGISTERED, cast.member_a)
    with pytest.raises(VersionConflict):
        meet(project, MilestoneKind.LAND, cast.head_a, expected=1)


def test_plan_moves_until_the_milestone_is_reached(cast: Cast, project: LandedProject) -> None:
    kind = MilestoneKind.REGISTERED
    plan = {"project": project, "kind": kind, "by": cast.member_a}
    assert plan_milestone(**plan, planned_on=date(2027, 1, 1)).planned_on == date(2027, 1, 1)
    meet(project, kind, cast.member_a)
    assert refusal_of(lambda: plan_milestone(**plan, planned_on=None))[0] == "reached"


# --- Recognised apart -----------------------------------------------------------------------


def test_recognition_is_a_fact_of_its_own(cast: Cast, project: LandedProject) -> None:
    kind = MilestoneKind.REGISTERED
    recognise = {"project": project, "kind": kind, "by": cast.member_a}
    early = refusal_of(lambda: recognise_milestone(**recognise, recognised_on=TODAY))
    assert early == ("not_reached", "kind")
    meet(project, kind, cast.member_a, days_ago=5)
    before = TODAY - timedelta(days=6)
    assert refusal_of(lambda: recognise_milestone(**recognise, recognised_on=before)) == (
        "before_reached",
        "recognised_on",
    )
    tomorrow = TODAY + timedelta(days=1)
    assert refusal_of(lambda: recognise_milestone(**recognise, recognised_on=tomorrow)) == (
        "in_future",
        "recognised_on",
    )
    recognised = recognise_milestone(**recognise, recognised_on=TODAY)
    assert (recognised.actual_on, recognised.recognised_on) == (TODAY - timedelta(days=5), TODAY)
    project.refresh_from_db()
    assert project.is_recognised
    assert project.milestone == kind


# --- Projects of the report -----------------------------------------------------------------


def test_project_of_the_report_has_no_contract_and_is_kept_by_the_office(cast: Cast) -> None:
    project = LandedProject.objects.create(
        name="商业航天动力产业园", chain=cast.chain_a, source="一.进", milestone=MilestoneKind.LAND
    )
    Milestone.objects.create(project=project, kind="land", is_reached=True)
    with pytest.raises(NotAllowed):
        meet(project, MilestoneKind.STARTED, cast.head_a)
    reached = meet(project, MilestoneKind.STARTED, cast.coordinator, days_ago=3)
    assert reached.actual_on == TODAY - timedelta(days=3)
    assert project.milestones.get(kind="land").actual_on is None


# --- Scale bands ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("amount", "currency", "band"),
    [
        (Decimal(50000), "CNY", "A"),
        (Decimal(30000), "CNY", "B"),
        (Decimal(3000), "USD", "A"),
        (Decimal(3000), "CNY", "C"),
        (Decimal(999), "USD", "C"),
        (None, "USD", ""),
    ],
)
def test_band_has_a_threshold_in_each_currency_and_is_never_converted(
    rules: None, amount: Decimal | None, currency: str, band: str
) -> None:
    assert band_of(amount, currency, TODAY) == band


def test_project_in_dollars_is_banded_in_dollars(cast: Cast) -> None:
    lead = lead_in(Stage.REVIEW, by=cast.member_a)
    update_to_dollars = {"currency": "USD", "investment": Decimal(3000)}
    contract = a_contract(lead, by=cast.member_a, **update_to_dollars)
    Contract.objects.filter(pk=contract.pk).update(counted=True)
    project = open_project(contract=contract, by=cast.member_a)
    assert (project.investment, project.currency, project.band) == (Decimal(3000), "USD", "A")


# --- What the database holds ----------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"actual_on": TODAY}, "milestone_dated_is_reached"),
        ({"recognised_on": TODAY}, "milestone_recognised_is_reached"),
    ],
)
def test_database_refuses_dates_of_what_was_not_reached(
    project: LandedProject, change: dict[str, Any], constraint: str
) -> None:
    row = project.milestones.filter(kind="full")
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        row.update(**change)


def test_database_refuses_a_milestone_twice_and_a_project_from_nowhere(
    project: LandedProject,
) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        Milestone.objects.create(project=project, kind="land")
    with pytest.raises(IntegrityError, match="project_has_contract_or_source"):
        LandedProject.objects.create(name="无来源")
