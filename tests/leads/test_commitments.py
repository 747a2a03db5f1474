"""Promises: measured, judged, amended; nothing that was found is overwritten."""

from decimal import Decimal
from functools import partial
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction

from kfq_crm.base.errors import VersionConflict
from leads.actions.commitments import (
    amend_commitment,
    judge_commitment,
    record_measure,
    withdraw_measure,
)
from leads.models import Commitment, CommitmentMeasure, CommitmentVerdict, Contract, Lead
from leads.permissions import NotAllowed
from tests.cast import Cast
from tests.leads.promising import (
    TODAY,
    a_promise,
    a_signed_contract,
    ago,
    ahead,
    judge,
    measure,
    refusal_of,
    rules,
)


@pytest.fixture
def contract(cast: Cast) -> Contract:
    rules()
    return a_signed_contract(cast.member_a, signed_days_ago=100)


@pytest.fixture
def promise(cast: Cast, contract: Contract) -> Commitment:
    return a_promise(contract, cast.member_a)


# --- Promising ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"promised": Decimal(0)}, ("amount", "promised")),
        ({"promised": Decimal(-5)}, ("amount", "promised")),
        ({"promised": "很多"}, ("invalid", "promised")),
        ({"promised": Decimal("1e13")}, ("max_whole_digits", "promised")),
        ({"unit": ""}, ("unit_missing", "unit")),
        ({"unit": "  "}, ("unit_missing", "unit")),
        ({"metric": ""}, ("blank", "metric")),
        ({"metric": "长" * 101}, ("max_length", "metric")),
        ({"clause": "条" * 61}, ("max_length", "clause")),
        ({"side": "both"}, ("invalid_choice", "side")),
        ({"due_on": "不详"}, ("invalid", "due_on")),
        ({"due_on": ago(101)}, ("due_before_start", "due_on")),
        ({"starts_on": ahead(101)}, ("due_before_start", "starts_on")),
    ],
)
def test_promise_that_is_none_is_refused_at_its_field(
    cast: Cast, contract: Contract, values: dict[str, Any], refused: tuple[str, str]
) -> None:
    assert refusal_of(lambda: a_promise(contract, cast.member_a, **values)) == refused
    assert not Commitment.objects.exists()


def test_promise_without_an_amount_needs_no_unit(cast: Cast, contract: Contract) -> None:
    road = a_promise(contract, cast.member_a, side="zone", metric="修路", promised=None, unit="")
    assert (road.outlook, road.verdict) == ("", "")


def test_promise_whose_day_has_passed_warns_at_once(cast: Cast, contract: Contract) -> None:
    late = a_promise(contract, cast.member_a, due_on=ago(1))
    assert (late.outlook, late.outlook_since) == ("overdue", TODAY)


# --- Measuring ------------------------------------------------------------------------------


def test_newest_value_stands_at_the_promise_with_its_outlook(
    cast: Cast, promise: Commitment
) -> None:
    measure(promise, 150, cast.member_a)
    measure(promise, 40, cast.member_a, measured_on=ago(50))
    promise.refresh_from_db()
    assert (promise.measured, promise.measured_on) == (Decimal(150), TODAY)
    assert (promise.outlook, promise.behind) == ("on_pace", 0)  # half of the time, half of it


def test_value_far_below_the_pace_warns(cast: Cast, promise: Commitment) -> None:
    measure(promise, 30, cast.member_a)
    promise.refresh_from_db()
    assert (promise.outlook, promise.behind, promise.outlook_since) == ("far_behind", 40, TODAY)


@pytest.mark.parametrize(
    ("values", "refused"),
    [
        ({"value": Decimal(-1)}, ("amount", "value")),
        ({"value": "NaN"}, ("invalid", "value")),
        ({"value": None}, ("missing", "value")),
        ({"value": Decimal("1e13")}, ("max_whole_digits", "value")),
        ({"measured_on": None}, ("missing", "measured_on")),
        ({"measured_on": ahead(1)}, ("in_future", "measured_on")),
        ({"measured_on": ago(101)}, ("before_start", "measured_on")),
        ({"evidence": ""}, ("blank", "evidence")),
        ({"evidence": "   "}, ("blank", "evidence")),
        ({"evidence": "证" * 201}, ("max_length", "evidence")),
    ],
)
def test_value_that_says_nothing_is_refused(
    cast: Cast, promise: Commitment, values: dict[str, Any], refused: tuple[str, str]
) -> None:
    said = {"measured_on": TODAY, "value": 5, "evidence": "名册", **values}
    attempt = partial(record_measure, commitment=promise, values=said, by=cast.member_a)
    assert refusal_of(attempt) == refused
    assert not CommitmentMeasure.objects.exists()


def test_one_value_a_day_until_it_is_withdrawn(cast: Cast, promise: Commitment) -> None:
    wrong = measure(promise, 500, cast.member_a)
    assert refusal_of(lambda: measure(promise, 50, cast.member_a)) == ("measured", "measured_on")
    withdraw_measure(measure=wrong, reason="录入错误", by=cast.member_a)
    promise.refresh_from_db()
    assert (promise.measured, promise.outlook) == (None, "")
    measure(promise, 50, cast.member_a)
    wrong.refresh_from_db()
    assert (wrong.value, wrong.withdrawn_reason) == (Decimal(500), "录入错误")
    assert promise.measures.count() == 2


def test_value_is_withdrawn_once_with_a_reason_by_its_author_or_the_head(
    cast: Cast, promise: Commitment
) -> None:
    wrong = measure(promise, 500, cast.member_a)
    assert refusal_of(lambda: withdraw_measure(measure=wrong, reason=" ", by=cast.member_a)) == (
        "reason_missing",
        "reason",
    )
    with pytest.raises(NotAllowed):
        withdraw_measure(measure=wrong, reason="不对", by=cast.second_member_a)
    withdraw_measure(measure=wrong, reason="不对", by=cast.head_a)
    assert refusal_of(lambda: withdraw_measure(measure=wrong, reason="x", by=cast.head_a)) == (
        "withdrawn",
        None,
    )


def test_promise_without_an_amount_is_not_measured(cast: Cast, contract: Contract) -> None:
    road = a_promise(contract, cast.member_a, promised=None, unit="")
    assert refusal_of(lambda: measure(road, 1, cast.member_a)) == ("no_amount", None)


# --- Judging --------------------------------------------------------------------------------


def test_verdict_is_a_row_with_who_and_when_and_settles_the_outlook(
    cast: Cast, promise: Commitment
) -> None:
    measure(promise, 10, cast.member_a)
    found = judge(promise, "partly", cast.member_a, actual=Decimal(120))
    promise.refresh_from_db()
    assert (promise.verdict, promise.actual, promise.judged_on) == ("partly", Decimal(120), TODAY)
    assert (promise.outlook, promise.behind, promise.outlook_since) == ("", None, None)
    assert (found.number, found.recorded_by, found.promised) == (1, cast.member_a, Decimal(300))


def test_later_verdict_is_a_new_row_and_the_first_stays(cast: Cast, promise: Commitment) -> None:
    judge(promise, "not_met", cast.member_a, actual=Decimal(0))
    judge(promise, "met", cast.head_a, actual=Decimal(310), reason="整改后复核达标")
    promise.refresh_from_db()
    assert promise.verdict == "met"
    assert list(promise.verdicts.values_list("number", "verdict", "actual")) == [
        (1, "not_met", Decimal(0)),
        (2, "met", Decimal(310)),
    ]


@pytest.mark.parametrize(
    ("verdict", "values", "refused"),
    [
        ("", {}, ("blank", "verdict")),
        ("perhaps", {}, ("invalid_choice", "verdict")),
        ("met", {"actual": None}, ("actual_missing", "actual")),
        ("met", {"actual": Decimal("299.9999")}, ("below_promise", "actual")),
        ("met", {"actual": Decimal(300), "evidence": " "}, ("evidence_missing", "evidence")),
        ("partly", {"actual": Decimal(0)}, ("nothing_delivered", "actual")),
        ("partly", {"actual": Decimal(5), "evidence": ""}, ("evidence_missing", "evidence")),
        ("partly", {"actual": Decimal(5), "reason": ""}, ("reason_missing", "reason")),
        ("not_met", {"actual": Decimal(300)}, ("promise_reached", "actual")),
        ("not_met", {"actual": Decimal(-1)}, ("amount", "actual")),
        ("not_met", {"actual": Decimal(1), "reason": " "}, ("reason_missing", "reason")),
        ("not_met", {"actual": Decimal(1), "judged_on": ahead(1)}, ("in_future", "judged_on")),
        ("not_met", {"actual": Decimal(1), "judged_on": ago(101)}, ("verdict_day", "judged_on")),
        ("not_met", {"actual": "Infinity"}, ("invalid", "actual")),
        ("released", {"reason": ""}, ("reason_missing", "reason")),
        ("released", {"reason": "由" * 301}, ("max_length", "reason")),
    ],
)
def test_verdict_that_contradicts_itself_is_refused(
    cast: Cast,
    promise: Commitment,
    verdict: str,
    values: dict[str, Any],
    refused: tuple[str, str],
) -> None:
    assert refusal_of(lambda: judge(promise, verdict, cast.head_a, **values)) == refused
    assert not CommitmentVerdict.objects.exists()
    promise.refresh_from_db()
    assert promise.verdict == ""


def test_second_verdict_needs_a_reason_even_when_kept(cast: Cast, promise: Commitment) -> None:
    judge(promise, "not_met", cast.member_a, actual=Decimal(0))
    attempt = partial(judge, promise, "met", cast.member_a, actual=Decimal(300), reason="")
    assert refusal_of(attempt) == ("reason_missing", "reason")


def test_verdict_before_the_last_one_is_refused(cast: Cast, promise: Commitment) -> None:
    judge(promise, "not_met", cast.member_a, actual=Decimal(0))
    found = {"actual": Decimal(300), "judged_on": ago(1)}
    attempt = partial(judge, promise, "met", cast.member_a, **found)
    assert refusal_of(attempt) == ("verdict_day", "judged_on")


def test_only_the_head_and_the_office_release_from_a_promise(
    cast: Cast, promise: Commitment
) -> None:
    with pytest.raises(NotAllowed):
        judge(promise, "released", cast.member_a)
    judge(promise, "released", cast.head_a, reason="规划调整，双方书面同意")
    promise.refresh_from_db()
    assert promise.verdict == "released"


@pytest.mark.parametrize("who", ["chain_leader_a", "member_b", "outsider"])
def test_others_neither_measure_nor_judge(cast: Cast, promise: Commitment, who: str) -> None:
    person = getattr(cast, who)
    expected = NotAllowed if who == "chain_leader_a" else Lead.DoesNotExist
    with pytest.raises(expected):
        judge(promise, "not_met", person, actual=Decimal(1))
    with pytest.raises(expected):
        measure(promise, 1, person)


def test_two_who_judge_what_both_saw_leave_one_verdict(cast: Cast, promise: Commitment) -> None:
    seen = promise.version
    judge(promise, "not_met", cast.member_a, actual=Decimal(1), expected=seen)
    with pytest.raises(VersionConflict):
        judge(promise, "met", cast.head_a, actual=Decimal(300), expected=seen)
    assert promise.verdicts.count() == 1


def test_settled_promise_is_not_measured_any_more(cast: Cast, promise: Commitment) -> None:
    judge(promise, "met", cast.member_a, actual=Decimal(300))
    assert refusal_of(lambda: measure(promise, 1, cast.member_a)) == ("judged", None)


def test_evidence_file_belongs_to_the_contract_and_is_judged_by_its_content(
    cast: Cast, promise: Commitment
) -> None:
    paper = SimpleUploadedFile("核查.pdf", b"%PDF-1.4 x")
    values = {"verdict": "met", "actual": Decimal(300), "evidence": "核查报告"}
    found = judge_commitment(commitment=promise, values=values, by=cast.member_a, uploads=[paper])
    assert found.files.get().contract == promise.contract
    fake = SimpleUploadedFile("核查.pdf", b"MZ")
    attempt = partial(
        judge_commitment,
        commitment=promise,
        values={**values, "reason": "复核"},
        by=cast.member_a,
        uploads=[fake],
    )
    assert refusal_of(attempt) == ("file_content", "file")
    assert promise.verdicts.count() == 1


def test_verdict_stands_in_the_database_with_its_reason(cast: Cast, promise: Commitment) -> None:
    for broken in ({"verdict": "partly"}, {"verdict": "met", "evidence": ""}):
        with pytest.raises(IntegrityError), transaction.atomic():
            CommitmentVerdict.objects.create(
                commitment=promise,
                number=9,
                judged_on=TODAY,
                recorded_by=cast.member_a,
                recorded_at=promise.created_at,
                **broken,
            )


# --- Amending -------------------------------------------------------------------------------


def test_amended_promise_keeps_its_former_words(cast: Cast, promise: Commitment) -> None:
    amend_commitment(
        commitment=promise,
        values={"promised": Decimal(250), "due_on": ahead(200)},
        reason="补充协议〔2026〕3号",
        by=cast.member_a,
        expected=promise.version,
    )
    promise.refresh_from_db()
    assert promise.promised == Decimal(250)
    last, first = promise.history.all()
    assert (first.promised, last.history_change_reason) == (Decimal(300), "补充协议〔2026〕3号")


def test_amendment_of_a_judged_promise_is_the_heads_and_opens_it_again(
    cast: Cast, promise: Commitment
) -> None:
    judge(promise, "not_met", cast.member_a, actual=Decimal(0))
    change = {"values": {"due_on": ahead(300)}, "reason": "展期协议"}
    with pytest.raises(NotAllowed):
        amend_commitment(commitment=promise, by=cast.member_a, **change)
    amend_commitment(commitment=promise, by=cast.head_a, **change)
    promise.refresh_from_db()
    assert (promise.verdict, promise.judged_on) == ("", None)
    assert promise.verdicts.get().promised_for == ahead(100)


def test_amendment_needs_a_reason_and_never_changes_who_promised(
    cast: Cast, promise: Commitment
) -> None:
    attempt = partial(
        amend_commitment,
        commitment=promise,
        values={"unit": "名"},
        reason=" ",
        by=cast.member_a,
    )
    assert refusal_of(attempt) == ("reason_missing", "amend_reason")
    amended = amend_commitment(
        commitment=promise, values={"side": "zone"}, reason="更正", by=cast.member_a
    )
    assert amended.side == "investor"
