"""Promises, look-backs and rectification are reminded of and escalated like everything else."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction

from kfq_crm.base.models import User
from leads.actions.look_backs import conclude_look_back, move_look_back
from leads.actions.rectifications import (
    change_rectification,
    complete_rectification,
    order_rectification,
)
from leads.models import Commitment, Contract, Lead, LookBack
from leads.reminders.registry import rule_of
from tests.cast import Cast
from tests.leads.promising import a_promise, a_signed_contract, judge, rules
from tests.leads.reminders.told import sweep, told

MONDAY, TUESDAY, THURSDAY = date(2026, 11, 23), date(2026, 11, 24), date(2026, 11, 26)
OURS = {"promise", "look_back", "rectification"}


def about_promises(**options: Any) -> set[tuple[str, int, str]]:
    return {row for row in told(**options) if row[0] in OURS}


@pytest.fixture
def contract(cast: Cast, steps: None) -> Contract:
    rules()
    return a_signed_contract(cast.member_a)


@pytest.fixture
def look_back(contract: Contract) -> LookBack:
    with transaction.atomic():
        return LookBack.objects.create(
            contract=contract,
            after="completed",
            number=1,
            months=3,
            milestone_on=date(2026, 8, 24),
            due_on=TUESDAY,
        )


def test_look_back_is_told_to_the_owner_the_day_before_and_to_the_head_on_the_day(
    look_back: LookBack,
) -> None:
    sweep()
    assert about_promises() == {("look_back", -1, "member_a")}
    sweep("2026-11-24T09:00")
    assert about_promises() == {
        ("look_back", -1, "member_a"),
        ("look_back", 0, "member_a"),
        ("look_back", 0, "head_a"),
    }


def test_overdue_look_back_goes_up_step_by_step(
    look_back: LookBack, lead_unit: User, cast: Cast
) -> None:
    sweep("2026-11-27T09:00")
    assert ("look_back", 3, "lead_unit_a") in about_promises()
    sweep("2026-12-01T09:00")
    assert ("look_back", 5, "chain_leader_a") in about_promises()


def test_held_or_moved_look_back_is_not_due_any_more(look_back: LookBack, cast: Cast) -> None:
    sweep()
    move_look_back(look_back=look_back, due_on=THURSDAY, reason="改期", by=cast.member_a)
    sweep()
    assert about_promises() == set()
    sweep("2026-11-25T09:00")
    assert about_promises() == {("look_back", -1, "member_a")}
    look_back.refresh_from_db()
    conclude_look_back(look_back=look_back, held_on=MONDAY, conclusion="无", by=cast.member_a)
    sweep("2026-11-26T09:00")
    assert about_promises() == set()


def test_promise_is_told_to_owner_and_head_until_it_is_judged(
    contract: Contract, cast: Cast, lead_unit: User
) -> None:
    promise = a_promise(contract, cast.member_a, side="zone", due_on=MONDAY)
    sweep()
    assert about_promises() == {("promise", 0, "member_a"), ("promise", 0, "head_a")}
    sweep("2026-11-26T09:00")  # nobody further up: the look-back and the task go there
    assert about_promises() == {("promise", 0, "member_a"), ("promise", 0, "head_a")}
    judge(promise, "not_met", cast.member_a, actual=Decimal(0), judged_on=MONDAY)
    sweep("2026-11-26T10:00")
    assert about_promises() == set()


def test_rectification_is_told_to_whoever_does_it(
    contract: Contract, cast: Cast, lead_unit: User
) -> None:
    promise = a_promise(contract, cast.member_a, due_on=date(2027, 6, 1))
    task = order_rectification(
        commitment=promise,
        task="补招用工",
        owner=cast.second_member_a,
        due_on=TUESDAY,
        by=cast.head_a,
    )
    sweep()
    assert about_promises() == {("rectification", -1, "second_member_a")}
    sweep("2026-11-27T09:00")
    assert ("rectification", 3, "lead_unit_a") in about_promises()
    change_rectification(
        rectification=task,
        owner=cast.member_a,
        due_on=date(2026, 11, 30),
        reason="换人",
        by=cast.head_a,
    )
    sweep("2026-11-27T10:00")
    assert about_promises() == {("rectification", -1, "member_a")}
    task.refresh_from_db()
    complete_rectification(rectification=task, result="招满", evidence="名册", by=cast.member_a)
    sweep("2026-11-30T09:00")
    assert about_promises() == set()


def test_nobody_is_reminded_of_a_project_that_left(contract: Contract, cast: Cast) -> None:
    a_promise(contract, cast.member_a, due_on=MONDAY)
    with transaction.atomic():
        Lead.objects.filter(pk=contract.lead_id).update(exit="transferred", exited_on=MONDAY)
    sweep()
    assert about_promises() == set()


def test_items_say_what_there_is_to_do(
    contract: Contract, look_back: LookBack, cast: Cast, django_assert_num_queries: Any
) -> None:
    a_promise(contract, cast.member_a, metric="新增就业", due_on=MONDAY)
    sweep()
    items = list(cast.member_a.reminders.filter(rule__in=OURS))
    for code, words in (("promise", "新增就业"), ("look_back", contract.number)):
        rule = rule_of(code)
        assert rule
        with django_assert_num_queries(1):
            details = rule.details([item for item in items if item.rule == code])
        assert all(words in text for text in details.values())
        assert details
    assert not Commitment.objects.exclude(verdict="").exists()
