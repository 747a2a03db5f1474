"""The list of leads: who sees which rows, tabs, filters, search, order, and how many queries."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains
from zeal import zeal_context

from chains.models import Outpost
from kfq_crm.base.models import User
from leads.actions.pipeline import exit_lead
from leads.models import Lead, StallRule
from tests.cast import Cast
from tests.factories import SegmentFactory, a_contact, a_uscc, days_ago, follow_up, log_a_lead

pytestmark = pytest.mark.django_db
LIST = "admin:leads_lead_changelist"
MOST_QUERIES = 12


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def listed(client: Client, **query: Any) -> set[str]:
    """Titles in the list; everything unless a tab is named."""
    answer = client.get(reverse(LIST), {"tab": "all", **query})
    assert answer.status_code == 200
    return {lead.title for lead in answer.context["cl"].result_list}


def options(client: Client, name: str, **query: str) -> str:
    """The mark-up of one filter."""
    answer = client.get(reverse(LIST), {"tab": "all", **query})
    specs = {spec.parameter_name: spec for spec in answer.context["cl"].filter_specs}
    if name not in specs:
        return ""
    return str(next(iter(specs[name].choices(answer.context["cl"])))["form"])


# --- Who sees which --------------------------------------------------------------------------


@pytest.fixture
def leads(cast: Cast) -> dict[str, Lead]:
    """One of every visibility."""
    return {
        "own": log_a_lead(by=cast.member_a, title="甲链线索"),
        "other": log_a_lead(by=cast.member_b, title="乙链线索"),
        "shared": log_a_lead(
            by=cast.member_b, title="乙链共享线索", secondary_chains=[cast.chain_a]
        ),
        "secret": log_a_lead(
            by=cast.member_a,
            title="机密线索",
            confidential=True,
            code_name="鸿雁",
            readers=[cast.member_b],
        ),
    }


def test_list_holds_exactly_what_one_may_see(
    client: Client, cast: Cast, leads: dict[str, Lead]
) -> None:
    seen = {
        name: listed(as_(client, person))
        for name, person in cast.people()
        if name not in {"outsider", "disabled"}
    }
    a, b = {"甲链线索", "乙链共享线索"}, {"乙链线索", "乙链共享线索"}
    assert seen == {
        "member_a": a | {"机密线索"},
        "second_member_a": a,
        "head_a": a | {"机密线索"},
        "chain_leader_a": a,
        "member_b": b | {"机密线索"},
        "head_b": b,
        "coordinator": a | b,
    }


def test_reader_sees_the_title_of_a_confidential_lead_others_no_word(
    client: Client, cast: Cast, leads: dict[str, Lead]
) -> None:
    assertContains(as_(client, cast.member_b).get(reverse(LIST), {"tab": "all"}), "鸿雁")
    for person in (cast.second_member_a, cast.coordinator):
        page = as_(client, person).get(reverse(LIST), {"tab": "all"})
        for word in ("机密线索", "鸿雁", leads["secret"].enterprise.name):
            assertNotContains(page, word)


def test_staff_without_a_role_have_no_list(client: Client, cast: Cast) -> None:
    assert as_(client, cast.outsider).get(reverse(LIST)).status_code == 403


def test_a_hidden_number_finds_nothing(client: Client, cast: Cast, leads: dict[str, Lead]) -> None:
    as_(client, cast.member_a)
    assert listed(client, q=leads["other"].number) == set()
    assert listed(client, q=leads["own"].number.lower()) == {"甲链线索"}


def test_row_opens_the_page_of_the_lead(client: Client, cast: Cast, leads: dict[str, Lead]) -> None:
    page = as_(client, cast.member_a).get(reverse(LIST), {"tab": "all"})
    assertContains(page, f'href="{reverse("admin:leads_lead_page", args=[leads["own"].pk])}')
    assert len(page.context["cl"].list_display) <= 8  # seven and the tick


# --- Tabs ------------------------------------------------------------------------------------


def test_tabs_hold_what_they_say(client: Client, cast: Cast) -> None:
    StallRule.objects.create(
        valid_from=days_ago(900), yellow_months=2, red_months=3, off_list_months=6
    )
    today = timezone.localdate()
    log_a_lead(by=cast.member_a, title="我的")
    log_a_lead(by=cast.second_member_a, title="同事的")
    log_a_lead(by=cast.member_b, title="他链的", secondary_chains=[cast.chain_a])
    late = log_a_lead(by=cast.member_a, title="逾期的")
    old = log_a_lead(by=cast.second_member_a, title="停滞的")
    gone = log_a_lead(by=cast.member_a, title="终止的")
    exit_lead(lead=gone, exit="lost", reason="contact_lost", by=cast.member_a)
    Lead.objects.filter(pk=late.pk).update(next_action_on=today - timedelta(days=3))
    Lead.objects.filter(pk=old.pk).update(created_at=days_ago(100))
    as_(client, cast.member_a)
    everything = {"我的", "同事的", "他链的", "逾期的", "停滞的"}
    assert {tab: listed(client, tab=tab) for tab in ("mine", "chain", "overdue", "stalled")} == {
        "mine": {"我的", "逾期的"},
        "chain": everything - {"他链的"},
        "overdue": {"逾期的"},
        "stalled": {"停滞的"},
    }
    assert listed(client, tab="new") == everything - {"停滞的"}
    assert listed(client, tab="all") == everything | {"终止的"}


@pytest.mark.parametrize(
    ("person", "tab"),
    [("member_a", "mine"), ("chain_leader_a", "chain"), ("coordinator", "all")],
)
def test_a_bare_address_opens_the_tab_of_ones_work(
    client: Client, cast: Cast, person: str, tab: str
) -> None:
    page = as_(client, getattr(cast, person)).get(reverse(LIST))
    assert page.context["cl"].tab.key == tab


def test_a_link_with_a_filter_looks_at_everything(client: Client, cast: Cast) -> None:
    """Other pages link to a person's or a stage's leads without knowing of tabs."""
    log_a_lead(by=cast.second_member_a, title="同事的")
    page = as_(client, cast.member_a).get(reverse(LIST), {"owner": cast.second_member_a.pk})
    assert [lead.title for lead in page.context["cl"].result_list] == ["同事的"]


def test_an_office_without_leads_of_its_own_has_no_tabs_for_them(
    client: Client, cast: Cast
) -> None:
    page = as_(client, cast.coordinator).get(reverse(LIST))
    assert [tab.key for tab in page.context["cl"].tabs] == ["overdue", "stalled", "new", "all"]


def test_tab_goes_along_with_search_filter_and_order(client: Client, cast: Cast) -> None:
    log_a_lead(by=cast.member_a)
    page = as_(client, cast.member_a).get(reverse(LIST), {"tab": "overdue", "owner": "1"})
    assertContains(page, '<input type="hidden" name="tab" value="overdue">')
    links = [link for _tab, link, _open in page.context["cl"].tab_links]
    assert "?tab=mine&owner=1" in links


# --- Search ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words", ["发动机", "叶片 鸿蒙", "hkfdj", "91321282000000042", "5678", "鸿蒙动力"]
)
def test_search_finds_words_pinyin_code_and_last_digits(
    client: Client, cast: Cast, words: str
) -> None:
    lead = log_a_lead(
        by=cast.member_a, title="航空发动机叶片", investor="江苏鸿蒙动力有限公司", uscc=a_uscc(42)
    )
    a_contact(lead, by=cast.member_a, team=cast.team_a, phone="13812345678")
    log_a_lead(by=cast.member_a, title="别的")
    assert listed(as_(client, cast.member_a), q=words) == {"航空发动机叶片"}


# --- Filters ---------------------------------------------------------------------------------


@pytest.fixture
def varied(cast: Cast) -> Cast:
    engine = SegmentFactory(chain=cast.chain_a, name="发动机")
    outpost = Outpost.objects.create(name="驻上海", city="上海")
    log_a_lead(by=cast.member_a, title="三亿", investment=Decimal(30000), segment=engine)
    log_a_lead(
        by=cast.member_a, title="五千万美元", investment=Decimal(5000), currency="USD",
        source="outpost", outpost=outpost,
    )  # fmt: skip
    old = log_a_lead(by=cast.second_member_a, title="旧的")
    follow_up(old, by=cast.second_member_a, occurred_at=days_ago(20), next_action="等电话")
    Lead.objects.filter(pk=old.pk).update(created_at=days_ago(40))
    secret: dict[str, Any] = {"confidential": True, "code_name": "鸿雁"}
    gone = log_a_lead(by=cast.member_a, title="终止", **secret)
    exit_lead(lead=gone, exit="lost", reason="contact_lost", by=cast.member_a)
    return cast


def day(days: int) -> str:
    return (timezone.localdate() - timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"stage": "lead"}, {"三亿", "五千万美元", "旧的", "终止"}),
        ({"stage": "signed"}, set()),
        ({"band": "A"}, {"五千万美元"}),
        ({"band": "B"}, {"三亿"}),
        ({"source": "outpost"}, {"五千万美元"}),
        ({"currency": "USD"}, {"五千万美元"}),
        ({"state": "open"}, {"三亿", "五千万美元", "旧的"}),
        ({"state": "lost"}, {"终止"}),
        ({"state": "lost", "tab": "mine"}, {"终止"}),
        ({"confidential": "1"}, {"终止"}),
        ({"confidential": "0"}, {"三亿", "五千万美元", "旧的"}),
        ({"amount_from": "2亿"}, {"三亿"}),
        ({"amount_from": "2亿", "amount_to": "2.5亿"}, set()),
        ({"amount_to": "6000万美元"}, {"五千万美元"}),
        ({"logged_to": day(30)}, {"旧的"}),
        ({"logged_from": day(1), "logged_to": day(0)}, {"三亿", "五千万美元", "终止"}),
        ({"contact_from": day(21), "contact_to": day(19)}, {"旧的"}),
        ({"next_from": day(0)}, {"三亿", "五千万美元", "旧的", "终止"}),
    ],
)
def test_filter_narrows(
    client: Client, varied: Cast, query: dict[str, str], expected: set[str]
) -> None:
    assert listed(as_(client, varied.member_a), **query) == expected


def test_filters_of_records_narrow(client: Client, varied: Cast) -> None:
    as_(client, varied.member_a)
    engine = varied.chain_a.segments.get()
    outpost = Outpost.objects.get()
    assert listed(client, segment=engine.pk) == {"三亿"}
    assert listed(client, outpost=outpost.pk) == {"五千万美元"}
    assert listed(client, owner=varied.second_member_a.pk) == {"旧的"}
    assert listed(client, chain=varied.chain_b.pk) == set()


@pytest.mark.parametrize(
    ("query", "message"),
    [
        ({"amount_from": "3000"}, "没有单位"),
        ({"amount_to": "很多"}, "不是"),
        ({"logged_from": "上个月"}, "上个月"),
        ({"amount_from": "1亿", "amount_to": "100万美元"}, None),
    ],
)
def test_a_bound_that_cannot_be_read_says_so_and_finds_nothing(
    client: Client, varied: Cast, query: dict[str, str], message: str | None
) -> None:
    page = as_(client, varied.member_a).get(reverse(LIST), {"tab": "all", **query})
    assert list(page.context["cl"].result_list) == []
    assertContains(page, message or "text-red-600")


@pytest.mark.parametrize(
    "query", [{"owner": "abc"}, {"owner": "9" * 30}, {"stage": "x"}, {"chain": "１"}, {"band": "Z"}]
)
def test_a_filter_that_no_link_of_ours_makes_is_not_found(
    client: Client, cast: Cast, query: dict[str, str]
) -> None:
    assert as_(client, cast.member_a).get(reverse(LIST), query).status_code == 404


@pytest.mark.parametrize(
    "lookup", ["search_text__contains", "code_name__startswith", "enterprise__note", "readers"]
)
def test_other_columns_cannot_be_asked(client: Client, cast: Cast, lookup: str) -> None:
    assert as_(client, cast.member_a).get(reverse(LIST), {lookup: "1"}).status_code == 400


def test_filters_offer_only_what_one_sees(client: Client, varied: Cast) -> None:
    as_(client, varied.member_a)
    people = options(client, "owner")
    assert str(varied.second_member_a) in people
    assert not {name for name in ("member_b", "coordinator", "outsider") if name in people}
    assert "发动机" in options(client, "segment")
    SegmentFactory(chain=varied.chain_b, name="复合材料")
    assert "复合材料" not in options(client, "segment")
    assert "member_b" in options(as_(client, varied.coordinator), "owner")


def test_a_hidden_value_typed_into_a_filter_tells_nothing(client: Client, cast: Cast) -> None:
    """The same empty list for a person with hidden leads and for a number that nobody has."""
    log_a_lead(by=cast.member_a)
    as_(client, cast.member_b)
    for owner in (cast.member_a.pk, 999_999):
        assert listed(client, owner=owner) == set()
        assert str(cast.member_a) not in options(client, "owner", owner=str(owner))


# --- Order, empty lists, speed ---------------------------------------------------------------


def test_columns_sort(client: Client, varied: Cast) -> None:
    as_(client, varied.member_a)
    page = client.get(reverse(LIST), {"tab": "all", "currency": "CNY", "o": "-4"})
    amounts = [lead.investment for lead in page.context["cl"].result_list if lead.investment]
    assert amounts == sorted(amounts, reverse=True)


def test_mine_begins_with_what_is_due_first(client: Client, cast: Cast) -> None:
    later = log_a_lead(by=cast.member_a, title="后到期")
    log_a_lead(by=cast.member_a, title="先到期")
    Lead.objects.filter(pk=later.pk).update(next_action_on=timezone.localdate() + timedelta(60))
    page = as_(client, cast.member_a).get(reverse(LIST))
    assert [lead.title for lead in page.context["cl"].result_list] == ["先到期", "后到期"]


def test_empty_list_leads_to_the_first_lead(client: Client, cast: Cast) -> None:
    add = reverse("admin:leads_lead_add")
    assertContains(as_(client, cast.member_a).get(reverse(LIST)), add)
    assertNotContains(as_(client, cast.chain_leader_a).get(reverse(LIST)), add)


def test_empty_search_offers_to_search_everything(client: Client, cast: Cast) -> None:
    page = as_(client, cast.member_a).get(reverse(LIST), {"tab": "mine", "q": "没有的"})
    assertContains(page, 'href="?q=%E6%B2%A1%E6%9C%89%E7%9A%84&amp;tab=all"')


@pytest.mark.parametrize("person", ["member_a", "coordinator"])
def test_queries_do_not_grow_with_the_rows(client: Client, cast: Cast, person: str) -> None:
    StallRule.objects.create(
        valid_from=days_ago(900), yellow_months=2, red_months=3, off_list_months=6
    )
    segment = SegmentFactory(chain=cast.chain_a)
    tabs = ("mine", "chain", "overdue", "stalled", "new", "all")
    as_(client, getattr(cast, person))
    log_a_lead(by=cast.member_a, segment=segment)
    one = {tab: queries(client, tab) for tab in tabs}
    for _number in range(49):
        log_a_lead(by=cast.member_a, segment=segment)
    fifty = {tab: queries(client, tab) for tab in tabs}
    assert fifty == one
    assert max(one.values()) <= MOST_QUERIES


def queries(client: Client, tab: str) -> int:
    with CaptureQueriesContext(connection) as caught, zeal_context():
        assert client.get(reverse(LIST), {"tab": tab}).status_code == 200
    return len(caught)
