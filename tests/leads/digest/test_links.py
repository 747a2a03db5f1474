"""The page behind a link of the digest: what a mail scanner, a forger and a second click do."""

import re
from typing import Any

import pytest
import time_machine
from django.core import signing
from django.test import Client
from django.urls import reverse
from pytest_django.fixtures import Settings

from chains.actions.teams import appoint
from kfq_crm.base.destinations import choose_channel
from kfq_crm.base.models import AccessEntry, OutgoingMail
from leads.actions.decisions import withdraw_question
from leads.actions.followups import resolve_blocker
from leads.digest.links import SALT, token_for
from leads.models import Decision, Digest
from tests.cast import Cast
from tests.leads.digest.asking import QUESTION, a_question, asked_in_digest
from tests.leads.digest.weeks import a_rule, at

pytestmark = pytest.mark.django_db

MONDAY = "2026-11-23T10:00"
TITLE, COMPANY = "叶片总装项目", "江苏甲乙丙航发部件有限公司"


@pytest.fixture(autouse=True)
def a_monday(settings: Settings) -> Any:
    settings.SITE_URL = "https://crm.example"
    with time_machine.travel(at(MONDAY), tick=False):
        yield


@pytest.fixture
def asked(cast: Cast) -> Decision:
    a_rule()
    return a_question(cast, title=TITLE, investor=COMPANY, summary="不外传的说明")


@pytest.fixture
def digest(cast: Cast, asked: Decision) -> Digest:
    return asked_in_digest(cast)


def links_in(digest: Digest) -> list[str]:
    text = str(digest.mail.html if digest.mail else "")
    return re.findall(r'href="https://crm.example(/admin/decide/[^"]+)"', text)


def address(digest: Digest, asked: Decision) -> str:
    return reverse("admin:decide", args=[token_for(asked.pk, digest, digest.reader)])


def state() -> tuple[Any, ...]:
    return tuple(Decision.objects.values_list("answer", "text", "version", "answered_at").get())


def test_mail_holds_a_link_for_each_answer(digest: Digest) -> None:
    endings = [link.partition("?")[2] for link in links_in(digest)]
    assert endings == ["answer=agree", "answer=disagree", "answer=instruct"]
    assert digest.mail is not None
    assert digest.mail.text.count("/admin/decide/") == 3


@pytest.mark.parametrize("method", ["get", "head"])
def test_scanner_that_opens_every_link_answers_nothing(
    digest: Digest, client: Client, method: str
) -> None:
    before = state()
    for link in links_in(digest):
        for _time in range(3):
            assert getattr(client, method)(link).status_code == 200
    assert state() == before
    assert not OutgoingMail.objects.filter(kind="decision").exists()


def test_button_only_ticks_its_answer(digest: Digest, client: Client) -> None:
    for link, name in zip(links_in(digest), ("agree", "disagree", "instruct"), strict=True):
        page = client.get(link).content.decode()
        assert re.findall(r'value="(\w+)"[^>]* checked', page) == [name]


def test_page_shows_the_question_the_project_and_the_chain_alone(
    digest: Digest, asked: Decision, client: Client
) -> None:
    page = client.get(address(digest, asked)).content.decode()
    assert all(word in page for word in (QUESTION, TITLE, "航空航天"))
    assert not any(word in page for word in (COMPANY, "不外传的说明", "地块未腾空"))


def test_page_is_kept_by_nobody(digest: Digest, asked: Decision, client: Client) -> None:
    answer = client.get(address(digest, asked))
    assert "no-store" in answer["Cache-Control"]
    assert answer["X-Robots-Tag"].startswith("noindex")
    assert answer["Referrer-Policy"] == "same-origin"
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]
    assert "http" not in re.sub(r"http-equiv", "", answer.content.decode())


def test_confirming_answers_and_later_links_show_the_answer(
    digest: Digest, asked: Decision, client: Client
) -> None:
    page = address(digest, asked)
    answer = client.post(page, {"answer": "instruct", "text": "周三前办结"}, follow=True)
    assert "周三前办结" in answer.content.decode()
    assert state()[:2] == ("instruct", "周三前办结")
    again = client.get(links_in(digest)[0]).content.decode()
    assert "周三前办结" in again
    assert "<form" not in again


def test_second_answer_by_link_changes_nothing(
    digest: Digest, asked: Decision, client: Client
) -> None:
    page = address(digest, asked)
    client.post(page, {"answer": "agree", "text": ""})
    before = state()
    answer = client.post(page, {"answer": "disagree", "text": "反悔"}, follow=True)
    assert "反悔" not in answer.content.decode()
    assert state() == before


def test_form_needs_the_page_s_own_token(digest: Digest, asked: Decision) -> None:
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(address(digest, asked), {"answer": "agree"}).status_code == 403
    assert state()[0] == ""


def test_instruction_without_words_is_shown_at_its_field(
    digest: Digest, asked: Decision, client: Client
) -> None:
    answer = client.post(address(digest, asked), {"answer": "instruct", "text": ""})
    assert "请填写批示内容" in answer.content.decode()
    assert state()[0] == ""


@pytest.mark.parametrize("days", [13, 15])
def test_link_expires_by_the_rule(
    digest: Digest, asked: Decision, client: Client, days: int
) -> None:
    page = address(digest, asked)
    with time_machine.travel(at(f"2026-12-{23 + days - 30:02d}T09:00"), tick=False):
        shown = client.get(page)
        client.post(page, {"answer": "agree"})
    assert shown.status_code == (200 if days < 14 else 410)
    assert ("链接已失效" in shown.content.decode()) is (days > 14)
    assert state()[0] == ("agree" if days < 14 else "")


def test_tampered_links_are_refused(digest: Digest, asked: Decision, client: Client) -> None:
    good = token_for(asked.pk, digest, digest.reader)
    body, rest = good.split(":", 1)
    other_salt = signing.dumps([asked.pk, digest.pk, digest.reader_id], salt="another")
    forged = [good[:-1], good + "A", f"{body[:-2]}xx:{rest}", "x", "a:b:c", other_salt]
    for token in forged:
        page = reverse("admin:decide", args=[token])
        for answer in (client.get(page), client.post(page, {"answer": "agree"})):
            assert answer.status_code == 410
            assert "链接不完整" in answer.content.decode()
    odd = signing.dumps({"any": "thing"}, salt=SALT)
    assert client.get(reverse("admin:decide", args=[odd])).status_code == 410
    assert state()[0] == ""


def test_link_of_a_leader_who_left_is_refused(
    cast: Cast, digest: Digest, asked: Decision, client: Client
) -> None:
    page = address(digest, asked)
    appoint(team=cast.team_a, leader=cast.head_b, by=cast.coordinator)
    assert client.get(page).status_code == 410
    assert client.post(page, {"answer": "agree"}).status_code == 410
    assert state()[0] == ""


def test_link_of_a_disabled_leader_is_refused(
    cast: Cast, digest: Digest, asked: Decision, client: Client
) -> None:
    page = address(digest, asked)
    cast.chain_leader_a.is_active = False
    cast.chain_leader_a.save()
    assert client.post(page, {"answer": "agree"}).status_code == 410


def test_another_signed_in_person_answers_in_the_name_of_the_link(
    cast: Cast, digest: Digest, asked: Decision, client: Client
) -> None:
    """The link stands for whom it was sent to, whoever else uses that browser."""
    client.force_login(cast.member_b)
    client.post(address(digest, asked), {"answer": "agree"})
    assert Decision.objects.get().answered_by == cast.chain_leader_a


@pytest.mark.parametrize("what", ["withdrawn", "cleared"])
def test_settled_question_says_so(
    cast: Cast, digest: Digest, asked: Decision, client: Client, what: str
) -> None:
    if what == "withdrawn":
        withdraw_question(decision=asked, by=cast.head_a)
    else:
        resolve_blocker(blocker=asked.blocker, resolution="已腾空", by=cast.member_a)
    page = client.get(address(digest, asked)).content.decode()
    assert "无需决定" in page
    assert "<form" not in page
    client.post(address(digest, asked), {"answer": "agree"})
    assert state()[0] == ""


def test_opening_and_answering_are_on_record(
    digest: Digest, asked: Decision, client: Client
) -> None:
    page = address(digest, asked)
    client.get(page, REMOTE_ADDR="10.9.8.7")
    client.post(page, {"answer": "agree"}, REMOTE_ADDR="10.9.8.7")
    lines = AccessEntry.objects.filter(subject__startswith="decision.").order_by("number")
    assert [(line.subject, line.address, line.detail["digest"]) for line in lines] == [
        ("decision.opened", "10.9.8.7", "2026-W47"),
        ("decision.answered", "10.9.8.7", "2026-W47"),
    ]


def test_without_the_site_s_address_the_mail_says_where_to_answer(
    cast: Cast, asked: Decision, settings: Settings
) -> None:
    settings.SITE_URL = ""
    mail = asked_in_digest(cast).mail
    assert mail is not None
    assert "http" not in mail.text
    assert "href" not in mail.html
    assert "请登录系统" in mail.text


def test_message_to_a_group_robot_holds_no_link(
    cast: Cast, asked: Decision, settings: Settings
) -> None:
    """Everybody in the group could answer in the leader's name."""
    choose_channel(
        user=cast.chain_leader_a,
        channel="dingtalk",
        webhook=f"https://oapi.dingtalk.com/robot/send?access_token={'a' * 64}",
        by=cast.chain_leader_a,
        expected=None,
    )
    mail = asked_in_digest(cast).mail
    assert mail is not None
    assert mail.channel == "dingtalk"
    assert QUESTION in mail.text
    assert "/decide/" not in mail.text + mail.html
