"""Who asks: a token in the header, nothing else. No cookie is read, so nothing can be forged."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from kfq_crm.base import tokens
from kfq_crm.base.addresses import client_address
from kfq_crm.base.api.problems import Problem

if TYPE_CHECKING:
    from kfq_crm.base.models import ApiToken, User

SCHEMES = ("token", "bearer")
CHALLENGE = 'Token realm="api"'
LONGEST = 200


class TokenAuthentication(BaseAuthentication):
    """`Authorization: Token …` or `Bearer …`; `request.auth` is the ApiToken."""

    def authenticate(self, request: Request) -> tuple[User, ApiToken] | None:
        header = request.headers.get("Authorization", "")
        scheme, _blank, text = header.partition(" ")
        if not header or scheme.lower() not in SCHEMES:
            return None
        token = tokens.find_token(text.strip()) if len(text) <= LONGEST else None
        if token is None:
            raise refused("token_invalid", _("This token is not valid."))
        _require_alive(token)
        address = client_address(request._request)
        if not tokens.allows_address(token, address):
            message = _("This token may not be used from this address.")
            raise refused("address_not_allowed", message)
        tokens.note_use(token, address, timezone.now())
        return token.owner, token

    def authenticate_header(self, request: Request) -> str:
        return CHALLENGE


def refused(code: str, message: Any) -> Problem:
    return Problem(401, code, message, headers={"WWW-Authenticate": CHALLENGE})


def _require_alive(token: ApiToken) -> None:
    """Whoever holds the secret may know why it no longer works."""
    if token.revoked_at:
        raise refused("token_revoked", _("This token has been revoked."))
    if token.expires_at <= timezone.now():
        raise refused("token_expired", _("This token has expired."))
    if not token.owner.is_active:
        raise refused("token_invalid", _("This token is not valid."))
