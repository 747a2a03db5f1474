"""Messages to group robots of WeCom, DingTalk and Feishu, through Apprise.

Apprise knows the three services: addresses, payloads, signatures. Its own HTTP calls are
replaced by `_GuardedHttp`, since they follow redirects, call whatever host the plugin names and
take every "200 OK" for success, while these services say "no" in the body of one.
"""

from __future__ import annotations

from typing import Any, Final

import requests
from apprise.plugins import dingtalk, feishu, wecombot
from django.conf import settings
from django.utils.translation import gettext as _
from urllib3.exceptions import HTTPError, MaxRetryError

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.mail_senders import Refused, Sender, Unanswered
from kfq_crm.base.models import Channel, ChannelPreference, OutgoingMail
from kfq_crm.base.webhooks import Robot, check_host, parse_robot

# Bytes of text that a service takes; the whole text stays in the system
LIMITS: Final = {Channel.WECOM: 2048, Channel.DINGTALK: 18_000, Channel.FEISHU: 18_000}
CONNECT_TIMEOUT: Final = 5
LONGEST_ANSWER: Final = 64 * 1024
# Too many messages or too busy; anything else that is not 0 is refused for good
TEMPORARY_CODES: Final = {-1, 45009, 45033, 130101, 660026, 9499, 11232}


class _GuardedHttp:
    """Stands where Apprise's plugins expect the module `requests`."""

    codes = requests.codes
    RequestException = requests.RequestException

    @staticmethod
    def post(
        url: str,
        *,
        data: Any,
        headers: dict[str, str],
        params: Any = None,
        **_ignored: Any,
    ) -> requests.Response:
        """Checks the address that will really be called, never follows, reads the answer."""
        with requests.Session() as session:
            request = requests.Request("POST", url, data=data, headers=headers, params=params)
            prepared = session.prepare_request(request)
            try:
                check_host(str(prepared.url))
            except RuleViolation as violation:
                raise Refused(str(violation.message), permanent=True) from violation
            answer = _call(session, prepared)
            _judge(answer)
            return answer


for _plugin in (wecombot, dingtalk, feishu):
    _plugin.requests = _GuardedHttp


class RobotSender(Sender):
    """One call for each message; the services have no lasting connection."""

    def open(self) -> None:
        """Nothing to open."""

    def compose(self, mail: OutgoingMail) -> Any:
        """The plugin for the address that the person has now, which may have changed."""
        chosen = ChannelPreference.objects.filter(user=mail.recipient_id).first()
        if chosen is None or chosen.channel != mail.channel:
            raise RuleViolation("channel_gone", _("The person no longer uses this channel."))
        return plugin_for(parse_robot(chosen.channel, chosen.webhook), chosen.secret)

    def hand_over(self, mail: OutgoingMail, composed: Any) -> None:
        if not composed.send(body=shortened(mail)):
            raise Refused(_("The robot did not take it."), permanent=False)


def plugin_for(robot: Robot, secret: str = "") -> Any:
    """Apprise's plugin, bound to the site of a checked address (services may run on own sites)."""
    if robot.channel == Channel.WECOM:
        address = f"{robot.site}/cgi-bin/webhook/send?key={{key}}"
        return _bound(wecombot.NotifyWeComBot, address)(key=robot.token)
    if robot.channel == Channel.DINGTALK:
        address = f"{robot.site}/robot/send?access_token={{token}}"
        return _bound(dingtalk.NotifyDingTalk, address)(token=robot.token, secret=secret or None)
    address = f"{robot.site}/open-apis/bot/v2/hook/{{token}}"
    return _bound(feishu.NotifyFeishu, address)(token=robot.token)


def _bound(plugin: Any, address: str) -> Any:
    return type(plugin.__name__, (plugin,), {"notify_url": address})


def shortened(mail: OutgoingMail) -> str:
    """Subject and text within the bytes that the service takes, never cutting a character."""
    whole = f"{mail.subject}\n\n{mail.text}"
    limit = LIMITS[Channel(mail.channel)]
    if len(whole.encode()) <= limit:
        return whole
    ending = "\n" + _("… (the rest is in the system)")
    room = limit - len(ending.encode())
    return whole.encode()[:room].decode("utf-8", "ignore") + ending


def _call(session: requests.Session, prepared: requests.PreparedRequest) -> requests.Response:
    # The operator's proxy and certificates, from the environment
    options = session.merge_environment_settings(prepared.url, {}, True, None, None)
    timeout = (CONNECT_TIMEOUT, settings.EMAIL_TIMEOUT)
    try:
        answer = session.send(prepared, allow_redirects=False, timeout=timeout, **options)
        answer._content = answer.raw.read(LONGEST_ANSWER, decode_content=True)
    except requests.ConnectTimeout as error:
        raise Refused(_("The robot's host cannot be reached."), permanent=False) from error
    except requests.ConnectionError as error:
        if error.args and isinstance(error.args[0], MaxRetryError):  # never connected
            raise Refused(_("The robot's host cannot be reached."), permanent=False) from error
        raise Unanswered(type(error).__name__) from error
    except (requests.RequestException, HTTPError, OSError) as error:
        raise Unanswered(type(error).__name__) from error
    return answer


def _judge(answer: requests.Response) -> None:
    """Raises Refused unless the service said that it took the message."""
    if answer.status_code != requests.codes.ok:
        busy = answer.status_code == requests.codes.too_many or answer.status_code >= 500
        raise Refused(f"HTTP {answer.status_code}", permanent=not busy)
    try:
        said = answer.json()
        code = next(int(said[name]) for name in ("errcode", "code", "StatusCode") if name in said)
    except (ValueError, TypeError, StopIteration) as error:
        raise Refused(_("The robot's answer cannot be read."), permanent=False) from error
    if code != 0:
        words = str(said.get("errmsg") or said.get("msg") or "")[:200]
        raise Refused(f"{code} {words}".strip(), permanent=code not in TEMPORARY_CODES)
