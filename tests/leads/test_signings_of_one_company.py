"""One company on two leads: its signing counts once, unless it is said why it is another one."""

import pytest
from django.utils import timezone

from kfq_crm.base.errors import RuleViolation
from leads.actions.contracts import update_contract
from leads.actions.pipeline import advance_lead
from leads.models import Contract, Lead
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import a_contract, lead_in, log_a_lead
from tests.threads import at_once

COMPANY = "江苏航天信控动力有限公司"


@pytest.fixture
def signed(cast: Cast) -> Lead:
    return lead_in(Stage.SIGNED, by=cast.member_a, investor=COMPANY)


def counted() -> list[Contract]:
    return list(Contract.objects.filter(counted=True).order_by("pk"))


def two_ready_to_sign(cast: Cast) -> tuple[Lead, Lead]:
    """Two leads of the company with an agreement each, recorded before either was counted."""
    first, second = (lead_in(Stage.REVIEW, by=cast.member_a, investor=COMPANY) for _ in range(2))
    for lead in (first, second):
        a_contract(lead, by=cast.member_a)
    return first, second


def test_company_signed_before_is_not_counted_again_unnoticed(cast: Cast, signed: Lead) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    with pytest.raises(RuleViolation) as refusal:
        a_contract(lead, by=cast.member_a)
    assert (refusal.value.code, refusal.value.field) == ("signed_before", "separate_reason")
    assert f"{timezone.localdate().year}年" in str(refusal.value)
    assert not lead.contracts.exists()
    for way_out in ({"exclusion": "second_phase"}, {"separate_reason": "另一厂区独立项目"}):
        assert a_contract(lead, by=cast.member_a, **way_out).pk


def test_signing_on_a_hidden_lead_is_not_dated(cast: Cast, signed: Lead) -> None:
    Lead.objects.filter(pk=signed.pk).update(confidential=True, code_name="蓝鲸")
    lead = log_a_lead(by=cast.second_member_a, investor=COMPANY)
    with pytest.raises(RuleViolation) as refusal:
        a_contract(lead, by=cast.second_member_a)
    assert refusal.value.code == "signed_before"
    assert f"{timezone.localdate().year}" not in str(refusal.value)


def test_second_of_two_papers_recorded_before_is_asked_about_when_it_is_signed(cast: Cast) -> None:
    first, second = two_ready_to_sign(cast)
    advance_lead(lead=first, by=cast.member_a)
    with pytest.raises(RuleViolation) as refusal:
        advance_lead(lead=second, by=cast.member_a)
    assert refusal.value.code == "signed_before"
    second.refresh_from_db()
    assert second.stage == Stage.REVIEW
    assert [paper.lead for paper in counted()] == [first]
    paper = second.contracts.get()
    why = {"separate_reason": "另一厂区独立项目"}
    update_contract(contract=paper, values=why, by=cast.member_a, expected=paper.version)
    advance_lead(lead=second, by=cast.member_a)
    assert [paper.lead for paper in counted()] == [first, second]


@pytest.mark.django_db(transaction=True)
def test_of_two_signed_in_the_same_moment_one_counts(cast: Cast) -> None:
    first, second = two_ready_to_sign(cast)
    outcomes = at_once(
        lambda: advance_lead(lead=first, by=cast.member_a),
        lambda: advance_lead(lead=second, by=cast.member_a),
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, RuleViolation)]
    assert [violation.code for violation in refused] == ["signed_before"]
    assert len(counted()) == 1
