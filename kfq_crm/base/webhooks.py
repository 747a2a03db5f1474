"""Addresses of group robots: which ones the system may call at all.

Only https, only hosts and ports that the operator listed in MAIL_WEBHOOK_HOSTS, only the path
that robots of that service have. Names are compared, never guessed from what they resolve to:
`is_private` and its like know too little.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import Channel

# What nobody needs in such an address, and what parsers read in different ways
_PLAIN: Final = re.compile(r"[A-Za-z0-9:/?=&._%-]+")
_TARGETS: Final = {
    Channel.WECOM: re.compile(r"/cgi-bin/webhook/send\?key=([A-Za-z0-9_-]+)"),
    Channel.DINGTALK: re.compile(r"/robot/send\?access_token=([A-Za-z0-9]+)"),
    Channel.FEISHU: re.compile(r"/open-apis/bot/v2/hook/([A-Za-z0-9_-]+)"),
}


@dataclass(frozen=True)
class Robot:
    """A checked address: `site` is https://host:port, `token` the key to the group."""

    channel: str
    site: str
    host: str
    token: str


def check_host(url: str) -> SplitResult:
    """The parts of an address that may be called.

    RuleViolation codes: webhook_malformed, webhook_not_https, webhook_not_listed.
    """
    if not _PLAIN.fullmatch(url):
        raise RuleViolation("webhook_malformed", _("This is not the address of a robot."))
    parts = _split(url)
    if parts.scheme != "https":
        raise RuleViolation("webhook_not_https", _("The address must begin with https://."))
    if f"{parts.hostname}:{parts.port or 443}" not in settings.MAIL_WEBHOOK_HOSTS:
        raise RuleViolation(
            "webhook_not_listed",
            _("Messages may not be sent to this host. The administrator keeps the list of hosts."),
        )
    return parts


def parse_robot(channel: str, url: str) -> Robot:
    """A robot's address as its service shows it; RuleViolation at `webhook` otherwise."""
    url = url.strip()
    try:
        parts = check_host(url)
    except RuleViolation as violation:
        raise RuleViolation(violation.code, violation.message, "webhook") from violation
    found = _TARGETS[Channel(channel)].fullmatch(f"{parts.path}?{parts.query}".removesuffix("?"))
    if not found:
        raise RuleViolation(
            "webhook_malformed",
            _("This is not the address of a robot of that service; copy it from the group."),
            "webhook",
        )
    host = f"{parts.hostname}:{parts.port or 443}"
    return Robot(channel, f"https://{host}", host, found[1])


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 — reading it raises for a port that is no number
    except ValueError as error:
        raise RuleViolation(
            "webhook_malformed", _("This is not the address of a robot.")
        ) from error
    return parts
