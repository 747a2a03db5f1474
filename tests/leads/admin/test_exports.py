"""Lists as XLSX: the rows that one sees, without secrets, on record in the access log."""

from decimal import Decimal
from io import BytesIO
from typing import Any

import openpyxl
import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.access import first_broken_line
from kfq_crm.base.models import AccessEntry, AccessKind, User
from leads.admin import lead_exports
from leads.models import Lead
from tests.cast import Cast
from tests.factories import a_contact, a_uscc, log_a_lead

pytestmark = pytest.mark.django_db
EXPORT, LIST = "admin:leads_lead_export", "admin:leads_lead_changelist"


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def export(client: Client, **narrowed: Any) -> HttpResponse:
    query = "&".join(f"{key}={value}" for key, value in {"tab": "all", **narrowed}.items())
    return client.post(f"{reverse(EXPORT)}?{query}")


def sheet_of(answer: Any) -> Any:
    assert answer.status_code == 200
    content = b"".join(answer.streaming_content)
    return openpyxl.load_workbook(BytesIO(content)).active


def table(answer: Any) -> list[tuple[Any, ...]]:
    """Head and rows of the file."""
    return list(sheet_of(answer).values)


def column(answer: Any, name: str) -> set[Any]:
    head, *rows = table(answer)
    return {row[head.index(name)] for row in rows}


def test_file_holds_exactly_the_rows_that_one_sees(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a, title="甲链的")
    log_a_lead(by=cast.member_b, title="乙链的")
    log_a_lead(by=cast.member_b, title="共享的", secondary_chains=[cast.chain_a])
    log_a_lead(by=cast.member_a, title="机密的", confidential=True, code_name="鸿雁")
    seen = {
        person: column(export(as_(client, getattr(cast, person))), "项目名称")
        for person in ("member_a", "second_member_a", "member_b", "coordinator")
    }
    assert seen == {
        "member_a": {"甲链的", "共享的", "鸿雁"},
        "second_member_a": {"甲链的", "共享的"},
        "member_b": {"乙链的", "共享的"},
        "coordinator": {"甲链的", "乙链的", "共享的"},
    }


def test_head_is_chinese_and_amounts_are_numbers(client: Client, cast: Cast) -> None:
    log_a_lead(
        by=cast.member_a, investment=Decimal(5000), currency="USD", secondary_chains=[cast.chain_b]
    )
    head, row = table(export(as_(client, cast.member_a)))
    assert len(head) == len(lead_exports.COLUMNS)
    assert not [text for text in head if any(char.isascii() and char.isalpha() for char in text)]
    facts = dict(zip(head, row, strict=True))
    assert (facts["币种"], facts["关联产业链"], facts["阶段"]) == ("美元", "新材料", "线索")
    assert 5000 in row


def test_narrowed_list_gives_a_narrowed_file(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a, title="三亿", investment=Decimal(30000))
    log_a_lead(by=cast.second_member_a, title="同事的")
    as_(client, cast.member_a)
    assert column(export(client, amount_from="2亿"), "项目名称") == {"三亿"}
    assert column(export(client, tab="mine"), "项目名称") == {"三亿"}
    assert column(export(client, q="同事"), "项目名称") == {"同事的"}


def test_ticked_rows_alone(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a, title="勾选的")
    log_a_lead(by=cast.member_a, title="没有勾选的")
    hidden = log_a_lead(by=cast.member_b, title="看不见的")
    data = {"action": "export_selected", "_selected_action": [lead.pk, hidden.pk]}
    answer = as_(client, cast.member_a).post(f"{reverse(LIST)}?tab=all", data)
    assert column(answer, "项目名称") == {"勾选的"}
    assert AccessEntry.objects.get(kind=AccessKind.EXPORT).detail["ticked"] is True


def test_confidential_lead_goes_by_its_code_name(client: Client, cast: Cast) -> None:
    secret = {
        "title": "机密标题",
        "investor": "机密投资方有限公司",
        "uscc": a_uscc(3),
        "confidential": True,
        "code_name": "鸿雁",
        "next_action": "去机密投资方",
        "waiting_for": "investor",
        "waiting_detail": "机密投资方李总",
    }
    log_a_lead(by=cast.member_a, **secret)
    text = str(table(export(as_(client, cast.member_a))))
    assert "鸿雁" in text
    assert "机密标题" not in text
    assert "机密投资方" not in text
    assert a_uscc(3) not in text


def test_no_telephone_leaves_with_a_file(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    a_contact(lead, by=cast.member_a, team=cast.team_a, phone="13812345678")
    answer = export(as_(client, cast.member_a))
    assert "138" not in str(table(answer)).replace(lead.number, "")


@pytest.mark.parametrize("text", ["=1+1", "+SUM(A1)", "-2", "@cmd", '=HYPERLINK("x")'])
def test_no_cell_is_a_formula(client: Client, cast: Cast, text: str) -> None:
    log_a_lead(by=cast.member_a, title=text, investor=f"{text} 有限公司", next_action=text)
    sheet = sheet_of(export(as_(client, cast.member_a)))
    cells = [cell for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
    assert not [cell for cell in cells if str(cell.value or "").startswith(("=", "+", "@"))]
    assert f"'{text}" in {cell.value for cell in cells}


def test_every_export_is_on_record(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a)
    table(export(as_(client, cast.member_a), stage="lead"))
    entry = AccessEntry.objects.get(kind=AccessKind.EXPORT)
    assert (entry.actor, entry.subject) == (cast.member_a, "leads.lead")
    assert entry.detail["rows"] == 1
    assert entry.detail["narrowed_to"] == {"tab": "all", "stage": "lead"}
    assert entry.address
    assert first_broken_line() is None


def test_too_many_rows_are_refused_with_the_reason(
    client: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lead_exports, "MOST_ROWS", 1)
    for _number in range(2):
        log_a_lead(by=cast.member_a)
    answer = export(as_(client, cast.member_a), stage="lead")
    assertRedirects(answer, f"{reverse(LIST)}?tab=all&stage=lead")
    assert not AccessEntry.objects.filter(kind=AccessKind.EXPORT).exists()


def test_whoever_may_not_export_has_neither_button_nor_file(client: Client, cast: Cast) -> None:
    lead = log_a_lead(by=cast.member_a)
    as_(client, cast.chain_leader_a)
    page = client.get(reverse(LIST))
    assertNotContains(page, reverse(EXPORT))
    assertNotContains(page, "export_selected")
    assert export(client).status_code == 403
    data = {"action": "export_selected", "_selected_action": [lead.pk]}
    assert client.post(reverse(LIST), data).status_code in {200, 302, 403}
    assert not AccessEntry.objects.filter(kind=AccessKind.EXPORT).exists()
    assertContains(as_(client, cast.member_a).get(reverse(LIST)), reverse(EXPORT))


def test_a_link_alone_exports_nothing(client: Client, cast: Cast) -> None:
    answer = as_(client, cast.member_a).get(reverse(EXPORT), {"tab": "all"})
    assertRedirects(answer, f"{reverse(LIST)}?tab=all")
    assert not AccessEntry.objects.filter(kind=AccessKind.EXPORT).exists()


def test_queries_do_not_grow_with_the_rows(
    client: Client, cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for _number in range(30):
        log_a_lead(by=cast.member_a, secondary_chains=[cast.chain_b])
    as_(client, cast.member_a)
    with django_assert_max_num_queries(22):
        assert len(table(export(client))) == Lead.objects.count() + 1
