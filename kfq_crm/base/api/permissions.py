"""Two doors before every view: the token's scope, then the owner's right to the model."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import Permission
from django.utils.translation import gettext as _
from rest_framework.permissions import SAFE_METHODS, BasePermission
from rest_framework.request import Request

from kfq_crm.base.api.authentication import refused
from kfq_crm.base.api.problems import Problem


class HasToken(BasePermission):
    """For views that tell nothing of any record."""

    def has_permission(self, request: Request, view: Any) -> bool:
        if request.auth is None:
            message = _("Send a token: the header “Authorization: Token …”.")
            raise refused("not_authenticated", message)
        return True


class HasScope(HasToken):
    """The view says what it needs: `required_scopes = {"read": …, "write": …}`.

    A view without `required_scopes` is open to nobody: forgetting them must not open a door.
    """

    def has_permission(self, request: Request, view: Any) -> bool:
        super().has_permission(request, view)
        token: Any = request.auth
        wanted = view.required_scopes["read" if is_read(request) else "write"]
        if not token.allows(wanted):
            message = _("This token lacks the scope “%(scope)s”.") % {"scope": wanted}
            raise Problem(403, "scope_missing", message, scope=wanted)
        return True


class MayUseModel(BasePermission):
    """Django's right to the model of the view: `view_…` to read, what the view names to write."""

    def has_permission(self, request: Request, view: Any) -> bool:
        _know_rights(request.user)
        for permission in view.permissions_for(request.method):
            if not request.user.has_perm(permission):
                message = _("The owner of this token may not do this.")
                raise Problem(403, "not_allowed", message)
        return True


def _know_rights(user: Any) -> None:
    """A person's own rights and those of their groups in one statement, kept where Django keeps
    what it would ask for in two."""
    if user.is_superuser or not user.is_active or hasattr(user, "_perm_cache"):
        return
    ways = (Permission.objects.filter(**{way: user}).order_by() for way in ("user", "group__user"))
    own, shared = (rows.values_list("content_type__app_label", "codename") for rows in ways)
    user._perm_cache = {f"{app}.{codename}" for app, codename in own.union(shared)}


def is_read(request: Request) -> bool:
    return request.method in SAFE_METHODS
