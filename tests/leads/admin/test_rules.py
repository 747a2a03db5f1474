"""Rule rows: added for a day to come, withdrawn before it, never edited."""

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessEntry
from kfq_crm.base.rules import add_rule, withdraw_rule
from leads.models import (
    CadenceRule,
    ClaimRule,
    DisclosureRule,
    ResponseLimit,
    ScaleThreshold,
    SnoozeRule,
    StallRule,
)
from leads.rulebook import cadence_days, claim_lapses_on
from tests.cast import Cast

pytestmark = pytest.mark.django_db
MODELS = [
    "cadencerule",
    "claimrule",
    "disclosurerule",
    "responselimit",
    "scalethreshold",
    "snoozerule",
    "stallrule",
]


@pytest.fixture
def office(client: Client, cast: Cast) -> Client:
    client.force_login(cast.coordinator)
    return client


def page(model: str, name: str, *args: object) -> str:
    return reverse(f"admin:leads_{model}_{name}", args=args)


def in_days(days: int) -> date:
    return timezone.localdate() + timedelta(days=days)


def others() -> None:
    """A row of each kind that the cast does not bring."""
    since = date(2020, 1, 1)
    StallRule.objects.create(valid_from=since, yellow_months=2, red_months=3, off_list_months=6)
    ResponseLimit.objects.create(valid_from=since, item="first_response", working_days=1)
    SnoozeRule.objects.create(valid_from=since, working_days=3)
    DisclosureRule.objects.create(valid_from=since, fewest=2)


def errors(answer: Any) -> dict[str, list[str]]:
    return dict(answer.context["adminform"].form.errors)


# --- Adding ----------------------------------------------------------------------------------


def test_new_row_holds_from_its_day_on(office: Client) -> None:
    form = {"valid_from": in_days(10).isoformat(), "days_without_progress": "60"}
    assertRedirects(office.post(page("claimrule", "add"), form), page("claimrule", "changelist"))
    assert claim_lapses_on(in_days(9)) == in_days(9 + 90)
    assert claim_lapses_on(in_days(10)) == in_days(10 + 60)
    entry = AccessEntry.objects.get(subject="rule.added")
    assert entry.detail["day"] == in_days(10).isoformat()


def test_cadence_of_one_scale_is_added(office: Client) -> None:
    form = {
        "stage": "negotiating",
        "band": "B",
        "working_days": "8",
        "_confirmed": "1",
        "valid_from": timezone.localdate().strftime("%Y年%m月%d日"),
    }
    office.post(page("cadencerule", "add"), form)
    assert cadence_days("negotiating", "B", timezone.localdate()) == 8
    assert cadence_days("negotiating", "A", timezone.localdate()) == 5


@pytest.mark.parametrize(
    ("typed", "minimum", "currency"),
    [("6亿", Decimal(60000), "CNY"), ("3500万美元", Decimal(3500), "USD")],
)
def test_threshold_is_typed_with_its_unit(
    office: Client, typed: str, minimum: Decimal, currency: str
) -> None:
    form = {"band": "A", "smallest": typed, "valid_from": in_days(1).isoformat()}
    office.post(page("scalethreshold", "add"), form)
    row = ScaleThreshold.objects.get(valid_from=in_days(1))
    assert (row.minimum, row.currency) == (minimum, currency)


@pytest.mark.parametrize(
    ("model", "typed", "field", "said"),
    [
        ("claimrule", {"valid_from": in_days(-1).isoformat()}, "valid_from", "过去"),
        ("claimrule", {"valid_from": "?"}, "valid_from", "日期"),
        ("claimrule", {"days_without_progress": "0"}, "__all__", "数值"),
        ("claimrule", {"days_without_progress": "-5"}, "days_without_progress", "大于或等于"),
        ("scalethreshold", {"smallest": "5"}, "smallest", "单位"),
        ("cadencerule", {"stage": "nowhere"}, "stage", "选择"),
        ("stallrule", {"red_months": "1"}, "__all__", "数值"),
        ("responselimit", {"working_days": "0"}, "__all__", "数值"),
        ("responselimit", {"item": "nothing"}, "item", "选择"),
        ("responselimit", {"valid_from": in_days(-1).isoformat()}, "valid_from", "过去"),
        ("snoozerule", {"working_days": "0"}, "__all__", "数值"),
        ("disclosurerule", {"fewest": "1"}, "__all__", "数值"),
    ],
)
def test_bad_row_is_refused_at_its_field(
    office: Client, model: str, typed: dict[str, str], field: str, said: str
) -> None:
    form = {
        "valid_from": in_days(1).isoformat(),
        "days_without_progress": "60",
        "band": "A",
        "smallest": "5亿",
        "stage": "lead",
        "item": "first_response",
        "working_days": "1",
        "yellow_months": "2",
        "red_months": "3",
        "off_list_months": "6",
        **typed,
    }
    told = errors(office.post(page(model, "add"), form))
    assert said in str(told[field])
    assert "rule_" not in str(told)
    assert "threshold_" not in str(told)


def test_second_row_of_a_day_is_refused(office: Client) -> None:
    form = {"valid_from": in_days(1).isoformat(), "days_without_progress": "60"}
    office.post(page("claimrule", "add"), form)
    assert "已有" in str(errors(office.post(page("claimrule", "add"), form))["valid_from"])
    assert ClaimRule.objects.filter(valid_from=in_days(1)).count() == 1


# --- Never edited ----------------------------------------------------------------------------


def test_row_in_force_is_not_edited_and_the_page_says_why(office: Client) -> None:
    row = ClaimRule.objects.get()
    address = page("claimrule", "change", row.pk)
    shown = office.get(address)
    assertContains(shown, page("claimrule", "add"))
    assertNotContains(shown, page("claimrule", "withdraw", row.pk))
    answer = office.post(address, {"valid_from": "2020-01-01", "days_without_progress": "1"})
    assert answer.status_code == 200
    assert "不能修改" in str(errors(answer)["__all__"])
    row.refresh_from_db()
    assert row.days_without_progress == 90


def test_row_to_come_is_withdrawn(office: Client, cast: Cast) -> None:
    rule = ClaimRule(valid_from=in_days(5), days_without_progress=30)
    row = add_rule(rule=rule, by=cast.coordinator)
    assertContains(
        office.get(page("claimrule", "change", row.pk)), page("claimrule", "withdraw", row.pk)
    )
    office.post(page("claimrule", "withdraw", row.pk))
    assert not ClaimRule.objects.filter(pk=row.pk).exists()
    assert AccessEntry.objects.filter(subject="rule.withdrawn").count() == 1


def test_row_in_force_is_not_withdrawn(office: Client, cast: Cast) -> None:
    row = ClaimRule.objects.get()
    assert office.get(page("claimrule", "withdraw", row.pk)).context["refusal"]
    assert office.post(page("claimrule", "withdraw", row.pk)).status_code == 200
    with pytest.raises(RuleViolation):
        withdraw_rule(rule=row, by=cast.coordinator)
    assert ClaimRule.objects.count() == 1


def test_nothing_is_deleted_by_hand(office: Client) -> None:
    row = ClaimRule.objects.get()
    answer = office.post(page("claimrule", "delete", row.pk), {"post": "yes"})
    assert answer.status_code == 403


# --- The lists -------------------------------------------------------------------------------


def test_list_shows_what_holds_and_what_comes(office: Client, cast: Cast) -> None:
    old = ClaimRule.objects.get()
    ClaimRule.objects.create(valid_from=in_days(-1), days_without_progress=60)
    add_rule(rule=ClaimRule(valid_from=in_days(5), days_without_progress=30), by=cast.coordinator)
    now = office.get(page("claimrule", "changelist"), {"tab": "now"}).context["cl"].result_list
    assert [row.days_without_progress for row in now] == [30, 60]
    answer = office.get(page("claimrule", "changelist"), {"tab": "all"})
    assert old in answer.context["cl"].result_list
    for colour in ("amber", "green", "grey"):
        assertContains(answer, f"o-badge--{colour}")


@pytest.mark.parametrize("model", MODELS)
def test_rules_are_written_by_the_office_alone(client: Client, cast: Cast, model: str) -> None:
    others()
    for name in ("member_a", "head_a", "chain_leader_a", "outsider"):
        client.force_login(getattr(cast, name))
        assert client.get(page(model, "add")).status_code == 403
        assert client.post(page(model, "add"), {}).status_code == 403
    with pytest.raises(RuleViolation):
        add_rule(
            rule=CadenceRule(valid_from=in_days(1), stage="lead", working_days=1), by=cast.head_a
        )


@pytest.mark.parametrize("model", MODELS)
def test_every_kind_has_its_pages(office: Client, model: str) -> None:
    others()
    answer = office.get(page(model, "changelist"))
    row = answer.context["cl"].result_list[0]
    assertContains(answer, "o-badge--green")
    for address in (page(model, "add"), page(model, "change", row.pk)):
        assert office.get(address).status_code == 200


def test_rules_read_as_a_person_says_them() -> None:
    """They stand in headings and in the trail above a page."""
    assert str(CadenceRule(stage="lead", working_days=1)) == "线索 · 1 个工作日"
    assert (
        str(CadenceRule(stage="negotiating", band="A", working_days=5))
        == "在谈 · A（大） · 5 个工作日"
    )
    assert str(ClaimRule(days_without_progress=90)) == "90 天"
    assert str(ScaleThreshold(band="B", currency="USD", minimum=1000)) == "B（中） · 1,000 万美元"
    assert str(StallRule(yellow_months=2, red_months=3, off_list_months=6)) == "2 / 3 / 6 个月"
