"""Everybody around a question: service staff, two departments with a head, a liaison officer."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from chains.roles import DEPARTMENT, SERVICE, role_group
from kfq_crm.base import concurrency
from kfq_crm.base.models import User
from leads.models import Enterprise, Lead
from services.actions.asking_links import give_link
from services.actions.feedback import give_feedback
from services.actions.handling import answer_question, verify_question
from services.actions.intake import take_in_question
from services.actions.liaison import appoint_officer
from services.models import (
    AskingLink,
    Department,
    Feedback,
    Liaison,
    LimitOf,
    LinkRule,
    Question,
    QuestionCategory,
    QuestionLimit,
    QuestionRule,
    Tier,
    VisitCadence,
    VisitWarning,
)
from tests.cast import Cast
from tests.factories import UserFactory, log_a_lead
from tests.remembered import remembered

SINCE = date(2020, 1, 1)
LIMITS = {LimitOf.VERIFY: 1, LimitOf.ANSWER: 2, LimitOf.SOLVE: 10, LimitOf.AT_MOST: 25}


@dataclass(frozen=True)
class Office:
    """`clerk` and `head` are of the housing department, `other` of the fire brigade."""

    cast: Cast
    service: User
    officer: User
    head: User
    clerk: User
    other: User
    housing: Department
    fire: Department
    category: QuestionCategory
    company: Enterprise

    def people(self) -> dict[str, User]:
        own = {name: value for name, value in vars(self).items() if isinstance(value, User)}
        return {**dict(self.cast.people()), **own}


@pytest.fixture
def office(cast: Cast) -> Office:
    with transaction.atomic():
        return remembered("office of questions", lambda: _office(cast))


def _office(cast: Cast) -> Office:
    _rules()
    service = _person("service", SERVICE, "帮办科")
    officer = _person("officer", SERVICE, "包联干部")
    head = _person("dept_head", DEPARTMENT, "住建局长")
    clerk = _person("clerk", DEPARTMENT, "住建科员")
    other = _person("fire_clerk", DEPARTMENT, "消防参谋")
    housing = _department("housing", "住房和城乡建设局", head, [clerk])
    fire = _department("fire", "消防救援大队", None, [other])
    category = QuestionCategory.objects.create(code="building", name="报建审批", department=housing)
    company = concurrency.create(
        Enterprise(name="靖江恒昌动力有限公司", name_key="恒昌动力", is_public=True), by=None
    )
    company.refresh_from_db()
    liaison = appoint_officer(enterprise=company, officer=officer, tier=Tier.KEY, by=service)
    assert liaison.pk
    return Office(cast, service, officer, head, clerk, other, housing, fire, category, company)


def _rules() -> None:
    QuestionLimit.objects.bulk_create(
        QuestionLimit(valid_from=SINCE, item=item, working_days=days)
        for item, days in LIMITS.items()
    )
    QuestionRule.objects.create(valid_from=SINCE, rating_days=10, reopens_up_to=2, amber_from=1)
    LinkRule.objects.create(valid_from=SINCE, link_days=365, per_link=3, per_address=5)
    VisitCadence.objects.create(valid_from=SINCE, tier=Tier.KEY, working_days=10)
    VisitCadence.objects.create(valid_from=SINCE, tier=Tier.REGULAR, working_days=20)
    VisitWarning.objects.create(valid_from=SINCE, visits=2, days=30)


def _person(username: str, role: str, name: str) -> User:
    user = UserFactory(username=username, display_name=name, email=f"{username}@example.com")
    user.groups.add(role_group(role))
    return user


def _department(code: str, name: str, head: User | None, members: list[User]) -> Department:
    department = concurrency.create(Department(code=code, name=name, head=head), by=None)
    department.members.set(members)
    return department


def at(day: str, clock: str = "10:00") -> datetime:
    """A moment in site time: at("2024-09-30")."""
    return timezone.make_aware(datetime.fromisoformat(f"{day}T{clock}"))


def question_values(office: Office, **overrides: Any) -> dict[str, Any]:
    return {
        "title": "厂房加层手续怎么办",
        "text": "三号车间拟加一层，请问需要哪些手续、多久能批？",
        "category": office.category,
        "place": "城北园区三号车间",
        "contact_name": "周敏",
        "contact_phone": "13812345678",
        "contact_email": "zhou.min@example.com",
        **overrides,
    }


def a_question(
    office: Office, *, by: User | None = None, now: datetime | None = None, **overrides: Any
) -> Question:
    return take_in_question(
        enterprise=overrides.pop("enterprise", office.company),
        values=question_values(office, **overrides),
        by=by or office.service,
        now=now,
    )


def a_verified(office: Office, **kwargs: Any) -> Question:
    question = a_question(office, **kwargs)
    return verify_question(
        question=question, department=office.housing, by=office.service, now=kwargs.get("now")
    )


def an_answered(office: Office, **kwargs: Any) -> Question:
    question = a_verified(office, **kwargs)
    return answer_question(
        question=question, answer="已派人到现场查勘。", by=office.clerk, now=kwargs.get("now")
    )


def a_feedback(office: Office, **kwargs: Any) -> Feedback:
    question = an_answered(office, **kwargs)
    return give_feedback(
        question=question,
        outcome="solved",
        text="手续清单已送达，十个工作日内可批。",
        by=office.clerk,
        now=kwargs.get("now"),
    )


def a_link(office: Office, *, now: datetime | None = None, **overrides: Any) -> AskingLink:
    values = {"contact_name": "周敏", "contact_email": "zhou.min@example.com", **overrides}
    return give_link(enterprise=office.company, by=office.service, now=now, **values)


def a_secret_care(office: Office, *, by: User) -> Liaison:
    """Of a company with an open lead and a confidential one."""
    member = office.cast.member_a
    known = log_a_lead(by=member)
    secret = log_a_lead(by=member, confidential=True, code_name="启明")
    Lead.objects.filter(pk=secret.pk).update(enterprise=known.enterprise)
    liaison = appoint_officer(
        enterprise=known.enterprise, officer=office.other, tier=Tier.KEY, by=by
    )
    assert liaison.confidential
    return liaison
