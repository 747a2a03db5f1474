"""Counted once, at its first event; an expansion its added part; every amount on record."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from kfq_crm.base.errors import RuleViolation, VersionConflict
from leads.actions.contracts import add_commitment, record_contract, update_contract
from leads.actions.landing import open_project
from leads.actions.pipeline import advance_lead
from leads.models import Commitment, Contract, ContractAmountChange, ContractKind, Lead
from leads.permissions import NotAllowed
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import a_contract, contract_values, counted_contract, lead_in, log_a_lead

COMPANY = "江苏航天信控动力有限公司"


@pytest.fixture
def signed(cast: Cast) -> Lead:
    return lead_in(Stage.SIGNED, by=cast.member_a, investor=COMPANY)


@pytest.fixture
def contract(signed: Lead) -> Contract:
    return counted_contract(signed)


def counted() -> list[tuple[str, Decimal]]:
    rows = Contract.objects.filter(counted=True).order_by("pk")
    return [(contract.number, contract.counted_investment) for contract in rows]


def change(contract: Contract, by: Any, reason: str = "补充协议", **values: Any) -> Contract:
    contract.refresh_from_db()
    return update_contract(
        contract=contract, values=values, by=by, expected=contract.version, reason=reason
    )


# --- What counts ----------------------------------------------------------------------------


def test_investment_agreement_counts_when_the_lead_is_signed(cast: Cast) -> None:
    lead = lead_in(Stage.REVIEW, by=cast.member_a)
    paper = a_contract(lead, by=cast.member_a)
    assert not paper.counted
    advance_lead(lead=lead, by=cast.member_a)
    assert counted() == [(paper.number, Decimal(60000))]


@pytest.mark.parametrize("kind", [ContractKind.INTENT, ContractKind.FRAMEWORK])
def test_intent_and_framework_never_count(cast: Cast, signed: Lead, kind: str) -> None:
    paper = a_contract(signed, by=cast.member_a, kind=kind)
    assert not paper.counted
    assert len(counted()) == 1


def test_second_agreement_on_a_lead_does_not_count(cast: Cast, signed: Lead) -> None:
    again = a_contract(signed, by=cast.member_a, investment=Decimal(90000))
    assert not again.counted
    assert [amount for _number, amount in counted()] == [Decimal(60000)]


def test_first_event_counts_whatever_order_papers_were_entered_in(cast: Cast) -> None:
    lead = lead_in(Stage.REVIEW, by=cast.member_a)
    today = timezone.localdate()
    a_contract(lead, by=cast.member_a, signed_on=today)
    first = a_contract(lead, by=cast.member_a, signed_on=today - timedelta(days=5))
    advance_lead(lead=lead, by=cast.member_a)
    assert [number for number, _amount in counted()] == [first.number]


@pytest.mark.parametrize("exclusion", ["local_relocation", "second_phase", "local_money"])
def test_excluded_agreement_signs_the_lead_and_does_not_count(cast: Cast, exclusion: str) -> None:
    lead = lead_in(Stage.REVIEW, by=cast.member_a)
    a_contract(lead, by=cast.member_a, exclusion=exclusion)
    assert advance_lead(lead=lead, by=cast.member_a).stage == Stage.SIGNED
    assert counted() == []


def test_agreement_completed_after_the_signing_counts_then(cast: Cast) -> None:
    lead = lead_in(Stage.REVIEW, by=cast.member_a)
    excluded = a_contract(lead, by=cast.member_a, exclusion="local_money")
    advance_lead(lead=lead, by=cast.member_a)
    assert change(excluded, cast.member_a, exclusion="").counted


def test_expansion_counts_its_added_amount_only(
    cast: Cast, signed: Lead, contract: Contract
) -> None:
    expansion = a_contract(
        signed,
        by=cast.member_a,
        investment=Decimal(80000),
        expands=contract,
        added_investment=Decimal(20000),
    )
    assert counted() == [
        (contract.number, Decimal(60000)),
        (expansion.number, Decimal(20000)),
    ]


def test_expansion_on_another_lead_of_the_company_counts_its_added_amount(
    cast: Cast, contract: Contract
) -> None:
    lead = lead_in(Stage.REVIEW, by=cast.member_a, investor=COMPANY)
    paper = a_contract(lead, by=cast.member_a, expands=contract, added_investment=Decimal(5000))
    advance_lead(lead=lead, by=cast.member_a)
    paper.refresh_from_db()
    assert paper.counted_investment == Decimal(5000)


def test_expansion_of_what_never_counted_does_not_count(cast: Cast, signed: Lead) -> None:
    intent = a_contract(signed, by=cast.member_a, kind="intent")
    paper = a_contract(signed, by=cast.member_a, expands=intent, added_investment=Decimal(5000))
    assert not paper.counted


# --- What is refused ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"number": ""}, "number"),
        ({"number": "长" * 61}, "number"),
        ({"kind": "bogus"}, "kind"),
        ({"signed_on": None}, "signed_on"),
        ({"signed_on": timezone.localdate() + timedelta(days=1)}, "signed_on"),
        ({"our_party": " "}, "our_party"),
        ({"their_party": ""}, "their_party"),
        ({"investment": None}, "investment"),
        ({"investment": Decimal(0)}, "investment"),
        ({"investment": Decimal(-1)}, "investment"),
        ({"investment": Decimal("1.00001")}, "investment"),
        ({"fixed_investment": Decimal(60001)}, "fixed_investment"),
        ({"fixed_investment": Decimal(-1)}, "fixed_investment"),
        ({"land_mu": Decimal(-1)}, "land_mu"),
        ({"tax_per_mu": Decimal(-1)}, "tax_per_mu"),
        ({"currency": "EUR"}, "currency"),
        ({"added_investment": Decimal(5)}, "expands"),
        (
            {"planned_start_on": date(2027, 5, 1), "planned_completion_on": date(2027, 4, 1)},
            "planned_completion_on",
        ),
        (
            {"planned_start_on": date(2027, 5, 1), "planned_production_on": date(2027, 4, 1)},
            "planned_production_on",
        ),
    ],
)
def test_contract_is_refused_at_the_field(cast: Cast, values: dict[str, Any], field: str) -> None:
    lead = log_a_lead(by=cast.member_a)
    with pytest.raises(RuleViolation) as refusal:
        a_contract(lead, by=cast.member_a, **values)
    assert refusal.value.field == field
    assert not Contract.objects.exists()
    assert Lead.objects.get(pk=lead.pk).version == 1


@pytest.mark.parametrize("missing", ["number", "kind", "signed_on", "their_party", "investment"])
def test_contract_without_what_it_must_say_is_refused(cast: Cast, missing: str) -> None:
    values = contract_values()
    del values[missing]
    with pytest.raises(RuleViolation) as refusal:
        record_contract(lead=log_a_lead(by=cast.member_a), values=values, by=cast.member_a)
    assert refusal.value.field == missing


def test_number_is_taken_once(cast: Cast, contract: Contract) -> None:
    with pytest.raises(RuleViolation) as refusal:
        a_contract(log_a_lead(by=cast.member_a), by=cast.member_a, number=f" {contract.number} ")
    assert (refusal.value.code, refusal.value.field) == ("number_taken", "number")


def test_expansion_names_a_contract_of_its_company_and_what_it_adds(
    cast: Cast, signed: Lead, contract: Contract
) -> None:
    other = log_a_lead(by=cast.member_a)
    tries = [
        (signed, {"expands": contract}, "added_investment"),
        (other, {"expands": contract, "added_investment": Decimal(1)}, "expands"),
    ]
    for lead, values, field in tries:
        with pytest.raises(RuleViolation) as refusal:
            a_contract(lead, by=cast.member_a, **values)
        assert refusal.value.field == field
    intent = a_contract(signed, by=cast.member_a, kind="intent")
    with pytest.raises(RuleViolation) as refusal:
        change(intent, cast.member_a, expands=intent, added_investment=Decimal(1))
    assert refusal.value.code == "expands_itself"


@pytest.mark.parametrize("who", ["second_member_a", "chain_leader_a"])
def test_contracts_are_for_those_who_may_move_the_lead(cast: Cast, signed: Lead, who: str) -> None:
    with pytest.raises(NotAllowed):
        a_contract(signed, by=getattr(cast, who))
    with pytest.raises(NotAllowed):
        change(counted_contract(signed), getattr(cast, who), breach_clauses="无")


# --- Amounts on record ----------------------------------------------------------------------


def test_every_change_of_an_amount_is_on_record_with_its_reason(
    cast: Cast, contract: Contract
) -> None:
    change(contract, cast.member_a, "追加设备", investment=Decimal(65000), land_mu=Decimal(80))
    rows = ContractAmountChange.objects.order_by("field")
    assert [(r.field, r.old_value, r.new_value) for r in rows] == [
        ("investment", Decimal(60000), Decimal(65000)),
        ("land_mu", None, Decimal(80)),
    ]
    assert {(r.reason, r.changed_by, r.currency) for r in rows} == {
        ("追加设备", cast.member_a, "CNY")
    }


def test_currency_is_an_amount(cast: Cast, contract: Contract) -> None:
    change(contract, cast.member_a, "币种更正", currency="USD")
    row = ContractAmountChange.objects.get()
    assert (row.field, row.currency, row.reason) == ("currency", "USD", "币种更正")


def test_amount_written_another_way_is_no_change(cast: Cast, contract: Contract) -> None:
    change(contract, cast.member_a, "", investment="60000.0000", breach_clauses="逾期收回")
    assert not ContractAmountChange.objects.exists()


@pytest.mark.parametrize("reason", ["", " "])
def test_amount_does_not_change_without_a_reason(
    cast: Cast, contract: Contract, reason: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        change(contract, cast.member_a, reason, investment=Decimal(99999))
    assert refusal.value.field == "change_reason"
    contract.refresh_from_db()
    assert contract.investment == Decimal(60000)


def test_record_of_a_change_cannot_be_changed(cast: Cast, contract: Contract) -> None:
    change(contract, cast.member_a, investment=Decimal(65000))
    with pytest.raises(IntegrityError), transaction.atomic():
        ContractAmountChange.objects.update(old_value=1)


def test_changed_amount_reaches_the_project(cast: Cast, contract: Contract) -> None:
    project = open_project(contract=contract, by=cast.member_a)
    assert project.band == "A"
    change(contract, cast.member_a, investment=Decimal(40000))
    project.refresh_from_db()
    assert (project.investment, project.band) == (Decimal(40000), "B")


def test_outdated_page_does_not_change_a_contract(cast: Cast, contract: Contract) -> None:
    change(contract, cast.member_a, breach_clauses="逾期收回")
    with pytest.raises(VersionConflict):
        update_contract(
            contract=contract, values={"breach_clauses": "无"}, by=cast.head_a, expected=1
        )


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"kind": "intent"}, "kind"),
        ({"exclusion": "local_money"}, "kind"),
        ({"legal_review_reference": " "}, "legal_review_reference"),
        ({"fair_competition_reference": ""}, "fair_competition_reference"),
    ],
)
def test_counted_signing_is_not_taken_back(
    cast: Cast, contract: Contract, values: dict[str, str], field: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        change(contract, cast.coordinator, **values)
    assert (refusal.value.code, refusal.value.field) == ("counted", field)


def test_counted_signing_does_not_become_an_expansion(
    cast: Cast, signed: Lead, contract: Contract
) -> None:
    intent = a_contract(signed, by=cast.member_a, kind="intent")
    with pytest.raises(RuleViolation) as refusal:
        change(contract, cast.member_a, expands=intent, added_investment=Decimal(1))
    assert (refusal.value.code, refusal.value.field) == ("counted", "expands")


def test_intensity_is_fixed_investment_per_mu(contract: Contract) -> None:
    contract.fixed_investment, contract.land_mu = Decimal(45000), Decimal(90)
    assert contract.intensity == Decimal(500)
    contract.land_mu = None
    assert contract.intensity is None


# --- Commitments ----------------------------------------------------------------------------


def test_both_sides_promise_in_rows(cast: Cast, contract: Contract) -> None:
    add_commitment(
        contract=contract,
        values={"side": "investor", "metric": "开票", "promised": Decimal(30000), "unit": "万元"},
        by=cast.second_member_a,
    )
    add_commitment(
        contract=contract, values={"side": "zone", "metric": "三通一平"}, by=cast.member_a
    )
    assert list(Commitment.objects.values_list("side", "metric").order_by("pk")) == [
        ("investor", "开票"),
        ("zone", "三通一平"),
    ]
    contract.refresh_from_db()
    assert contract.version == 4


@pytest.mark.parametrize(
    ("values", "field"), [({"side": "x", "metric": "a"}, "side"), ({"side": "zone"}, "metric")]
)
def test_commitment_is_refused_at_the_field(
    cast: Cast, contract: Contract, values: dict[str, str], field: str
) -> None:
    with pytest.raises(RuleViolation) as refusal:
        add_commitment(contract=contract, values=values, by=cast.member_a)
    assert refusal.value.field == field


# --- What the database holds, whoever writes ------------------------------------------------


@pytest.mark.parametrize(
    ("change", "constraint"),
    [
        ({"investment": -1}, "contract_investment_positive"),
        ({"fixed_investment": 99999}, "contract_fixed_within_total"),
        ({"fixed_investment": -1}, "contract_fixed_within_total"),
        ({"kind": "intent"}, "contract_only_investment_counts"),
        ({"exclusion": "local_money"}, "contract_only_investment_counts"),
        ({"added_investment": 5}, "contract_expansion_adds"),
    ],
)
def test_database_refuses(contract: Contract, change: dict[str, Any], constraint: str) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        Contract.objects.filter(pk=contract.pk).update(**change)


def test_database_refuses_a_second_counted_signing_on_a_lead(
    cast: Cast, signed: Lead, contract: Contract
) -> None:
    again = a_contract(signed, by=cast.member_a)
    with pytest.raises(IntegrityError), transaction.atomic():
        Contract.objects.filter(pk=again.pk).update(counted=True)


def test_database_refuses_an_expansion_that_adds_nothing(
    cast: Cast, signed: Lead, contract: Contract
) -> None:
    again = a_contract(signed, by=cast.member_a)
    for added in (None, 0, -5):
        with pytest.raises(IntegrityError), transaction.atomic():
            Contract.objects.filter(pk=again.pk).update(expands=contract, added_investment=added)
