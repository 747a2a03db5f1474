"""Dull makers of test data. Where a rule matters, they go through the action that holds it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

import factory
from django.db import transaction
from django.utils import timezone
from stdnum.cn import uscc as uscc_rule

from chains.models import Chain, ChainKind, Segment, TaskTeam
from kfq_crm.base.models import User
from leads.actions.construction import accept_building, add_building, record_permit
from leads.actions.contracts import record_contract
from leads.actions.enterprises import add_contact, register_enterprise
from leads.actions.followups import log_follow_up
from leads.actions.pipeline import advance_lead, log_lead
from leads.actions.project_facts import enter_contracted_figures, record_lease
from leads.actions.reviews import record_opinion, record_review, record_screening
from leads.models import (
    Building,
    ConstructionPermit,
    Contact,
    Contract,
    DepartmentOpinion,
    Enterprise,
    FollowUp,
    LandedProject,
    Lead,
    MilestoneKind,
    OutputPeriod,
)
from leads.stages import ORDER, Department, Stage, Verdict

PASSWORD = "a password for tests only"
_numbers = count(1)


class UserFactory(factory.django.DjangoModelFactory[User]):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"person{n}")
    display_name = factory.LazyAttribute(lambda person: f"人员{person.username}")
    is_staff = True
    password = factory.django.Password(PASSWORD)


class PublishedFactory(factory.django.DjangoModelFactory[Any]):
    """A published row is written with its change, which wants a transaction."""

    class Meta:
        abstract = True

    @classmethod
    def _create(cls, model_class: Any, *args: Any, **kwargs: Any) -> Any:
        with transaction.atomic():
            return super()._create(model_class, *args, **kwargs)


class ChainFactory(PublishedFactory):
    class Meta:
        model = Chain

    code = factory.Sequence(lambda n: f"chain-{n}")
    name = factory.Sequence(lambda n: f"产业链{n}")
    kind = ChainKind.CHAIN
    order = factory.Sequence(lambda n: n)


class SegmentFactory(PublishedFactory):
    class Meta:
        model = Segment

    code = factory.Sequence(lambda n: f"segment-{n}")
    name = factory.Sequence(lambda n: f"环节{n}")
    chain = factory.SubFactory(ChainFactory)


def a_uscc(number: int = 1) -> str:
    """A valid social credit code of a company that does not exist."""
    body = f"91321282{number:09d}"
    return body + uscc_rule.calc_check_digit(body + "0")


def a_company_name() -> str:
    """A name that shares no key with any other of the test."""
    return f"江苏甲{_chinese(next(_numbers))}精密部件有限公司"


def _chinese(number: int) -> str:
    return "".join("零一二三四五六七八九"[int(digit)] for digit in str(number))


def lead_values(by: User, **overrides: Any) -> dict[str, Any]:
    """The five that a lead needs at the start, of the chain that the person works for."""
    team = TaskTeam.objects.filter(group__user=by).select_related("chain").first()
    return {
        "title": f"航空发动机叶片项目{_chinese(next(_numbers))}",
        "investor": a_company_name(),
        "chain": team.chain if team else None,
        "owner": by,
        "source": "visit",
        **overrides,
    }


def log_a_lead(*, by: User, now: datetime | None = None, **overrides: Any) -> Lead:
    return log_lead(values=lead_values(by, **overrides), by=by, now=now)


def an_enterprise(*, by: User, team: TaskTeam, **values: Any) -> Enterprise:
    values = {"name": a_company_name(), **values}
    return register_enterprise(by=by, team=team, **values)


def a_contact(lead: Lead, *, by: User, team: TaskTeam, **values: Any) -> Contact:
    values = {"name": "王经理", "phone": "13812345678", **values}
    return add_contact(enterprise=lead.enterprise, team=team, values=values, by=by)


def follow_up(lead: Lead, *, by: User, now: datetime | None = None, **values: Any) -> FollowUp:
    values = {"method": "call", "summary": "电话沟通了投资意向", **values}
    return log_follow_up(lead=lead, values=values, by=by, now=now)


def screen(lead: Lead, *, by: User, verdict: str = Verdict.FOLLOW, **values: Any) -> None:
    judgements = dict.fromkeys(
        ("industry", "market", "technology", "environment", "energy", "benefit"), "符合"
    )
    record_screening(lead=lead, by=by, verdict=verdict, **judgements, **values)


def give_opinion(lead: Lead, department: str, *, by: User, **values: Any) -> DepartmentOpinion:
    values = {
        "verdict": "agree",
        "text": "同意",
        "given_by": "某局",
        "given_on": timezone.localdate(),
        **values,
    }
    return record_opinion(lead=lead, by=by, department=department, **values)


def contract_values(**overrides: Any) -> dict[str, Any]:
    """An investment agreement that fills the gate to 签约."""
    return {
        "number": f"合同-{next(_numbers)}",
        "kind": "investment",
        "signed_on": timezone.localdate(),
        "our_party": "靖江经济技术开发区管理委员会",
        "their_party": "投资方",
        "investment": Decimal(60000),
        "legal_review_reference": "法审〔2026〕1号",
        "fair_competition_reference": "公平竞争审查〔2026〕1号",
        **overrides,
    }


def a_contract(lead: Lead, *, by: User, now: datetime | None = None, **overrides: Any) -> Contract:
    values = contract_values(signed_on=timezone.localdate(now)) | overrides
    return record_contract(lead=lead, values=values, by=by, now=now)


def open_gate(lead: Lead, stage: str, *, by: User) -> None:
    """Put on record what entering the stage asks for."""
    if stage == Stage.SCREENING:
        screen(lead, by=by)
    elif stage == Stage.NEGOTIATING:
        follow_up(lead, by=by, two_way=True, next_action="约下次面谈")
    elif stage == Stage.REVIEW:
        for department in Department.values:
            give_opinion(lead, department, by=by)
        record_review(
            lead=lead, by=by, held_on=timezone.localdate(), attendees="各部门", conclusion="通过"
        )
    elif stage == Stage.SIGNED:
        a_contract(lead, by=by)


def lead_in(stage: str, *, by: User, **overrides: Any) -> Lead:
    """A lead that went through every gate up to this stage."""
    lead = log_a_lead(by=by, **overrides)
    for later in ORDER[1 : ORDER.index(Stage(stage)) + 1]:
        open_gate(lead, later, by=by)
        lead = advance_lead(lead=lead, by=by)
    return lead


def open_milestone_gate(
    project: LandedProject, kind: str, *, by: User, day: date | None = None
) -> dict[str, str]:
    """Put on record what the milestone asks for, by this day; what is typed with it."""
    project.refresh_from_db()
    opened = {
        MilestoneKind.STARTED: _may_start,
        MilestoneKind.COMPLETED: _all_accepted,
        MilestoneKind.FULL: _full_period,
    }.get(MilestoneKind(kind))
    if opened:
        opened(project, by, day or timezone.localdate())
    typed = {
        MilestoneKind.STARTED: {"works": "桩基"},
        MilestoneKind.PRODUCING: {"proof": "invoice"},
    }
    return typed.get(MilestoneKind(kind), {})


def _may_start(project: LandedProject, by: User, day: date) -> None:
    if project.is_lease and not project.lease_number:
        record_lease(project=project, number="租-1", signed_on=day, by=by)
    if not project.permits.exists():
        a_permit(project, by=by, issued_on=day)


def _all_accepted(project: LandedProject, by: User, day: date) -> None:
    if not project.buildings.exists():
        a_building(project, by=by)
    for building in project.buildings.filter(accepted_on=None):
        accept_building(building=building, accepted_on=day, acceptance_paper="验收备案表", by=by)


def _full_period(project: LandedProject, by: User, day: date) -> None:
    """A period of production that met what the contract has, and ended that day."""
    if project.output_periods.exists():
        return
    begins = project.milestones.get(kind=MilestoneKind.PRODUCING).actual_on
    enter_contracted_figures(project=project, output=Decimal(10), tax=Decimal(1), by=by)
    OutputPeriod.objects.create(
        project=project, starts_on=begins, ends_on=day, output=10, tax=1, paper="统计表"
    )


def a_permit(project: LandedProject, *, by: User, **values: Any) -> ConstructionPermit:
    number = f"施许{next(_numbers)}"
    told = {"stage": "piles", "number": number, "issued_on": timezone.localdate(), **values}
    return record_permit(project=project, values=told, by=by)


def a_building(project: LandedProject, *, by: User, **values: Any) -> Building:
    told = {"name": f"{next(_numbers)}号厂房", "area_m2": Decimal(8000), **values}
    return add_building(project=project, values=told, by=by)


def counted_contract(lead: Lead) -> Contract:
    return lead.contracts.get(counted=True, expands=None)


def days_ago(days: int) -> datetime:
    return timezone.now() - timedelta(days=days)
