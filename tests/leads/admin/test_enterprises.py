"""Companies in the admin: who sees which, codes at their field, one page with what one may see."""

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.models import User
from leads.actions.enterprises import update_enterprise
from leads.models import Enterprise, LandedProject
from tests.cast import Cast
from tests.factories import a_uscc, an_enterprise, log_a_lead

pytestmark = pytest.mark.django_db
LIST, ADD = "admin:leads_enterprise_changelist", "admin:leads_enterprise_add"
CANARY = "江苏甲金丝雀精密部件有限公司"


def page(company: Enterprise, name: str = "page") -> str:
    return reverse(f"admin:leads_enterprise_{name}", args=[company.pk])


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def facts(**values: str) -> dict[str, str]:
    empty = dict.fromkeys(
        ("uscc", "parent_group", "industry_code", "region_code", "country", "address", "note"), ""
    )
    return {**empty, **values}


def names(client: Client, **query: str) -> set[str]:
    answer = client.get(reverse(LIST), {"tab": "all", **query})
    return {row.name for row in answer.context["cl"].result_list}


# --- Who sees which --------------------------------------------------------------------------


def test_list_holds_exactly_what_one_may_see(client: Client, cast: Cast) -> None:
    hidden = log_a_lead(by=cast.member_a).enterprise
    own = an_enterprise(by=cast.member_a, team=cast.team_a)
    others = an_enterprise(by=cast.member_b, team=cast.team_b)
    public = an_enterprise(by=cast.coordinator, team=cast.team_b, is_public=True)
    seen = {
        name: names(as_(client, getattr(cast, name)))
        for name in ("member_a", "member_b", "chain_leader_a", "coordinator")
    }
    a, b = {hidden.name, own.name, public.name}, {others.name, public.name}
    assert seen == {"member_a": a, "chain_leader_a": a, "member_b": b, "coordinator": a | b}


def test_hidden_company_is_not_there(client: Client, cast: Cast) -> None:
    company = log_a_lead(by=cast.member_a, investor=CANARY, uscc=a_uscc(7)).enterprise
    as_(client, cast.member_b)
    for name in ("page", "change", "history"):
        assert client.get(page(company, name)).status_code == 404
    for query in ({"q": "金丝雀"}, {"q": "jsq"}, {"q": a_uscc(7)}, {}):
        assert names(client, **query) == set()
    assertNotContains(client.get(reverse(LIST)), "金丝雀")


def test_staff_without_a_role_have_no_list(client: Client, cast: Cast) -> None:
    as_(client, cast.outsider)
    assert client.get(reverse(LIST)).status_code == 403
    assert client.get(reverse(ADD)).status_code == 403


def test_leader_reads_and_does_not_write(client: Client, cast: Cast) -> None:
    company = an_enterprise(by=cast.member_a, team=cast.team_a)
    as_(client, cast.chain_leader_a)
    assertNotContains(client.get(page(company)), page(company, "change"))
    assertRedirects(client.get(page(company, "change")), page(company))
    assert client.post(page(company, "change"), facts(name="x")).status_code in {302, 403}
    assert client.get(reverse(ADD)).status_code == 403
    company.refresh_from_db()
    assert company.version == 1


# --- The list --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "query", ["金丝", "jinsique", "jsq", "JSQ", "91321282000000007", "巨人集团"]
)
def test_search_finds_by_chinese_pinyin_and_code(client: Client, cast: Cast, query: str) -> None:
    found = an_enterprise(
        by=cast.member_a, team=cast.team_a, name=CANARY, uscc=a_uscc(7), parent_group="巨人集团"
    )
    an_enterprise(by=cast.member_a, team=cast.team_a)
    assert names(as_(client, cast.member_a), q=query) == {found.name}


def test_list_shows_open_leads_and_the_claim_one_may_see(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    update_enterprise(
        enterprise=lead.enterprise, values={"is_public": True}, by=cast.coordinator, expected=None
    )
    seen = {}
    for name in ("member_a", "member_b", "coordinator"):
        answer = as_(client, getattr(cast, name)).get(reverse(LIST), {"tab": "all"})
        row = answer.context["cl"].result_list[0]
        seen[name] = (row.lead_count, row.claim_team)
    own = (1, cast.team_a.name)
    assert seen == {"member_a": own, "coordinator": own, "member_b": (None, None)}


def test_row_opens_the_page(client: Client, cast: Cast) -> None:
    company = an_enterprise(by=cast.member_a, team=cast.team_a)
    assertContains(as_(client, cast.member_a).get(reverse(LIST)), page(company))


def test_list_takes_as_many_queries_for_many_rows(
    client: Client, cast: Cast, django_assert_max_num_queries
) -> None:
    as_(client, cast.member_a)
    log_a_lead(by=cast.member_a)
    with django_assert_max_num_queries(14) as one:
        client.get(reverse(LIST))
    for _number in range(49):
        an_enterprise(by=cast.member_a, team=cast.team_a)
    with django_assert_max_num_queries(len(one)):
        client.get(reverse(LIST))


@pytest.mark.parametrize("lookup", ["leads__title__startswith", "note__contains", "uscc__lt"])
def test_columns_cannot_be_guessed_by_the_address(client: Client, cast: Cast, lookup: str) -> None:
    answer = as_(client, cast.member_a).get(reverse(LIST), {lookup: "a"})
    assert answer.status_code in {302, 400, 404}


# --- The form --------------------------------------------------------------------------------


def test_company_is_registered_for_the_own_team(client: Client, cast: Cast) -> None:
    form = facts(name="靖江市星河轴承有限公司", uscc=a_uscc(3), region_code="321282")
    answer = as_(client, cast.member_a).post(reverse(ADD), form)
    company = Enterprise.objects.get()
    assertRedirects(answer, page(company))
    assert (company.registered_by, company.uscc) == (cast.team_a, a_uscc(3))


@pytest.mark.parametrize(
    ("field", "typed", "said"),
    [
        ("uscc", a_uscc(3)[:-1] + ("0" if a_uscc(3)[-1] != "0" else "1"), "校验"),
        ("uscc", "123", "18"),
        ("industry_code", "Z99", "C3742"),
        ("region_code", "991282", "99"),
        ("name", " ", "必填"),
    ],
)
def test_wrong_value_is_refused_at_its_field(
    client: Client, cast: Cast, field: str, typed: str, said: str
) -> None:
    form = facts(**{"name": "靖江市星河轴承有限公司", field: typed})
    answer = as_(client, cast.member_a).post(reverse(ADD), form)
    assert said in str(answer.context["adminform"].form.errors[field])
    assert not Enterprise.objects.exists()


def test_full_width_code_is_read(client: Client, cast: Cast) -> None:
    wide = "".join(chr(ord(sign) + 0xFEE0) for sign in a_uscc(3))
    as_(client, cast.member_a).post(reverse(ADD), facts(name="星河轴承", uscc=wide))
    assert Enterprise.objects.get().uscc == a_uscc(3)


def test_company_on_record_leads_to_its_page(client: Client, cast: Cast) -> None:
    known = an_enterprise(by=cast.member_a, team=cast.team_a, name="靖江市星河轴承有限公司")
    answer = as_(client, cast.member_a).post(reverse(ADD), facts(name=known.name, note="x"))
    assertContains(answer, f'href="{page(known)}"')
    assert Enterprise.objects.get().note == ""


def test_hidden_company_is_not_shown_by_registering_it_again(client: Client, cast: Cast) -> None:
    hidden = log_a_lead(by=cast.member_a, investor=CANARY).enterprise
    answer = as_(client, cast.member_b).post(reverse(ADD), facts(name=CANARY))
    assert answer.context["adminform"].form.errors["name"]
    assertNotContains(answer, page(hidden))
    assert Enterprise.objects.count() == 1


def test_only_the_office_says_that_a_company_is_public(client: Client, cast: Cast) -> None:
    company = an_enterprise(by=cast.member_a, team=cast.team_a)
    form = {**facts(name=company.name), "is_public": "on", "expected_version": "1"}
    as_(client, cast.member_a).post(page(company, "change"), form)
    company.refresh_from_db()
    assert not company.is_public
    as_(client, cast.coordinator).post(page(company, "change"), {**form, "expected_version": "2"})
    company.refresh_from_db()
    assert company.is_public


def test_second_save_of_an_outdated_form_is_a_conflict(client: Client, cast: Cast) -> None:
    company = an_enterprise(by=cast.member_a, team=cast.team_a)
    form = {**facts(name=company.name, address="甲路1号"), "expected_version": "1"}
    as_(client, cast.member_a).post(page(company, "change"), form)
    answer = as_(client, cast.head_a).post(page(company, "change"), {**form, "address": "乙路2号"})
    assertContains(answer, "乙路2号", status_code=409)
    company.refresh_from_db()
    assert company.address == "甲路1号"


# --- The page --------------------------------------------------------------------------------


def test_page_shows_what_each_may_see(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, contact_name="秦经理", contact_phone="13812345678")
    company = update_enterprise(
        enterprise=lead.enterprise, values={"is_public": True}, by=cast.coordinator, expected=None
    )
    answer = as_(client, cast.member_a).get(page(company))
    for shown in (lead.title, "秦经理", cast.team_a.name, "13812345678"):
        assertContains(answer, shown)
    answer = as_(client, cast.member_b).get(page(company))
    for hidden in (lead.title, "秦经理", cast.team_a.name, "5678"):
        assertNotContains(answer, hidden)


def test_page_lists_the_projects(client: Client, cast: Cast) -> None:
    company = an_enterprise(by=cast.member_a, team=cast.team_a)
    project = LandedProject.objects.create(
        enterprise=company, chain=cast.chain_a, name="轴承扩产项目", source="第二部分"
    )
    answer = as_(client, cast.member_a).get(page(company))
    assertContains(answer, reverse("admin:leads_landedproject_page", args=[project.pk]))


def test_page_takes_few_queries(client: Client, cast: Cast, django_assert_max_num_queries) -> None:
    company = log_a_lead(by=cast.member_a).enterprise
    for _number in range(9):
        log_a_lead(by=cast.member_a, investor=company.name)
    as_(client, cast.member_a)
    with django_assert_max_num_queries(22):
        client.get(page(company))


def test_history_tells_who_changed_what(client: Client, cast: Cast) -> None:
    company = an_enterprise(by=cast.member_a, team=cast.team_a)
    update_enterprise(
        enterprise=company, values={"address": "甲路1号"}, by=cast.head_a, expected=None
    )
    answer = as_(client, cast.member_a).get(page(company, "history"))
    assertContains(answer, "甲路1号")
    assertContains(answer, str(cast.head_a))
