"""A second team asks, the office decides, and the decision is final."""

from datetime import date

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from chains.actions.teams import add_member, create_team
from kfq_crm.base.errors import RuleViolation
from leads.actions.claims import (
    ClaimHeld,
    lapse_claims,
    release_claim,
    request_ruling,
    rule_on_claim,
)
from leads.actions.pipeline import advance_lead, exit_lead
from leads.models import (
    Claim,
    ClaimState,
    Lead,
    Ruling,
    RulingRequest,
)
from leads.permissions import NotAllowed
from tests.cast import Cast
from tests.factories import (
    ChainFactory,
    UserFactory,
    a_contact,
    a_contract,
    follow_up,
    log_a_lead,
    screen,
)
from tests.leads.claiming import COMPANY, DAY, MONDAY, holders, rule

# --- Rulings --------------------------------------------------------------------------------


@pytest.fixture
def request_b(cast: Cast) -> RulingRequest:
    log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    return request_ruling(
        company_name="航天信控动力",
        team=cast.team_b,
        grounds="我们先谈的",
        by=cast.member_b,
        now=MONDAY,
    )


def test_ruling_gives_the_company_to_the_asking_team(cast: Cast, request_b: RulingRequest) -> None:
    ruling = rule(request_b, cast.team_b, cast.coordinator)
    assert (ruling.ruled_by, ruling.ruled_at) == (cast.coordinator, MONDAY)
    assert holders() == {COMPANY: "新材料专班"}
    old = request_b.claim
    old.refresh_from_db()
    assert (old.state, old.ended_on) == (ClaimState.OVERRULED, date(2026, 3, 2))
    won = log_a_lead(by=cast.member_b, investor="航天信控动力", now=MONDAY)
    assert won.enterprise.name == COMPANY


def test_overruled_team_goes_no_further(cast: Cast, request_b: RulingRequest) -> None:
    lead = Lead.objects.get()
    screen(lead, by=cast.member_a, now=MONDAY)
    rule(request_b, cast.team_b, cast.coordinator)
    verbs = [
        lambda: follow_up(lead, by=cast.member_a, now=MONDAY),
        lambda: advance_lead(lead=lead, by=cast.member_a, now=MONDAY),
        lambda: a_contract(lead, by=cast.member_a, now=MONDAY),
    ]
    for verb in verbs:
        with pytest.raises(RuleViolation) as refusal:
            verb()
        assert refusal.value.code == "overruled"
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    exit_lead(lead=lead, exit="transferred", detail="依裁定", by=cast.member_a)
    assert holders() == {COMPANY: "新材料专班"}


def test_overruled_team_may_go_on_when_the_winner_gives_up(
    cast: Cast, request_b: RulingRequest
) -> None:
    rule(request_b, cast.team_b, cast.coordinator)
    release_claim(claim=Claim.objects.active().get(), by=cast.head_b)
    follow_up(Lead.objects.get(), by=cast.member_a, is_progress=True)
    assert holders() == {COMPANY: "航空航天专班"}


def test_ruling_can_leave_the_company_where_it_is(cast: Cast, request_b: RulingRequest) -> None:
    rule(request_b, cast.team_a, cast.coordinator)
    assert holders() == {COMPANY: "航空航天专班"}
    request_b.claim.refresh_from_db()
    assert request_b.claim.state == ClaimState.ACTIVE
    follow_up(Lead.objects.get(), by=cast.member_a)


def test_ruling_for_a_holder_whose_claim_lapsed_meanwhile_holds_again(
    cast: Cast, request_b: RulingRequest
) -> None:
    lapse_claims(now=MONDAY + 91 * DAY)
    rule_on_claim(
        request=request_b,
        holder=cast.team_a,
        reasons="先谈者为先",
        by=cast.coordinator,
        now=MONDAY + 92 * DAY,
    )
    assert holders() == {COMPANY: "航空航天专班"}


def test_ruling_moves_the_group_but_no_other_company_of_it(cast: Cast) -> None:
    """The winner must not be stopped by the group it has won; the loser's other work goes on."""
    log_a_lead(by=cast.member_a, investor="南方子公司", parent_group="宏源集团")
    north = log_a_lead(by=cast.member_a, investor="北方子公司", parent_group="宏源集团")
    ask = {"company_name": "西部子公司", "parent": "宏源集团", "grounds": "先谈"}
    request = request_ruling(**ask, team=cast.team_b, by=cast.head_b)
    rule_on_claim(request=request, holder=cast.team_b, reasons="先谈", by=cast.coordinator)
    log_a_lead(by=cast.member_b, investor="西部子公司", parent_group="宏源集团")
    log_a_lead(by=cast.member_b, investor="南方子公司", parent_group="宏源集团")
    follow_up(north, by=cast.member_a, is_progress=True)
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_a, investor="东部子公司", parent_group="宏源集团")
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, investor="北方子公司")


def test_ruling_leaves_a_third_teams_key_alone(cast: Cast) -> None:
    phone = {"contact_name": "王", "contact_phone": "13812345678"}
    log_a_lead(by=cast.member_b, investor="远山食品", **phone)
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    a_contact(lead, by=cast.member_a, team=cast.team_a)
    request = RulingRequest.objects.create(
        claim=lead.claim,
        asking_team=cast.team_b,
        asked_by=cast.member_b,
        company_name=COMPANY,
        grounds="先谈",
    )
    rule(request, cast.team_b, cast.coordinator)
    assert holders() == {"远山食品": "新材料专班", COMPANY: "新材料专班"}


def test_ruling_names_a_third_team_that_claimed_meanwhile(
    cast: Cast, request_b: RulingRequest
) -> None:
    lapse_claims(now=MONDAY + 91 * DAY)
    log_a_lead(by=cast.member_b, investor=COMPANY, now=MONDAY + 92 * DAY)
    with pytest.raises(ClaimHeld) as held:
        rule(request_b, cast.team_a, cast.coordinator)
    assert held.value.field == "holder"
    assert not Ruling.objects.exists()


def test_request_follows_the_company_to_a_third_team(cast: Cast, request_b: RulingRequest) -> None:
    """It would wait for ever: on the claim that ended nobody can be given the company."""
    chain = ChainFactory()
    third = create_team(chain=chain, name="第三专班", by=None)
    member = UserFactory(username="third")
    add_member(team=third, user=member, by=None)
    lapse_claims(now=MONDAY + 91 * DAY)
    log_a_lead(by=member, chain=chain, owner=member, investor=COMPANY, now=MONDAY + 92 * DAY)
    request_b.refresh_from_db()
    assert request_b.claim == Claim.objects.active().get()
    with pytest.raises(RuleViolation):
        rule(request_b, cast.team_a, cast.coordinator)
    rule(request_b, cast.team_b, cast.coordinator)
    assert holders() == {COMPANY: cast.team_b.name}
    assert not RulingRequest.objects.waiting().exists()


def test_request_stays_where_the_asking_team_claims_itself(
    cast: Cast, request_b: RulingRequest
) -> None:
    lapse_claims(now=MONDAY + 91 * DAY)
    log_a_lead(by=cast.member_b, investor=COMPANY, now=MONDAY + 92 * DAY)
    before = request_b.claim
    request_b.refresh_from_db()
    assert request_b.claim == before
    rule(request_b, cast.team_b, cast.coordinator)
    assert holders() == {COMPANY: cast.team_b.name}


def test_ruling_is_final(cast: Cast, request_b: RulingRequest) -> None:
    rule(request_b, cast.team_b, cast.coordinator)
    with pytest.raises(RuleViolation) as again:
        rule(request_b, cast.team_a, cast.coordinator)
    assert again.value.code == "ruled"


@pytest.mark.parametrize("field", ["reasons", "holder", "ruled_by", "ruled_at"])
def test_database_refuses_to_change_a_ruling(
    cast: Cast, request_b: RulingRequest, field: str
) -> None:
    ruling = rule(request_b, cast.team_b, cast.coordinator)
    values = {"reasons": "改了", "holder": cast.team_a, "ruled_by": cast.head_a}
    with pytest.raises(IntegrityError), transaction.atomic():
        Ruling.objects.filter(pk=ruling.pk).update(**{field: values.get(field, timezone.now())})
    with pytest.raises(IntegrityError), transaction.atomic():
        ruling.save()
    with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("UPDATE leads_ruling SET reasons = 'x'")
    ruling.refresh_from_db()
    assert (ruling.reasons, ruling.holder) == ("先谈者为先", cast.team_b)


@pytest.mark.parametrize("who", ["head_a", "head_b", "member_b", "chain_leader_a", "outsider"])
def test_only_the_office_rules(cast: Cast, request_b: RulingRequest, who: str) -> None:
    with pytest.raises(NotAllowed):
        rule(request_b, cast.team_b, getattr(cast, who))


def test_ruling_wants_reasons_and_a_party(cast: Cast, request_b: RulingRequest) -> None:
    with pytest.raises(RuleViolation) as refusal:
        rule(request_b, cast.team_b, cast.coordinator, reasons=" ")
    assert refusal.value.field == "reasons"
    RulingRequest.objects.filter(pk=request_b.pk).update(asking_team=cast.team_a)
    with pytest.raises(RuleViolation) as refusal:
        rule(request_b, cast.team_b, cast.coordinator)
    assert refusal.value.field == "holder"


def test_request_is_asked_once_by_a_party(cast: Cast, request_b: RulingRequest) -> None:
    ask = {"company_name": COMPANY, "grounds": "再问", "now": MONDAY}
    with pytest.raises(RuleViolation) as again:
        request_ruling(**ask, team=cast.team_b, by=cast.head_b)
    assert again.value.code == "already_asked"
    with pytest.raises(RuleViolation) as own:
        request_ruling(**ask, team=cast.team_a, by=cast.member_a)
    assert own.value.code == "not_held"
    with pytest.raises(NotAllowed):
        request_ruling(**ask, team=cast.team_b, by=cast.member_a)
    with pytest.raises(NotAllowed):
        request_ruling(**ask, team=cast.team_a, by=cast.chain_leader_a)


def test_request_wants_grounds_and_a_good_code(cast: Cast, request_b: RulingRequest) -> None:
    ask = {"company_name": COMPANY, "team": cast.team_b, "by": cast.member_b}
    with pytest.raises(RuleViolation) as refusal:
        request_ruling(**ask, grounds=" ")
    assert refusal.value.field == "grounds"
    with pytest.raises(RuleViolation) as refusal:
        request_ruling(**ask, grounds="先谈", uscc="123")
    assert refusal.value.field == "uscc"
