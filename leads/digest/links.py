"""Addresses in a digest: pages of the system, and signed links to answer a question.

A link names question, digest and person, and is valid as long as the rule says. It opens one
page; nothing is answered before a form on that page is sent.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from django.conf import settings
from django.core import signing
from django.urls import reverse
from django.utils import timezone

from kfq_crm.base.destinations import destination_of
from kfq_crm.base.models import Channel, User
from leads.models import Decision, Digest
from leads.rulebook import digest_rule

if TYPE_CHECKING:
    from collections.abc import Mapping

SALT = "leads.digest.decision"
LINK_DAYS = 14


@dataclass(frozen=True)
class OpenLink:
    """What a valid link stands for."""

    decision: Decision
    digest: Digest
    person: User


class LinkRefused(Exception):
    """`is_expired` tells a link that was good from one that never was."""

    def __init__(self, *, is_expired: bool) -> None:
        super().__init__("expired" if is_expired else "invalid")
        self.is_expired = is_expired


def token_for(decision: int, digest: Digest, person: User) -> str:
    """The same for one second: the signature holds the time."""
    return signing.dumps([decision, digest.pk, person.pk], salt=SALT)


def read_token(token: str, now: datetime | None = None) -> OpenLink:
    """Raises LinkRefused for a link that is forged, too old, or whose person may no longer
    answer: disabled, or the chain has another leader by now."""
    try:
        decision, digest, person = signing.loads(token, salt=SALT, max_age=_longest(now))
    except signing.SignatureExpired as error:
        raise LinkRefused(is_expired=True) from error
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise LinkRefused(is_expired=False) from error
    link = _found(decision, digest, person)
    if link is None or not may_answer(link):
        raise LinkRefused(is_expired=True)
    return link


def _longest(now: datetime | None) -> timedelta:
    rule = digest_rule(timezone.localdate(now))
    return timedelta(days=rule.link_days if rule else LINK_DAYS)


def _found(decision: int, digest: int, person: int) -> OpenLink | None:
    row = (
        Decision.objects.select_related("blocker__lead__chain__team", "asked_by", "answered_by")
        .filter(pk=decision)
        .first()
    )
    sent = Digest.objects.filter(pk=digest).first()
    reader = User.objects.filter(pk=person).first()
    return OpenLink(row, sent, reader) if row and sent and reader else None


def may_answer(link: OpenLink) -> bool:
    """The leader of today, or the deputy to whom the leader's digest went."""
    chain = link.decision.blocker.lead.chain
    team = getattr(chain, "team", None)
    is_leaders = team is not None and team.leader_id == link.digest.reader_id
    return is_leaders and link.digest.chain_id == chain.pk and link.person.is_active


def answer_links(
    payload: Mapping[str, object], digest: Digest, person: User
) -> dict[int, dict[str, str]]:
    """The three links of each question, by its key.

    None where the site's address is unknown, and none for a person whose messages go to the
    robot of a group: everybody in the group could answer.
    """
    sections: dict[str, dict[str, list[dict[str, int]]]] = payload["sections"]  # type: ignore[assignment]  # plain data of our own
    asked = sections.get("questions", {}).get("items", [])
    if not settings.SITE_URL or destination_of(person).channel != Channel.EMAIL:
        return {}
    found = {}
    for item in asked:
        token = token_for(item["decision"], digest, person)
        address = settings.SITE_URL + reverse("admin:decide", args=[token])
        found[item["decision"]] = {
            name: f"{address}?answer={name}" for name in ("agree", "disagree", "instruct")
        }
    return found
