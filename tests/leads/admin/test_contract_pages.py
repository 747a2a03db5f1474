"""Contracts in the admin: recording on the lead, the page, correcting with a reason, promises."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects
from pytest_django.fixtures import DjangoAssertNumQueries
from zeal import zeal_context

from leads.actions.contracts import add_commitment, update_contract
from leads.actions.files import attach_file
from leads.models import Commitment, Contract, ContractAmountChange, LandedProject
from tests.cast import Cast
from tests.factories import (
    a_contract,
    contract_values,
    counted_contract,
    lead_in,
    log_a_lead,
    open_gate,
)
from tests.leads.admin.browsing import CHINESE, PNG, as_, paper, verb

pytestmark = pytest.mark.django_db
LIST = "admin:leads_contract_changelist"
VERBS = ("add_commitment", "attach", "open_project")


def url(contract: Contract, name: str = "page") -> str:
    return reverse(f"admin:leads_contract_{name}", args=[contract.pk])


def sent_back(contract: Contract, **changes: Any) -> dict[str, Any]:
    """The change form as it opens, with some values typed over."""
    return {
        **paper(number=contract.number, signed_on=str(contract.signed_on), their_party="投资方"),
        "investment": "6亿元",
        "fixed_investment": "",
        "land_mu": "",
        "legal_review_reference": contract.legal_review_reference,
        "fair_competition_reference": contract.fair_competition_reference,
        "expected_version": contract.version,
        **changes,
    }


# --- Who sees and who may -------------------------------------------------------------------


def test_contract_is_404_for_another_team_everywhere(client: Client, cast: Cast) -> None:
    lead = lead_in("signed", by=cast.member_a)
    contract = counted_contract(lead)
    as_(client, cast.member_b)
    for name in ("page", "change", "history", *VERBS):
        assert client.get(url(contract, name)).status_code == 404, name
        if name != "history":
            assert client.post(url(contract, name), sent_back(contract)).status_code == 404, name
    assert client.get(verb(lead, "record_contract")).status_code == 404
    assert client.post(verb(lead, "record_contract"), paper()).status_code == 404
    assertNotContains(client.get(reverse(LIST), {"tab": "all"}), contract.number)
    assert Contract.objects.count() == 1


def test_list_holds_exactly_what_one_may_see(client: Client, cast: Cast) -> None:
    a = a_contract(log_a_lead(by=cast.member_a), by=cast.member_a)
    b = a_contract(log_a_lead(by=cast.member_b), by=cast.member_b)
    secret = a_contract(
        log_a_lead(by=cast.member_a, confidential=True, code_name="蓝鲸"), by=cast.member_a
    )
    seen = {
        name: set(
            as_(client, getattr(cast, name))
            .get(reverse(LIST), {"tab": "all"})
            .context["cl"]
            .result_list
        )
        for name in ("member_a", "second_member_a", "member_b", "coordinator", "chain_leader_a")
    }
    assert seen == {
        "member_a": {a, secret},
        "second_member_a": {a},
        "member_b": {b},
        "coordinator": {a, b},
        "chain_leader_a": {a},
    }


def test_leader_reads_the_page_without_buttons(client: Client, cast: Cast) -> None:
    contract = counted_contract(lead_in("signed", by=cast.member_a))
    answer = as_(client, cast.chain_leader_a).get(url(contract))
    for name in ("change", *VERBS):
        assertNotContains(answer, url(contract, name))
        assert client.post(url(contract, name), sent_back(contract)).status_code == 403, name
    assertRedirects(client.get(url(contract, "change")), url(contract))
    assert client.get(reverse("admin:leads_contract_add")).status_code == 403


def test_colleague_reads_and_promises_but_does_not_change(client: Client, cast: Cast) -> None:
    contract = counted_contract(lead_in("signed", by=cast.member_a))
    as_(client, cast.second_member_a)
    assert client.get(url(contract, "add_commitment")).status_code == 200
    assert client.get(url(contract, "open_project")).status_code == 403
    assert client.post(url(contract, "change"), sent_back(contract)).status_code == 403


# --- The page -------------------------------------------------------------------------------


def test_page_says_whether_it_counts_and_why_not(client: Client, cast: Cast) -> None:
    lead = lead_in("review", by=cast.member_a)
    as_(client, cast.member_a)
    reasons = {
        kind: client.get(url(a_contract(lead, by=cast.member_a, **values))).context["why_not"]
        for kind, values in (
            ("intent", {"kind": "intent"}),
            ("excluded", {"exclusion": "local_money"}),
            ("incomplete", {"legal_review_reference": ""}),
            ("waiting", {}),
        )
    }
    assert len(set(reasons.values())) == 4
    assert all(CHINESE.search(reason) for reason in reasons.values())
    counted = counted_contract(lead_in("signed", by=cast.member_a))
    assert client.get(url(counted)).context["why_not"] == ""


def test_expansion_of_a_hidden_lead_does_not_show(client: Client, cast: Cast) -> None:
    lead = lead_in("signed", by=cast.member_a)
    first = counted_contract(lead)
    secret = log_a_lead(
        by=cast.member_a,
        investor=lead.enterprise.name,
        title="增资",
        confidential=True,
        code_name="蓝鲸",
    )
    second = a_contract(
        secret, by=cast.member_a, number="机密-2", expands=first, added_investment=Decimal(500)
    )
    assertContains(as_(client, cast.member_a).get(url(first)), "机密-2")
    assertNotContains(as_(client, cast.second_member_a).get(url(first)), "机密-2")
    assert client.get(url(second)).status_code == 404


def test_promises_stand_on_the_page(client: Client, cast: Cast) -> None:
    contract = a_contract(log_a_lead(by=cast.member_a), by=cast.member_a)
    as_(client, cast.member_a)
    sent = {
        "side": "investor",
        "metric": "设备投入",
        "promised": "１２,０００",
        "unit": "万元",
        "due_on": "2028年12月31日",
        "expected_version": contract.version,
    }
    assertRedirects(client.post(url(contract, "add_commitment"), sent), url(contract))
    assert Commitment.objects.get().promised == Decimal(12000)
    assertContains(client.get(url(contract)), "设备投入")


# --- Correcting -----------------------------------------------------------------------------


def test_changed_amount_wants_a_reason_and_stays_on_record(client: Client, cast: Cast) -> None:
    contract = a_contract(log_a_lead(by=cast.member_a), by=cast.member_a)
    as_(client, cast.member_a)
    answer = client.post(url(contract, "change"), sent_back(contract, investment="5亿"))
    assert CHINESE.search(" ".join(answer.context["adminform"].form.errors["change_reason"]))
    contract.refresh_from_db()
    assert contract.investment == Decimal(60000)
    sent = sent_back(contract, investment="5亿", change_reason="补充协议调减")
    assertRedirects(client.post(url(contract, "change"), sent), url(contract))
    contract.refresh_from_db()
    assert contract.investment == Decimal(50000)
    page = client.get(url(contract))
    for text in ("6 亿元", "5 亿元", "补充协议调减"):
        assertContains(page, text)


def test_untouched_form_changes_no_amount(client: Client, cast: Cast) -> None:
    contract = a_contract(
        log_a_lead(by=cast.member_a),
        by=cast.member_a,
        investment=Decimal("8500.5"),
        land_mu=Decimal("12.50"),
        currency="USD",
    )
    form = as_(client, cast.member_a).get(url(contract, "change")).context["adminform"].form
    sent = {
        name: "" if (value := form[name].field.prepare_value(form[name].value())) is None else value
        for name in form.fields
    }
    sent |= {name: str(value) for name, value in sent.items()}
    sent |= {"expected_version": contract.version, "breach_clauses": "逾期解除"}
    assertRedirects(client.post(url(contract, "change"), sent), url(contract))
    contract.refresh_from_db()
    assert contract.breach_clauses == "逾期解除"
    assert not ContractAmountChange.objects.exists()


def test_changed_currency_shows_the_old_amount_in_the_old_one(client: Client, cast: Cast) -> None:
    contract = a_contract(log_a_lead(by=cast.member_a), by=cast.member_a)
    update_contract(
        contract=contract,
        values={"investment": Decimal(8000), "currency": "USD"},
        by=cast.member_a,
        expected=None,
        reason="币种录错",
    )
    rows = as_(client, cast.member_a).get(url(contract)).context["amount_changes"]
    assert {(row["before"], row["after"]) for row in rows} == {
        ("6 亿元", "8,000 万美元"),
        ("人民币", "美元"),
    }


def test_second_save_becomes_the_conflict_page(client: Client, cast: Cast) -> None:
    contract = a_contract(log_a_lead(by=cast.member_a), by=cast.member_a)
    sent = sent_back(contract, their_party="我改的名称")
    update_contract(
        contract=contract, values={"their_party": "别人改的"}, by=cast.head_a, expected=None
    )
    answer = as_(client, cast.member_a).post(url(contract, "change"), sent)
    assert answer.status_code == 409
    for text in ("我改的名称", "别人改的", str(cast.head_a)):
        assertContains(answer, text, status_code=409)
    assert [row.name for row in answer.context["rows"]] == ["their_party"]
    contract.refresh_from_db()
    assert contract.their_party == "别人改的"


def test_counted_signing_cannot_be_taken_back(client: Client, cast: Cast) -> None:
    contract = counted_contract(lead_in("signed", by=cast.member_a))
    sent = sent_back(contract, kind="framework")
    answer = as_(client, cast.member_a).post(url(contract, "change"), sent)
    assert "kind" in answer.context["adminform"].form.errors
    contract.refresh_from_db()
    assert contract.counted


# --- The landed project ---------------------------------------------------------------------


@pytest.mark.parametrize("is_lease", [False, True])
def test_project_is_opened_from_the_contract(client: Client, cast: Cast, is_lease: bool) -> None:
    contract = counted_contract(lead_in("signed", by=cast.member_a))
    as_(client, cast.member_a)
    assertContains(client.get(url(contract)), url(contract, "open_project"))
    sent = {"landing_park": "航空产业园", **({"is_lease": "on"} if is_lease else {})}
    answer = client.post(url(contract, "open_project"), sent)
    project = LandedProject.objects.get()
    assertRedirects(answer, reverse("admin:leads_landedproject_page", args=[project.pk]))
    assert project.is_lease is is_lease
    assertNotContains(client.get(url(contract)), url(contract, "open_project"))
    assert CHINESE.search(client.get(url(contract, "open_project")).context["refusal"])


def test_no_project_from_a_contract_that_does_not_count(client: Client, cast: Cast) -> None:
    contract = a_contract(log_a_lead(by=cast.member_a), by=cast.member_a)
    as_(client, cast.member_a)
    assertNotContains(client.get(url(contract)), url(contract, "open_project"))
    answer = client.post(url(contract, "open_project"), {})
    assert answer.status_code == 200
    assert not LandedProject.objects.exists()


# --- Speed ----------------------------------------------------------------------------------


def test_page_costs_the_same_with_many_rows(
    client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lead = lead_in("review", by=cast.member_a)
    open_gate(lead, "signed", by=cast.member_a)
    contract = lead.contracts.get()
    promise = {"side": "investor", "metric": "开票"}
    add_commitment(contract=contract, values=promise, by=cast.member_a)
    as_(client, cast.head_a).get(url(contract))
    with django_assert_max_num_queries(20) as few, zeal_context():
        client.get(url(contract))
    for number in range(8):
        values = {"side": "zone", "metric": f"承诺{number}"}
        add_commitment(contract=contract, values=values, by=cast.member_a)
        picture = SimpleUploadedFile(f"{number}.png", PNG)
        attach_file(lead=lead, upload=picture, by=cast.head_a, contract=contract)
        amount = {"investment": Decimal(60001 + number)}
        update_contract(
            contract=contract, values=amount, by=cast.member_a, expected=None, reason="补充协议"
        )
    with django_assert_max_num_queries(20) as many, zeal_context():
        client.get(url(contract))
    assert len(few) == len(many)


def test_list_costs_the_same_at_one_and_at_fifty_rows(
    client: Client, cast: Cast, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    lead = log_a_lead(by=cast.member_a)
    a_contract(lead, by=cast.member_a)
    as_(client, cast.head_a).get(reverse(LIST))
    with django_assert_max_num_queries(14) as few:
        client.get(reverse(LIST), {"tab": "all"})
    Contract.objects.bulk_create(
        Contract(lead=lead, **contract_values(number=f"批量-{number}")) for number in range(49)
    )
    with django_assert_max_num_queries(14) as many, zeal_context():
        client.get(reverse(LIST), {"tab": "all"})
    assert len(few) == len(many)
