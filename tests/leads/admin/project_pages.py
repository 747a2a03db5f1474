"""What the tests of projects' pages share: projects, addresses, forms as pages send them."""

import re
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.test import Client
from django.urls import reverse

from kfq_crm.base.models import User
from leads.actions.enterprises import update_enterprise
from leads.actions.landing import meet_milestone, open_project, plan_milestone
from leads.models import (
    LandedProject,
    Milestone,
    MilestoneKind,
)
from tests.cast import Cast
from tests.factories import (
    a_uscc,
    counted_contract,
    lead_in,
    open_milestone_gate,
)

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
