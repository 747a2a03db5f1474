"""Contact persons: the number for its owner, masked elsewhere, shown once and logged first."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessEntry, User
from leads.actions.enterprises import update_contact
from leads.models import Contact, Lead
from tests.cast import Cast
from tests.factories import a_contact, log_a_lead

pytestmark = pytest.mark.django_db
NUMBER, MASKED = "13812345678", "138****5678"
LIST, ADD = "admin:leads_contact_changelist", "admin:leads_contact_add"


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a)


@pytest.fixture
def contact(cast: Cast, lead: Lead) -> Contact:
    """Known to team A, in the care of member_a."""
    return a_contact(lead, by=cast.member_a, team=cast.team_a, name="秦经理", phone=NUMBER)


def page(contact: Contact, name: str) -> str:
    return reverse(f"admin:leads_contact_{name}", args=[contact.pk])


def company_page(contact: Contact) -> str:
    return reverse("admin:leads_enterprise_page", args=[contact.enterprise_id])


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def reveals() -> list[tuple[str, str, int | None]]:
    entries = AccessEntry.objects.filter(kind="reveal").order_by("number")
    return [(entry.actor.username, entry.subject, entry.object_id) for entry in entries]


# --- Masking ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["second_member_a", "head_a", "coordinator", "chain_leader_a"])
def test_number_is_in_nobody_elses_page(
    client: Client, cast: Cast, contact: Contact, lead: Lead, name: str
) -> None:
    as_(client, getattr(cast, name))
    pages = [
        reverse(LIST),
        company_page(contact),
        page(contact, "change"),
        page(contact, "history"),
        reverse("admin:leads_lead_page", args=[lead.pk]),
    ]
    for address in pages:
        answer = client.get(address, follow=True)
        assert answer.status_code == 200
        assertNotContains(answer, NUMBER)
    assertContains(client.get(company_page(contact)), MASKED)
    assert reveals() == []


def test_owner_reads_the_number(client: Client, cast: Cast, contact: Contact) -> None:
    as_(client, cast.member_a)
    for address in (reverse(LIST), company_page(contact), page(contact, "change")):
        assertContains(client.get(address), NUMBER)


def test_history_masks_the_number_even_for_the_owner(
    client: Client, cast: Cast, contact: Contact
) -> None:
    as_(client, cast.member_a)
    form = {"name": "秦经理", "phone": "13987654321", "expected_version": contact.version}
    client.post(page(contact, "change"), form)
    answer = client.get(page(contact, "history"))
    assertContains(answer, "***")
    for number in (NUMBER, "13987654321"):
        assertNotContains(answer, number)


def test_other_team_sees_no_contact(client: Client, cast: Cast, contact: Contact) -> None:
    as_(client, cast.member_b)
    assertNotContains(client.get(reverse(LIST)), "秦经理")
    for name in ("change", "history", "hand_over"):
        assert client.get(page(contact, name)).status_code == 404
    assert client.post(page(contact, "reveal")).status_code == 404
    assert reveals() == []


@pytest.mark.parametrize("query", [NUMBER, NUMBER[3:7], NUMBER[:5]])
def test_search_does_not_tell_hidden_digits(
    client: Client, cast: Cast, contact: Contact, query: str
) -> None:
    as_(client, cast.second_member_a)
    found = client.get(reverse(LIST), {"q": query}).context["cl"].result_list
    assert list(found) == []


@pytest.mark.parametrize("lookup", ["phone__startswith", "phone_key__contains", "phone"])
def test_number_cannot_be_guessed_by_the_address(
    client: Client, cast: Cast, contact: Contact, lookup: str
) -> None:
    answer = as_(client, cast.second_member_a).get(reverse(LIST), {lookup: NUMBER[:4]})
    assert answer.status_code in {302, 400, 404}


# --- Showing it once -------------------------------------------------------------------------


def test_look_is_logged_before_the_number_is_shown(
    client: Client, cast: Cast, contact: Contact
) -> None:
    as_(client, cast.second_member_a)
    answer = client.post(page(contact, "reveal"), REMOTE_ADDR="10.1.2.3")
    assertContains(answer, NUMBER)
    assert "no-store" in answer.headers["Cache-Control"]
    assert reveals() == [("second_member_a", "contact.phone", contact.pk)]
    assert AccessEntry.objects.get(kind="reveal").address == "10.1.2.3"
    assertNotContains(client.get(company_page(contact)), NUMBER)


def test_look_asks_for_a_sent_form(client: Client, cast: Cast, contact: Contact) -> None:
    as_(client, cast.second_member_a)
    assert client.get(page(contact, "reveal")).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(cast.second_member_a)
    assert strict.post(page(contact, "reveal")).status_code == 403
    assert reveals() == []


def test_leader_reads_no_number(client: Client, cast: Cast, contact: Contact) -> None:
    assert as_(client, cast.chain_leader_a).post(page(contact, "reveal")).status_code == 403
    assert reveals() == []


def test_way_back_stays_inside(client: Client, cast: Cast, contact: Contact) -> None:
    as_(client, cast.second_member_a)
    address = page(contact, "reveal")
    inside = client.post(address, {"next": "/admin/leads/lead/"})
    assert inside.context["back"] == "/admin/leads/lead/"
    outside = client.post(address, {"next": "https://evil.example/"})
    assert outside.context["back"] == company_page(contact)


# --- Adding and changing ---------------------------------------------------------------------


def test_contact_is_added_for_the_own_team(client: Client, cast: Cast, lead: Lead) -> None:
    form = {
        "enterprise": lead.enterprise_id,
        "name": "钱总",
        "phone": "+86 139-8765-4321",
        "team": cast.team_a.pk,
    }
    answer = as_(client, cast.member_a).post(reverse(ADD), form)
    added = Contact.objects.get(name="钱总")
    assertRedirects(answer, company_page(added))
    assert (added.phone, added.owner, added.team) == ("13987654321", cast.member_a, cast.team_a)


def test_wrong_number_is_refused_at_its_field(client: Client, cast: Cast, lead: Lead) -> None:
    form = {"enterprise": lead.enterprise_id, "name": "钱总", "phone": "84831234"}
    answer = as_(client, cast.member_a).post(reverse(ADD), {**form, "team": cast.team_a.pk})
    assert "区号" in str(answer.context["adminform"].form.errors["phone"])


def test_contact_of_a_hidden_company_cannot_be_added(
    client: Client, cast: Cast, lead: Lead
) -> None:
    form = {"enterprise": lead.enterprise_id, "name": "钱总", "team": cast.team_b.pk}
    answer = as_(client, cast.member_b).post(reverse(ADD), form)
    assert answer.context["adminform"].form.errors["enterprise"]
    assertNotContains(answer, lead.enterprise.name)
    assert not Contact.objects.exists()


def test_contact_cannot_be_added_for_another_team(client: Client, cast: Cast, lead: Lead) -> None:
    form = {"enterprise": lead.enterprise_id, "name": "钱总", "team": cast.team_b.pk}
    answer = as_(client, cast.member_a).post(reverse(ADD), form)
    assert answer.context["adminform"].form.errors["team"]


def test_colleague_changes_the_post_and_not_the_number(
    client: Client, cast: Cast, contact: Contact
) -> None:
    form = {
        "name": "秦经理",
        "post": "总经理",
        "phone": "13911112222",
        "owner": cast.second_member_a.pk,
        "expected_version": contact.version,
    }
    as_(client, cast.second_member_a).post(page(contact, "change"), form)
    contact.refresh_from_db()
    assert (contact.post, contact.phone, contact.owner) == ("总经理", NUMBER, cast.member_a)


def test_conflict_page_shows_no_number(client: Client, cast: Cast, contact: Contact) -> None:
    form = {"name": "秦经理", "post": "总经理", "expected_version": contact.version}
    as_(client, cast.member_a).post(page(contact, "change"), {**form, "phone": "13911112222"})
    answer = as_(client, cast.second_member_a).post(
        page(contact, "change"), {**form, "post": "副总"}
    )
    assertContains(answer, "副总", status_code=409)
    for number in (NUMBER, "13911112222"):
        assertNotContains(answer, number, status_code=409)


# --- Handing over ----------------------------------------------------------------------------


def hand_over(client: Client, contact: Contact, owner: User) -> Any:
    form = {"owner": owner.pk, "expected_version": contact.version}
    return client.post(page(contact, "hand_over"), form)


def test_head_hands_the_relation_over(client: Client, cast: Cast, contact: Contact) -> None:
    hand_over(as_(client, cast.head_a), contact, cast.second_member_a)
    contact.refresh_from_db()
    assert contact.owner == cast.second_member_a
    assert reveals() == [("head_a", "contact.owner", contact.pk)]
    assertContains(as_(client, cast.second_member_a).get(company_page(contact)), NUMBER)
    assertNotContains(as_(client, cast.member_a).get(company_page(contact)), NUMBER)


def test_colleague_cannot_take_the_relation(client: Client, cast: Cast, contact: Contact) -> None:
    as_(client, cast.second_member_a)
    assert hand_over(client, contact, cast.second_member_a).status_code == 403
    assertNotContains(client.get(company_page(contact)), page(contact, "hand_over"))
    contact.refresh_from_db()
    assert contact.owner == cast.member_a


@pytest.mark.parametrize("name", ["member_b", "outsider", "disabled", "chain_leader_a"])
def test_relation_stays_in_the_team(
    client: Client, cast: Cast, contact: Contact, name: str
) -> None:
    answer = hand_over(as_(client, cast.head_a), contact, getattr(cast, name))
    assert answer.context["form"].errors["owner"]
    contact.refresh_from_db()
    assert contact.owner == cast.member_a


def test_action_keeps_the_relation_in_the_team(cast: Cast, contact: Contact) -> None:
    for stranger in (cast.member_b, cast.disabled):
        with pytest.raises(RuleViolation) as refused:
            update_contact(
                contact=contact, values={"owner": stranger}, by=cast.head_a, expected=None
            )
        assert refused.value.field == "owner"
    assert reveals() == []


def test_list_takes_as_many_queries_for_many_rows(
    client: Client, cast: Cast, lead: Lead, django_assert_max_num_queries
) -> None:
    a_contact(lead, by=cast.member_a, team=cast.team_a)
    as_(client, cast.member_a)
    with django_assert_max_num_queries(14) as one:
        client.get(reverse(LIST))
    for number in range(49):
        a_contact(lead, by=cast.member_a, team=cast.team_a, phone=f"138{number:08d}")
    with django_assert_max_num_queries(len(one)):
        client.get(reverse(LIST))
