"""Accounts that programs act as. Nobody signs in with one or puts it on a list of people.

The ground does not know what such an account may do: the app that knows says so while it loads,
by `provide`. The account is made when its first token is, so that an installation without
programs has none.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import User

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class ServiceAccount:
    """What the account is called, and what gives it its rights, anew with every token."""

    label: str | _StrPromise
    grant: Callable[[User], None]


PROVIDED: dict[str, ServiceAccount] = {}


def provide(service: str, account: ServiceAccount) -> None:
    PROVIDED[service] = account


def account_of(service: str) -> User:
    """The account that a program acts as, made or brought up to date. Runs in a transaction."""
    provided = PROVIDED[service]
    account, _made = User.objects.get_or_create(
        service=service,
        defaults={
            "username": f"service.{service}",
            "display_name": str(provided.label),
            "is_staff": False,
            "password": "!",  # no text has this digest: Django's mark of an unusable password
        },
    )
    provided.grant(account)
    return account


def refuse_service_accounts(*people: User | None, field: str | None = None) -> None:
    """RuleViolation when one of them is a program's account: it belongs to no list of people."""
    if any(person is not None and person.service for person in people):
        message = _("This is the account of a program. Choose a person.")
        raise RuleViolation("service_account", message, field)
