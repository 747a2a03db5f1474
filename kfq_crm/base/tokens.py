"""Access tokens: making, finding and revoking them. Every act stands in the access log."""

from __future__ import annotations

import ipaddress
import secrets
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Final

from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kfq_crm.base import access, service_accounts
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind, ApiRule, ApiToken, Audience, TokenScope
from kfq_crm.base.parsing import nfkc, shown
from kfq_crm.base.token_models import KEEP_TOKENS, SCOPES_OF_AUDIENCE

if TYPE_CHECKING:
    from kfq_crm.base.models import User

MAKE: Final = "base.add_apitoken"
# What holds while no rule is entered
REQUESTS_PER_MINUTE: Final = 300
LONGEST_DAYS: Final = 366
MOST_REQUESTS: Final = 100_000
MOST_NETWORKS: Final = 20
# The start of every token, so that a search over files and logs finds one that lies about
PREFIX: Final = "kfq"
# A token ends with the first moment after its last day; this much before is still that day
MOMENT: Final = timedelta(microseconds=1)
_SEEN_EVERY: Final = timedelta(minutes=1)
# What an unknown token is compared with, so that it takes as long as a wrong secret
_NOBODYS: Final = "0" * 64


@dataclass(frozen=True)
class Made:
    """A token and its text, which is shown once and stored nowhere."""

    token: ApiToken
    text: str


def may_make(user: User) -> bool:
    return user.has_perm(MAKE) or may_keep(user)


def may_keep(user: User) -> bool:
    """Sees and revokes everybody's tokens, and makes those of the mayor's office."""
    return bool(user.has_perm(KEEP_TOKENS))


def may_revoke(user: User, token: ApiToken) -> bool:
    return may_keep(user) or (user.is_active and token.owner_id == user.pk)


@transaction.atomic
def make_token(
    *,
    name: str,
    audience: str,
    scopes: Collection[str],
    last_day: date,
    networks: Iterable[str] = (),
    requests_per_minute: int | None = None,
    by: User,
    address: str = "",
    now: datetime | None = None,
) -> Made:
    """Make a token that is valid through `last_day`, for oneself or for the mayor's office.

    Raises RuleViolation: not_allowed, scope_missing, scope_unknown, scope_not_for_audience,
    expiry_passed, expiry_too_far, network_invalid.
    """
    now = now or timezone.now()
    _require_right(by, audience)
    rule = rule_on(timezone.localdate(now))
    key, secret = secrets.token_hex(8), secrets.token_urlsafe(32)
    token = ApiToken(
        name=name.strip(),
        key=key,
        digest=digest_of(secret),
        owner=by if audience == Audience.OWNER else service_accounts.account_of(audience),
        audience=audience,
        scopes=_checked_scopes(audience, scopes),
        networks=_checked_networks(networks),
        requests_per_minute=_checked_rate(requests_per_minute, rule),
        expires_at=_end_of(last_day, rule, now),
        made_at=now,
        made_by=by,
    )
    check_columns(token, {"name", "audience"})
    token.save(force_insert=True)
    _log("api_token.made", token, by, address)
    return Made(token, f"{PREFIX}_{key}_{secret}")


@transaction.atomic
def revoke_token(
    *, token: ApiToken, by: User, address: str = "", now: datetime | None = None
) -> ApiToken:
    """End a token at once. Raises RuleViolation when it has been revoked before."""
    if not may_revoke(by, token):
        raise RuleViolation("not_allowed", _("Only its owner or an administrator may do this."))
    locked = ApiToken.objects.select_for_update(no_key=True).get(pk=token.pk)
    if locked.revoked_at:
        raise RuleViolation("revoked", _("This token has been revoked already."))
    locked.revoked_at, locked.revoked_by = now or timezone.now(), by
    locked.save(update_fields=["revoked_at", "revoked_by"])
    _log("api_token.revoked", locked, by, address)
    return locked


def find_token(text: str) -> ApiToken | None:
    """The token of this text with its owner, dead or alive, in one query; None for any other."""
    prefix, _underscore, rest = text.partition("_")
    key, _underscore, secret = rest.partition("_")
    if prefix != PREFIX or not key.isascii() or not key.isalnum() or len(key) != 16:
        return None
    token = ApiToken.objects.select_related("owner").filter(key=key).first()
    matches = constant_time_compare(token.digest if token else _NOBODYS, digest_of(secret))
    return token if matches else None


def digest_of(secret: str) -> str:
    """Plain SHA-256: the secret holds 256 random bits, there is nothing to guess slowly."""
    return sha256(secret.encode()).hexdigest()


def allows_address(token: ApiToken, address: str) -> bool:
    """Whether the token may be used from here; without networks from everywhere."""
    if not token.networks:
        return True
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network) for network in token.networks)


def note_use(token: ApiToken, address: str, now: datetime) -> None:
    """Write down when and from where it was used, at most once a minute or for a new address."""
    last = token.last_used_at
    if last and now - last < _SEEN_EVERY and token.last_used_from == address:
        return
    ApiToken.objects.filter(pk=token.pk).update(last_used_at=now, last_used_from=address[:45])


def rule_on(day: date) -> ApiRule:
    """The rule that holds on a day; the built-in figures while nobody has entered one."""
    found: ApiRule | None = ApiRule.objects.valid_on(day).first()
    return found or ApiRule(
        valid_from=day, requests_per_minute=REQUESTS_PER_MINUTE, longest_days=LONGEST_DAYS
    )


def _require_right(by: User, audience: str) -> None:
    if audience == Audience.OWNER and not may_make(by):
        raise RuleViolation("not_allowed", _("You may not make tokens."))
    if audience != Audience.OWNER and not may_keep(by):
        message = _("Only an administrator makes tokens of the mayor's office.")
        raise RuleViolation("not_allowed", message, "audience")


def _checked_scopes(audience: str, scopes: Collection[str]) -> list[str]:
    if not scopes:
        raise RuleViolation("scope_missing", _("Choose what the token opens."), "scopes")
    for scope in scopes:
        if scope not in TokenScope:
            message = _("“%(text)s” is no scope.") % {"text": shown(str(scope))}
            raise RuleViolation("scope_unknown", message, "scopes")
        if scope not in SCOPES_OF_AUDIENCE[Audience(audience)]:
            message = _("The mayor's office reads no personal data and writes nothing.")
            raise RuleViolation("scope_not_for_audience", message, "scopes")
    return [scope.value for scope in TokenScope if scope in scopes]


def _checked_networks(networks: Iterable[str]) -> list[str]:
    found = []
    for text in map(nfkc, networks):
        try:
            found.append(str(ipaddress.ip_network(text)))
        except ValueError:
            message = _(
                "“%(text)s” is no address and no network. Write it like 10.1.2.3 or 10.1.2.0/24."
            )
            raise RuleViolation(
                "network_invalid", message % {"text": shown(text)}, "networks"
            ) from None
    if len(found) > MOST_NETWORKS:
        message = _("At most %(most)s addresses or networks.") % {"most": MOST_NETWORKS}
        raise RuleViolation("network_too_many", message, "networks")
    return found


def _checked_rate(wanted: int | None, rule: ApiRule) -> int:
    if wanted is None:
        return rule.requests_per_minute
    if not 1 <= wanted <= MOST_REQUESTS:
        message = _("From 1 to %(most)s requests a minute.") % {"most": MOST_REQUESTS}
        raise RuleViolation("rate_out_of_range", message, "requests_per_minute")
    return wanted


def _end_of(last_day: date, rule: ApiRule, now: datetime) -> datetime:
    """The first moment after the last day, in site time."""
    today = timezone.localdate(now)
    if last_day < today:
        raise RuleViolation("expiry_passed", _("This day has passed."), "last_day")
    if (last_day - today).days >= rule.longest_days:
        message = ngettext(
            "A token is valid for %(days)s day at most.",
            "A token is valid for %(days)s days at most.",
            rule.longest_days,
        )
        raise RuleViolation("expiry_too_far", message % {"days": rule.longest_days}, "last_day")
    return timezone.make_aware(datetime.combine(last_day + timedelta(days=1), time()))


def _log(subject: str, token: ApiToken, by: User, address: str) -> None:
    access.record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject=subject,
        instance=token,
        detail={
            "token": token.name,
            "token_key": token.key,
            "audience": token.audience,
            "scopes": token.scopes,
        },
        address=address,
    )
