"""Recording a contract on its lead: amounts as words, its scan, and what is refused."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertRedirects

from leads.models import Contract
from tests.cast import Cast
from tests.factories import (
    a_contract,
    log_a_lead,
)
from tests.leads.admin.browsing import A_MONDAY, CHINESE, PNG, as_, paper, verb

pytestmark = pytest.mark.django_db


def url(contract: Contract) -> str:
    return reverse("admin:leads_contract_page", args=[contract.pk])


def test_contract_is_recorded_from_words_with_its_scan(
    client: Client, cast: Cast, time_machine: Any
) -> None:
    time_machine.move_to(A_MONDAY, tick=False)
    lead = log_a_lead(by=cast.member_a)
    scan = SimpleUploadedFile("合同.png", PNG)
    answer = as_(client, cast.member_a).post(verb(lead, "record_contract"), paper(file=scan))
    contract = Contract.objects.get()
    assertRedirects(answer, url(contract))
    assert (contract.investment, contract.fixed_investment, contract.currency) == (
        Decimal(32000),
        Decimal(21000),
        "CNY",
    )
    assert contract.land_mu == Decimal("96.5")
    assert contract.attachments.get().name == "合同.png"
    assertContains(client.get(url(contract)), "3.2 亿元")


def test_dollars_stay_dollars(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    day = str(timezone.localdate())
    sent = paper(signed_on=day, investment="5000万美元", fixed_investment="3000万美元")
    as_(client, cast.member_a).post(verb(lead, "record_contract"), sent)
    contract = Contract.objects.get()
    assert (contract.investment, contract.currency) == (Decimal(5000), "USD")


BAD_PAPERS = {
    "no number": ({"number": ""}, "number"),
    "number taken": ({"number": "已有"}, "number"),
    "signed tomorrow": ({"signed_on": "2026-11-24"}, "signed_on"),
    "no such day": ({"signed_on": "2026-02-30"}, "signed_on"),
    "amount without unit": ({"investment": "32000"}, "investment"),
    "amount of nothing": ({"investment": "0万元"}, "investment"),
    "negative amount": ({"investment": "-3亿"}, "investment"),
    "not an amount": ({"investment": "很多"}, "investment"),
    "two currencies": ({"fixed_investment": "2000万美元"}, "fixed_investment"),
    "fixed above total": ({"fixed_investment": "4亿"}, "fixed_investment"),
    "land in words": ({"land_mu": "九十亩"}, "land_mu"),
    "endless land": ({"land_mu": "NaN"}, "land_mu"),
    "works end before they start": (
        {"planned_start_on": "2027-05-01", "planned_completion_on": "2027-01-01"},
        "planned_completion_on",
    ),
    "added to nothing": ({"added_investment": "1亿"}, "expands"),
    "expands a hidden contract": (
        {"expands": "{hidden}", "added_investment": "1亿"},
        "expands",
    ),
    "no such kind": ({"kind": "handshake"}, "kind"),
    "file that is not what it says": ({"file": "bad"}, "file"),
}


@pytest.mark.parametrize("name", BAD_PAPERS)
def test_bad_paper_is_refused_in_chinese_at_its_field(
    client: Client, cast: Cast, name: str, time_machine: Any
) -> None:
    time_machine.move_to(A_MONDAY, tick=False)
    values, field = BAD_PAPERS[name]
    hidden = a_contract(log_a_lead(by=cast.member_b), by=cast.member_b)
    lead = log_a_lead(by=cast.member_a)
    a_contract(lead, by=cast.member_a, number="已有", kind="intent")
    made: dict[str, Any] = {"{hidden}": hidden.pk, "bad": SimpleUploadedFile("合同.pdf", b"MZ")}
    sent = paper(**{key: made.get(value, value) for key, value in values.items()})
    answer = as_(client, cast.member_a).post(verb(lead, "record_contract"), sent)
    form = answer.context["form"]
    assert list(form.errors) == [field]
    assert CHINESE.search(" ".join(form.errors[field]))
    assert Contract.objects.count() == 2
