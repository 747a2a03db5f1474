"""Group robots: which addresses may be called, what is sent, what their answers mean."""

import json
import ssl
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from pytest_django.fixtures import Settings

from kfq_crm.base.destinations import choose_channel, destination_of
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.mail import deliver_due, enqueue
from kfq_crm.base.models import ChannelPreference, MailState, OutgoingMail, User
from kfq_crm.base.robots import LIMITS
from kfq_crm.base.webhooks import check_host, parse_robot
from tests.factories import UserFactory
from tests.mailing import later

pytestmark = pytest.mark.django_db
CERTIFICATE = Path(__file__).resolve().parent.parent / "data" / "localhost.pem"
WECOM = "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=0a1b-2c"
DINGTALK = "https://oapi.dingtalk.com/robot/send?access_token=abc123"
FEISHU = "https://open.feishu.cn/open-apis/bot/v2/hook/0a1b-2c"
PATHS = {
    "wecom": "/cgi-bin/webhook/send?key=0a1b-2c",
    "dingtalk": "/robot/send?access_token=abc123",
    "feishu": "/open-apis/bot/v2/hook/0a1b-2c",
}


# --- Addresses ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("channel", "address"),
    [("wecom", WECOM), ("dingtalk", DINGTALK), ("feishu", FEISHU), ("feishu", f" {FEISHU} ")],
)
def test_robots_of_the_three_services_are_accepted(channel: str, address: str) -> None:
    robot = parse_robot(channel, address)
    assert robot.host.endswith(":443")
    assert robot.token in address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "http://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "https://qyapi.weixin.qq.com:8443/cgi-bin/webhook/send?key=a",
        "https://qyapi.weixin.qq.com:443x/cgi-bin/webhook/send?key=a",
        "https://qyapi.weixin.qq.com.evil.example/cgi-bin/webhook/send?key=a",
        "https://evil.example/cgi-bin/webhook/send?key=a",
        "https://qyapi.weixin.qq.com@evil.example/cgi-bin/webhook/send?key=a",
        "https://user:pass@qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "https://evil.example#@qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "https://evil.example\\@qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "https://qyapi.weixin.qq.com./cgi-bin/webhook/send?key=a",
        "https://qyapi。weixin。qq。com/cgi-bin/webhook/send?key=a",
        "https://ｑyapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "https://%71yapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "https://127.0.0.1/cgi-bin/webhook/send?key=a",
        "https://2130706433/cgi-bin/webhook/send?key=a",
        "https://0x7f000001/cgi-bin/webhook/send?key=a",
        "https://017700000001/cgi-bin/webhook/send?key=a",
        "https://100.64.0.1/cgi-bin/webhook/send?key=a",
        "https://169.254.169.254/latest/meta-data",
        "https://[::1]/cgi-bin/webhook/send?key=a",
        "https://[64:ff9b::7f00:1]/cgi-bin/webhook/send?key=a",
        "https://[::ffff:127.0.0.1]/cgi-bin/webhook/send?key=a",
        "https:///cgi-bin/webhook/send?key=a",
        "//qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "file:///etc/passwd",
        "gopher://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a",
        "json://qyapi.weixin.qq.com/",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/../../x?key=a",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a&to=https://evil.example",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a\r\nHost: evil.example",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=a\thttps://evil.example",
        "https://qyapi.weixin.qq.com/cgi-bin/webhook/upload_media?key=a",
        DINGTALK,
    ],
)
def test_no_other_address_is_accepted(address: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        parse_robot("wecom", address)
    assert refused.value.field == "webhook"
    assert refused.value.code.startswith("webhook_")


def test_hosts_come_from_the_setting_with_their_port(settings: Settings) -> None:
    settings.MAIL_WEBHOOK_HOSTS = ["wx.zone.example:8443"]
    assert parse_robot("wecom", f"https://wx.zone.example:8443{PATHS['wecom']}")
    for other in (WECOM, f"https://wx.zone.example{PATHS['wecom']}"):
        with pytest.raises(RuleViolation, match=r"."):
            check_host(other)


# --- Choosing -------------------------------------------------------------------------------


def choose(user: User, channel: str, webhook: str = "", **values: Any) -> ChannelPreference:
    return choose_channel(
        user=user, channel=channel, webhook=webhook, **{"by": user, "expected": None, **values}
    )


def test_without_a_choice_mail_goes_to_the_account(reader: User) -> None:
    assert destination_of(reader).address == "gu.hang@example.com"
    assert destination_of(reader).problem == ""


def test_chosen_robot_is_where_messages_go_and_only_its_host_is_told(reader: User) -> None:
    choose(reader, "wecom", WECOM)
    way = destination_of(reader)
    assert (way.channel, way.address) == ("wecom", "qyapi.weixin.qq.com:443")
    row = enqueue("k", recipient=reader, subject="甲", text="乙")
    assert row
    assert not [name for name, value in vars(row).items() if "0a1b-2c" in str(value)]


def test_nobody_chooses_for_another(reader: User) -> None:
    with pytest.raises(RuleViolation):
        choose(reader, "wecom", WECOM, by=UserFactory(is_superuser=True))


def test_address_on_record_stays_when_none_is_typed(reader: User) -> None:
    first = choose(reader, "dingtalk", DINGTALK, secret="SEC1")
    again = choose(reader, "dingtalk", expected=first.version)
    assert (again.webhook, again.secret, again.version) == (DINGTALK, "SEC1", 2)
    with pytest.raises(RuleViolation):
        choose(reader, "feishu", expected=2)
    back = choose(reader, "email", expected=2)
    assert (back.webhook, back.secret) == ("", "")


@pytest.mark.parametrize(("channel", "secret"), [("wecom", "abc"), ("dingtalk", "a/b")])
def test_secret_that_is_none_is_refused(reader: User, channel: str, secret: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        choose(reader, channel, {"wecom": WECOM, "dingtalk": DINGTALK}[channel], secret=secret)
    assert refused.value.field == "secret"


def test_outdated_page_does_not_overwrite_the_choice(reader: User) -> None:
    choose(reader, "wecom", WECOM)
    with pytest.raises(VersionConflict):
        choose(reader, "feishu", FEISHU)


def test_only_the_own_choice_is_visible(reader: User) -> None:
    choose(reader, "wecom", WECOM)
    other = UserFactory(is_superuser=True)
    assert list(ChannelPreference.objects.visible_to(reader)) != []
    assert list(ChannelPreference.objects.visible_to(other)) == []


def test_database_refuses_a_robot_without_address(reader: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        ChannelPreference.objects.create(user=reader, channel="wecom")


# --- Sending --------------------------------------------------------------------------------


@dataclass
class Service:
    """A robot's service on this machine, with a certificate of its own."""

    port: int = 0
    answer: Callable[[str], tuple[int, dict[str, str], bytes]] = field(
        default=lambda path: (200, {}, b'{"errcode":0,"errmsg":"ok"}')
    )
    received: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def address(self, channel: str) -> str:
        return f"https://localhost:{self.port}{PATHS[channel]}"


@pytest.fixture
def service(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    found = Service()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            found.received.append((self.path, json.loads(body)))
            code, headers, content = found.answer(self.path)
            if code == 0:
                self.connection.close()
                return
            self.send_response(code)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_args: Any) -> None:
            """Silent."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATE)
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.handle_error = lambda *_args: None  # type: ignore[method-assign]  # a closed connection is what we want
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found.port = server.server_port
    settings.MAIL_WEBHOOK_HOSTS = [f"localhost:{found.port}"]
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(CERTIFICATE))
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()


def queued(reader: User, service: Service, channel: str = "wecom", **text: str) -> OutgoingMail:
    choose(reader, channel, service.address(channel))
    row = enqueue("k", recipient=reader, **{"subject": "今日待办", "text": "逾期 3 条", **text})
    assert row
    return row


@pytest.mark.parametrize(
    ("channel", "place"),
    [
        ("wecom", ("text", "content")),
        ("dingtalk", ("text", "content")),
        ("feishu", ("content", "text")),
    ],
)
def test_message_reaches_the_robot(
    reader: User, service: Service, channel: str, place: tuple[str, str]
) -> None:
    service.answer = lambda path: (200, {}, b'{"errcode":0,"code":0}')
    row = queued(reader, service, channel)
    assert deliver_due().sent == 1
    ((path, said),) = service.received
    assert path.rstrip("/") == PATHS[channel]
    assert said[place[0]][place[1]] == "今日待办\n\n逾期 3 条"
    row.refresh_from_db()
    assert row.state == MailState.SENT


def test_dingtalk_message_is_signed(reader: User, service: Service) -> None:
    choose(reader, "dingtalk", service.address("dingtalk"), secret="SECabc")
    enqueue("k", recipient=reader, subject="甲", text="乙")
    assert deliver_due().sent == 1
    assert "timestamp=" in service.received[0][0]
    assert "sign=" in service.received[0][0]


@pytest.mark.parametrize(
    ("answer", "state", "told"),
    [
        ((200, b'{"errcode":93000,"errmsg":"invalid webhook url"}'), "failed", "93000 invalid"),
        ((200, b'{"errcode":45009,"errmsg":"freq limit"}'), "waiting", "45009"),
        ((200, b"<html>maintenance</html>"), "waiting", ""),
        ((200, b"[]"), "waiting", ""),
        ((500, b""), "waiting", "HTTP 500"),
        ((429, b""), "waiting", "HTTP 429"),
        ((404, b""), "failed", "HTTP 404"),
    ],
)
def test_refusal_in_any_form_is_no_success(
    reader: User, service: Service, answer: tuple[int, bytes], state: str, told: str
) -> None:
    service.answer = lambda path: (answer[0], {}, answer[1])
    row = queued(reader, service)
    deliver_due()
    row.refresh_from_db()
    assert (row.state, row.attempts) == (state, 1)
    assert told in row.last_error


def test_redirect_is_not_followed(reader: User, service: Service) -> None:
    target = f"https://localhost:{service.port}/elsewhere"
    service.answer = lambda path: (307, {"Location": target}, b"")
    row = queued(reader, service)
    deliver_due()
    row.refresh_from_db()
    assert row.state == MailState.FAILED
    assert [path for path, _said in service.received] == [PATHS["wecom"]]


def test_host_taken_off_the_list_is_not_called(
    reader: User, service: Service, settings: Settings
) -> None:
    row = queued(reader, service)
    settings.MAIL_WEBHOOK_HOSTS = []
    deliver_due()
    row.refresh_from_db()
    assert row.state == MailState.FAILED
    assert service.received == []
    later_row = enqueue("k2", recipient=reader, subject="甲", text="乙")
    assert later_row
    assert later_row.state == MailState.UNDELIVERABLE


def test_address_that_the_library_makes_up_is_checked_too(
    reader: User, service: Service, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = queued(reader, service)
    moved = f"https://localhost:{service.port + 1}/x?key={{key}}"
    monkeypatch.setattr("kfq_crm.base.robots._bound", lambda plugin, address: _moved(plugin, moved))
    deliver_due()
    row.refresh_from_db()
    assert row.state == MailState.FAILED
    assert service.received == []


def _moved(plugin: Any, address: str) -> Any:
    return type("Moved", (plugin,), {"notify_url": address})


def test_foreign_certificate_is_refused(
    reader: User, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = queued(reader, service)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    deliver_due()
    row.refresh_from_db()
    assert row.state == MailState.WAITING
    assert service.received == []


def test_lost_answer_waits_for_the_lease(reader: User, service: Service) -> None:
    service.answer = lambda path: (0, {}, b"")
    row = queued(reader, service)
    assert deliver_due().unanswered == 1
    row.refresh_from_db()
    assert (row.state, row.unanswered) == (MailState.WAITING, 1)
    service.answer = Service().answer
    assert deliver_due(later(minutes=16)).sent == 1


def test_robot_that_is_away_is_tried_again(
    reader: User, service: Service, settings: Settings
) -> None:
    row = queued(reader, service)
    settings.MAIL_WEBHOOK_HOSTS = ["localhost:1"]
    ChannelPreference.objects.update(webhook=f"https://localhost:1{PATHS['wecom']}")
    assert deliver_due().retried == 1
    row.refresh_from_db()
    assert row.state == MailState.WAITING


def test_long_text_is_cut_between_characters(reader: User, service: Service) -> None:
    queued(reader, service, text="逾期线索" * 1000)
    assert deliver_due().sent == 1
    content = service.received[0][1]["text"]["content"]
    assert LIMITS["wecom"] - 3 <= len(content.encode()) <= LIMITS["wecom"]  # type: ignore[index]  # a text choice
    assert content.startswith("今日待办\n\n逾期线索")
    assert "\n…" in content[-40:]


def test_person_who_changed_the_channel_meanwhile_is_not_written_to(
    reader: User, service: Service
) -> None:
    row = queued(reader, service)
    choose(reader, "email", expected=1)
    deliver_due()
    row.refresh_from_db()
    assert row.state == MailState.FAILED
    assert service.received == []
