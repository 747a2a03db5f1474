"""How I am reached: chosen by oneself alone, never shown again, tried out."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django.asserts import assertContains, assertNotContains, assertRedirects

from kfq_crm.base.mail import deliver_due
from kfq_crm.base.models import Channel, ChannelPreference, MailState, OutgoingMail, User
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
PAGE, TRIAL = "admin:own_channel", "admin:own_channel_trial"
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=secret-key-1"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=abc123"


@pytest.fixture
def me(client: Client, reader: User) -> Client:
    client.force_login(reader)
    return client


def choose(me: Client, channel: str, webhook: str = "", expected: object = 0, **more: str) -> Any:
    form = {"channel": channel, "webhook": webhook, "expected_version": expected, **more}
    return me.post(reverse(PAGE), form, follow=True)


def test_without_a_choice_it_is_the_accounts_address(me: Client) -> None:
    answer = me.get(reverse(PAGE))
    assertContains(answer, "gu.hang@example.com")
    assert not ChannelPreference.objects.exists()


def test_robot_is_chosen_and_never_shown_again(me: Client, reader: User) -> None:
    assertRedirects(choose(me, Channel.WECOM, WECOM), reverse(PAGE))
    row = ChannelPreference.objects.get()
    assert (row.user, row.channel, row.webhook) == (reader, Channel.WECOM, WECOM)
    for name in (PAGE, "admin:own_account"):
        answer = me.get(reverse(name))
        assertContains(answer, "qyapi.weixin.qq.com")
        assertNotContains(answer, "secret-key-1")


def test_refused_robot_does_not_come_back_in_the_page(me: Client) -> None:
    answer = choose(me, Channel.WECOM, WECOM.replace("https", "http"))
    assertContains(answer, "https://")
    assertNotContains(answer, "secret-key-1")


@pytest.mark.parametrize(
    ("channel", "webhook", "more", "field"),
    [
        (Channel.WECOM, "", {}, "webhook"),
        (Channel.WECOM, "https://evil.example/cgi-bin/webhook/send?key=x", {}, "webhook"),
        (
            Channel.WECOM,
            WECOM.replace(".com/", ".com:8443/"),
            {},
            "webhook",
        ),
        (Channel.WECOM, WECOM.replace("https", "http"), {}, "webhook"),
        (Channel.WECOM, DINGTALK, {}, "webhook"),
        (Channel.WECOM, "企业微信", {}, "webhook"),
        (Channel.WECOM, WECOM, {"secret": "abc"}, "secret"),
        (Channel.DINGTALK, DINGTALK, {"secret": "有空 格"}, "secret"),
        (Channel.DINGTALK, "x" * 600, {}, "webhook"),
        ("pigeon", "", {}, "channel"),
    ],
)
def test_bad_choice_is_told_at_its_field(
    me: Client, channel: str, webhook: str, more: dict[str, str], field: str
) -> None:
    answer = choose(me, channel, webhook, **more)
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {field}
    assert not ChannelPreference.objects.exists()


def test_empty_address_keeps_the_one_on_record(me: Client) -> None:
    choose(me, Channel.DINGTALK, DINGTALK, secret="SECabc")
    choose(me, Channel.DINGTALK, "", expected=1)
    row = ChannelPreference.objects.get()
    assert (row.webhook, row.secret, row.version) == (DINGTALK, "SECabc", 2)
    choose(me, Channel.EMAIL, expected=2)
    row.refresh_from_db()
    assert (row.channel, row.webhook, row.secret) == (Channel.EMAIL, "", "")


@pytest.mark.parametrize("expected", ["0", "7", "", "x"])
def test_outdated_page_changes_nothing(me: Client, expected: str) -> None:
    choose(me, Channel.WECOM, WECOM)
    answer = choose(me, Channel.EMAIL, expected=expected)
    assertContains(answer, "在别处修改过")
    assert ChannelPreference.objects.get().channel == Channel.WECOM


def test_person_without_an_address_is_told(client: Client) -> None:
    client.force_login(UserFactory(email=""))
    assertContains(client.get(reverse(PAGE)), "该账号没有邮箱地址")
    assertContains(client.post(reverse(TRIAL), follow=True), "该账号没有邮箱地址")


def test_trial_goes_to_oneself_and_once_a_minute(me: Client, reader: User) -> None:
    answer = me.post(reverse(TRIAL), follow=True)
    row = OutgoingMail.objects.get()
    assertRedirects(answer, reverse("admin:base_outgoingmail_page", args=[row.pk]))
    assert (row.recipient, row.kind) == (reader, "trial")
    assertContains(me.post(reverse(TRIAL), follow=True), "请一分钟后再试")
    assert deliver_due().sent == 1
    row.refresh_from_db()
    assert row.state == MailState.SENT


def test_trial_wants_a_sent_form(me: Client) -> None:
    assert me.get(reverse(TRIAL)).status_code == 405
    assert not OutgoingMail.objects.exists()
