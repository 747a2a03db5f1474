"""What is told of a company while its name is typed: the claim, the own leads, nothing more."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from kfq_crm.base.models import User
from leads.models import Claim, Lead
from tests.cast import Cast
from tests.factories import a_uscc, log_a_lead

pytestmark = pytest.mark.django_db
CHECK = "admin:leads_lead_check_company"
COMPANY = "苏州翼飞复合材料有限公司"


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def page_of(lead: Lead) -> str:
    return reverse("admin:leads_lead_page", args=[lead.pk])


def check(client: Client, **typed_values: Any) -> str:
    answer = client.post(reverse(CHECK), typed_values)
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.mark.parametrize(
    "known",
    [
        {"investor": "苏州翼飞复合材料（集团）有限责任公司"},
        {"investor": "别的名字", "uscc": a_uscc(5)},
        {"investor": "子公司", "parent_group": COMPANY},
        {"investor": "别的名字", "contact_phone": "138-1234-5678"},
    ],
)
def test_check_tells_of_the_claim_and_nothing_more(
    client: Client, cast: Cast, known: dict[str, str]
) -> None:
    log_a_lead(
        by=cast.member_a,
        investor=COMPANY,
        uscc=a_uscc(5),
        title="绝密标题",
        contact_name="王经理",
        contact_phone="13812345678",
    )
    told = check(as_(client, cast.member_b), **known)
    assert "航空航天专班" in told
    assert reverse("admin:leads_request_ruling") in told
    shown = set(known.values())  # what one typed oneself may stand in the link
    for word in {"绝密标题", "王经理", COMPANY, "member_a", "13812345678"} - shown:
        assert word not in told


def test_check_names_the_leads_that_one_sees(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY, title="我们的线索")
    told = check(as_(client, cast.second_member_a), investor="翼飞复合材料")
    assert "我们的线索" in told
    assert page_of(lead) in told
    assert "o-notice--red" not in told


def test_check_is_silent_on_a_confidential_lead_of_the_own_team(client: Client, cast: Cast) -> None:
    log_a_lead(
        by=cast.member_a, investor=COMPANY, title="机密", confidential=True, code_name="鸿雁"
    )
    told = check(as_(client, cast.second_member_a), investor=COMPANY)
    assert "机密" not in told
    assert "鸿雁" not in told


def test_check_of_a_free_company_says_so(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a, investor=COMPANY)
    Claim.objects.update(lapses_on=timezone.localdate() - timedelta(days=1))
    as_(client, cast.member_b)
    for name in (COMPANY, "从未听说的公司"):
        assert "o-notice--green" in check(client, investor=name)
    assert check(client, investor="  ", uscc="x").strip() == ""


def test_check_is_for_those_who_log_leads_and_never_an_address(client: Client, cast: Cast) -> None:
    assert as_(client, cast.member_a).get(reverse(CHECK)).status_code == 405
    for person in (cast.chain_leader_a, cast.outsider):
        assert as_(client, person).post(reverse(CHECK), {"investor": "x"}).status_code == 403
