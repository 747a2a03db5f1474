"""An enterprise asks through its link, is answered late, rates 2, and the question reopens.

The enterprise sits at a phone without an account; staff at a desk. Days pass by moving what is on
record back.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import transaction
from django.urls import reverse
from playwright.sync_api import Page, expect

from kfq_crm.base.models import OutgoingMail, User
from services.models import Feedback, Question
from services.signed_links import asking_token, rating_token
from tests.journeys.steps import field, fill_in, follow, press
from tests.services.questions.office import Office, a_link, office

__all__ = ["office"]

DAYS = ("started_on", "verify_by", "answer_by", "solve_by", "at_most_by", "due_on")
LATE = timedelta(days=28)


def let_weeks_pass(question: Question) -> None:
    """Four weeks, of which everything on record is older then."""
    moments = ("taken_in_at", "verified_at")
    with transaction.atomic():
        fresh = Question.objects.get(pk=question.pk)
        moved = {name: getattr(fresh, name) - LATE for name in (*DAYS, *moments)}
        Question.objects.filter(pk=question.pk).update(**moved)


@pytest.mark.timeout(300)
def test_an_enterprise_asks_is_answered_late_and_reopens(
    phone: Page, desk_of: Callable[[User], Page], office: Office
) -> None:
    asking = reverse("admin:ask", args=[asking_token(a_link(office))])

    # The enterprise asks from a phone
    phone.goto(asking)
    fill_in(
        phone,
        一句话说明您的问题="三号车间加层手续",
        电话="13812345678",
    )
    phone.get_by_label("发生了什么").fill("拟加一层，要哪些手续？")
    field(phone, "问题类别").select_option("报建审批")
    press(phone, "提交问题")
    question = Question.objects.get()
    expect(phone.get_by_role("heading", name=f"已受理：{question.number}")).to_be_visible()
    expect(phone.get_by_text("接下来怎么办")).to_be_visible()
    width = phone.evaluate("document.documentElement.scrollWidth")
    assert width == 390

    # Service staff verify it and give it to the department
    service = desk_of(office.service)
    service.goto("/admin/services/question/")
    service.get_by_role("link", name="三号车间加层手续").click()
    follow(service, "核实并交办")
    field(service, "责任部门").select_option("住房和城乡建设局")
    press(service, "核实无误，交办")
    expect(service.get_by_text("已交办住房和城乡建设局。")).to_be_visible()

    # Weeks pass; the department's list shows it in red
    let_weeks_pass(question)
    clerk = desk_of(office.clerk)
    clerk.goto("/admin/services/question/?tab=overdue")
    late = clerk.locator(".data-row .o-badge--red")
    expect(late).to_contain_text("逾期")
    clerk.get_by_role("link", name="三号车间加层手续").click()
    expect(clerk.locator(".l-badges .o-badge--red")).to_contain_text("个工作日")
    follow(clerk, "反馈办理结果")
    clerk.get_by_text("已解决", exact=True).click()
    field(clerk, "向企业反馈").fill("手续清单已送达。")
    press(clerk, "发送反馈")
    expect(clerk.locator(".l-badges .o-badge--red")).to_have_text("逾期反馈")
    assert OutgoingMail.objects.filter(kind="question:fed_back").exists()

    # The enterprise opens the link of the mail, reads that it was late, rates 2
    feedback = Feedback.objects.get()
    phone.goto(reverse("admin:rate", args=[rating_token(feedback)]))
    expect(phone.get_by_text("逾期：应于")).to_be_visible()
    phone.get_by_text("2分 · 不满意").click()
    phone.get_by_label("您想说的话").fill("等了一个月，还是不清楚")
    press(phone, "提交评价")
    expect(phone.get_by_text("问题已重新办理")).to_be_visible()

    # It is open again, with limits that run anew
    clerk.reload()
    expect(clerk.get_by_text("第2次办理").first).to_be_visible()
    expect(clerk.get_by_text("等了一个月，还是不清楚").first).to_be_visible()
    follow(clerk, "答复企业")
    expect(clerk.get_by_role("button", name="发送答复")).to_be_visible()
