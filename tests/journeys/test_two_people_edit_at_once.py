"""Two people change one lead at the same time: one save, one conflict page, nothing lost."""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from playwright.sync_api import Locator, Page, expect

from kfq_crm.base.models import User
from leads.models import Lead
from tests.cast import Cast
from tests.factories import log_a_lead
from tests.journeys.conftest import PHONE
from tests.journeys.steps import field, fill_in, has_no_sideways_scroll, press, stands_on

Desk = Callable[[User], Page]


@pytest.fixture
def lead(cast: Cast) -> Lead:
    return log_a_lead(by=cast.member_a, title="叶片项目", investment=Decimal(20000))


@pytest.fixture
def forms(lead: Lead, cast: Cast, desk_of: Desk) -> tuple[Page, Page]:
    """Her form and his, both opened before either is saved."""
    pages = desk_of(cast.member_a), desk_of(cast.second_member_a)
    for page in pages:
        page.goto(f"/admin/leads/lead/{lead.pk}/change/")
        _unfold(page)
    return pages


def _unfold(page: Page) -> None:
    page.evaluate("document.querySelectorAll('form details').forEach(one => one.open = true)")


def test_one_save_one_conflict_and_nothing_is_lost(
    forms: tuple[Page, Page], lead: Lead, cast: Cast
) -> None:
    hers, his = forms
    fill_in(hers, 项目名称="叶片锻造项目", 项目概况="一期两条锻造线")
    fill_in(his, 项目名称="叶片机加工项目", 总投资="3.2亿元")
    press(hers, "保存")
    stands_on(hers, "叶片锻造项目")
    press(his, "保存")
    _shows_field_by_field_who_wrote_what(his, cast)
    assert _stored(lead) == ("叶片锻造项目", "一期两条锻造线", Decimal(20000))
    _choose(his, "项目名称", "对方的填写")
    press(his, "按选择保存")
    stands_on(his, "叶片锻造项目")
    assert _stored(lead) == ("叶片锻造项目", "一期两条锻造线", Decimal(32000))
    _history_holds_both(his, lead, cast)


def _stored(lead: Lead) -> tuple[str, str, Decimal | None]:
    fresh = Lead.objects.get(pk=lead.pk)
    return fresh.title, fresh.summary, fresh.investment


def _shows_field_by_field_who_wrote_what(page: Page, cast: Cast) -> None:
    conflict = page.locator("#conflict")
    expect(conflict).to_contain_text(f"{cast.member_a}已于")
    expect(conflict).to_contain_text("您的修改尚未保存")
    expect(conflict.locator("fieldset")).to_have_count(3)
    assert _said(page, "项目名称") == [
        "修改前： 叶片项目",
        "您的填写",
        "叶片机加工项目",
        "对方的填写",
        "叶片锻造项目",
    ]
    # Where one side alone changed a field, its value is chosen already; who disagrees must choose.
    assert _chosen(page, "项目名称") == ""
    assert _chosen(page, "项目概况") == "theirs"
    assert _chosen(page, "总投资") == "mine"
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict is what it takes
    assert has_no_sideways_scroll(page)


def _group(page: Page, label: str) -> Locator:
    return page.locator("#conflict fieldset").filter(has=page.locator("legend", has_text=label))


def _said(page: Page, label: str) -> list[str]:
    """What stood before, mine, theirs."""
    text = _group(page, label).inner_text()
    return [line.strip() for line in text.split("\n") if line.strip()][-5:]


def _chosen(page: Page, label: str) -> str:
    checked = _group(page, label).locator("input:checked")
    return checked.get_attribute("value") or "" if checked.count() else ""


def _choose(page: Page, label: str, side: str) -> None:
    _group(page, label).get_by_role("radio", name=re.compile(side)).check()


def _history_holds_both(page: Page, lead: Lead, cast: Cast) -> None:
    page.goto(f"/admin/leads/lead/{lead.pk}/history/")
    newest = page.locator("#history > li")
    expect(newest.nth(0)).to_contain_text(str(cast.second_member_a))
    expect(newest.nth(0)).to_contain_text("总投资")
    expect(newest.nth(0)).not_to_contain_text("项目名称")
    expect(newest.nth(1)).to_contain_text(str(cast.member_a))
    expect(newest.nth(1)).to_contain_text("叶片锻造项目")


def test_who_loses_may_go_on_editing_with_every_word_in_place(
    forms: tuple[Page, Page], lead: Lead
) -> None:
    hers, his = forms
    fill_in(hers, 项目名称="叶片锻造项目")
    fill_in(his, 项目名称="叶片机加工项目", 项目概况="二期机加工车间")
    press(hers, "保存")
    stands_on(hers, "叶片锻造项目")
    press(his, "保存")
    _choose(his, "项目名称", "您的填写")
    press(his, "继续编辑")
    expect(field(his, "项目名称")).to_have_value("叶片机加工项目")
    expect(field(his, "项目概况")).to_have_value("二期机加工车间")
    fill_in(his, 项目名称="叶片锻造与机加工项目")
    press(his, "保存")
    stands_on(his, "叶片锻造与机加工项目")
    assert _stored(lead)[:2] == ("叶片锻造与机加工项目", "二期机加工车间")


def test_a_third_save_while_choosing_asks_again(forms: tuple[Page, Page], lead: Lead) -> None:
    hers, his = forms
    fill_in(hers, 项目名称="叶片锻造项目")
    fill_in(his, 项目名称="叶片机加工项目")
    press(hers, "保存")
    press(his, "保存")
    hers.goto(f"/admin/leads/lead/{lead.pk}/change/")
    fill_in(hers, 项目名称="叶片精锻项目")
    press(hers, "保存")
    stands_on(hers, "叶片精锻项目")
    _choose(his, "项目名称", "您的填写")
    press(his, "按选择保存")
    expect(his.locator("#conflict")).to_contain_text("叶片精锻项目")
    assert _stored(lead)[0] == "叶片精锻项目"
    _choose(his, "项目名称", "您的填写")
    press(his, "按选择保存")
    stands_on(his, "叶片机加工项目")
