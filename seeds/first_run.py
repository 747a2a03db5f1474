"""The first account of a real system: somebody who makes the others."""

from __future__ import annotations

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from chains.roles import ADMINISTRATION, role_group
from kfq_crm.base import access, concurrency
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind, User


def has_administrator() -> bool:
    """Whether anybody can sign in and make accounts."""
    granted = Q(groups__permissions__codename="change_user")
    return User.objects.filter(Q(is_superuser=True) | granted, is_active=True).exists()


@transaction.atomic
def create_administrator(
    *, username: str, display_name: str, password: str, another: bool = False
) -> User:
    """An account with the administrator's role, which reads no lead; it is no superuser.

    Raises RuleViolation at the field: for a second administrator unless asked for, a name that is
    taken or badly formed, a password that the rules refuse.
    """
    if has_administrator() and not another:
        raise RuleViolation("administrator_exists", _("There is an administrator already."))
    if User.objects.filter(username__iexact=username).exists():
        raise RuleViolation("username_taken", _("Somebody has this sign-in name."), "username")
    user = User(
        username=User.normalize_username(username), display_name=display_name.strip(), is_staff=True
    )
    if not user.display_name:
        raise RuleViolation("blank", _("Enter the person's full name."), "display_name")
    user.set_unusable_password()
    concurrency.check_columns(user)
    _check_password(password, user)
    user.set_password(password)
    user.save(force_insert=True)
    user.groups.add(role_group(ADMINISTRATION))
    access.record_access(
        AccessKind.ADMINISTRATION,
        by=None,
        subject="account.created",
        instance=user,
        detail={"account": user.username},
    )
    return user


def _check_password(password: str, user: User) -> None:
    try:
        validate_password(password, user)
    except ValidationError as refused:
        raise RuleViolation("password", " ".join(refused.messages), "password") from refused
