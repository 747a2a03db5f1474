"""From a look-back that finds a promise missed to the day on which it is put right."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date

import pytest
from playwright.sync_api import Locator, Page, expect

from kfq_crm.base.models import User
from leads.models import Commitment, LookBack
from tests.cast import Cast
from tests.journeys.conftest import PHONE
from tests.journeys.steps import (
    MINUTES,
    PHOTO,
    field,
    fill_in,
    follow,
    has_no_sideways_scroll,
    press,
)
from tests.leads.promising import (
    a_look_back,
    a_promise,
    a_signed_contract,
    ago,
    ahead,
    measure,
    rules,
)

JOBS, LAND = "新增就业", "净地交付"
TASK = "与人社局办专场招聘，补足三百人"


@pytest.fixture
def look_back(cast: Cast) -> LookBack:
    """A look-back that is overdue, over a promise of each side."""
    rules()
    contract = a_signed_contract(cast.member_a)
    jobs = a_promise(contract, cast.member_a, metric=JOBS, due_on=ago(20))
    a_promise(
        contract,
        cast.member_a,
        side="zone",
        metric=LAND,
        promised=88,
        unit="亩",
        due_on=ago(200),
    )
    measure(jobs, 120, cast.member_a, measured_on=ago(40))
    return a_look_back(contract, months_ago=1)


def test_look_back_finds_a_promise_missed_and_it_is_put_right(
    desk_of: Callable[[User], Page], cast: Cast, look_back: LookBack
) -> None:
    phone = desk_of(cast.member_a)
    phone.set_viewport_size(PHONE)  # type: ignore[arg-type]  # a plain dict is what it takes
    _finds_the_look_back(phone)
    _is_told_what_is_missing(phone)
    _judges_the_zone(phone)
    _judges_the_investor(phone, cast.second_member_a)
    _concludes(phone)
    _puts_it_right(desk_of(cast.second_member_a))
    _judges_anew(desk_of(cast.head_a))
    _both_stand_on_record()


def _finds_the_look_back(page: Page) -> None:
    page.goto("/admin/leads/lookback/?tab=overdue")
    assert has_no_sideways_scroll(page)
    page.locator(".result-list .data-row a").first.click()
    expect(page.locator(".p-step")).to_have_count(2)
    expect(page.get_by_text("0 / 2", exact=True)).to_be_visible()
    assert has_no_sideways_scroll(page)


def _is_told_what_is_missing(page: Page) -> None:
    follow(page, "完成回头看")
    fill_in(page, 结论="尚未核查")
    press(page, "确认完成")
    expect(page.get_by_text(re.compile("还没有认定：.*净地交付"))).to_be_visible()
    follow(page, "不保存，返回")


def _judges_the_zone(page: Page) -> None:
    """The zone's own promise is judged on the same page by the same form."""
    _step(page, LAND).get_by_role("link", name="认定", exact=True).click()
    page.get_by_role("radio", name="已兑现", exact=True).check()
    expect(page.get_by_label("整改责任人")).to_be_hidden()
    fill_in(page, 实际兑现="88", 佐证材料="交地确认书")
    field(page, "照片和文件").set_input_files([PHOTO])  # type: ignore[list-item]  # a file as the browser sends it
    press(page, "记录认定")
    expect(_step(page, LAND).get_by_text("已兑现").first).to_be_visible()


def _judges_the_investor(page: Page, owner: User) -> None:
    _step(page, JOBS).get_by_role("link", name="认定", exact=True).click()
    page.get_by_role("radio", name="未兑现", exact=True).check()
    fill_in(page, 实际兑现="130", 理由="招工不足，缺口一百七十人", 整改事项=TASK)
    field(page, "整改责任人").select_option(label=str(owner))
    field(page, "整改期限").fill(_said(ahead(30)))
    assert has_no_sideways_scroll(page)
    press(page, "记录认定")
    expect(_step(page, JOBS).get_by_text(TASK)).to_be_visible()
    expect(page.get_by_text("2 / 2", exact=True)).to_be_visible()


def _concludes(page: Page) -> None:
    follow(page, "完成回头看")
    fill_in(page, 结论="用工未兑现，已下达整改", 参加人员="专班、园区、企业")
    press(page, "确认完成")
    expect(page.get_by_text("本次回头看已记录。")).to_be_visible()
    expect(page.get_by_role("link", name="认定", exact=True)).to_have_count(0)


def _puts_it_right(page: Page) -> None:
    page.goto("/admin/")
    page.get_by_role("link", name="整改任务").first.click()
    page.locator(".result-list").get_by_role("link", name=TASK).click()
    follow(page, "报告完成")
    fill_in(page, 做了什么="专场招聘两次，到岗三百零五人", 佐证材料="社保参保名册")
    field(page, "照片和文件").set_input_files([MINUTES])  # type: ignore[list-item]  # as above
    press(page, "报告完成")
    expect(page.get_by_text("到岗三百零五人")).to_be_visible()


def _judges_anew(page: Page) -> None:
    page.goto("/admin/leads/rectification/?tab=all")
    page.locator(".result-list").get_by_role("link", name=TASK).click()
    follow(page, "重新认定这项承诺")
    page.get_by_role("radio", name="部分兑现", exact=True).check()
    fill_in(page, 实际兑现="305", 佐证材料="社保参保名册", 理由="整改后足额，晚于约定")
    press(page, "记录认定")
    verdicts = page.locator("#verdicts .p-verdict")
    expect(verdicts).to_have_count(2)
    expect(verdicts.first).to_contain_text("整改后足额")
    expect(verdicts.last).to_contain_text("招工不足")
    assert has_no_sideways_scroll(page)


def _both_stand_on_record() -> None:
    jobs = Commitment.objects.get(metric=JOBS)
    assert jobs.verdict == "partly"
    assert list(jobs.verdicts.values_list("verdict", flat=True)) == ["not_met", "partly"]
    assert jobs.rectifications.get().state == "done"


def _step(page: Page, metric: str) -> Locator:
    return page.locator(".p-step").filter(has_text=metric)


def _said(day: date) -> str:
    return f"{day:%Y-%m-%d}"
