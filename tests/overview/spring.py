"""A small world whose figures can be reckoned by hand: six leads of the spring of 2026.

Told on Thursday, 19 March 2026; the week is that from 16 March, the last one that from 9 March.
Amounts are in ten thousand. Titles: A1 to A4 of chain A, B1 and B2 of chain B.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
import time_machine
from django.utils import timezone

from chains.models import AnnualTarget, Metric, Outpost, Scope
from leads.actions.landing import meet_milestone, open_project
from leads.actions.pipeline import advance_lead, exit_lead, update_lead
from leads.models import Lead, StallRule
from leads.stages import Exit, LossReason
from tests.cast import RULES_SINCE, Cast
from tests.factories import (
    a_contract,
    a_uscc,
    counted_contract,
    follow_up,
    log_a_lead,
    open_gate,
    open_milestone_gate,
)

TODAY = "2026-03-19 12:00"


@dataclass(frozen=True)
class Spring:
    cast: Cast
    outpost: Outpost


@contextmanager
def clock(text: str) -> Iterator[datetime]:
    """The time stands on that moment of the site."""
    moment = timezone.make_aware(datetime.fromisoformat(text))
    with time_machine.travel(moment, tick=False):
        yield moment


def logged(day: str, title: str, by: Any, **values: Any) -> Lead:
    with clock(f"{day} 10:00"):
        return log_a_lead(by=by, title=title, **values)


def advanced(day: str, title: str, by: Any, **papers: Any) -> Lead:
    """The lead of this title goes on to its next stage, whose gate is opened first."""
    with clock(f"{day} 10:00"):
        lead = Lead.objects.get(title=title)
        target = {"lead": "screening", "screening": "negotiating", "negotiating": "review"}
        if lead.stage in target:
            open_gate(lead, target[lead.stage], by=by)
        else:
            a_contract(lead, by=by, **papers)
        return advance_lead(lead=lead, by=by)


def _first(cast: Cast) -> None:
    """A1: signed last week, expanded and its works begun; worth 50,000 at first, then 60,000."""
    by = cast.member_a
    logged("2026-01-05", "A1", by, investment=Decimal(50000), uscc=a_uscc(1))
    advanced("2026-01-08", "A1", by)
    advanced("2026-01-20", "A1", by)
    advanced("2026-02-20", "A1", by)
    with clock("2026-03-05 10:00"):
        lead = Lead.objects.get(title="A1")
        update_lead(lead=lead, values={"investment": Decimal(60000)}, by=by, expected=None)
    lead = advanced("2026-03-10", "A1", by, investment=Decimal(61000), number="first")
    with clock("2026-03-11 10:00"):
        first = counted_contract(lead)
        project = open_project(contract=first, by=by, is_lease=True)
    with clock("2026-03-12 10:00"):
        for kind, number in (("registered", 11), ("started", 12)):
            day = date(2026, 3, number)
            meet_milestone(
                project=project,
                kind=kind,
                actual_on=day,
                **open_milestone_gate(project, kind, by=by, day=day),
                evidence="批文",
                project_code="2603-321282-04-01-123456",
                by=by,
            )
    with clock("2026-03-17 10:00"):
        a_contract(
            lead,
            by=by,
            investment=Decimal(66000),
            expands=first,
            added_investment=Decimal(5000),
            number="second",
        )


def _others(cast: Cast, outpost: Outpost) -> None:
    by = cast.member_a
    logged("2026-01-12", "A3", by, investment=Decimal(2000), currency="USD", outpost=outpost)
    logged("2026-01-14", "A4", by)
    with clock("2026-02-10 10:00"):
        lost = Lead.objects.get(title="A4")
        exit_lead(lead=lost, exit=Exit.LOST, reason=LossReason.ANSWER_TOO_SLOW, by=by)
    advanced("2026-03-16", "A3", by)
    with clock("2026-03-17 11:00"):
        follow_up(
            Lead.objects.get(title="A3"),
            by=by,
            is_progress=True,
            next_action="报价",
            next_action_on=date(2026, 3, 18),
        )
    logged("2026-03-17", "A2", by, next_action="拜访", next_action_on=date(2026, 3, 30))
    by = cast.member_b
    step = {"next_action": "拜访", "next_action_on": date(2026, 3, 12)}
    logged("2026-03-11", "B1", by, investment=Decimal(20000), outpost=outpost, **step)


def _targets(cast: Cast) -> None:
    signings = Metric.objects.create(code="signings", name="签约")
    starts = Metric.objects.create(code="projects-started", name="开工")
    growth = Metric.objects.create(code="output", name="产值")
    year = {"year": 2026}
    AnnualTarget.objects.create(**year, metric=signings, value=4)
    AnnualTarget.objects.create(**year, metric=starts, value=2, excludes_jiangyin_park=True)
    AnnualTarget.objects.create(**year, metric=growth, growth_percent=8)
    for scope, chain in ((Scope.CHAIN, cast.chain_a), (Scope.CHAIN, cast.chain_b)):
        AnnualTarget.objects.create(**year, metric=signings, value=2, scope=scope, chain=chain)
    AnnualTarget.objects.create(**year, metric=starts, value=1, scope=Scope.TEAM, team=cast.team_a)


@pytest.fixture
def spring(cast: Cast) -> Spring:
    StallRule.objects.create(
        valid_from=RULES_SINCE, yellow_months=2, red_months=3, off_list_months=6
    )
    outpost = Outpost.objects.create(name="上海驻点", city="上海")
    step = {"next_action": "回访", "next_action_on": date(2026, 6, 1)}
    logged("2025-12-01", "B2", cast.member_b, **step)
    _first(cast)
    _others(cast, outpost)
    _targets(cast)
    return Spring(cast, outpost)
