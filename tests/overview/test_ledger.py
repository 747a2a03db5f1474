"""一链一清单 as a workbook: who gets it, what stands in it, what is on record afterwards."""

import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from openpyxl import load_workbook

from chains.actions.lists import save_record, save_target_company
from chains.models import ChainPolicy, Site, TargetCompany
from kfq_crm.base.models import AccessEntry, AccessKind
from leads.actions.landing import open_project
from leads.models import LandedProject
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import counted_contract, lead_in, log_a_lead
from tests.overview.pages import change, confidential, open_page

Queries = Callable[..., Any]
COMPANIES, LEADS, PROJECTS, POLICIES, SITES = range(5)


def ledger_of(cast: Cast) -> str:
    return reverse("admin:team_ledger", args=[cast.team_a.pk])


def book(client: Client, who: Any, cast: Cast) -> Any:
    response = open_page(client, who, ledger_of(cast))
    assert response.status_code == 200
    return load_workbook(io.BytesIO(response.getvalue()))


def status_for(client: Client, who: Any, cast: Cast) -> int:
    response = open_page(client, who, ledger_of(cast))
    if response.streaming:
        response.getvalue()  # reading to the end closes the file
    return int(response.status_code)


def rows(sheets: Any, number: int) -> Iterator[tuple[Any, ...]]:
    """The rows below the heading."""
    return sheets.worksheets[number].iter_rows(min_row=2, values_only=True)


def a_company(cast: Cast, name: str, **values: Any) -> TargetCompany:
    values = {"name": name, "chain": cast.chain_a, **values}
    return save_target_company(company=TargetCompany(), values=values, by=cast.coordinator)


def test_ledger_is_for_those_who_may_export(client: Client, cast: Cast) -> None:
    found = {name: status_for(client, who, cast) for name, who in cast.people()}
    assert found == {
        "member_a": 200,
        "second_member_a": 200,
        "head_a": 200,
        "coordinator": 200,
        "chain_leader_a": 403,
        "member_b": 404,
        "head_b": 404,
        "outsider": 404,
        "disabled": 302,
    }


def test_ledger_holds_a_sheet_for_each_part(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, title="航空叶片项目", investment=32000)
    log_a_lead(by=cast.member_b, title="别链的项目")
    a_company(cast, "演示航空动力有限公司", region="上海")
    LandedProject.objects.create(name="报告项目", chain=cast.chain_a, source="一.进")
    policy = {"chain": cast.chain_a, "title": "设备补贴", "document_number": "靖政发〔2024〕1号"}
    save_record(record=ChainPolicy(), values=policy, by=cast.coordinator)
    site = {"chain": cast.chain_a, "label": "二号地块", "area_mu": "96.5"}
    save_record(record=Site(), values=site, by=cast.coordinator)
    sheets = book(client, cast.member_a, cast)
    assert len(sheets.sheetnames) == 5
    (found,) = rows(sheets, LEADS)
    assert found[:3] == (lead.number, "航空叶片项目", lead.enterprise.name)
    assert found[5] == 32000
    assert [row[0] for row in rows(sheets, COMPANIES)] == ["演示航空动力有限公司"]
    assert [row[0] for row in rows(sheets, PROJECTS)] == ["报告项目"]
    assert [row[:2] for row in rows(sheets, POLICIES)] == [("设备补贴", "靖政发〔2024〕1号")]
    assert [(row[0], row[2]) for row in rows(sheets, SITES)] == [("二号地块", 96.5)]


def test_headings_are_whole_and_in_front_of_every_column(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a)
    for sheet in book(client, cast.member_a, cast).worksheets:
        heading, *found = sheet.iter_rows(values_only=True)
        assert all(heading)
        assert {len(row) for row in found} <= {len(heading)}


def test_ledger_holds_what_the_person_sees(client: Client, cast: Cast) -> None:
    confidential(by=cast.member_a)
    log_a_lead(by=cast.member_a, title="航空叶片项目")

    def titles(who: Any) -> set[Any]:
        return {row[1] for row in rows(book(client, who, cast), LEADS)}

    assert titles(cast.member_a) == titles(cast.head_a) == {"启明项目", "航空叶片项目"}
    assert titles(cast.second_member_a) == titles(cast.coordinator) == {"航空叶片项目"}


def test_confidential_leads_stand_under_their_code_names(client: Client, cast: Cast) -> None:
    lead = confidential(by=cast.member_a, investor="江苏不可外传精密有限公司")
    change(lead, next_action="拜访不可外传公司")
    everything = [
        str(value)
        for sheet in book(client, cast.member_a, cast).worksheets
        for row in sheet.iter_rows(values_only=True)
        for value in row
    ]
    assert "启明项目" in everything
    assert not [value for value in everything if "不可外传" in value]


def test_project_of_a_confidential_lead_keeps_its_code_name(client: Client, cast: Cast) -> None:
    lead = lead_in(
        Stage.SIGNED,
        by=cast.member_a,
        confidential=True,
        code_name="启明项目",
        title="不可外传的项目名称",
    )
    open_project(contract=counted_contract(lead), by=cast.member_a)
    found = [row[0] for row in rows(book(client, cast.member_a, cast), PROJECTS)]
    assert found == ["启明项目"]


@pytest.mark.parametrize("name", ["=1+1有限公司", "=HYPERLINK(1)公司", "@公司", "+1公司"])
def test_what_people_typed_is_never_a_formula(client: Client, cast: Cast, name: str) -> None:
    a_company(cast, name)
    cell = book(client, cast.member_a, cast).worksheets[COMPANIES]["A2"]
    assert (cell.value, cell.data_type) == (name, "s")


def test_characters_that_no_cell_holds_are_left_out(client: Client, cast: Cast) -> None:
    company = a_company(cast, "演示航空有限公司")
    TargetCompany.objects.filter(pk=company.pk).update(reason="补\x0b链")
    (row,) = rows(book(client, cast.member_a, cast), COMPANIES)
    assert row[6] == "补链"


def test_every_ledger_is_on_record(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a)
    book(client, cast.member_a, cast)
    entry = AccessEntry.objects.get(kind=AccessKind.EXPORT)
    assert (entry.actor, entry.object_id) == (cast.member_a, cast.team_a.pk)
    assert sum(entry.detail["rows"].values()) == 1
    open_page(client, cast.chain_leader_a, ledger_of(cast))
    assert AccessEntry.objects.filter(kind=AccessKind.EXPORT).count() == 1


def test_ledger_is_given_by_get_only(client: Client, cast: Cast) -> None:
    client.force_login(cast.member_a)
    assert client.post(ledger_of(cast)).status_code == 405


@pytest.mark.parametrize("number", [1, 50])
def test_ledger_takes_the_same_queries(
    client: Client, cast: Cast, django_assert_num_queries: Queries, number: int
) -> None:
    for place in range(number):
        log_a_lead(by=cast.member_a)
        a_company(cast, f"演示第{place}航空动力有限公司")
    book(client, cast.member_a, cast)
    with django_assert_num_queries(16):
        client.get(ledger_of(cast)).getvalue()
