"""Two teams, one company: the second sees nothing of the first's work, and the office decides."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from django.db import transaction
from django.utils import timezone
from django.utils.formats import date_format
from playwright.sync_api import Page, expect

from chains.models import Segment
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import User
from kfq_crm.base.templatetags.office import day
from leads.models import Claim, Lead, Ruling
from leads.stages import Stage
from tests.cast import Cast
from tests.factories import a_contract, follow_up, lead_in
from tests.journeys.steps import field, fill_in, follow, press, stands_on

COMPANY = "成都云翼航空动力有限公司"
NUMBER = "13987651234"
# What nobody outside the team may read, each in a place of its own.
WORDS = {
    "title": "无人机发动机总装项目",
    "company": COMPANY,
    "plan": "一期建两条总装线",
    "contact": "百灵总",
    "number": NUMBER,
    "talk": "鹧鸪厅闭门会谈",
    "next step": "约见杜鹃资本",
    "contract": "蓝鹊合〔2026〕7号",
}
SEARCHES = [WORDS["title"], "云翼航空", "wrjfdj", "cdyy", NUMBER[-4:]]
GROUNDS = "上月已在成都面谈，对方口头同意来访"
REASONS = "新材料专班先到现场，由其对接"


@dataclass(frozen=True)
class Story:
    cast: Cast
    lead: Lead
    segment: Segment

    @property
    def addresses(self) -> list[str]:
        """Where the member of the first team reads about the lead."""
        company, claim = self.lead.enterprise_id, self.lead.claim_id
        return [
            f"/admin/leads/lead/{self.lead.pk}/page/",
            f"/admin/leads/lead/{self.lead.pk}/page/?tab=contracts",
            f"/admin/leads/lead/{self.lead.pk}/change/",
            f"/admin/leads/lead/{self.lead.pk}/history/",
            f"/admin/leads/enterprise/{company}/page/",
            f"/admin/leads/contract/{self.lead.contracts.get().pk}/page/",
            f"/admin/leads/claim/{claim}/page/",
            f"/admin/teams/{self.cast.team_a.pk}/",
        ]


@pytest.fixture
@transaction.atomic()
def story(cast: Cast) -> Story:
    segment = Segment.objects.create(chain=cast.chain_a, code="engine", name="发动机")
    by = cast.member_a
    lead = lead_in(
        Stage.REVIEW,
        by=by,
        title=WORDS["title"],
        investor=COMPANY,
        segment=segment,
        summary=WORDS["plan"],
        contact_name=WORDS["contact"],
        contact_phone=NUMBER,
    )
    tomorrow = current_calendar().add_workdays(timezone.localdate(), 1)
    step = {"next_action": WORDS["next step"], "next_action_on": tomorrow}
    follow_up(lead, by=by, summary=WORDS["talk"], **step)
    a_contract(lead, by=by, number=WORDS["contract"])
    return Story(cast, lead, segment)


def test_another_team_finds_nothing_anywhere(story: Story, desk_of: Callable[[User], Page]) -> None:
    own, other = desk_of(story.cast.member_a), desk_of(story.cast.member_b)
    _own_team_finds_it(own, story)
    _no_page_tells(other, story)
    _no_search_tells(other, story)
    _no_picker_tells(other)
    _no_ledger_tells(other, story)
    _typed_addresses_lead_nowhere(other, own, story)


def told(text: str) -> list[str]:
    return [name for name, word in WORDS.items() if word in text]


def text_of(page: Page) -> str:
    """All that stands on the page, folded parts and values of fields too."""
    return page.content()


def _own_team_finds_it(page: Page, story: Story) -> None:
    """Or that another team finds nothing would prove nothing."""
    for typed in [*SEARCHES, story.lead.number]:
        _search(page, typed)
        expect(page.get_by_role("link", name=WORDS["title"]), typed).to_have_count(1)
    seen = set()
    for address in story.addresses:
        page.goto(address)
        seen |= set(told(text_of(page)))
    assert seen == {*WORDS}
    page.goto(f"/admin/chains-overview/{story.cast.chain_a.pk}/")
    expect(page.get_by_role("link", name="线索 1")).to_be_visible()


def _search(page: Page, typed: str) -> None:
    page.goto("/admin/leads/lead/?tab=all")
    page.locator("#searchbar").fill(typed)
    page.locator("#searchbar").press("Enter")
    page.wait_for_url(re.compile("q="))


def _no_page_tells(page: Page, story: Story) -> None:
    cast = story.cast
    for address in (
        "/admin/",
        "/admin/leads/lead/?tab=all",
        "/admin/leads/enterprise/?tab=all",
        "/admin/leads/contact/",
        "/admin/leads/contract/",
        "/admin/leads/claim/",
        "/admin/leads/rulingrequest/?tab=all",
        "/admin/quick-log/",
        "/admin/leads/lead/add/",
        f"/admin/chains-overview/{cast.chain_a.pk}/",
        f"/admin/teams/{cast.team_b.pk}/",
        "/admin/segments/",
        "/admin/chains-overview/",
    ):
        answer = page.goto(address)
        assert answer is not None
        assert (answer.status, told(text_of(page))) == (200, []), address
    page.goto(f"/admin/chains-overview/{cast.chain_a.pk}/")
    expect(page.get_by_role("heading", name="发动机")).to_be_visible()
    expect(page.get_by_role("link", name=re.compile("线索 "))).to_have_count(0)


def _no_search_tells(page: Page, story: Story) -> None:
    for typed in [*SEARCHES, NUMBER, story.lead.number]:
        _search(page, typed)
        expect(page.locator("tr.data-row"), typed).to_have_count(0)
    page.goto("/admin/quick-log/")
    for typed in ("云翼", "wrjfdj"):
        with page.expect_response(re.compile("quick-log/leads/")):
            page.locator("#lead-search").fill(typed)
        expect(page.get_by_text("没有符合的在办线索。")).to_be_visible()
        expect(page.get_by_role("radio")).to_have_count(0)
    found = page.request.get("/admin/search/", params={"s": "云翼", "extended": "1"})
    assert told(found.text()) == []


def _no_picker_tells(page: Page) -> None:
    """The company of a new contact person is chosen from those that one sees."""
    page.goto("/admin/leads/contact/add/")
    page.locator(".select2-selection").first.click()
    with page.expect_response(re.compile("/autocomplete/")) as answer:
        page.locator(".select2-search__field").fill("云翼")
    assert answer.value.json()["results"] == []
    expect(page.locator(".select2-results__option").filter(has_text=COMPANY)).to_have_count(0)


def _no_ledger_tells(page: Page, story: Story) -> None:
    """Her own team's workbook and the lead list's: downloaded, opened, read."""
    page.goto(f"/admin/teams/{story.cast.team_b.pk}/")
    with page.expect_download() as ledger:
        follow(page, "导出一链一清单（XLSX）")
    page.goto("/admin/leads/lead/?tab=all")
    with page.expect_download() as exported:
        press(page, "导出 Excel")
    for download in (ledger.value, exported.value):
        cells = _cells(download.path())
        assert cells
        assert told(" ".join(cells)) == []


def _cells(path: Path) -> list[str]:
    book = openpyxl.load_workbook(BytesIO(path.read_bytes()))
    return [str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row]


def _typed_addresses_lead_nowhere(other: Page, own: Page, story: Story) -> None:
    for address in story.addresses:
        seen, hidden = own.goto(address), other.goto(address)
        assert seen is not None
        assert hidden is not None
        assert (seen.status, hidden.status) == (200, 404), address
        stands_on(other, "页面不存在")
        expect(other.get_by_role("link", name="返回工作台")).to_be_visible()
        assert told(text_of(other)) == []
    ledger = f"/admin/teams/{story.cast.team_a.pk}/ledger/"
    assert (own.request.get(ledger).status, other.request.get(ledger).status) == (200, 404)


def test_second_team_asks_and_the_office_rules(
    story: Story, desk_of: Callable[[User], Page]
) -> None:
    first, second = desk_of(story.cast.member_a), desk_of(story.cast.member_b)
    office = desk_of(story.cast.coordinator)
    _second_team_is_told_of_the_claim(second, story)
    _second_team_asks(second)
    late = _opens_the_ruling_twice(office, story)
    _office_rules_in_two_steps(office, story)
    _a_late_ruling_is_refused(late)
    _both_read_the_outcome(first, second)
    _nobody_can_edit_it((first, second, office))
    _second_team_may_log_it_now(second)


def _log(page: Page) -> None:
    page.goto("/admin/leads/lead/add/")
    fill_in(page, 项目名称="航空合金项目", 投资方名称="成都云翼航空动力公司")


def _second_team_is_told_of_the_claim(page: Page, story: Story) -> None:
    claim = f"该企业已由航空航天专班于{date_format(story.lead.claim.claimed_on)}首报首谈。"
    _log(page)
    expect(page.locator("#company-check")).to_contain_text(claim)
    expect(page.locator("#company-check")).to_have_text(re.compile(rf"^\s*{claim}\s*申请裁定\s*$"))
    assert told(text_of(page)) == []
    field(page, "线索来源").select_option(label="外出招商")
    press(page, "保存")
    expect(page.locator(".errorlist").filter(has_text=claim)).to_be_visible()
    assert told(text_of(page)) == []
    assert Lead.objects.count() == 1


def _second_team_asks(page: Page) -> None:
    follow(page.locator(".errorlist"), "申请裁定")
    expect(field(page, "企业名称")).to_have_value("成都云翼航空动力公司")
    fill_in(page, 申请理由=GROUNDS)
    press(page, "申请裁定")
    expect(page.get_by_text("裁定申请已提交招商办。")).to_be_visible()
    expect(page.get_by_text("等待招商办裁定。")).to_be_visible()
    assert told(text_of(page)) == []


def _opens_the_ruling_twice(office: Page, story: Story) -> Page:
    """From the workbench, where it waits; and once more in a window that is left open."""
    office.goto("/admin/")
    follow(office, "成都云翼航空动力公司")
    follow(office, "去裁定")
    late = office.context.new_page()
    late.goto(office.url)
    for page, holder in ((office, "新材料专班"), (late, "航空航天专班")):
        expect(page.get_by_text(GROUNDS)).to_be_visible()
        page.get_by_role("radio", name=holder).check()
        fill_in(page, 裁定理由=REASONS)
    return late


def _office_rules_in_two_steps(page: Page, story: Story) -> None:
    press(page, "下一步：核对裁定后果")
    expect(page.get_by_text("该企业由新材料专班对接，航空航天专班不得再对接。")).to_be_visible()
    expect(page.get_by_text("裁定为最终决定，任何人不能修改或撤回。")).to_be_visible()
    assert not Ruling.objects.exists()
    press(page, "作出裁定")
    expect(page.get_by_text("已裁定：成都云翼航空动力公司由新材料专班对接。")).to_be_visible()
    page.goto("/admin/")
    expect(page.get_by_text("没有等您处理的事项。")).to_be_visible()


def _a_late_ruling_is_refused(page: Page) -> None:
    press(page, "下一步：核对裁定后果")
    expect(page.get_by_text("该申请已裁定；裁定为最终决定，不可更改。")).to_be_visible()
    assert Ruling.objects.get().holder.name == "新材料专班"
    page.close()


def _both_read_the_outcome(*pages: Page) -> None:
    for page in pages:
        page.goto("/admin/leads/ruling/")
        follow(page, "成都云翼航空动力公司")
        expect(page.get_by_text(REASONS)).to_be_visible()
        expect(page.locator("dl")).to_contain_text("裁定由谁对接新材料专班")
        expect(page.locator("dl")).to_contain_text(f"裁定时间{day(timezone.localdate())}")


def _nobody_can_edit_it(pages: tuple[Page, ...]) -> None:
    ruling = Ruling.objects.get().pk
    for page in pages:
        page.goto(f"/admin/leads/ruling/{ruling}/change/")
        expect(page).to_have_url(re.compile("/page/$"))
        expect(page.locator("#content").get_by_role("textbox")).to_have_count(0)
        expect(page.get_by_role("button", name=re.compile("保存|修改|裁定|撤"))).to_have_count(0)
        deleted = page.request.get(f"/admin/leads/ruling/{ruling}/delete/")
        assert deleted.status == 403


def _second_team_may_log_it_now(page: Page) -> None:
    _log(page)
    expect(page.get_by_text("没有其他专班认领这家企业")).to_be_visible()
    field(page, "线索来源").select_option(label="外出招商")
    press(page, "保存")
    stands_on(page, "航空合金项目")
    assert "title" not in told(text_of(page))
    assert Claim.objects.active().get().team.name == "新材料专班"
