"""Reminders of landed projects: a month's progress report, a milestone behind its plan."""

from datetime import date
from decimal import Decimal

import pytest

from leads.actions.landing import meet_milestone, open_project, plan_milestone
from leads.actions.pipeline import exit_lead
from leads.actions.progress import report_progress
from leads.models import LandedProject, Lead, ProgressRule
from leads.reminders.inbox import items_of, with_leads
from tests.cast import RULES_SINCE, Cast
from tests.factories import a_uscc, counted_contract, lead_in, open_milestone_gate
from tests.leads.reminders.told import due_on, sweep, told

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("steps", "limits")]
LATER = date(2027, 6, 30)
CODE = "2603-321282-04-01-123456"


@pytest.fixture
def signed(cast: Cast) -> Lead:
    return due_on(lead_in("signed", by=cast.member_a, uscc=a_uscc(1)), LATER)


@pytest.fixture
def building(cast: Cast, signed: Lead) -> LandedProject:
    """Works begun in September; a month's report is due by the fifth of the next one."""
    ProgressRule.objects.create(valid_from=RULES_SINCE, due_day=5)
    project, by = open_project(contract=counted_contract(signed), by=cast.member_a), cast.member_a
    for kind in ("registered", "land", "started"):
        day = date(2026, 9, 10)
        typed = open_milestone_gate(project, kind, by=by, day=day)
        told_ = {"evidence": "批文", "project_code": CODE, **typed}
        meet_milestone(project=project, kind=kind, actual_on=day, by=by, **told_)
    project.refresh_from_db()
    return project


def levels(rule: str, lead: Lead, state: str = "open") -> set[tuple[int, str]]:
    return {(level, who) for name, level, who in told(lead, state=state) if name == rule}


def report(project: LandedProject, cast: Cast, month: date) -> None:
    report_progress(
        project=project,
        month=month,
        percent=Decimal(10),
        invested=Decimal(1),
        summary="桩基",
        by=cast.member_a,
    )


def test_report_of_a_month_is_due_in_the_next_one(
    cast: Cast, signed: Lead, building: LandedProject
) -> None:
    due = {(0, "member_a"), (0, "head_a")}
    sweep("2026-12-02T09:00")  # October's is late since 5 November
    assert levels("progress_report", signed) >= due
    report(building, cast, date(2026, 10, 1))
    sweep("2026-12-03T09:00")  # 5 December is a Saturday: November's is due on the Friday
    assert levels("progress_report", signed) == {(-1, "member_a")}
    sweep("2026-12-04T09:00")
    assert levels("progress_report", signed) == {(-1, "member_a"), *due}
    report(building, cast, date(2026, 11, 1))
    sweep("2026-12-07T09:00")
    assert levels("progress_report", signed) == set()


def test_report_is_asked_for_once_a_month(
    cast: Cast, signed: Lead, building: LandedProject
) -> None:
    sweep("2026-11-23T09:00")
    first = told(signed)
    assert sweep("2026-11-23T15:00").recorded == 0
    assert told(signed) == first


def test_nobody_is_asked_for_a_report_of_a_lead_that_is_out(
    cast: Cast, signed: Lead, building: LandedProject
) -> None:
    exit_lead(lead=signed, exit="lost", reason="capital_or_strategy_change", by=cast.head_a)
    sweep("2026-11-23T09:00")
    assert levels("progress_report", signed) == set()


def test_item_names_the_month_of_the_report(
    cast: Cast, signed: Lead, building: LandedProject
) -> None:
    sweep("2026-11-23T09:00")
    rows = cast.member_a.reminders.filter(rule="progress_report")
    (item, *_more) = items_of(cast.member_a, with_leads(rows))
    assert item.detail == "2026年10月月报"


def test_planned_milestone_is_told_of_until_it_is_reached_or_moved(
    cast: Cast, signed: Lead
) -> None:
    by = cast.member_a
    project = open_project(contract=counted_contract(signed), by=by)
    for kind, day in (("land", date(2026, 11, 24)), ("started", date(2026, 11, 24))):
        plan_milestone(project=project, kind=kind, planned_on=day, by=by)
    plan_milestone(project=project, kind="completed", planned_on=date(2026, 12, 24), by=by)
    sweep("2026-11-23T09:00")
    assert levels("milestone_planned", signed) == {(-1, "member_a")}
    sweep("2026-11-24T09:00")
    assert levels("milestone_planned", signed) == {
        (-1, "member_a"),
        (0, "member_a"),
        (0, "head_a"),
    }
    for kind in ("land", "started"):
        moved = {"kind": kind, "planned_on": date(2026, 12, 1), "reason": "供地推迟"}
        plan_milestone(project=project, by=by, **moved)
    sweep("2026-11-25T09:00")
    assert levels("milestone_planned", signed) == set()
