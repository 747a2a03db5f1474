"""A past day is answered as it was answered on that day; today by the history as by the tables."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from chains.models import Outpost
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User
from kfq_crm.overview.api.answer import overview_of
from kfq_crm.overview.api.asking import Asked
from kfq_crm.overview.queries.moments import Moment
from leads.actions.contracts import update_contract
from leads.actions.landing import meet_milestone, open_project
from leads.actions.pipeline import advance_lead, exit_lead, reopen_lead, return_lead, update_lead
from leads.models import Contract, LandedProject, Lead, StallRule
from leads.stages import Exit, LossReason, Stage, next_stage
from tests.cast import RULES_SINCE, Cast
from tests.factories import (
    UserFactory,
    a_contract,
    a_uscc,
    follow_up,
    log_a_lead,
    open_gate,
    open_milestone_gate,
)
from tests.overview.spring import clock

pytestmark = pytest.mark.django_db
MONDAY = date(2026, 3, 2)


class Story:
    """Some days of work; every step does what is possible, or nothing."""

    def __init__(self, cast: Cast) -> None:
        self.cast = cast
        self.outpost = Outpost.objects.create(name="驻点", city="上海")
        self.numbers = 0

    def do(self, step: tuple[str, int, int]) -> None:
        verb, which, how = step
        if verb == "log":
            self.log(how)
            return
        leads = list(Lead.objects.order_by("pk"))
        if leads:
            # What a rule of the house refuses does not happen.
            with suppress(RuleViolation), transaction.atomic():
                getattr(self, verb)(leads[which % len(leads)], how)

    def log(self, how: int) -> None:
        self.numbers += 1
        amount = {"investment": Decimal(1000 * how), "currency": "CNY" if how % 2 else "USD"}
        secret = {"confidential": True, "code_name": "代号"} if how % 3 == 0 else {}
        log_a_lead(
            by=self.cast.member_b if how % 4 == 0 else self.cast.member_a,
            title=f"story {self.numbers}",
            uscc=a_uscc(self.numbers),
            outpost=self.outpost if how % 5 == 0 else None,
            **(amount if how else {}),
            **secret,
        )

    def advance(self, lead: Lead, how: int) -> None:
        target = next_stage(lead.stage)
        if lead.is_open and target:
            if target == Stage.SIGNED:
                a_contract(lead, by=lead.owner, investment=Decimal(1000 + how))
            else:
                open_gate(lead, target, by=lead.owner)
            advance_lead(lead=lead, by=lead.owner)

    def go_back(self, lead: Lead, how: int) -> None:
        if lead.is_open and lead.stage not in (Stage.LEAD, Stage.SIGNED):
            return_lead(lead=lead, to=Stage.LEAD, reason="误操作", by=lead.owner)

    def leave(self, lead: Lead, how: int) -> None:
        if lead.is_open and how % 2:
            reason = LossReason.values[how % len(LossReason.values)]
            exit_lead(lead=lead, exit=Exit.LOST, reason=reason, detail="外地", by=lead.owner)
        elif lead.is_open:
            wake_on = date(2027, 1, 1)
            exit_lead(lead=lead, exit=Exit.SHELVED, detail="等待", wake_on=wake_on, by=lead.owner)

    def come_back(self, lead: Lead, how: int) -> None:
        if not lead.is_open:
            reopen_lead(lead=lead, reason="重启", by=lead.owner)

    def change(self, lead: Lead, how: int) -> None:
        values = {
            "investment": Decimal(500 * (how + 1)),
            "currency": "USD" if how % 2 else "CNY",
            "outpost": self.outpost if how % 3 else None,
            "landing_park": "江阴园区" if how % 2 else "",
        }
        update_lead(lead=lead, values=values, by=lead.owner, expected=None)

    def talk(self, lead: Lead, how: int) -> None:
        if lead.is_open:
            due = current_calendar().next_workday(Moment.now().day + timedelta(days=how))
            step = {"next_action": "回访", "next_action_on": due}
            follow_up(lead, by=lead.owner, is_progress=bool(how % 2))
            update_lead(lead=lead, values=step, by=lead.owner, expected=None)

    def resize(self, lead: Lead, how: int) -> None:
        contract = Contract.objects.filter(lead=lead).first()
        if contract:
            values = {"investment": Decimal(3000 + how)}
            update_contract(
                contract=contract, values=values, by=lead.owner, expected=None, reason="更正"
            )

    def expand(self, lead: Lead, how: int) -> None:
        first = Contract.objects.filter(lead=lead, counted=True, expands=None).first()
        if first:
            a_contract(lead, by=lead.owner, expands=first, added_investment=Decimal(1 + how))

    def land(self, lead: Lead, how: int) -> None:
        contract = Contract.objects.filter(lead=lead, counted=True, expands=None).first()
        project = LandedProject.objects.filter(contract=contract).first() if contract else None
        if contract and not project:
            open_project(contract=contract, by=lead.owner, is_lease=True)
        elif project:
            self._build(project, lead.owner)

    def _build(self, project: LandedProject, by: User) -> None:
        kinds = ["registered", "started", "completed", "producing"]
        reached = set(project.milestones.filter(is_reached=True).values_list("kind", flat=True))
        left = [kind for kind in kinds if kind not in reached]
        if left:
            today = Moment.now().day
            meet_milestone(
                project=project,
                kind=left[0],
                actual_on=today,
                **open_milestone_gate(project, left[0], by=by, day=today),
                evidence="批文",
                project_code="2603-321282-04-01-123456",
                by=by,
            )


VERBS = (
    *("log", "log", "log", "advance", "advance", "advance", "go_back", "leave", "come_back"),
    *("change", "talk", "resize", "expand", "land", "land"),
)
STEPS = st.tuples(st.sampled_from(VERBS), st.integers(0, 5), st.integers(0, 11))
DAYS = st.lists(st.lists(STEPS, max_size=5), min_size=2, max_size=5)
FIRST = [[("log", 0, 1), ("log", 0, 3), ("log", 0, 6), ("advance", 0, 0), ("log", 0, 10)]]


def told(user: User, day: date | None, **asked: Any) -> dict[str, Any]:
    """All that the answer says but when it was given."""
    document = overview_of(user, Asked(day, asked.pop("year", 2026), **asked))
    return {name: document[name] for name in ("figures", "confidential", "year", "by")}


@contextmanager
def undone() -> Iterator[None]:
    """One example leaves nothing to the next."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


@pytest.fixture
def readers(cast: Cast) -> list[User]:
    """One who reads all, one who only counts what is confidential, one of a team."""
    StallRule.objects.create(
        valid_from=RULES_SINCE, yellow_months=1, red_months=2, off_list_months=3
    )
    everybody = UserFactory(username="reads_all", is_superuser=True)
    return [everybody, cast.coordinator, cast.member_a]


@pytest.mark.slow
@given(DAYS, st.sampled_from(["", "outpost", "month"]))
@settings(
    max_examples=20,
    deadline=None,
    phases=(Phase.explicit, Phase.reuse, Phase.generate),  # an example takes too long to shrink
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@pytest.mark.timeout(600)
def test_past_days_are_told_as_they_were(
    cast: Cast, readers: list[User], days: list[list[tuple[str, int, int]]], by: str
) -> None:
    _live_through(cast, readers, [*FIRST, *days], by)


def test_past_days_of_one_long_story(cast: Cast, readers: list[User]) -> None:
    """A story in which everything happens, some of it on the same day."""
    days = [
        *FIRST,
        [("advance", 0, 0), ("advance", 0, 0), ("change", 1, 3), ("talk", 2, 2)],
        [("advance", 0, 5), ("land", 0, 0), ("leave", 1, 1), ("go_back", 0, 0)],
        [("land", 0, 0), ("land", 0, 0), ("resize", 0, 4), ("expand", 0, 2), ("come_back", 1, 0)],
        [("leave", 2, 2), ("leave", 3, 5), ("log", 0, 0), ("change", 0, 4), ("talk", 3, 1)],
        [("come_back", 2, 0), ("land", 0, 0), ("resize", 0, 9), ("change", 1, 8)],
    ]
    _live_through(cast, readers, days, "")


def _live_through(
    cast: Cast, readers: list[User], days: list[list[tuple[str, int, int]]], by: str
) -> None:
    with undone():
        story = Story(cast)
        given_then: list[tuple[date, list[dict[str, Any]]]] = []
        day = MONDAY
        for steps in days:
            _work(story, day, steps)
            with clock(f"{day} 23:30"):
                now = [told(reader, None, by=by) for reader in readers]
                by_history = [_by_history(reader, day, by) for reader in readers]
                assert by_history == now
            given_then.append((day, now))
            day += timedelta(days=3)
        with clock(f"{day} 09:00"):
            for past, answers in given_then:
                assert [told(reader, past, by=by) for reader in readers] == answers, past


def _work(story: Story, day: date, steps: list[tuple[str, int, int]]) -> None:
    for number, step in enumerate(steps):
        with clock(f"{day} {10 + number}:00"):
            story.do(step)


def _by_history(reader: User, day: date, by: str) -> dict[str, Any]:
    """Today counted to its end, by the way of days that have passed."""
    asked = Asked(day, 2026, by)
    document = overview_of(reader, asked)
    return {name: document[name] for name in ("figures", "confidential", "year", "by")}
