"""A week in site time, the published steps, and people who can be reached."""

from __future__ import annotations

from typing import Any

import pytest

from kfq_crm.base.models import User
from leads.models import EscalationStep, ResponseLimit, StallRule
from leads.models.reminder import LimitItem, Role, Via
from tests.cast import RULES_SINCE, Cast
from tests.factories import UserFactory

STEPS = [
    (-1, Role.OWNER, Via.MAIL),
    (0, Role.OWNER, Via.MAIL),
    (0, Role.HEAD, Via.MAIL),
    (3, Role.LEAD_UNIT, Via.MAIL),
    (5, Role.LEADER, Via.DIGEST),
]
LIMITS = [
    (LimitItem.FIRST_RESPONSE, "", 1),
    (LimitItem.SCREENING_VERDICT, "", 3),
    (LimitItem.SCREENING_VERDICT, "A", 5),
    (LimitItem.REFERRER_REPLY, "", 5),
]


@pytest.fixture
def cast(cast: Cast) -> Cast:
    """Everybody can be reached, unless a test says otherwise."""
    for _name, person in cast.people():
        person.email = f"{person.username}@example.com"
        person.save(update_fields=["email"])
    return cast


@pytest.fixture
def steps(db: None) -> None:
    """Due tomorrow: owner. Today: owner and head. +3: lead unit. +5: leader, in the digest."""
    EscalationStep.objects.bulk_create(
        EscalationStep(valid_from=RULES_SINCE, offset=offset, role=role, via=via)
        for offset, role, via in STEPS
    )


@pytest.fixture
def limits(db: None) -> None:
    ResponseLimit.objects.bulk_create(
        ResponseLimit(valid_from=RULES_SINCE, item=item, band=band, working_days=days)
        for item, band, days in LIMITS
    )
    StallRule.objects.create(
        valid_from=RULES_SINCE, yellow_months=2, red_months=3, off_list_months=6
    )


@pytest.fixture
def lead_unit(cast: Cast, steps: None) -> User:
    """The person of the lead unit of chain A's team, who works in the team."""
    person = UserFactory(
        username="lead_unit_a", display_name="牵头单位甲", email="lead_unit_a@example.com"
    )
    cast.team_a.group.user_set.add(person)
    cast.team_a.lead_unit_person = person
    cast.team_a.save()
    return person


@pytest.fixture(autouse=True)
def _on_a_monday(time_machine: Any) -> None:
    time_machine.move_to("2026-11-23T09:00:00+08:00", tick=False)
