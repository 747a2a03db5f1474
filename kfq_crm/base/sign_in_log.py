"""Sign-ins and refused sign-ins go into the access log, whatever page they come through."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.contrib.auth.signals import user_logged_in, user_login_failed

from kfq_crm.base import access
from kfq_crm.base.addresses import client_address
from kfq_crm.base.models import AccessKind, User

if TYPE_CHECKING:
    from django.http import HttpRequest


def connect() -> None:
    """Listen to Django's signals; called once, while apps load."""
    user_logged_in.connect(_signed_in, dispatch_uid="base.sign_in_log.signed_in")
    user_login_failed.connect(_refused, dispatch_uid="base.sign_in_log.refused")


def _signed_in(request: HttpRequest, user: User, **kwargs: Any) -> None:
    with_code = bool(getattr(user, "otp_device", None))
    access.record_access(
        AccessKind.SIGN_IN,
        by=user,
        subject="sign_in",
        detail={"step": "code" if with_code else "password"},
        address=client_address(request),
    )


def _refused(
    credentials: Mapping[str, Any],
    request: HttpRequest | None = None,
    step: str = "password",
    **kwargs: Any,
) -> None:
    """A name that no account has is left out: it may be a password typed into the wrong box."""
    account = User.objects.filter(username=credentials.get("username") or "").first()
    access.record_access(
        AccessKind.SIGN_IN_FAILED,
        by=None,
        subject="sign_in",
        instance=account,
        detail={"account": account.username if account else "", "step": step},
        address=client_address(request) if request else "",
    )
