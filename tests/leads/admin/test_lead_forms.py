"""Logging and changing a lead: options within reach, refusals at their field, no overwriting."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.models import User
from leads.actions.pipeline import update_lead
from leads.models import Claim, Contact, Enterprise, Lead
from tests.cast import Cast
from tests.factories import SegmentFactory, a_uscc, log_a_lead

pytestmark = pytest.mark.django_db
ADD = "admin:leads_lead_add"
COMPANY = "苏州翼飞复合材料有限公司"


def as_(client: Client, person: User) -> Client:
    client.force_login(person)
    return client


def typed(cast: Cast, **values: Any) -> dict[str, Any]:
    """What the form sends when only the five are filled in."""
    return {
        "title": "碳纤维机身项目",
        "investor": COMPANY,
        "chain": cast.chain_a.pk,
        "owner": cast.member_a.pk,
        "source": "visit",
        "waiting_for": "team",
        **values,
    }


def errors(page: HttpResponse) -> dict[str, list[str]]:
    assert page.status_code == 200
    form = page.context["adminform"].form  # type: ignore[attr-defined]  # the test client's
    return {field: [str(text) for text in texts] for field, texts in form.errors.items()}


def page_of(lead: Lead) -> str:
    return reverse("admin:leads_lead_page", args=[lead.pk])


def form_of(lead: Lead) -> str:
    return reverse("admin:leads_lead_change", args=[lead.pk])


def sent(client: Client, lead: Lead, **changed: Any) -> dict[str, Any]:
    """What the browser sends back when these fields were changed on the open form."""
    form = client.get(form_of(lead)).context["adminform"].form
    data: dict[str, Any] = {"expected_version": lead.version}
    for field in form:
        value = field.field.prepare_value(field.value())
        if value not in (None, "", False, []):
            data[field.html_name] = "on" if value is True else value
    return {key: value for key, value in {**data, **changed}.items() if value is not None}


# --- Logging ---------------------------------------------------------------------------------


def test_form_knows_chain_and_person(client: Client, cast: Cast) -> None:
    form = as_(client, cast.member_a).get(reverse(ADD)).context["adminform"].form
    assert form["chain"].value() == cast.chain_a.pk
    assert form["owner"].value() == cast.member_a.pk
    assert [pk for pk, _name in form.fields["chain"].choices] == [cast.chain_a.pk]
    people = {pk for pk, _name in form.fields["owner"].choices}
    assert people == {cast.head_a.pk, cast.member_a.pk, cast.second_member_a.pk}


def test_office_chooses_chain_and_person_of_any_team(client: Client, cast: Cast) -> None:
    form = as_(client, cast.coordinator).get(reverse(ADD)).context["adminform"].form
    assert form["chain"].value() is None
    groups = dict(form.fields["owner"].choices)
    assert set(groups) == {"", "航空航天", "新材料"}
    assert cast.outsider.pk not in {pk for name in groups if name for pk, _n in groups[name]}


def test_pickers_hold_no_stranger(client: Client, cast: Cast) -> None:
    """Neither segments of other chains nor people of other teams stand anywhere in the page."""
    SegmentFactory(chain=cast.chain_a, name="发动机")
    SegmentFactory(chain=cast.chain_b, name="复合材料")
    page = as_(client, cast.member_a).get(reverse(ADD))
    assertContains(page, "发动机")
    for word in ("复合材料", "人员member_b", "人员head_b", "人员disabled"):
        assertNotContains(page, f"{word}</option>")
        assertNotContains(page, f"{word}</label>")


def test_five_fields_log_a_lead(client: Client, cast: Cast) -> None:
    answer = as_(client, cast.member_a).post(reverse(ADD), typed(cast))
    lead = Lead.objects.get()
    assertRedirects(answer, page_of(lead), fetch_redirect_response=False)
    assert (lead.title, lead.enterprise.name) == ("碳纤维机身项目", COMPANY)
    assert (lead.chain, lead.owner, lead.logged_by) == (
        cast.chain_a,
        cast.member_a,
        cast.member_a,
    )
    assert lead.claim is not None
    assert lead.claim.team == cast.team_a
    assert lead.next_action_on is not None


def test_the_rest_is_kept_as_typed(client: Client, cast: Cast) -> None:
    segment = SegmentFactory(chain=cast.chain_a)
    more = {
        "investment": "约3.2亿",
        "fixed_investment": "２亿元",
        "segment": segment.pk,
        "secondary_chains": [cast.chain_b.pk],
        "contact_name": "王经理",
        "contact_phone": "138 1234 5678",
        "uscc": a_uscc(9).lower(),
        "parent_group": "翼飞集团",
        "land_mu": "１２０.５",
        "waiting_for": "investor",
        "waiting_detail": "王经理",
    }
    as_(client, cast.member_a).post(reverse(ADD), typed(cast, **more))
    lead = Lead.objects.get()
    assert (lead.investment, lead.fixed_investment) == (Decimal(32000), Decimal(20000))
    assert (lead.currency, lead.amount_is_estimate, lead.band) == ("CNY", True, "B")
    assert (lead.segment, lead.land_mu) == (segment, Decimal("120.5"))
    assert list(lead.secondary_chains.all()) == [cast.chain_b]
    assert lead.enterprise.uscc == a_uscc(9)
    assert (lead.waiting_for, lead.waiting_detail) == ("investor", "王经理")
    contact = Contact.objects.get()
    assert (contact.name, contact.phone_key) == ("王经理", "13812345678")


def test_dollars_are_kept_as_dollars(client: Client, cast: Cast) -> None:
    as_(client, cast.member_a).post(reverse(ADD), typed(cast, investment="5000万美元"))
    lead = Lead.objects.get()
    assert (lead.investment, lead.currency, lead.band) == (Decimal(5000), "USD", "A")


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("title", "", "必填"),
        ("investor", "  ", "必填"),
        ("source", "", "必填"),
        ("chain", "", "必填"),
        ("chain", "999999", "不在可用的选项中"),
        ("owner", "999999", "不在可用的选项中"),
        ("source", "teleport", "不在可用的选项中"),
        ("title", "长" * 121, "120"),
        ("investor", "长" * 121, "120"),
        ("uscc", "91321282MA1ABCDE1O", "不使用字母"),
        ("uscc", "123", "18"),
        ("contact_phone", "12345", "电话"),
        ("investment", "3000", "单位"),
        ("investment", "三个亿", "“三个亿”"),
        ("investment", "-5亿", "负"),
        ("investment", "0万", "大于"),
        ("investment", "3-5亿", "范围"),
        ("fixed_investment", "100万美元", None),
        ("land_mu", "NaN", "输入"),
        ("land_mu", "1e5", "输入"),
        ("land_mu", "1_000", "输入"),
        ("land_mu", "1,2", "输入"),
        ("next_action_on", "去年", "去年"),
        ("waiting_for", "weather", "weather"),
        ("confidential", "on", "代号"),
    ],
)
def test_a_wrong_value_is_refused_at_its_field_and_nothing_is_written(
    client: Client, cast: Cast, field: str, value: str, message: str | None
) -> None:
    where = "code_name" if field == "confidential" else field
    first = {"investment": "1亿"} if field == "fixed_investment" else {}
    page = as_(client, cast.member_a).post(reverse(ADD), typed(cast, **first, **{field: value}))
    found = errors(page)
    assert set(found) == {where}
    assert (message or "") in found[where][0]
    assert [model.objects.count() for model in (Lead, Enterprise, Claim)] == [0, 0, 0]


def test_a_day_that_is_no_working_day_offers_the_next(client: Client, cast: Cast) -> None:
    yesterday = timezone.localdate() - timedelta(days=1)
    data = typed(cast, next_action="回访", next_action_on=yesterday.isoformat())
    page = as_(client, cast.member_a).post(reverse(ADD), data)
    assert "最近的工作日是" in errors(page)["next_action_on"][0]
    assert not Lead.objects.exists()


def test_another_chain_or_person_cannot_be_typed(client: Client, cast: Cast) -> None:
    as_(client, cast.member_a)
    for wrong in ({"chain": cast.chain_b.pk}, {"owner": cast.member_b.pk}):
        assert set(errors(client.post(reverse(ADD), typed(cast, **wrong)))) == set(wrong)
    segment = SegmentFactory(chain=cast.chain_b)
    assert set(errors(client.post(reverse(ADD), typed(cast, segment=segment.pk)))) == {"segment"}
    assert not Lead.objects.exists()


@pytest.mark.parametrize("person", ["chain_leader_a", "outsider"])
def test_whoever_works_in_no_team_logs_nothing(client: Client, cast: Cast, person: str) -> None:
    as_(client, getattr(cast, person))
    assert client.get(reverse(ADD)).status_code == 403
    assert client.post(reverse(ADD), typed(cast)).status_code == 403
    assert not Lead.objects.exists()


# --- Who holds the company -------------------------------------------------------------------


def test_a_held_company_is_refused_with_the_way_to_a_ruling(client: Client, cast: Cast) -> None:
    secret = log_a_lead(by=cast.member_a, investor=COMPANY, title="绝密标题")
    data = typed(cast, chain=cast.chain_b.pk, owner=cast.member_b.pk)
    page = as_(client, cast.member_b).post(reverse(ADD), data)
    told = errors(page)["investor"][0]
    assert "航空航天专班" in told
    assert f'href="{reverse("admin:leads_request_ruling")}?company=' in told
    assertNotContains(page, "绝密标题")
    assert list(Lead.objects.all()) == [secret]


# --- Changing --------------------------------------------------------------------------------


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(
        by=cast.member_a,
        title="原标题",
        investment=Decimal(32000),
        amount_is_estimate=True,
        secondary_chains=[cast.chain_b],
    )


def test_form_shows_amounts_as_words(client: Client, cast: Cast, lead: Lead) -> None:
    form = as_(client, cast.member_a).get(form_of(lead)).context["adminform"].form
    assert form["investment"].value() == "3.2 亿元"
    assert not {"investor", "chain", "owner", "stage"} & set(form.fields)


def test_unchanged_form_changes_nothing(client: Client, cast: Cast, lead: Lead) -> None:
    before = Lead.objects.values().get(pk=lead.pk)
    as_(client, cast.member_a).post(form_of(lead), sent(client, lead))
    after = Lead.objects.values().get(pk=lead.pk)
    kept = set(before) - {"version", "updated_at"}
    assert {key: after[key] for key in kept} == {key: before[key] for key in kept}
    assert list(lead.secondary_chains.all()) == [cast.chain_b]


def test_change_is_saved_and_leads_to_the_page(client: Client, cast: Cast, lead: Lead) -> None:
    data = sent(client, lead, title="新标题", investment="6亿", amount_is_estimate=None)
    answer = as_(client, cast.second_member_a).post(form_of(lead), data)
    assertRedirects(answer, page_of(lead), fetch_redirect_response=False)
    lead.refresh_from_db()
    assert (lead.title, lead.investment, lead.band) == ("新标题", Decimal(60000), "A")
    assert lead.history.first().history_user == cast.second_member_a


@pytest.fixture(autouse=True)
def signed_in(client: Client, cast: Cast) -> None:
    """`sent` reads the form, so that somebody who may must be signed in first."""
    client.force_login(cast.member_a)


def test_hidden_lead_is_not_there_and_a_visible_one_may_be_closed(
    client: Client, cast: Cast, lead: Lead
) -> None:
    data = sent(client, lead, title="外人改的")
    other = log_a_lead(by=cast.member_a)
    as_(client, cast.member_b)
    assert client.get(form_of(other)).status_code == 404
    assert client.post(form_of(other), data).status_code == 404
    # Visible through the secondary chain, but not that team's to change.
    assert client.get(form_of(lead)).status_code == 403
    assert client.post(form_of(lead), data).status_code == 403
    as_(client, cast.chain_leader_a)
    assert client.get(form_of(other)).status_code == 403
    assert Lead.objects.get(pk=lead.pk).title == "原标题"


def test_segment_of_another_chain_cannot_be_typed(client: Client, cast: Cast, lead: Lead) -> None:
    foreign = SegmentFactory(chain=cast.chain_b)
    page = client.post(form_of(lead), sent(client, lead, segment=foreign.pk))
    assert set(errors(page)) == {"segment"}


def test_readers_are_the_team_and_those_who_read_already(
    client: Client, cast: Cast, lead: Lead
) -> None:
    lead.readers.add(cast.member_b)
    form = client.get(form_of(lead)).context["adminform"].form
    offered = set(form.fields["readers"].queryset)
    team = {cast.head_a, cast.member_a, cast.second_member_a, cast.chain_leader_a}
    assert offered == team | {cast.member_b}
    assert set(errors(client.post(form_of(lead), sent(client, lead, readers=[cast.outsider.pk]))))


def test_whoever_makes_a_lead_confidential_may_lose_sight_of_it(
    client: Client, cast: Cast, lead: Lead
) -> None:
    data = sent(client, lead, confidential="on", code_name="鸿雁")
    answer = as_(client, cast.second_member_a).post(form_of(lead), data)
    assertRedirects(answer, reverse("admin:leads_lead_changelist"), fetch_redirect_response=False)
    assert client.get(form_of(lead)).status_code == 404


# --- Two at once -----------------------------------------------------------------------------


@pytest.fixture
def overtaken(client: Client, cast: Cast, lead: Lead) -> dict[str, Any]:
    """What one person sends while another one has saved in between."""
    mine = sent(
        client,
        lead,
        title="我的标题",
        next_action="我的下一步",
        amount_is_estimate=None,
        secondary_chains=None,
    )
    theirs = {"title": "对方的标题", "investment": Decimal(50000), "currency": "CNY"}
    update_lead(lead=lead, values=theirs, by=cast.head_a, expected=lead.version)
    return mine


def test_second_save_shows_both_and_writes_nothing(
    client: Client, lead: Lead, overtaken: dict[str, Any]
) -> None:
    page = client.post(form_of(lead), overtaken)
    assert page.status_code == 409
    rows = {row.name: (row.mine, row.theirs, row.base) for row in page.context["rows"]}
    assert rows == {
        "title": ("我的标题", "对方的标题", "原标题"),
        "investment": ("3.2 亿元", "5 亿元", "3.2 亿元"),
        "amount_is_estimate": ("否", "是", "是"),
        "secondary_chains": ("", "新材料", None),
        "next_action": ("我的下一步", "", ""),
    }
    suggested = {row.name: row.suggestion for row in page.context["rows"]}
    assert (suggested["title"], suggested["investment"]) == ("", "theirs")
    lead.refresh_from_db()
    assert (lead.title, lead.next_action) == ("对方的标题", "")


def test_the_choice_field_by_field_is_saved(
    client: Client, cast: Cast, lead: Lead, overtaken: dict[str, Any]
) -> None:
    choices = {
        "keep:title": "mine",
        "keep:investment": "theirs",
        "keep:amount_is_estimate": "theirs",
        "keep:secondary_chains": "theirs",
        "keep:next_action": "mine",
    }
    data = {**overtaken, **choices, "_settle": "1", "expected_version": lead.version + 1}
    assertRedirects(client.post(form_of(lead), data), page_of(lead), fetch_redirect_response=False)
    lead.refresh_from_db()
    assert (lead.title, lead.next_action) == ("我的标题", "我的下一步")
    assert (lead.investment, lead.amount_is_estimate) == (Decimal(50000), True)
    assert list(lead.secondary_chains.all()) == [cast.chain_b]


def test_a_page_without_its_revision_is_outdated(client: Client, cast: Cast, lead: Lead) -> None:
    page = client.post(form_of(lead), sent(client, lead, title="新", expected_version=None))
    assert errors(page)["__all__"]
    assert Lead.objects.get(pk=lead.pk).title == "原标题"
