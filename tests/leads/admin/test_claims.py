"""Claims and rulings in the admin: what wanes, giving up, asking, deciding once and for all."""

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.models import User
from leads.actions.claims import ClaimHeld, release_claim, request_ruling, rule_on_claim
from leads.models import Claim, ClaimState, Lead, Ruling, RulingRequest
from tests.cast import Cast
from tests.factories import a_uscc, an_enterprise, log_a_lead

pytestmark = pytest.mark.django_db
COMPANY = "江苏甲金丝雀精密部件有限公司"
LIST, ASK = "admin:leads_claim_changelist", "admin:leads_request_ruling"
REQUESTS, RULINGS = "admin:leads_rulingrequest_changelist", "admin:leads_ruling_changelist"


@pytest.fixture
def lead(cast: Cast) -> Lead:
    """Team A holds the company."""
    return log_a_lead(by=cast.member_a, investor=COMPANY, uscc=a_uscc(7))


@pytest.fixture
def claim(lead: Lead) -> Claim:
    assert lead.claim
    return lead.claim


@pytest.fixture
def asked(cast: Cast, claim: Claim) -> RulingRequest:
    return request_ruling(
        company_name=COMPANY, team=cast.team_b, grounds="三月已在上海面谈", by=cast.member_b
    )


def page(row: Any, name: str = "page") -> str:
    model = row._meta.model_name
    return reverse(f"admin:leads_{model}_{name}", args=[row.pk])


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def rows(client: Client, name: str) -> set[int]:
    answer = client.get(reverse(name), {"tab": "all"})
    return {row.pk for row in answer.context["cl"].result_list}


# --- Claims ----------------------------------------------------------------------------------


def test_claims_are_seen_by_the_team_and_who_rules(client: Client, cast: Cast, lead: Lead) -> None:
    other = log_a_lead(by=cast.member_b).claim
    own = lead.claim
    seen = {
        name: rows(as_(client, getattr(cast, name)), LIST)
        for name in ("member_a", "chain_leader_a", "member_b", "coordinator")
    }
    a, b = {own.pk}, {other.pk}
    assert seen == {"member_a": a, "chain_leader_a": a, "member_b": b, "coordinator": a | b}
    assert as_(client, cast.member_b).get(page(own)).status_code == 404
    assert client.get(page(own, "release")).status_code == 404


def test_claim_of_a_confidential_lead_is_seen_with_it(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY, confidential=True, code_name="启明")
    for name in ("second_member_a", "coordinator", "chain_leader_a"):
        as_(client, getattr(cast, name))
        assertNotContains(client.get(reverse(LIST)), "金丝雀")
        assert client.get(page(lead.claim)).status_code == 404
    assertContains(as_(client, cast.head_a).get(reverse(LIST)), "金丝雀")


@pytest.mark.parametrize(("days", "word"), [(0, "生效中"), (70, "即将失效"), (91, "已过期限")])
def test_what_wanes_says_so(client: Client, cast: Cast, claim: Claim, days: int, word: str) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=days)):
        answer = as_(client, cast.member_a).get(page(claim))
    assert "o-badge--" in answer.context["badge"]
    colour = {"生效中": "green", "即将失效": "amber", "已过期限": "red"}[word]
    assert f"o-badge--{colour}" in answer.context["badge"]


def test_head_gives_a_claim_up_after_reading_the_consequence(
    client: Client, cast: Cast, claim: Claim
) -> None:
    as_(client, cast.head_a)
    assert client.get(page(claim, "release")).context["consequences"]
    assertRedirects(client.post(page(claim, "release")), page(claim))
    claim.refresh_from_db()
    assert claim.state == ClaimState.RELEASED
    assert client.get(page(claim, "release")).context["refusal"]


@pytest.mark.parametrize("name", ["member_a", "chain_leader_a"])
def test_others_do_not_give_a_claim_up(client: Client, cast: Cast, claim: Claim, name: str) -> None:
    as_(client, getattr(cast, name))
    assertNotContains(client.get(page(claim)), page(claim, "release"))
    assert client.post(page(claim, "release")).status_code == 403
    claim.refresh_from_db()
    assert claim.state == ClaimState.ACTIVE


def test_claims_are_not_typed_in(client: Client, cast: Cast, claim: Claim) -> None:
    as_(client, cast.coordinator)
    assert client.get(reverse("admin:leads_claim_add")).status_code == 403
    assertRedirects(client.get(page(claim, "change")), page(claim))
    assert client.post(page(claim, "delete"), {"post": "yes"}).status_code == 403


def test_list_takes_as_many_queries_for_many_rows(
    client: Client, cast: Cast, lead: Lead, django_assert_max_num_queries
) -> None:
    as_(client, cast.member_a)
    with django_assert_max_num_queries(14) as one:
        client.get(reverse(LIST))
    for _number in range(20):
        log_a_lead(by=cast.member_a)
    with django_assert_max_num_queries(len(one)):
        client.get(reverse(LIST))


# --- Asking ----------------------------------------------------------------------------------


def ask(client: Client, cast: Cast, **typed: str) -> Any:
    form = {
        "company_name": COMPANY,
        "uscc": "",
        "phone": "",
        "team": str(cast.team_b.pk),
        "grounds": "三月已在上海面谈",
        **typed,
    }
    return client.post(reverse(ASK), form)


def test_asking_fills_in_what_was_typed(client: Client, cast: Cast) -> None:
    query = {"company": COMPANY, "uscc": a_uscc(7), "phone": "13812345678"}
    answer = as_(client, cast.member_b).get(reverse(ASK), query)
    for typed in query.values():
        assertContains(answer, typed)


@pytest.mark.parametrize(
    "typed",
    [
        {},
        {"company_name": "甲金丝雀精密部件（江苏）有限责任公司"},
        {"company_name": "某某公司", "uscc": a_uscc(7)},
    ],
)
def test_team_asks_for_a_ruling(
    client: Client, cast: Cast, claim: Claim, typed: dict[str, str]
) -> None:
    answer = ask(as_(client, cast.member_b), cast, **typed)
    asked = RulingRequest.objects.get()
    assertRedirects(answer, page(asked))
    assert (asked.claim, asked.asking_team, asked.asked_by) == (claim, cast.team_b, cast.member_b)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"grounds": " "}, "grounds"),
        ({"company_name": "无人认领公司"}, "__all__"),
        ({"uscc": "123"}, "uscc"),
    ],
)
def test_request_is_refused_at_its_field(
    client: Client, cast: Cast, claim: Claim, typed: dict[str, str], field: str
) -> None:
    answer = ask(as_(client, cast.member_b), cast, **typed)
    assert answer.context["form"].errors[field]
    assert not RulingRequest.objects.exists()


def test_one_asks_for_the_own_team_only(client: Client, cast: Cast, claim: Claim) -> None:
    as_(client, cast.member_b)
    assert ask(client, cast, team=str(cast.team_a.pk)).context["form"].errors["team"]
    for name in ("chain_leader_a", "outsider", "coordinator"):
        assert as_(client, getattr(cast, name)).get(reverse(ASK)).status_code == 403


def test_asking_team_learns_no_more_than_the_notice(
    client: Client, cast: Cast, asked: RulingRequest, lead: Lead
) -> None:
    answer = as_(client, cast.member_b).get(page(asked))
    assertContains(answer, cast.team_a.name)
    for hidden in (lead.title, str(cast.member_a), page(asked.claim), page(lead.enterprise)):
        assertNotContains(answer, hidden)
    assertNotContains(answer, asked.claim.lapses_on.strftime("%-m月%-d日"))


# --- The holder is not told who asks ---------------------------------------------------------


def test_holder_is_told_nothing_before_the_ruling(
    client: Client, cast: Cast, asked: RulingRequest, claim: Claim
) -> None:
    for name in ("member_a", "head_a", "chain_leader_a"):
        as_(client, getattr(cast, name))
        assert rows(client, REQUESTS) == set()
        assert rows(client, RULINGS) == set()
        assert client.get(page(asked)).status_code == 404
        assertNotContains(client.get(page(claim)), cast.team_b.name)


def test_both_teams_read_the_ruling(
    client: Client, cast: Cast, asked: RulingRequest, claim: Claim
) -> None:
    ruling = rule_on_claim(
        request=asked, holder=cast.team_b, reasons="先谈者为乙方", by=cast.coordinator
    )
    for name in ("member_a", "member_b", "coordinator"):
        as_(client, getattr(cast, name))
        assert rows(client, RULINGS) == {ruling.pk}
        answer = client.get(page(ruling))
        assertContains(answer, "先谈者为乙方")
        assertContains(answer, cast.team_b.name)
    assertContains(as_(client, cast.member_b).get(page(asked)), "先谈者为乙方")
    assertContains(as_(client, cast.member_a).get(page(claim)), "先谈者为乙方")
    assert as_(client, cast.member_a).get(page(asked)).status_code == 404


# --- Ruling ----------------------------------------------------------------------------------


def rule(client: Client, asked: RulingRequest, holder: Any, **extra: str) -> Any:
    form = {"holder": holder.pk, "reasons": "先谈者为乙方", **extra}
    return client.post(page(asked, "rule"), form)


def test_consequence_is_named_before_anything_is_written(
    client: Client, cast: Cast, asked: RulingRequest, claim: Claim
) -> None:
    answer = rule(as_(client, cast.coordinator), asked, cast.team_b)
    assertContains(answer, "不能修改")
    assertContains(answer, 'name="confirmed"')
    assert not Ruling.objects.exists()
    assertRedirects(rule(client, asked, cast.team_b, confirmed="1"), page(asked))
    claim.refresh_from_db()
    assert claim.state == ClaimState.OVERRULED
    assert Claim.objects.active().get().team == cast.team_b


def test_coordinator_reads_both_sides(
    client: Client, cast: Cast, asked: RulingRequest, claim: Claim
) -> None:
    answer = as_(client, cast.coordinator).get(page(asked, "rule"))
    for shown in (cast.team_a.name, cast.team_b.name, "三月已在上海面谈", COMPANY):
        assertContains(answer, shown)


def test_ruling_is_never_given_twice(client: Client, cast: Cast, asked: RulingRequest) -> None:
    as_(client, cast.coordinator)
    rule(client, asked, cast.team_a, confirmed="1")
    answer = rule(client, asked, cast.team_b, confirmed="1")
    assert answer.status_code == 200
    assert answer.context["refusal"]
    assert Ruling.objects.get().holder == cast.team_a
    assert client.get(page(asked, "rule")).context["refusal"]


def test_ruling_without_reasons_is_refused(
    client: Client, cast: Cast, asked: RulingRequest
) -> None:
    as_(client, cast.coordinator)
    answer = rule(client, asked, cast.team_a, reasons=" ", confirmed="1")
    assert answer.context["form"].errors["reasons"]
    assert not Ruling.objects.exists()


def test_third_team_cannot_win(client: Client, cast: Cast, asked: RulingRequest) -> None:
    third = type(cast.team_a)(pk=99999)
    answer = rule(as_(client, cast.coordinator), asked, third, confirmed="1")
    assert answer.context["form"].errors["holder"]


@pytest.mark.parametrize("name", ["member_b", "head_b"])
def test_asking_team_does_not_rule(
    client: Client, cast: Cast, asked: RulingRequest, name: str
) -> None:
    as_(client, getattr(cast, name))
    assert client.get(page(asked, "rule")).status_code == 403
    assert rule(client, asked, cast.team_b, confirmed="1").status_code == 403
    assert not Ruling.objects.exists()


def test_rulings_and_requests_are_read_only(
    client: Client, cast: Cast, asked: RulingRequest
) -> None:
    ruling = rule_on_claim(request=asked, holder=cast.team_a, reasons="维持", by=cast.coordinator)
    as_(client, cast.coordinator)
    for row in (ruling, asked):
        assertRedirects(client.get(page(row, "change")), page(row))
        client.post(page(row, "change"), {"reasons": "改", "grounds": "改"})
        assert client.post(page(row, "delete"), {"post": "yes"}).status_code == 403
        assert client.get(page(row, "history")).status_code == 404
    assert Ruling.objects.get().reasons == "维持"
    for name in ("leads_ruling_add", "leads_rulingrequest_add"):
        assert client.get(reverse(f"admin:{name}")).status_code == 403


def test_list_tells_waiting_from_ruled(client: Client, cast: Cast, asked: RulingRequest) -> None:
    as_(client, cast.coordinator)
    waiting = client.get(reverse(REQUESTS), {"tab": "waiting"}).context["cl"].result_list
    assert [row.pk for row in waiting] == [asked.pk]
    rule_on_claim(request=asked, holder=cast.team_a, reasons="维持", by=cast.coordinator)
    ruled = client.get(reverse(REQUESTS), {"tab": "ruled"}).context["cl"].result_list
    assert [row.pk for row in ruled] == [asked.pk]
    assert not client.get(reverse(REQUESTS), {"tab": "waiting"}).context["cl"].result_list


def test_released_claim_frees_the_company(client: Client, cast: Cast, claim: Claim) -> None:
    release_claim(claim=claim, by=cast.head_a)
    answer = ask(as_(client, cast.member_b), cast)
    assert answer.context["form"].errors["__all__"]


def test_whoever_is_refused_for_the_group_may_ask(client: Client, cast: Cast) -> None:
    """What a team is refused with when it logs a company, it can ask about."""
    sister = log_a_lead(by=cast.member_a, investor="星海甲公司", parent_group="星海集团").claim
    an_enterprise(by=cast.coordinator, team=None, name="星海乙公司", parent_group="星海集团")
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, investor="星海乙公司")
    ask(as_(client, cast.member_b), cast, company_name="星海乙公司")
    assert RulingRequest.objects.get().claim == sister


def test_claim_past_its_day_needs_no_ruling(client: Client, cast: Cast, claim: Claim) -> None:
    with time_machine.travel(timezone.now() + timedelta(days=91)):
        answer = ask(as_(client, cast.member_b), cast)
    assert answer.context["form"].errors["__all__"]
