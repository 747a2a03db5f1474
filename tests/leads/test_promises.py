"""Promises kept, counted for each side, and how many statements that takes."""

from decimal import Decimal
from typing import Any

import pytest

from leads.models import Commitment
from leads.promises import Kept, in_danger, kept_of, promises_kept
from tests.cast import Cast
from tests.leads.promising import (
    TODAY,
    a_promise,
    a_signed_contract,
    ago,
    ahead,
    judge,
    measure,
    rules,
)


@pytest.fixture
def promises(cast: Cast) -> None:
    rules()
    by, contract = cast.head_a, a_signed_contract(cast.head_a)
    for verdict, actual, due in (
        ("met", 300, ago(9)),
        ("met", 300, ahead(9)),  # kept before its day
        ("partly", 5, ago(9)),
        ("not_met", 0, ago(9)),
        ("released", None, ago(9)),
    ):
        judge(a_promise(contract, by, due_on=due), verdict, by, actual=actual and Decimal(actual))
    a_promise(contract, by, due_on=ago(1))
    a_promise(contract, by, due_on=TODAY)
    a_promise(contract, by, due_on=None)
    measure(a_promise(contract, by, due_on=ahead(400)), 10, by)
    a_promise(contract, by, side="zone", metric="供地", promised=None, unit="", due_on=ago(1))


def test_kept_counts_what_is_due_of_each_side(promises: None) -> None:
    found = promises_kept(Commitment.objects.all(), TODAY)
    assert found["investor"] == Kept(
        total=9, met=2, partly=1, not_met=1, released=1, unjudged=1, in_danger=3
    )
    assert found["investor"].due == 5
    assert found["investor"].share == Decimal(2) / 5
    assert (found["zone"].due, found["zone"].share) == (1, 0)


def test_page_counts_what_the_query_counts(promises: None) -> None:
    rows = Commitment.objects.all()
    assert kept_of(rows, TODAY) == promises_kept(rows, TODAY)


def test_side_without_anything_due_has_no_share(db: None) -> None:
    found = promises_kept(Commitment.objects.all(), TODAY)
    assert (found["zone"].due, found["zone"].share) == (0, None)


def test_danger_is_overdue_or_behind(promises: None) -> None:
    found = in_danger(Commitment.objects.all()).values_list("outlook", flat=True)
    assert sorted(found) == ["far_behind", "overdue", "overdue", "unmeasured"]


def test_figures_cost_one_statement(promises: None, django_assert_num_queries: Any) -> None:
    with django_assert_num_queries(1):
        promises_kept(Commitment.objects.all(), TODAY)
