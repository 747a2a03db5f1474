"""One project on one phone: from the first call to the landed project."""

from __future__ import annotations

import re
import time

import pytest
from playwright.sync_api import Page, expect

from leads.models import LandedProject, Lead
from tests.cast import Cast
from tests.journeys.steps import (
    MINUTES,
    PHOTO,
    count_taps,
    field,
    fill_in,
    follow,
    has_no_sideways_scroll,
    press,
    sign_in,
    stands_on,
    taps,
    type_slowly,
)

TITLE = "无人机发动机总装项目"
COMPANY = "成都云翼航空动力有限公司"
AGREEMENT = "招商〔2026〕18号"
# A slow thumb: five characters a second.
THUMB = 200
A_MINUTE = 60


@pytest.fixture
def member(cast: Cast, phone: Page) -> Page:
    """A member of 航空航天, signed in on a phone, on the workbench."""
    count_taps(phone)
    sign_in(phone, cast.member_a)
    return phone


def test_member_takes_a_lead_from_the_first_call_to_a_signed_contract(member: Page) -> None:
    page = member
    _logs_the_lead_in_under_a_minute(page)
    _logs_two_talks_with_the_quick_log(page)
    _is_refused_the_move_and_led_to_what_is_missing(page)
    _moves_to(page, "研判")
    _moves_to(page, "在谈")
    _collects_opinions_and_minutes(page)
    _moves_to(page, "会商评审")
    _records_the_agreement(page)
    _signs(page)
    _opens_the_project(page)
    project = LandedProject.objects.select_related("contract__lead").get()
    assert (project.contract.counted, project.contract.lead.stage) == (True, "signed")


def _logs_the_lead_in_under_a_minute(page: Page) -> None:
    began = time.monotonic()
    follow(page, "记线索")
    page.wait_for_url("**/leads/lead/add/**")
    type_slowly(page, "项目名称", TITLE, THUMB)
    type_slowly(page, "投资方名称", COMPANY, THUMB)
    expect(page.get_by_text("没有其他专班认领这家企业")).to_be_visible()
    field(page, "线索来源").select_option(label="外出招商")
    press(page, "保存")
    stands_on(page, TITLE)
    assert time.monotonic() - began < A_MINUTE
    assert has_no_sideways_scroll(page)


def _logs_two_talks_with_the_quick_log(page: Page) -> None:
    _quick_log(page, "电话沟通，对方有意在长江北岸设厂", "约总经理来访")
    expect(page.get_by_text("现场照片.png")).to_be_visible()
    _quick_log(page, "总经理一行来访，看了两处厂房", "送厂房参数")


def _quick_log(page: Page, what: str, then: str) -> None:
    page.goto("/admin/quick-log/")
    before = taps(page)
    page.get_by_role("radio", name=re.compile(TITLE)).check()
    expect(field(page, "下一步日期")).not_to_have_value("")  # proposed by the cadence
    with page.expect_file_chooser() as chosen:
        page.get_by_text("选择照片或文件").click()
    chosen.value.set_files([PHOTO])  # type: ignore[list-item]  # a plain dict is what it takes
    expect(field(page, "下一步")).to_have_value("")  # the file's name stays beside the button
    fill_in(page, 发生了什么=what, 下一步=then)
    press(page, "保存")
    expect(page.get_by_text(f"已为“{TITLE}”记一笔。")).to_be_visible()
    assert taps(page) - before <= 3
    assert has_no_sideways_scroll(page)


def _is_refused_the_move_and_led_to_what_is_missing(page: Page) -> None:
    follow(page, "推进到“研判”")
    missing = page.locator("#missing")
    expect(missing).to_contain_text("现在还不能办理，缺少：")
    expect(missing).to_contain_text("产业、市场、技术、环保、能耗、效益六方面研判结论")
    expect(page.get_by_role("button", name="确认推进")).to_have_count(0)
    follow(missing, "去补充")
    page.get_by_role("radio", name="跟进", exact=True).check()
    for side in ("产业", "市场", "技术", "环保", "能耗", "效益"):
        field(page, side).fill("符合本链方向")
    press(page, "登记")
    expect(page.get_by_text("研判结论已登记。")).to_be_visible()


def _moves_to(page: Page, stage: str) -> None:
    follow(page, f"推进到“{stage}”")
    press(page, "确认推进")
    expect(page.get_by_text(f"已进入“{stage}”。")).to_be_visible()
    expect(page.locator("[aria-current=step]")).to_contain_text(stage)


def _collects_opinions_and_minutes(page: Page) -> None:
    gate = page.locator("#gate")
    for what in ("用地意见", "能耗意见", "环保意见", "安全意见"):
        gate.get_by_role("listitem").filter(has_text=what).get_by_role("link").click()
        page.get_by_role("radio", name="同意", exact=True).check()
        fill_in(page, 意见内容="原则同意", 出具人="主管部门")
        press(page, "登记")
    gate.get_by_role("listitem").filter(has_text="会商评审纪要").get_by_role("link").click()
    fill_in(page, 参加人员="招商办、各部门", 纪要与结论="同意引进")
    field(page, "纪要扫描件").set_input_files([MINUTES])  # type: ignore[list-item]  # as above
    press(page, "登记")
    expect(page.get_by_text("进入“会商评审”的条件已齐备")).to_be_visible()


def _records_the_agreement(page: Page) -> None:
    page.locator("#gate").get_by_role("listitem").filter(has_text="投资协议").get_by_role(
        "link"
    ).click()
    field(page, "文本类型").select_option(label="投资协议")
    fill_in(
        page,
        合同编号=AGREEMENT,
        **{"签订日期": _today(page), "甲方（我方）": "经济技术开发区管理委员会"},
        总投资="6.5亿元",
        固定资产投资="4.2亿",
        合法性审查文号="法审〔2026〕31号",
        公平竞争审查文号="公竞审〔2026〕12号",
    )
    press(page, "登记")
    stands_on(page, AGREEMENT)
    expect(page.get_by_text("线索进入“签约”后计入。")).to_be_visible()
    assert has_no_sideways_scroll(page)


def _today(page: Page) -> str:
    return str(page.evaluate("new Intl.DateTimeFormat('sv-SE').format(new Date())"))


def _signs(page: Page) -> None:
    page.goto(f"/admin/leads/lead/{Lead.objects.get().pk}/page/")
    follow(page, "推进到“签约”")
    expect(page.get_by_text("其投资协议随即计入签约，计入后不能撤回。")).to_be_visible()
    press(page, "确认推进")
    expect(page.get_by_text("已进入“签约”。")).to_be_visible()
    follow(page, "合同")
    expect(page.get_by_text("计入", exact=True).last).to_be_visible()


def _opens_the_project(page: Page) -> None:
    follow(page, AGREEMENT)
    follow(page, "建立落地项目")
    fill_in(page, 落地园区="江北产业园")
    press(page, "建立项目")
    stands_on(page, TITLE)
    expect(page.get_by_role("link", name="登记完成：落户备案")).to_be_visible()
    assert has_no_sideways_scroll(page)
