"""Who is stopped by a claim, by which key, and what is told."""

from typing import Any

import pytest

from kfq_crm.base.errors import RuleViolation
from leads.actions.claims import (
    ClaimHeld,
    release_claim,
)
from leads.actions.enterprises import register_enterprise, update_contact, update_enterprise
from leads.models import (
    Claim,
    ClaimKey,
    Contact,
    Enterprise,
    Lead,
)
from tests.cast import Cast
from tests.factories import (
    a_contact,
    a_uscc,
    log_a_lead,
)
from tests.leads.claiming import COMPANY, DAY, FIRST, MONDAY, held_keys, holders

# --- Who is stopped -------------------------------------------------------------------------

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


def test_former_holder_does_not_rename_what_another_team_holds(cast: Cast) -> None:
    """Otherwise the company could be taken from under the claim by a name that nobody claims."""
    first = log_a_lead(by=cast.member_a, investor=COMPANY)
    assert first.claim is not None
    release_claim(claim=first.claim, by=cast.head_a)
    log_a_lead(by=cast.member_b, investor=COMPANY)
    held = held_keys()
    with pytest.raises(RuleViolation) as refusal:
        update_enterprise(
            enterprise=first.enterprise,
            values={"name": "另一家公司"},
            by=cast.member_a,
            expected=None,
        )
    assert (refusal.value.code, refusal.value.field) == ("held_by_others", "name")
    assert held_keys() == held
    for person in (cast.member_b, cast.coordinator):
        update_enterprise(
            enterprise=first.enterprise,
            values={"name": f"云翼{person.pk}动力有限公司"},
            by=person,
            expected=None,
        )
