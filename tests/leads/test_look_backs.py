"""Look-backs: made once by the rules, gone through whole, concluded for good."""

from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from kfq_crm.base.errors import VersionConflict
from kfq_crm.base.models import Change, SweepRun
from leads.actions.look_back_sweep import SWEEP, run_look_backs
from leads.actions.look_backs import conclude_look_back, move_look_back, schedule_look_backs
from leads.actions.rectifications import order_rectification
from leads.models import Commitment, Contract, Lead, LookBack, LookBackRule
from leads.permissions import NotAllowed
from leads.promises import covered_by
from tests.cast import Cast
from tests.factories import a_contract, days_ago
from tests.leads.promising import (
    LONG_AGO,
    TODAY,
    a_look_back,
    a_promise,
    a_signed_contract,
    ago,
    ahead,
    judge,
    reach,
    refusal_of,
    rules,
)
from tests.threads import at_once


@pytest.fixture
def contract(cast: Cast) -> Contract:
    return a_signed_contract(cast.member_a)


def conclude(look_back: LookBack, by: Any, **values: Any) -> LookBack:
    values = {"held_on": TODAY, "conclusion": "逐项核查完毕", **values}
    return conclude_look_back(look_back=look_back, by=by, **values)


# --- Made by the sweep ----------------------------------------------------------------------


def test_reached_milestones_get_the_look_backs_of_the_rules(contract: Contract) -> None:
    rules(("completed", 1, 3), ("producing", 1, 6), ("producing", 2, 12))
    reach(contract, "completed", date(2026, 1, 31))
    assert schedule_look_backs() == 1
    reach(contract, "producing", date(2026, 8, 31))
    assert schedule_look_backs() == 2
    found = contract.look_backs.order_by("due_on").values_list("after", "number", "due_on")
    assert list(found) == [
        ("completed", 1, date(2026, 4, 30)),  # that month's last day
        ("producing", 1, date(2027, 2, 28)),
        ("producing", 2, date(2027, 8, 31)),
    ]


def test_sweep_makes_each_look_back_once(contract: Contract) -> None:
    rules()
    reach(contract, "completed", ago(100))
    assert [schedule_look_backs(), schedule_look_backs()] == [1, 0]


def test_other_milestones_and_days_unknown_make_none(contract: Contract) -> None:
    rules()
    project = reach(contract, "started", ago(100))
    project.milestones.create(kind="completed", is_reached=True)
    assert schedule_look_backs() == 0


def test_without_a_rule_none_is_made_and_a_later_rule_moves_none(contract: Contract) -> None:
    reach(contract, "completed", ago(10))
    assert schedule_look_backs() == 0
    rules(("completed", 1, 6))
    schedule_look_backs()
    before = contract.look_backs.get().due_on
    LookBackRule.objects.create(valid_from=ago(1), after="completed", number=1, months=1)
    assert schedule_look_backs() == 0
    assert contract.look_backs.get().due_on == before


def test_rule_without_months_ends_a_look_back(contract: Contract) -> None:
    rules(("completed", 1, 6))
    LookBackRule.objects.create(valid_from=ago(1), after="completed", number=1, months=None)
    reach(contract, "completed", ago(10))
    assert schedule_look_backs() == 0


@pytest.mark.parametrize(
    "broken",
    [{"number": 0}, {"number": 21}, {"months": 0}, {"months": 241}],
    ids=str,
)
def test_rule_that_makes_no_sense_is_refused(db: None, broken: dict[str, int]) -> None:
    row = {"valid_from": LONG_AGO, "after": "completed", "number": 1, "months": 3, **broken}
    with pytest.raises(IntegrityError), transaction.atomic():
        LookBackRule.objects.create(**row)


def test_database_refuses_a_second_of_one_contract_milestone_and_number(
    contract: Contract,
) -> None:
    rules()
    made = a_look_back(contract)
    with pytest.raises(IntegrityError), transaction.atomic():
        LookBack.objects.create(
            contract=contract,
            after=made.after,
            number=made.number,
            months=9,
            milestone_on=TODAY,
            due_on=TODAY,
        )


@pytest.mark.postgresql
@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_make_one(cast: Cast) -> None:
    """Without the lock of the sweep: the rows of the contracts are enough."""
    contracts = [a_signed_contract(cast.member_a) for _ in range(3)]
    rules(("completed", 1, 3), ("completed", 2, 6))
    for contract in contracts:
        reach(contract, "completed", ago(100))
    made = at_once(schedule_look_backs, schedule_look_backs)
    assert sum(made) == 6
    assert LookBack.objects.count() == 6


@pytest.mark.django_db(transaction=True)
def test_sweep_is_on_record_and_writes_only_what_changed(cast: Cast) -> None:
    contract = a_signed_contract(cast.member_a)
    rules()
    promise = a_promise(contract, cast.member_a, due_on=ahead(1))
    reach(contract, "completed", ago(100))
    first = run_look_backs()
    assert (first.look_backs, SweepRun.objects.get(name=SWEEP).counts) == (1, first.counts())
    told = Change.objects.count()
    assert run_look_backs().counts() == {}
    assert Change.objects.count() == told
    later = run_look_backs(days_ago(-2))
    assert later.outlooks == 1
    promise.refresh_from_db()
    assert (promise.outlook, promise.outlook_since) == ("overdue", ahead(2))
    assert Change.objects.filter(resource="commitments", object_id=promise.pk).count() == 2


@pytest.mark.django_db(transaction=True)
def test_command_runs_the_sweep_for_a_moment(cast: Cast) -> None:
    contract = a_signed_contract(cast.member_a)
    rules()
    reach(contract, "completed", ago(100))
    said = StringIO()
    call_command("run_look_backs", now=f"{TODAY}", stdout=said)
    assert "look-backs made 1" in said.getvalue()
    with pytest.raises(CommandError):
        call_command("run_look_backs", now="morgen")


# --- What it covers -------------------------------------------------------------------------


def test_look_back_covers_what_is_due_and_not_settled(cast: Cast, contract: Contract) -> None:
    rules()
    by = cast.member_a
    look_back = a_look_back(contract)
    a_promise(contract, by, metric="later", due_on=ahead(1))
    due = a_promise(contract, by, metric="due", due_on=TODAY)
    undated = a_promise(contract, by, metric="undated", due_on=None)
    missed = a_promise(contract, by, metric="missed", due_on=ago(9))
    kept = a_promise(contract, by, metric="kept", due_on=ago(9))
    judge(missed, "not_met", by, actual=Decimal(0))
    judge(kept, "met", by, actual=Decimal(300))
    assert set(covered_by(look_back, TODAY)) == {due, undated, missed}
    judge(due, "met", by, actual=Decimal(300), look_back=look_back)
    assert due in covered_by(look_back, TODAY)  # judged in it, it stays on its page


def test_promises_of_an_expansion_are_looked_back_on_with_the_first_contract(
    cast: Cast, contract: Contract
) -> None:
    rules()
    look_back = a_look_back(contract)
    second = a_contract(
        contract.lead, by=cast.member_a, expands=contract, added_investment=Decimal(100)
    )
    promise = a_promise(second, cast.member_a, due_on=TODAY + timedelta(days=0))
    assert list(covered_by(look_back, TODAY)) == [promise]
    judge(promise, "met", cast.member_a, actual=Decimal(300), look_back=look_back)


def test_verdict_belongs_to_a_look_back_of_its_own_contract(cast: Cast, contract: Contract) -> None:
    rules()
    look_back = a_look_back(contract)
    foreign = a_promise(a_signed_contract(cast.member_a), cast.member_a)
    with pytest.raises(ValueError, match="its own contract"):
        judge(foreign, "met", cast.member_a, actual=Decimal(300), look_back=look_back)


# --- Concluded ------------------------------------------------------------------------------


def test_look_back_is_concluded_when_all_that_is_due_was_judged_and_given_to_somebody(
    cast: Cast, contract: Contract
) -> None:
    rules()
    by = cast.member_a
    look_back = a_look_back(contract)
    jobs = a_promise(contract, by, due_on=ago(5))
    road = a_promise(
        contract, by, side="zone", metric="修路", promised=None, unit="", due_on=ago(5)
    )
    assert refusal_of(lambda: conclude(look_back, by))[0] == "unjudged"
    judge(road, "met", by, look_back=look_back)
    judge(jobs, "partly", by, actual=Decimal(9), look_back=look_back)
    assert refusal_of(lambda: conclude(look_back, by))[0] == "unrectified"
    order_rectification(commitment=jobs, task="补招用工", owner=by, due_on=ahead(30), by=by)
    held = conclude(look_back, by, attendees="专班、园区", held_on=ago(1))
    assert (held.held_on, held.held_by) == (ago(1), by)
    assert refusal_of(lambda: conclude(look_back, by)) == ("look_back_over", None)
    attempt = partial(judge, road, "met", by, look_back=look_back, reason="再看")
    assert refusal_of(attempt) == ("look_back_over", None)


def test_missed_promise_that_is_released_needs_nobody(cast: Cast, contract: Contract) -> None:
    rules()
    look_back = a_look_back(contract)
    jobs = a_promise(contract, cast.member_a, due_on=ago(5))
    judge(jobs, "not_met", cast.member_a, actual=Decimal(0), look_back=look_back)
    judge(jobs, "released", cast.head_a, reason="政策调整", look_back=look_back)
    assert conclude(look_back, cast.member_a).is_held


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"held_on": ahead(1)}, ("in_future", "held_on")),
        ({"held_on": ago(3000)}, ("before_milestone", "held_on")),
        ({"conclusion": "  "}, ("conclusion_missing", "conclusion")),
        ({"attendees": "人" * 201}, ("max_length", "attendees")),
    ],
)
def test_conclusion_that_says_nothing_is_refused(
    cast: Cast, contract: Contract, values: dict[str, Any], refused: tuple[str, str]
) -> None:
    rules()
    look_back = a_look_back(contract)
    assert refusal_of(lambda: conclude(look_back, cast.member_a, **values)) == refused
    look_back.refresh_from_db()
    assert not look_back.is_held


def test_two_who_conclude_what_both_saw_leave_one_conclusion(
    cast: Cast, contract: Contract
) -> None:
    rules()
    look_back = a_look_back(contract)
    seen = look_back.version
    conclude(look_back, cast.member_a, expected=seen)
    with pytest.raises(VersionConflict):
        conclude(look_back, cast.head_a, expected=seen, conclusion="另一个结论")
    look_back.refresh_from_db()
    assert look_back.conclusion == "逐项核查完毕"


def test_look_back_is_moved_with_a_reason_by_whoever_leads_the_project(
    cast: Cast, contract: Contract
) -> None:
    rules()
    look_back = a_look_back(contract)
    move = {"look_back": look_back, "due_on": ahead(7), "reason": "企业停产检修"}
    with pytest.raises(NotAllowed):
        move_look_back(**move, by=cast.second_member_a)
    with pytest.raises(Lead.DoesNotExist):
        move_look_back(**move, by=cast.member_b)
    for values, refused in (
        ({"due_on": ago(1)}, ("in_the_past", "due_on")),
        ({"reason": " "}, ("reason_missing", "reason")),
    ):
        attempt = partial(move_look_back, **{**move, **values}, by=cast.head_a)
        assert refusal_of(attempt) == refused
    moved = move_look_back(**move, by=cast.head_a)
    assert (moved.due_on, moved.due_revision, moved.moved_reason) == (
        ahead(7),
        1,
        "企业停产检修",
    )
    assert schedule_look_backs() == 0


def test_outsiders_conclude_nothing(cast: Cast, contract: Contract) -> None:
    rules()
    look_back = a_look_back(contract)
    with pytest.raises(NotAllowed):
        conclude(look_back, cast.chain_leader_a)
    with pytest.raises(Lead.DoesNotExist):
        conclude(look_back, cast.member_b)
    assert not Commitment.objects.exists()
