"""Rectification: one person, one day, done with evidence."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from kfq_crm.base.errors import VersionConflict
from leads.actions.rectifications import (
    cancel_rectification,
    change_rectification,
    complete_rectification,
    judge_with_rectification,
    order_rectification,
)
from leads.models import Commitment, Rectification
from leads.permissions import NotAllowed
from tests.cast import Cast
from tests.leads.promising import (
    TODAY,
    a_promise,
    a_signed_contract,
    ago,
    ahead,
    judge,
    refusal_of,
    rules,
)


@pytest.fixture
def promise(cast: Cast) -> Commitment:
    rules()
    missed = a_promise(a_signed_contract(cast.member_a), cast.member_a, due_on=ago(3))
    judge(missed, "not_met", cast.member_a, actual=Decimal(0))
    return missed


def order(promise: Commitment, by: Any, **values: Any) -> Rectification:
    values = {"task": "补招用工", "owner": by, "due_on": ahead(30), **values}
    return order_rectification(commitment=promise, by=by, **values)


def test_task_names_its_verdict_its_owner_and_its_day(cast: Cast, promise: Commitment) -> None:
    task = order(promise, cast.member_a, owner=cast.second_member_a)
    assert (task.owner, task.due_on, task.opened_by) == (
        cast.second_member_a,
        ahead(30),
        cast.member_a,
    )
    assert task.verdict == promise.verdicts.get()
    assert task.is_open


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"task": "  "}, ("task_missing", "task")),
        ({"task": "事" * 301}, ("max_length", "task")),
        ({"owner": None}, ("owner_missing", "owner")),
        ({"due_on": None}, ("due_day", "due_on")),
        ({"due_on": ago(1)}, ("due_day", "due_on")),
    ],
)
def test_task_that_nobody_could_do_is_refused(
    cast: Cast, promise: Commitment, values: dict[str, Any], refused: tuple[str, str]
) -> None:
    assert refusal_of(lambda: order(promise, cast.member_a, **values)) == refused
    assert not Rectification.objects.exists()


@pytest.mark.parametrize("who", ["member_b", "outsider", "chain_leader_a", "disabled"])
def test_task_is_given_only_to_somebody_who_works_on_the_project(
    cast: Cast, promise: Commitment, who: str
) -> None:
    attempt = partial(order, promise, cast.member_a, owner=getattr(cast, who))
    assert refusal_of(attempt) == ("owner_outside", "owner")


def test_settled_promise_gets_no_task(cast: Cast, promise: Commitment) -> None:
    judge(promise, "met", cast.member_a, actual=Decimal(300))
    assert refusal_of(lambda: order(promise, cast.member_a)) == ("settled", None)


def test_form_sent_twice_orders_one_task(cast: Cast, promise: Commitment) -> None:
    promise.refresh_from_db()
    seen = promise.version
    order(promise, cast.member_a, expected=seen)
    with pytest.raises(VersionConflict):
        order(promise, cast.member_a, expected=seen)
    assert Rectification.objects.count() == 1


def test_done_with_evidence_and_the_verdict_stays(cast: Cast, promise: Commitment) -> None:
    task = order(promise, cast.member_a)
    for values, refused in (
        ({"result": " ", "evidence": "名册"}, ("result_missing", "result")),
        ({"result": "招满", "evidence": ""}, ("evidence_missing", "evidence")),
    ):
        attempt = partial(complete_rectification, rectification=task, by=cast.member_a, **values)
        assert refusal_of(attempt) == refused
    paper = SimpleUploadedFile("名册.pdf", b"%PDF-1.4")
    done = complete_rectification(
        rectification=task, result="招满", evidence="名册", uploads=[paper], by=cast.member_a
    )
    promise.refresh_from_db()
    assert (done.state, done.closed_on, done.closed_by) == ("done", TODAY, cast.member_a)
    assert done.files.get().contract == promise.contract
    assert promise.verdict == "not_met"
    again = partial(
        complete_rectification,
        rectification=task,
        result="招满",
        evidence="名册",
        by=cast.member_a,
    )
    assert refusal_of(again) == ("closed", None)


def test_owner_does_not_move_the_own_day_alone(cast: Cast, promise: Commitment) -> None:
    task = order(promise, cast.member_a, owner=cast.second_member_a)
    change = {
        "rectification": task,
        "owner": cast.second_member_a,
        "due_on": ahead(60),
        "reason": "设备晚到",
    }
    with pytest.raises(NotAllowed):
        change_rectification(**change, by=cast.second_member_a)
    assert refusal_of(lambda: change_rectification(**{**change, "reason": ""}, by=cast.head_a)) == (
        "reason_missing",
        "reason",
    )
    moved = change_rectification(**change, by=cast.head_a)
    assert (moved.due_on, moved.due_revision, moved.change_reason) == (ahead(60), 1, "设备晚到")


def test_overdue_task_is_handed_over_without_moving_its_day(
    cast: Cast, promise: Commitment
) -> None:
    task = order(promise, cast.member_a)
    Rectification.objects.filter(pk=task.pk).update(due_on=ago(2))
    moved = change_rectification(
        rectification=task, owner=cast.head_a, due_on=ago(2), reason="换人", by=cast.head_a
    )
    assert (moved.owner, moved.due_on, moved.due_revision) == (cast.head_a, ago(2), 0)


def test_task_is_taken_back_with_a_reason_by_whoever_leads(cast: Cast, promise: Commitment) -> None:
    task = order(promise, cast.member_a)
    with pytest.raises(NotAllowed):
        cancel_rectification(rectification=task, reason="重复", by=cast.second_member_a)
    assert refusal_of(
        lambda: cancel_rectification(rectification=task, reason=" ", by=cast.head_a)
    ) == ("reason_missing", "reason")
    gone = cancel_rectification(rectification=task, reason="重复", by=cast.head_a)
    assert (gone.state, gone.result) == ("cancelled", "重复")


def test_verdict_and_task_come_together_or_not_at_all(cast: Cast, promise: Commitment) -> None:
    said = {
        "commitment": promise,
        "values": {
            "verdict": "partly",
            "actual": Decimal(5),
            "evidence": "名册",
            "reason": "仍不足",
        },
        "by": cast.member_a,
    }
    half = {"task": "补招", "owner": None, "due_on": ahead(3)}
    assert refusal_of(lambda: judge_with_rectification(**said, task=half)) == (
        "owner_missing",
        "owner",
    )
    assert promise.verdicts.count() == 1
    judge_with_rectification(**said, task={**half, "owner": cast.member_a})
    assert promise.rectifications.get().verdict == promise.verdicts.get(number=2)
