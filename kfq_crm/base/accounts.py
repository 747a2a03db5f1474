"""Accounts: making, changing, disabling, passwords. Every act stands in the access log."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from axes.utils import reset as unlock
from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base import access, concurrency
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.groups import role_groups
from kfq_crm.base.models import AccessKind, User
from kfq_crm.base.service_accounts import refuse_service_accounts

if TYPE_CHECKING:
    from django.contrib.auth.models import Group

ACCOUNT_FIELDS = {"display_name", "unit", "post", "phone", "email"}
# Nothing that is misread on paper or over the telephone: no l, 1, o, 0, i.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"


@dataclass(frozen=True)
class Issued:
    """An account and the one-time password that is shown to the administrator once."""

    user: User
    password: str


@transaction.atomic
def create_account(
    *,
    username: str,
    values: Mapping[str, Any],
    roles: Iterable[Group],
    by: User,
    address: str = "",
) -> Issued:
    """Make an account for a member of staff with a one-time password.

    Raises RuleViolation at `username` when somebody has it already, in whatever case.
    """
    _require_administrator(by)
    if User.objects.filter(username__iexact=username).exists():
        raise RuleViolation("username_taken", _("Somebody has this sign-in name."), "username")
    user = User(username=User.normalize_username(username), is_staff=True)
    _fill(user, values)
    password = _issue_password(user)
    check_columns(user)
    user.save()
    _set_roles(user, roles)
    _log("account.created", user, by, address)
    return Issued(user, password)


@transaction.atomic
def update_account(
    *,
    user: User,
    values: Mapping[str, Any],
    roles: Iterable[Group],
    by: User,
    expected: int | None,
    address: str = "",
) -> User:
    """Change what is known of a person and which roles he or she has.

    Raises VersionConflict on an outdated page; nobody changes the own roles.
    """
    locked = _lock_for(user, by, expected)
    wanted = list(roles)
    changed = _changed_roles(locked, wanted)
    if changed and locked == by:
        raise RuleViolation("own_roles", _("Nobody changes the own roles."), "roles")
    _fill(locked, values)
    _save(locked)
    if changed:
        _set_roles(locked, wanted)
    _log("account.changed", locked, by, address, {"roles": changed} if changed else {})
    return locked


@transaction.atomic
def disable_account(*, user: User, by: User, address: str = "") -> User:
    """End all sign-ins of a person at once; the records that he or she wrote stay.

    The password goes as well: an old session would come to life with the account otherwise.
    """
    locked = _lock_for(user, by)
    _refuse_own(locked, by)
    locked.is_active = False
    locked.set_unusable_password()
    _save(locked)
    _log("account.disabled", locked, by, address)
    return locked


@transaction.atomic
def enable_account(*, user: User, by: User, address: str = "") -> Issued:
    """Let a person in again, with a one-time password."""
    locked = _lock_for(user, by)
    locked.is_active = True
    password = _issue_password(locked)
    _save(locked)
    _log("account.enabled", locked, by, address)
    return Issued(locked, password)


@transaction.atomic
def set_one_time_password(*, user: User, by: User, address: str = "") -> Issued:
    """Replace a forgotten password; ends the person's sign-ins and opens a lock-out."""
    locked = _lock_for(user, by)
    _refuse_own(locked, by)
    if not locked.is_active:
        raise RuleViolation("disabled", _("This account is disabled."))
    password = _issue_password(locked)
    _save(locked)
    unlock(username=locked.username)
    _log("account.password_reset", locked, by, address)
    return Issued(locked, password)


@transaction.atomic
def change_own_password(*, user: User, password: str, address: str = "") -> User:
    """Set the password that a person chose; the rules of passwords are checked by the form."""
    locked = concurrency.lock(User.staff.all(), user.pk)
    if locked.check_password(password):
        raise RuleViolation(
            "same_password", _("Choose a password that differs from the old one."), "new_password1"
        )
    locked.set_password(password)
    locked.must_change_password = False
    _save(locked)
    _log("account.password_changed", locked, locked, address)
    return locked


def may_administer(by: User, user: User) -> bool:
    """Administrators keep the accounts; that of a superuser only another superuser."""
    if user.service:  # a program's account has no password, and is never let in
        return False
    return by.has_perm("base.change_user") and (by.is_superuser or not user.is_superuser)


def _lock_for(user: User, by: User, expected: int | None = None) -> User:
    _require_administrator(by)
    refuse_service_accounts(user)
    locked = concurrency.lock(User.staff.all(), user.pk, expected)
    if not may_administer(by, locked):
        raise RuleViolation("superuser", _("Only another superuser may change this account."))
    return locked


def _refuse_own(user: User, by: User) -> None:
    """The own password is changed on the page that asks for the old one."""
    if user == by:
        raise RuleViolation("own_account", _("Nobody does this to the own account."))


def _require_administrator(by: User) -> None:
    if not by.has_perm("base.change_user"):
        raise RuleViolation("not_allowed", _("Only an administrator keeps accounts."))


def _issue_password(user: User) -> str:
    password = one_time_password()
    user.set_password(password)
    user.must_change_password = True
    return password


def one_time_password() -> str:
    """Four groups of four letters and digits: 79 bits, and readable over the telephone."""
    letters = "".join(secrets.choice(_LETTERS) for _place in range(16))
    return "-".join(letters[start : start + 4] for start in range(0, 16, 4))


def _fill(user: User, values: Mapping[str, Any]) -> None:
    for field in ACCOUNT_FIELDS & values.keys():
        setattr(user, field, values[field])
    if not user.display_name.strip():
        raise RuleViolation("blank", _("Enter the person's full name."), "display_name")


def _save(user: User) -> None:
    check_columns(user)
    user.version += 1
    user.save()


def _changed_roles(user: User, wanted: list[Group]) -> list[str]:
    """Names of the roles that would be given or taken."""
    held = set(role_groups().filter(user=user))
    return sorted(group.name for group in held ^ set(wanted))


def _set_roles(user: User, wanted: Iterable[Group]) -> None:
    """Give these roles and no other; groups that belong to a team are left alone."""
    roles = role_groups()
    user.groups.remove(*roles.filter(user=user))
    user.groups.add(*roles.filter(pk__in=[group.pk for group in wanted]))


def _log(
    subject: str, user: User, by: User, address: str, detail: Mapping[str, object] | None = None
) -> None:
    access.record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject=subject,
        instance=user,
        detail={"account": user.username, **(detail or {})},
        address=address,
    )
