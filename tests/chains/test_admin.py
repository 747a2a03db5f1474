"""Lists and forms of a chain's records: exact sets, writes through actions, the same queries."""

from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client
from django.urls import reverse

from chains.actions.lists import save_record
from chains.models import (
    Chain,
    ChainPolicy,
    Gap,
    Outpost,
    Site,
    TargetCompany,
    TargetState,
)
from chains.roles import ADMINISTRATION, role_group
from tests.cast import Cast
from tests.chains.pages import a_company, listed, page, send
from tests.factories import SegmentFactory, UserFactory, a_uscc, log_a_lead

Queries = Callable[..., Any]


def company_data(chain: Chain, **data: Any) -> dict[str, Any]:
    return {
        "name": "演示航空动力有限公司",
        "chain": chain.pk,
        "state": "sought",
        "segment": "",
        "gap": "",
        "uscc": "",
        "region": "",
        "reason": "",
        "owner": "",
        **data,
    }


# --- Who sees what ---------------------------------------------------------------------------


@pytest.fixture
def both_chains(cast: Cast) -> dict[str, list[Any]]:
    """A row of each list for either chain, that of chain A first."""
    chains = (cast.chain_a, cast.chain_b)
    return {
        "targetcompany": [a_company(cast, f"{chain}演示有限公司", chain=chain) for chain in chains],
        "chainpolicy": [
            save_record(
                record=ChainPolicy(), values={"chain": chain, "title": "补贴"}, by=cast.coordinator
            )
            for chain in chains
        ],
        "site": [
            save_record(
                record=Site(), values={"chain": chain, "label": "地块"}, by=cast.coordinator
            )
            for chain in chains
        ],
    }


@pytest.mark.parametrize("model", ["targetcompany", "chainpolicy", "site"])
def test_lists_of_a_chain_are_its_teams(
    client: Client, cast: Cast, both_chains: dict[str, list[Any]], model: str
) -> None:
    of_a, of_b = both_chains[model]
    seen = {
        name: set(listed(client, who, model))
        for name, who in cast.people()
        if name not in {"outsider", "disabled"}
    }
    assert seen == {
        "member_a": {of_a},
        "second_member_a": {of_a},
        "head_a": {of_a},
        "chain_leader_a": {of_a},
        "member_b": {of_b},
        "head_b": {of_b},
        "coordinator": {of_a, of_b},
    }
    assert page(client, cast.outsider, f"{model}_changelist").status_code == 403
    assert page(client, cast.member_b, f"{model}_change", of_a.pk).status_code == 404
    assert page(client, cast.member_a, f"{model}_change", of_a.pk).status_code == 200


@pytest.mark.parametrize("model", ["targetcompany", "chainpolicy", "site"])
def test_leader_reads_and_saves_nothing(
    client: Client, cast: Cast, both_chains: dict[str, list[Any]], model: str
) -> None:
    own = both_chains[model][0]
    response = send(client, cast.chain_leader_a, f"{model}_change", own.pk, chain=cast.chain_a.pk)
    assert response.status_code == 403
    assert page(client, cast.chain_leader_a, f"{model}_add").status_code == 403


READ_BY_ALL = ["chain", "gap", "anchorfirm", "segmentlink", "outpost", "metric", "annualresult"]


@pytest.mark.parametrize("model", READ_BY_ALL)
def test_taxonomy_is_read_by_all_and_added_by_the_office(
    client: Client, cast: Cast, model: str
) -> None:
    for who in (cast.member_a, cast.chain_leader_a, cast.coordinator):
        assert page(client, who, f"{model}_changelist").status_code == 200
    adds = 403 if model == "chain" else 200  # the nine chains are given
    assert page(client, cast.coordinator, f"{model}_add").status_code == adds
    assert page(client, cast.head_a, f"{model}_add").status_code == 403


@pytest.mark.parametrize("model", [*READ_BY_ALL, "targetcompany", "chainpolicy", "site"])
def test_nothing_is_deleted_by_hand(client: Client, cast: Cast, model: str) -> None:
    Outpost.objects.create(name="上海驻点", city="上海")
    assert page(client, cast.coordinator, f"{model}_delete", 1).status_code in (403, 404)


def test_administrator_sees_the_taxonomy_and_no_list(client: Client, cast: Cast) -> None:
    administrator = UserFactory()
    administrator.groups.add(role_group(ADMINISTRATION))
    assert page(client, administrator, "gap_changelist").status_code == 200
    assert page(client, administrator, "targetcompany_changelist").status_code == 403


# --- Target companies ------------------------------------------------------------------------


def test_member_adds_a_company_to_the_own_list(client: Client, cast: Cast) -> None:
    data = company_data(cast.chain_a, owner=cast.member_a.pk, uscc=a_uscc())
    assert send(client, cast.member_a, "targetcompany_add", **data).status_code == 302
    company = TargetCompany.objects.get()
    assert (company.chain, company.owner, company.uscc) == (cast.chain_a, cast.member_a, a_uscc())
    assert company.name_key


def test_own_chain_is_proposed(client: Client, cast: Cast) -> None:
    response = page(client, cast.member_a, "targetcompany_add")
    form = response.context["adminform"].form
    assert form.initial["chain"] == cast.chain_a.pk
    assert list(form.fields["chain"].queryset) == [cast.chain_a]


def test_gap_that_was_clicked_is_proposed(client: Client, cast: Cast) -> None:
    gap = Gap.objects.create(chain=cast.chain_a, kind="fill", description="缺航电系统")
    response = page(client, cast.member_a, "targetcompany_add", chain=cast.chain_a.pk, gap=gap.pk)
    assert str(response.context["adminform"].form["gap"].value()) == str(gap.pk)


def test_list_of_another_chain_is_refused(client: Client, cast: Cast) -> None:
    response = send(client, cast.member_a, "targetcompany_add", **company_data(cast.chain_b))
    assert response.context["adminform"].form.errors["chain"]
    assert not TargetCompany.objects.exists()


@pytest.mark.parametrize(
    ("field", "value"),
    [("name", ""), ("uscc", "913212820000000000"), ("uscc", "短"), ("owner", "999999")],
)
def test_bad_input_is_refused_at_its_field(
    client: Client, cast: Cast, field: str, value: str
) -> None:
    data = company_data(cast.chain_a, **{field: value})
    response = send(client, cast.member_a, "targetcompany_add", **data)
    assert response.context["adminform"].form.errors[field]
    assert not TargetCompany.objects.exists()


def test_company_stands_on_a_list_once(client: Client, cast: Cast) -> None:
    a_company(cast, "演示航空动力有限公司")
    data = company_data(cast.chain_a, name="演示航空动力 有限责任公司")
    response = send(client, cast.member_a, "targetcompany_add", **data)
    assert response.context["adminform"].form.errors["name"]


@pytest.mark.parametrize("field", ["segment", "gap"])
def test_place_in_another_chain_is_refused(client: Client, cast: Cast, field: str) -> None:
    foreign = {
        "segment": SegmentFactory(chain=cast.chain_b),
        "gap": Gap.objects.create(chain=cast.chain_b, kind="fill", description="缺膜材料"),
    }
    for who in (cast.member_a, cast.coordinator):  # no choice for one, a broken rule for the other
        data = company_data(cast.chain_a, **{field: foreign[field].pk})
        response = send(client, who, "targetcompany_add", **data)
        assert response.context["adminform"].form.errors[field]


def test_owner_is_found_by_typing_not_listed(client: Client, cast: Cast) -> None:
    company = a_company(cast, owner=cast.member_a)
    text = page(client, cast.coordinator, "targetcompany_change", company.pk).content.decode()
    assert str(cast.member_a) in text
    assert str(cast.member_b) not in text
    assert reverse("admin:staff_search") in text


def test_second_save_of_an_outdated_form_is_a_conflict(client: Client, cast: Cast) -> None:
    company = a_company(cast)
    data = company_data(cast.chain_a, region="上海", expected_version=1)
    assert (
        send(client, cast.member_a, "targetcompany_change", company.pk, **data).status_code == 302
    )
    data = company_data(cast.chain_a, region="北京", expected_version=1)
    response = send(client, cast.head_a, "targetcompany_change", company.pk, **data)
    assert response.status_code == 409
    company.refresh_from_db()
    assert (company.region, company.version) == ("上海", 2)


def test_company_becomes_a_lead_by_the_filled_form(client: Client, cast: Cast) -> None:
    segment = SegmentFactory(chain=cast.chain_a)
    company = a_company(cast, segment=segment)
    response = page(client, cast.member_a, "targetcompany_log_lead", company.pk)
    address = urlsplit(response.url)
    assert address.path == reverse("admin:leads_lead_add")
    assert parse_qs(address.query) == {
        "investor": [company.name],
        "chain": [str(cast.chain_a.pk)],
        "segment": [str(segment.pk)],
    }
    assert client.get(response.url).status_code == 200


def test_company_of_another_chain_makes_no_lead(client: Client, cast: Cast) -> None:
    company = a_company(cast)
    hidden = page(client, cast.member_b, "targetcompany_log_lead", company.pk)
    forbidden = page(client, cast.chain_leader_a, "targetcompany_log_lead", company.pk)
    assert (hidden.status_code, forbidden.status_code) == (404, 403)


def test_logging_the_lead_marks_the_company(cast: Cast) -> None:
    company, other = a_company(cast), a_company(cast, "演示飞控有限公司")
    elsewhere = a_company(cast, chain=cast.chain_b)
    log_a_lead(by=cast.member_a, investor="演示航空动力有限公司")
    states = [TargetCompany.objects.get(pk=row.pk).state for row in (company, other, elsewhere)]
    assert states == [TargetState.LEAD, TargetState.SOUGHT, TargetState.SOUGHT]


def test_confidential_lead_does_not_mark_the_company(cast: Cast) -> None:
    """The whole team reads the list; it must not tell what the lead hides."""
    company = a_company(cast)
    log_a_lead(by=cast.member_a, investor=company.name, confidential=True, code_name="启明")
    company.refresh_from_db()
    assert company.state == TargetState.SOUGHT


@pytest.mark.parametrize(
    "words", ["航空动力", "演示航空动力股份有限公司", "江苏 航空", a_uscc()[:8], "ＡＢ航空"]
)
def test_companies_are_found_by_any_spelling(client: Client, cast: Cast, words: str) -> None:
    wanted = a_company(cast, "演示航空动力有限公司", region="江苏南京", uscc=a_uscc())
    a_company(cast, "演示飞控有限公司")
    found = listed(client, cast.member_a, "targetcompany", q=words)
    assert found == ([] if words == "ＡＢ航空" else [wanted])


def test_companies_are_filtered(client: Client, cast: Cast) -> None:
    gap = Gap.objects.create(chain=cast.chain_a, kind="extend", description="延伸低空")
    a = a_company(cast, gap=gap, state=TargetState.APPROACHED)
    b = a_company(cast, "演示材料有限公司", chain=cast.chain_b)
    who = cast.coordinator
    assert listed(client, who, "targetcompany", chain=cast.chain_b.pk) == [b]
    assert listed(client, who, "targetcompany", state="approached") == [a]
    assert listed(client, who, "targetcompany", kind="extend") == [a]


@pytest.mark.parametrize("number", [1, 50])
def test_list_of_companies_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    for place in range(number):
        segment = SegmentFactory(chain=cast.chain_a)
        gap = Gap.objects.create(chain=cast.chain_a, kind="fill", description=f"缺口{place}")
        a_company(
            cast,
            f"演示第{place}公司",
            segment=segment,
            gap=gap,
            owner=UserFactory(display_name="某"),
        )
    client.force_login(cast.member_a)
    with django_assert_num_queries(8):
        client.get(reverse("admin:chains_targetcompany_changelist"))
