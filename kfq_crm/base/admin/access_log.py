"""The access log: read-only, in words, with a check of its chain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import RangeDateTimeFilter

from kfq_crm.base.access import first_broken_line
from kfq_crm.base.models import AccessEntry
from kfq_crm.base.scoped_admin import ScopedModelAdmin

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

# What an entry's codes read as; apps add theirs beside the pages that make such entries.
SUBJECTS: dict[str, str | _StrPromise] = {
    "sign_in": gettext_lazy("sign-in"),
    "account.created": gettext_lazy("account made"),
    "account.changed": gettext_lazy("account changed"),
    "account.disabled": gettext_lazy("account disabled"),
    "account.enabled": gettext_lazy("account let in again"),
    "account.password_reset": gettext_lazy("one-time password made"),
    "account.password_changed": gettext_lazy("own password changed"),
    "second_factor.on": gettext_lazy("code at sign-in set up"),
    "second_factor.off": gettext_lazy("code at sign-in switched off"),
    "second_factor.new_backup_codes": gettext_lazy("new backup codes"),
    "calendar.day_set": gettext_lazy("calendar day entered"),
    "calendar.day_removed": gettext_lazy("calendar day taken out"),
    "calendar.year_loaded": gettext_lazy("days of a notice entered"),
}
PARTICULARS: dict[str, str | _StrPromise] = {
    "account": gettext_lazy("account"),
    "rows": gettext_lazy("rows"),
    "roles": gettext_lazy("roles changed"),
    "step": gettext_lazy("step of signing in"),
    "day": gettext_lazy("day"),
    "year": gettext_lazy("year of the notice"),
    "days": gettext_lazy("number of days"),
    "label": gettext_lazy("holiday or reason"),
    "is_workday": gettext_lazy("is a working day"),
}
VALUES: dict[tuple[str, object], str | _StrPromise] = {
    ("step", "password"): gettext_lazy("with the password"),
    ("step", "code"): gettext_lazy("with a code"),
    ("is_workday", True): gettext_lazy("yes"),
    ("is_workday", False): gettext_lazy("no"),
}


@admin.register(AccessEntry)
class AccessEntryAdmin(ScopedModelAdmin):
    """Who signed in, revealed, exported or administered what. Nobody writes here by hand."""

    list_display = ("what", "kind", "who", "moment", "particulars", "address", "number")
    list_display_links = None
    list_filter = ("kind", ("at", RangeDateTimeFilter))
    list_select_related = ("actor",)
    phone_columns = ("kind", "who", "moment", "particulars")
    search_fields = ("actor__username", "actor__display_name", "address")
    list_before_template = "base/access_log_check.html"

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """The list shows every line whole."""
        raise Http404

    @admin.display(description=gettext_lazy("time of access"), ordering="at")
    def moment(self, entry: AccessEntry) -> str:
        return date_format(localtime(entry.at), "DATETIME_FORMAT")

    @admin.display(description=gettext_lazy("person"))
    def who(self, entry: AccessEntry) -> str:
        return str(entry.actor or "—")

    @admin.display(description=gettext_lazy("what was accessed"))
    def what(self, entry: AccessEntry) -> str:
        shown = str(SUBJECTS.get(entry.subject, entry.subject))
        if entry.object_id is None:
            return shown
        return _("%(what)s no. %(number)s") % {"what": shown, "number": entry.object_id}

    @admin.display(description=gettext_lazy("particulars"))
    def particulars(self, entry: AccessEntry) -> str:
        """Numbers and codes alone: what else an entry holds may name a hidden record."""
        told = ((key, value) for key, value in entry.detail.items() if key in PARTICULARS)
        shown = [_words(key, value) for key, value in told if value not in ("", [])]
        return _("; ").join(shown) or "—"

    def get_urls(self) -> list[URLPattern]:
        check = self.admin_site.admin_view(require_POST(self.check_chain))
        return [path("check/", check, name="base_accessentry_check"), *super().get_urls()]

    def check_chain(self, request: HttpRequest) -> HttpResponse:
        """Reckon every digest again and say whether the chain is whole."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        line = first_broken_line()
        if line is None:
            messages.success(request, _("The access log is whole: no line was changed or removed."))
        else:
            message = _("The access log is broken at line %(line)s. Keep a copy and report it.")
            messages.error(request, message % {"line": line})
        return redirect("admin:base_accessentry_changelist")


def _words(key: str, value: object) -> str:
    label = str(PARTICULARS[key])
    if isinstance(value, dict):
        value = sum(number for number in value.values() if isinstance(number, int))
    several = value if isinstance(value, list) else [value]
    shown = _(", ").join(_value(key, one) for one in several)
    return _("%(label)s: %(value)s") % {"label": label, "value": shown}


def _value(key: str, value: object) -> str:
    return str(VALUES.get((key, value), value) if isinstance(value, str | bool) else value)
