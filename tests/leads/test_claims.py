"""First to file holds the company (首报首谈): who is stopped, what is told, how it ends."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.utils import timezone

from kfq_crm.base.errors import RuleViolation
from leads.actions.claims import (
    ClaimHeld,
    lapse_claims,
    release_claim,
    request_ruling,
    rule_on_claim,
)
from leads.actions.enterprises import register_enterprise, update_contact, update_enterprise
from leads.actions.pipeline import advance_lead, exit_lead, reopen_lead
from leads.models import (
    Claim,
    ClaimKey,
    ClaimRule,
    ClaimState,
    Contact,
    Enterprise,
    Lead,
    Ruling,
    RulingRequest,
)
from leads.permissions import NotAllowed
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import (
    a_company_name,
    a_contact,
    a_contract,
    a_uscc,
    follow_up,
    lead_in,
    log_a_lead,
    screen,
)
from tests.threads import at_once

MONDAY = datetime(2026, 3, 2, 10, 0, tzinfo=ZoneInfo("Asia/Shanghai"))
DAY = timedelta(days=1)
COMPANY = "江苏航天信控动力有限公司"


def holders() -> dict[str, str]:
    """Company and team of each claim in force."""
    return {claim.enterprise.name: claim.team.name for claim in Claim.objects.active()}


def held_keys() -> set[tuple[str, str]]:
    return set(ClaimKey.objects.values_list("kind", "value"))


# --- Who is stopped -------------------------------------------------------------------------

FIRST = {
    "investor": COMPANY,
    "uscc": a_uscc(7),
    "parent_group": "航天科技控股集团",
    "contact_name": "王经理",
    "contact_phone": "138 1234 5678",
}
SAME = {
    "same code under another name": {"investor": "全新名称有限公司", "uscc": a_uscc(7)},
    "same parent group": {"investor": "另一子公司", "parent_group": "航天科技控股集团公司"},
    "the parent itself": {"investor": "航天科技控股集团有限公司"},
    "same name": {"investor": COMPANY},
    "short form of the name": {"investor": "航天信控动力"},
    "full-width brackets and group": {"investor": "江苏航天信控动力（集团）股份有限公司"},
    "blanks and width": {"investor": " 航天信控 动力有限公司 "},
    "named as somebody's parent": {"investor": "某子公司", "parent_group": COMPANY},
    "same phone": {
        "investor": "完全无关有限公司",
        "contact_name": "王总",
        "contact_phone": "+86 138-1234-5678",
    },
}


@pytest.mark.parametrize("second", SAME.values(), ids=SAME.keys())
def test_second_team_is_stopped_by_any_key(cast: Cast, second: dict[str, Any]) -> None:
    log_a_lead(by=cast.member_a, now=MONDAY, **FIRST)
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, now=MONDAY + DAY, **second)
    assert Lead.objects.count() == Enterprise.objects.count() == Contact.objects.count() == 1
    assert Claim.objects.get().team == cast.team_a


@pytest.mark.parametrize("first", ["same parent group", "same phone", "named as somebody's parent"])
def test_match_works_in_either_order(cast: Cast, first: str) -> None:
    log_a_lead(by=cast.member_a, now=MONDAY, **SAME[first])
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, now=MONDAY, **FIRST)


def test_second_team_is_told_team_and_date_and_nothing_else(cast: Cast) -> None:
    lead = log_a_lead(
        by=cast.member_a, now=MONDAY, title="机密火箭", confidential=True, code_name="蓝鲸", **FIRST
    )
    with pytest.raises(ClaimHeld) as held:
        log_a_lead(by=cast.member_b, investor="无关公司", uscc=a_uscc(7), now=MONDAY)
    assert str(held.value) == "该企业已由航空航天专班于2026年3月2日首报首谈。"
    assert (held.value.code, held.value.field) == ("claim_held", "investor")
    for secret in (lead.title, COMPANY, "蓝鲸", str(cast.member_a), "王经理", "5678"):
        assert secret not in str(held.value)


def test_unrelated_company_is_free(cast: Cast) -> None:
    log_a_lead(by=cast.member_a, **FIRST)
    log_a_lead(by=cast.member_b, investor="远山食品有限公司", uscc=a_uscc(8))
    assert holders() == {COMPANY: "航空航天专班", "远山食品有限公司": "新材料专班"}


def test_own_team_logs_the_same_company_again_on_one_claim(cast: Cast) -> None:
    first = log_a_lead(by=cast.member_a, **FIRST)
    second = log_a_lead(by=cast.second_member_a, investor=COMPANY, title="二期")
    assert second.claim == first.claim


def test_own_company_is_not_refused_for_a_contact_that_another_team_knows(cast: Cast) -> None:
    log_a_lead(by=cast.member_a, investor=COMPANY)
    log_a_lead(
        by=cast.member_b, investor="远山食品", contact_name="王", contact_phone="13812345678"
    )
    log_a_lead(by=cast.member_a, investor=COMPANY, contact_name="王", contact_phone="13812345678")
    phone = ClaimKey.objects.get(kind="phone")
    assert phone.claim.team == cast.team_b


# --- Keys follow the company ----------------------------------------------------------------


def test_code_entered_later_is_held(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    update_enterprise(
        enterprise=lead.enterprise, values={"uscc": a_uscc(7)}, by=cast.member_a, expected=1
    )
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, investor="无关公司", uscc=a_uscc(7))


def test_contact_added_later_is_held_and_a_corrected_number_is_let_go(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    contact = a_contact(lead, by=cast.member_a, team=cast.team_a, phone="13812345678")
    assert ("phone", "13812345678") in held_keys()
    update_contact(contact=contact, values={"phone": "13900000000"}, by=cast.member_a, expected=1)
    assert ("phone", "13812345678") not in held_keys()
    assert ("phone", "13900000000") in held_keys()


def test_corrected_name_frees_the_wrong_one(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor="打错字有限公司")
    update_enterprise(
        enterprise=lead.enterprise, values={"name": COMPANY}, by=cast.member_a, expected=1
    )
    log_a_lead(by=cast.member_b, investor="打错字有限公司")
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, investor=COMPANY)


@pytest.mark.parametrize(
    "values", [{"name": COMPANY}, {"parent_group": "航天科技控股集团"}, {"parent_group": COMPANY}]
)
def test_company_cannot_be_renamed_past_a_claim(cast: Cast, values: dict[str, str]) -> None:
    log_a_lead(by=cast.member_a, **FIRST)
    lead = log_a_lead(by=cast.member_b, investor="不起眼的名字有限公司")
    with pytest.raises(ClaimHeld) as held:
        update_enterprise(enterprise=lead.enterprise, values=values, by=cast.member_b, expected=1)
    assert held.value.field == "name"
    lead.enterprise.refresh_from_db()
    assert lead.enterprise.name == "不起眼的名字有限公司"


def test_shared_key_stays_held_through_a_sister_company(cast: Cast) -> None:
    """Both companies of a group are the team's; when one claim ends, the group is still its."""
    first = log_a_lead(by=cast.member_a, investor="南方子公司", parent_group="宏源集团")
    log_a_lead(by=cast.member_a, investor="北方子公司", parent_group="宏源集团")
    release_claim(claim=first.claim, by=cast.head_a)
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, investor="西部子公司", parent_group="宏源集团")


def test_shared_phone_stays_held_through_a_sister_company(cast: Cast) -> None:
    phone = {"contact_name": "王", "contact_phone": "13812345678"}
    first = log_a_lead(by=cast.member_a, investor="南方子公司", **phone)
    log_a_lead(by=cast.member_a, investor="北方工厂", **phone)
    release_claim(claim=first.claim, by=cast.head_a)
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, investor="西部工厂", **phone)


# --- Hidden companies -----------------------------------------------------------------------


def test_registering_a_hidden_company_tells_nothing_of_it(cast: Cast) -> None:
    log_a_lead(by=cast.member_a, **FIRST)
    with pytest.raises(RuleViolation) as refusal:
        register_enterprise(name=COMPANY, by=cast.member_b, team=cast.team_b)
    assert (refusal.value.code, refusal.value.field) == ("on_record", "name")
    assert COMPANY not in str(refusal.value)


def test_company_is_registered_once(cast: Cast) -> None:
    first = register_enterprise(name=COMPANY, by=cast.member_a, team=cast.team_a)
    again = register_enterprise(name="航天信控动力", by=cast.member_a, team=cast.team_a)
    assert first == again


# --- Lapse, progress, release ---------------------------------------------------------------


def test_claim_holds_ninety_days_and_lapses_on_the_day_after(cast: Cast) -> None:
    log_a_lead(by=cast.member_a, now=MONDAY, **FIRST)
    assert lapse_claims(now=MONDAY + 90 * DAY) == 0
    with pytest.raises(ClaimHeld):
        log_a_lead(by=cast.member_b, now=MONDAY + 90 * DAY, investor=COMPANY)
    assert lapse_claims(now=MONDAY + 91 * DAY) == 1
    claim = Claim.objects.get()
    assert (claim.state, claim.ended_on) == (ClaimState.LAPSED, date(2026, 6, 1))
    assert held_keys() == set()
    assert lapse_claims(now=MONDAY + 91 * DAY) == 0


def test_overdue_claim_gives_way_before_the_sweep_comes(cast: Cast) -> None:
    first = log_a_lead(by=cast.member_a, now=MONDAY, **FIRST)
    second = log_a_lead(by=cast.member_b, now=MONDAY + 91 * DAY, investor=COMPANY)
    first.claim.refresh_from_db()
    assert first.claim.state == ClaimState.LAPSED
    assert second.claim.team == cast.team_b
    assert second.enterprise == first.enterprise


def test_rule_row_in_force_on_the_day_decides(cast: Cast) -> None:
    ClaimRule.objects.create(valid_from=date(2026, 3, 3), days_without_progress=30)
    old = log_a_lead(by=cast.member_a, now=MONDAY)
    new = log_a_lead(by=cast.member_a, now=MONDAY + DAY)
    assert old.claim.lapses_on == date(2026, 5, 31)
    assert new.claim.lapses_on == date(2026, 4, 2)


def test_without_a_rule_no_claim_is_made(cast: Cast) -> None:
    ClaimRule.objects.all().delete()
    with pytest.raises(RuleViolation) as refusal:
        log_a_lead(by=cast.member_a)
    assert refusal.value.code == "claim_rule_missing"
    assert not Enterprise.objects.exists()


def test_only_progress_renews(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    follow_up(lead, by=cast.member_a, now=MONDAY + 30 * DAY)
    lead.claim.refresh_from_db()
    assert lead.claim.lapses_on == date(2026, 5, 31)
    follow_up(lead, by=cast.member_a, now=MONDAY + 30 * DAY, is_progress=True)
    lead.claim.refresh_from_db()
    assert lead.claim.lapses_on == date(2026, 6, 30)


def test_progress_logged_late_does_not_shorten_a_claim(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    follow_up(
        lead,
        by=cast.member_a,
        now=MONDAY + DAY,
        is_progress=True,
        occurred_at=MONDAY - 20 * DAY,
    )
    lead.claim.refresh_from_db()
    assert lead.claim.lapses_on == date(2026, 5, 31)


def test_progress_after_a_lapse_claims_anew(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, now=MONDAY)
    lapse_claims(now=MONDAY + 100 * DAY)
    follow_up(lead, by=cast.member_a, now=MONDAY + 101 * DAY, is_progress=True)
    lead.refresh_from_db()
    assert (lead.claim.state, lead.claim.claimed_on) == (ClaimState.ACTIVE, date(2026, 6, 11))
    assert Claim.objects.filter(state=ClaimState.LAPSED).count() == 1


def test_team_whose_claim_lapsed_stops_when_another_has_claimed(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    screen(lead, by=cast.member_a)
    log_a_lead(by=cast.member_b, investor=COMPANY, now=MONDAY + 100 * DAY)
    later = MONDAY + 101 * DAY
    verbs = [
        lambda: follow_up(lead, by=cast.member_a, now=later),
        lambda: follow_up(lead, by=cast.member_a, now=later, is_progress=True),
        lambda: advance_lead(lead=lead, by=cast.member_a, now=later),
        lambda: a_contract(lead, by=cast.member_a, now=later),
    ]
    for verb in verbs:
        with pytest.raises(ClaimHeld, match="新材料专班"):
            verb()
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a)


def test_head_gives_a_company_up(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, **FIRST)
    released = release_claim(claim=lead.claim, by=cast.head_a)
    assert (released.state, released.ended_on) == (ClaimState.RELEASED, timezone.localdate())
    log_a_lead(by=cast.member_b, investor=COMPANY)
    assert holders() == {COMPANY: "新材料专班"}
    with pytest.raises(RuleViolation) as ended:
        release_claim(claim=lead.claim, by=cast.head_a)
    assert ended.value.code == "claim_ended"


def test_giving_up_is_for_the_head_and_the_office(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    with pytest.raises(NotAllowed):
        release_claim(claim=lead.claim, by=cast.member_a)
    with pytest.raises(Claim.DoesNotExist):
        release_claim(claim=lead.claim, by=cast.head_b)
    assert release_claim(claim=lead.claim, by=cast.coordinator).state == ClaimState.RELEASED


def test_passing_a_lead_on_frees_the_company(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    exit_lead(lead=lead, exit="transferred", detail="转新材料专班", by=cast.member_a)
    second = log_a_lead(by=cast.member_b, investor=COMPANY)
    assert second.claim.team == cast.team_b
    with pytest.raises(ClaimHeld):
        reopen_lead(lead=lead, reason="想要回来", by=cast.member_a)


def test_passing_one_of_two_leads_on_keeps_the_company(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    log_a_lead(by=cast.member_a, investor=COMPANY)
    exit_lead(lead=lead, exit="transferred", detail="转新材料专班", by=cast.member_a)
    assert holders() == {COMPANY: "航空航天专班"}


@pytest.mark.parametrize(
    "way", [{"exit": "lost", "reason": "contact_lost"}, {"exit": "shelved", "detail": "等土地"}]
)
def test_other_exits_keep_the_company_until_the_claim_lapses(
    cast: Cast, way: dict[str, Any]
) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    if way["exit"] == "shelved":
        way = {**way, "wake_on": timezone.localdate() + 30 * DAY}
    exit_lead(lead=lead, by=cast.member_a, **way)
    assert holders() == {COMPANY: "航空航天专班"}


def test_reopening_claims_the_company_anew_or_names_who_took_it(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a, now=MONDAY)
    lapse_claims(now=MONDAY + 91 * DAY)
    back = reopen_lead(lead=lead, reason="又联系上", by=cast.member_a, now=MONDAY + 92 * DAY)
    assert back.claim.state == ClaimState.ACTIVE
    exit_lead(lead=lead, exit="lost", reason="contact_lost", by=cast.member_a)
    lapse_claims(now=MONDAY + 400 * DAY)
    log_a_lead(by=cast.member_b, investor=COMPANY, now=MONDAY + 401 * DAY)
    with pytest.raises(ClaimHeld):
        reopen_lead(lead=lead, reason="再来", by=cast.member_a, now=MONDAY + 402 * DAY)
    lead.refresh_from_db()
    assert not lead.is_open


# --- Rulings --------------------------------------------------------------------------------


@pytest.fixture
def request_b(cast: Cast) -> RulingRequest:
    log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    return request_ruling(
        company_name="航天信控动力", team=cast.team_b, grounds="我们先谈的", by=cast.member_b
    )


def rule(request: RulingRequest, holder: Any, by: Any, reasons: str = "先谈者为先") -> Ruling:
    return rule_on_claim(request=request, holder=holder, reasons=reasons, by=by, now=MONDAY)


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
    ask = {"company_name": COMPANY, "grounds": "再问"}
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


# --- What the database holds ----------------------------------------------------------------


def test_database_refuses_a_second_claim_in_force_on_a_company(cast: Cast) -> None:
    claim = log_a_lead(by=cast.member_a).claim
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.create(
            enterprise=claim.enterprise,
            team=cast.team_b,
            claimed_on=claim.claimed_on,
            lapses_on=claim.lapses_on,
        )


def test_database_refuses_a_key_held_twice(cast: Cast) -> None:
    held = log_a_lead(by=cast.member_a).claim.keys.get()
    other = log_a_lead(by=cast.member_b).claim
    with pytest.raises(IntegrityError), transaction.atomic():
        ClaimKey.objects.create(claim=other, kind=held.kind, value=held.value)


def test_database_refuses_an_ended_claim_without_a_day(cast: Cast) -> None:
    claim = log_a_lead(by=cast.member_a).claim
    with pytest.raises(IntegrityError), transaction.atomic():
        Claim.objects.filter(pk=claim.pk).update(state=ClaimState.LAPSED)


# --- At the same moment ---------------------------------------------------------------------

RACES = {
    "by name": ({"investor": COMPANY}, {"investor": "航天信控动力"}),
    "by code": (
        {"investor": "甲公司", "uscc": a_uscc(7)},
        {"investor": "乙公司", "uscc": a_uscc(7)},
    ),
    "by phone": (
        {"investor": "甲公司", "contact_name": "王", "contact_phone": "13812345678"},
        {"investor": "乙公司", "contact_name": "王", "contact_phone": "13812345678"},
    ),
    "by group": (
        {"investor": "甲公司", "parent_group": "宏源集团"},
        {"investor": "乙公司", "parent_group": "宏源集团"},
    ),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("race", RACES.values(), ids=RACES.keys())
def test_of_two_teams_at_once_exactly_one_holds_the_company(
    cast: Cast, race: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    one, other = race
    outcomes = at_once(
        lambda: log_a_lead(by=cast.member_a, **one), lambda: log_a_lead(by=cast.member_b, **other)
    )
    leads = [o for o in outcomes if isinstance(o, Lead)]
    refusals = [o for o in outcomes if isinstance(o, ClaimHeld)]
    assert (len(leads), len(refusals)) == (1, 1), outcomes
    assert Lead.objects.get().claim == Claim.objects.active().get()
    assert Enterprise.objects.count() == 1
    assert str(leads[0].claim.team) in str(refusals[0])


@pytest.mark.django_db(transaction=True)
def test_two_teams_at_once_on_a_company_known_and_free(cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, investor=COMPANY)
    release_claim(claim=lead.claim, by=cast.head_a)
    outcomes = at_once(
        lambda: log_a_lead(by=cast.member_b, investor=COMPANY),
        lambda: follow_up(lead, by=cast.member_a, is_progress=True),
    )
    refusals = [o for o in outcomes if isinstance(o, Exception)]
    assert len(refusals) == 1, outcomes
    assert isinstance(refusals[0], ClaimHeld)
    assert Claim.objects.active().count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_members_of_a_team_at_once_share_company_and_claim(cast: Cast) -> None:
    outcomes = at_once(
        lambda: log_a_lead(by=cast.member_a, investor=COMPANY, uscc=a_uscc(7)),
        lambda: log_a_lead(by=cast.second_member_a, investor="航天信控动力"),
    )
    assert [o for o in outcomes if isinstance(o, Exception)] == []
    assert Enterprise.objects.count() == Claim.objects.count() == 1
    assert Lead.objects.count() == 2


@pytest.mark.django_db(transaction=True)
def test_progress_at_the_moment_of_the_sweep_is_not_lost(cast: Cast) -> None:
    """Either the claim is renewed before the sweep, or made anew after it; it is never lost."""
    lead = log_a_lead(by=cast.member_a, investor=COMPANY, now=MONDAY)
    later = MONDAY + 91 * DAY
    outcomes = at_once(
        lambda: lapse_claims(now=later),
        lambda: follow_up(lead, by=cast.member_a, now=later, is_progress=True),
    )
    assert [o for o in outcomes if isinstance(o, Exception)] == []
    lead.refresh_from_db()
    assert lead.claim == Claim.objects.active().get()
    assert lead.claim.lapses_on == date(2026, 8, 30)
    assert ClaimKey.objects.filter(claim=lead.claim).exists()


@pytest.mark.django_db(transaction=True)
def test_two_sweeps_at_once_end_each_claim_once(cast: Cast) -> None:
    for _ in range(3):
        log_a_lead(by=cast.member_a, investor=a_company_name(), now=MONDAY)
    later = MONDAY + 91 * DAY
    outcomes = at_once(lambda: lapse_claims(now=later), lambda: lapse_claims(now=later))
    assert sum(outcomes) == 3
    assert set(Claim.objects.values_list("state", "version")) == {(ClaimState.LAPSED, 2)}


@pytest.mark.django_db(transaction=True)
def test_two_rulings_at_once_leave_one(cast: Cast) -> None:
    log_a_lead(by=cast.member_a, investor=COMPANY)
    request = request_ruling(
        company_name=COMPANY, team=cast.team_b, grounds="先谈", by=cast.member_b
    )
    outcomes = at_once(
        lambda: rule(request, cast.team_a, cast.coordinator),
        lambda: rule(request, cast.team_b, cast.coordinator),
    )
    rulings = [o for o in outcomes if isinstance(o, Ruling)]
    assert len(rulings) == 1, outcomes
    assert Ruling.objects.get() == rulings[0]
    assert holders() == {COMPANY: rulings[0].holder.name}


def test_signed_lead_keeps_its_claim_by_its_signing(cast: Cast) -> None:
    lead = lead_in(Stage.SIGNED, by=cast.member_a, investor=COMPANY)
    assert lead.claim.state == ClaimState.ACTIVE
