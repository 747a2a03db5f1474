"""Companies and the people in them: codes checked, phones masked, every look on record."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from kfq_crm.base.access import first_broken_line
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import AccessEntry, AccessKind
from leads.actions.enterprises import (
    add_contact,
    register_enterprise,
    reveal_phone,
    update_contact,
    update_enterprise,
)
from leads.models import Contact, Enterprise, Lead
from leads.permissions import NotAllowed
from tests.cast import Cast
from tests.factories import a_contact, a_uscc, an_enterprise, log_a_lead

PHONE, MASKED = "13812345678", "138****5678"


@pytest.fixture
def company(cast: Cast) -> Enterprise:
    return an_enterprise(by=cast.member_a, team=cast.team_a, name="江苏宏源重工有限公司")


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a)


@pytest.fixture
def contact(cast: Cast, lead: Lead) -> Contact:
    return a_contact(lead, by=cast.member_a, team=cast.team_a, phone="138 1234 5678")


def refusal_of(call: Any) -> tuple[str, str | None]:
    with pytest.raises(RuleViolation) as refusal:
        call()
    return refusal.value.code, refusal.value.field


# --- Codes ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "typed", [a_uscc(5), a_uscc(5).lower(), f" {a_uscc(5)[:8]} {a_uscc(5)[8:]} "]
)
def test_credit_code_is_kept_in_one_spelling(cast: Cast, typed: str) -> None:
    assert an_enterprise(by=cast.member_a, team=cast.team_a, uscc=typed).uscc == a_uscc(5)


@pytest.mark.parametrize(
    ("values", "code", "field"),
    [
        ({"name": " "}, "name_missing", "name"),
        ({"name": None}, "name_missing", "name"),
        ({"name": "长" * 121}, "max_length", "name"),
        ({"uscc": a_uscc(5).replace("5", "6")}, "uscc_check_digit", "uscc"),
        ({"uscc": a_uscc(5)[:17]}, "uscc_length", "uscc"),
        ({"uscc": "9132128200000000IO"}, "uscc_characters", "uscc"),
        ({"industry_code": "C9999"}, "industry_code_unknown", "industry_code"),
        ({"industry_code": "37"}, "industry_code_invalid", "industry_code"),
        ({"region_code": "999999"}, "region_code_unknown", "region_code"),
        ({"country": "长" * 41}, "max_length", "country"),
    ],
)
def test_company_is_refused_at_the_field(
    cast: Cast, values: dict[str, Any], code: str, field: str
) -> None:
    refused = refusal_of(lambda: an_enterprise(by=cast.member_a, team=cast.team_a, **values))
    assert refused == (code, field)
    assert not Enterprise.objects.exists()


def test_foreign_parents_have_no_code(cast: Cast) -> None:
    one = an_enterprise(by=cast.member_a, team=cast.team_a, uscc="")
    two = an_enterprise(by=cast.member_a, team=cast.team_a, uscc=None)
    assert one.uscc is two.uscc is None
    with pytest.raises(IntegrityError), transaction.atomic():
        Enterprise.objects.filter(pk=one.pk).update(uscc="")


def test_code_belongs_to_one_company(cast: Cast, company: Enterprise) -> None:
    an_enterprise(by=cast.member_a, team=cast.team_a, uscc=a_uscc(5))
    refused = refusal_of(
        lambda: update_enterprise(
            enterprise=company, values={"uscc": a_uscc(5)}, by=cast.member_a, expected=1
        )
    )
    assert refused == ("uscc_taken", "uscc")


def test_longest_name_has_a_key(cast: Cast) -> None:
    """Characters that fold into several (㈱) make the key longer than the name."""
    company = an_enterprise(by=cast.member_a, team=cast.team_a, name="㋿㍿" * 60)
    assert Enterprise.objects.get(pk=company.pk).name_key


# --- Changing -------------------------------------------------------------------------------


def test_changed_name_is_found_with_all_its_leads(cast: Cast, lead: Lead) -> None:
    update_enterprise(
        enterprise=lead.enterprise, values={"name": "靖江远航科技"}, by=cast.member_a, expected=1
    )
    lead.refresh_from_db()
    assert "远航" in lead.search_text
    assert "jjyhkj" in lead.search_text
    assert lead.version == 1


def test_outdated_page_does_not_change_a_company(cast: Cast, company: Enterprise) -> None:
    change = {"enterprise": company, "by": cast.member_a, "expected": 1}
    update_enterprise(**change, values={"address": "城北"})
    with pytest.raises(VersionConflict):
        update_enterprise(**change, values={"address": "城南"})


@pytest.mark.parametrize("who", ["member_b", "outsider", "disabled"])
def test_hidden_company_is_not_found(cast: Cast, company: Enterprise, who: str) -> None:
    with pytest.raises(Enterprise.DoesNotExist):
        update_enterprise(
            enterprise=company, values={"note": "看"}, by=getattr(cast, who), expected=1
        )


def test_readers_change_nothing(cast: Cast, company: Enterprise) -> None:
    with pytest.raises(NotAllowed):
        update_enterprise(
            enterprise=company, values={"note": "改"}, by=cast.chain_leader_a, expected=1
        )


def test_only_the_office_makes_a_company_public(cast: Cast, company: Enterprise) -> None:
    change = {"enterprise": company, "values": {"is_public": True}, "expected": 1}
    with pytest.raises(NotAllowed):
        update_enterprise(**change, by=cast.head_a)
    assert update_enterprise(**change, by=cast.coordinator).is_public


# --- Contacts -------------------------------------------------------------------------------


def test_whoever_adds_a_contact_owns_the_relation(cast: Cast, contact: Contact) -> None:
    assert (contact.owner, contact.team, contact.phone) == (cast.member_a, cast.team_a, PHONE)


@pytest.mark.parametrize(
    ("who", "shown"),
    [
        ("member_a", PHONE),
        ("second_member_a", MASKED),
        ("head_a", MASKED),
        ("coordinator", MASKED),
        ("chain_leader_a", MASKED),
    ],
)
def test_phone_is_masked_for_all_but_the_owner(
    cast: Cast, contact: Contact, who: str, shown: str
) -> None:
    assert contact.phone_for(getattr(cast, who)) == shown


def test_look_is_on_record_before_the_number_is_given(cast: Cast, contact: Contact) -> None:
    given = reveal_phone(contact=contact, by=cast.second_member_a, address="10.0.0.1")
    entry = AccessEntry.objects.get()
    assert given == PHONE
    assert (entry.kind, entry.actor) == (AccessKind.REVEAL, cast.second_member_a)
    assert (entry.object_id, entry.address) == (contact.pk, "10.0.0.1")
    assert PHONE not in str(entry.detail) + entry.subject
    assert first_broken_line() is None


def test_number_is_not_given_when_the_look_cannot_be_recorded(
    cast: Cast, contact: Contact, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*args: Any, **kwargs: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("leads.actions.enterprises.access.record_access", fail)
    with pytest.raises(OSError, match="disk full"):
        reveal_phone(contact=contact, by=cast.second_member_a)


@pytest.mark.parametrize("who", ["member_b", "outsider", "disabled"])
def test_hidden_contact_is_not_revealed(cast: Cast, contact: Contact, who: str) -> None:
    with pytest.raises(Contact.DoesNotExist):
        reveal_phone(contact=contact, by=getattr(cast, who))
    assert not AccessEntry.objects.exists()


def test_masked_number_that_comes_back_is_kept(cast: Cast, contact: Contact) -> None:
    change = {"contact": contact, "by": cast.second_member_a}
    update_contact(**change, values={"phone": MASKED, "post": "总监"}, expected=1)
    contact.refresh_from_db()
    assert (contact.phone, contact.post) == (PHONE, "总监")
    refused = refusal_of(lambda: update_contact(**change, values={"phone": "138****"}, expected=2))
    assert refused == ("phone_invalid", "phone")


def test_relation_is_not_taken_over_to_read_the_number(cast: Cast, contact: Contact) -> None:
    for thief in (cast.second_member_a, cast.chain_leader_a):
        with pytest.raises(NotAllowed):
            update_contact(contact=contact, values={"owner": thief}, by=thief, expected=1)
    contact.refresh_from_db()
    assert contact.owner == cast.member_a


def test_hand_over_of_a_relation_is_on_record(cast: Cast, contact: Contact) -> None:
    update_contact(
        contact=contact, values={"owner": cast.second_member_a}, by=cast.head_a, expected=1
    )
    entry = AccessEntry.objects.get()
    assert (entry.kind, entry.actor) == (AccessKind.REVEAL, cast.head_a)
    assert entry.detail["owner"] == cast.second_member_a.pk


@pytest.mark.parametrize("who", ["member_b", "outsider", "chain_leader_a"])
def test_contacts_are_added_to_ones_own_team(cast: Cast, lead: Lead, who: str) -> None:
    with pytest.raises((NotAllowed, Enterprise.DoesNotExist)):
        a_contact(lead, by=getattr(cast, who), team=cast.team_a)
    assert not Contact.objects.exists()


def test_contact_is_not_added_to_a_hidden_company(cast: Cast, lead: Lead) -> None:
    with pytest.raises(Enterprise.DoesNotExist):
        a_contact(lead, by=cast.member_b, team=cast.team_b)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "王", "phone": "12345"}, "phone"),
        ({"name": "王", "phone": "84831234"}, "phone"),
        ({"name": "王", "email": "not an address"}, "email"),
    ],
)
def test_contact_is_refused_at_the_field(
    cast: Cast, lead: Lead, values: dict[str, str], field: str
) -> None:
    refused = refusal_of(
        lambda: add_contact(
            enterprise=lead.enterprise, team=cast.team_a, values=values, by=cast.member_a
        )
    )
    assert refused[1] == field


def test_lead_is_found_by_the_last_digits_of_its_own_teams_contacts(
    cast: Cast, lead: Lead, contact: Contact
) -> None:
    lead.refresh_from_db()
    assert "5678" in lead.search_text
    assert "12345678" not in lead.search_text


def test_registering_twice_is_one_company(cast: Cast, company: Enterprise) -> None:
    again = register_enterprise(name="宏源重工（集团）", by=cast.member_a, team=cast.team_a)
    assert again == company
