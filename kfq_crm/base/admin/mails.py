"""The list of all recorded messages, for whoever runs the system."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from kfq_crm.base import mail, mail_reading
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin import mail_page
from kfq_crm.base.changelist import OfficeChangeList, Tab
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import MailState, OutgoingMail
from kfq_crm.base.scoped_admin import ScopedModelAdmin

ATTENTION = (MailState.FAILED, MailState.UNDELIVERABLE)
UNDER_WAY = (MailState.WAITING, MailState.HANDING)


class MailChangeList(OfficeChangeList):
    """Rows know whether the person may read what is in them."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        for row in self.result_list:
            row.readable = mail_reading.may_read(request.user, row)  # type: ignore[arg-type]  # signed in


@admin.register(OutgoingMail)
class OutgoingMailAdmin(ScopedModelAdmin):
    """The outbox. What is in a message is shown to who may read it, when and where to all.

    Rows open the reading page; nobody adds, changes or removes a message by hand.
    """

    page_name = "admin:base_outgoingmail_page"
    list_select_related = ("recipient",)
    list_defer = ("text", "html", "recipient__password")
    list_display = ("what", "person", "state_badge", "moment", "tries", "error")
    phone_columns = ("person", "state_badge", "moment", "error")
    search_fields = ("recipient__username", "recipient__display_name", "outside_name", "message_id")
    search_help_text = gettext_lazy("Name of the recipient or Message-ID")
    actions = ("resend_selected",)
    ordering = ("-pk",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        """A message has a page and no form."""
        row = self.get_object(request, object_id)
        if row is None:
            raise Http404
        return HttpResponseRedirect(reverse(self.page_name, args=[row.pk]))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[OfficeChangeList]:
        return MailChangeList

    @admin.display(description=pgettext_lazy("mail", "recipient"), ordering="recipient__username")
    def person(self, row: OutgoingMail) -> str:
        return row.addressee

    @admin.display(description=pgettext_lazy("mail", "state"))
    def state_badge(self, row: OutgoingMail) -> str:
        return mail_page.state_badge(row)

    @admin.display(description=gettext_lazy("sent, or next try"))
    def moment(self, row: OutgoingMail) -> str:
        if row.sent_at:
            return mail_page.when(row.sent_at)
        if row.state in UNDER_WAY:
            return _("next try %(when)s") % {"when": mail_page.when(row.next_try_at)}
        return "—"

    @admin.display(description=gettext_lazy("tries"))
    def tries(self, row: OutgoingMail) -> str:
        return format_html('<span class="o-number">{}</span>', row.attempts)

    @admin.display(description=gettext_lazy("last error"))
    def error(self, row: OutgoingMail) -> str:
        return row.last_error or "—"

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """The list; a message itself opens for its recipient as well."""
        return bool(request.user.has_perm("base.view_outgoingmail"))

    def has_resend_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(mail_reading.MANAGE))

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        nothing_failed = gettext_lazy("Nothing has failed: every message went out or still waits.")
        by_time = ("next_try_at", "pk")
        return (
            Tab("attention", pgettext_lazy("mail", "failed and undeliverable"), nothing_failed),
            Tab("waiting", pgettext_lazy("mail", "under way"), ordering=by_time),
            Tab("sent", pgettext_lazy("mail", "delivered")),
            Tab("all", pgettext_lazy("mail", "all")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        states = {"attention": ATTENTION, "waiting": UNDER_WAY, "sent": (MailState.SENT,)}
        return rows.filter(state__in=states[tab]) if tab in states else rows

    @admin.display(description=gettext_lazy("message (mail)"))
    def what(self, row: Any) -> str:
        """The subject may name a lead, so it belongs to what only readers see."""
        kind = mail_reading.kind_label(row.kind)
        if not row.readable:
            return kind
        return format_html('{}<span class="o-second">{}</span>', kind, row.subject)

    @admin.action(description=gettext_lazy("Send again"), permissions=["resend"])
    def resend_selected(self, request: HttpRequest, rows: QuerySet[Any]) -> None:
        """Each for itself: one that cannot be sent does not keep the others."""
        sent, refused = 0, ""
        for row in rows.filter(state__in=ATTENTION):
            try:
                mail.resend(mail=row, by=request.user, address=client_address(request))  # type: ignore[arg-type]  # signed in
                sent += 1
            except RuleViolation as violation:
                refused = f"{row.addressee}: {violation}"
        if sent:
            told = ngettext(
                "%(count)d message goes out again.", "%(count)d messages go out again.", sent
            )
            messages.success(request, told % {"count": sent})
        if refused:
            told = _("Not everything can be sent. For example %(example)s")
            messages.warning(request, told % {"example": refused})
        if not sent and not refused:
            messages.warning(request, _("None of these messages failed or is undeliverable."))

    def get_urls(self) -> list[URLPattern]:
        inner = self.admin_site.admin_view
        pages = [
            ("<int:pk>/page/", mail_page.mail_page, "base_outgoingmail_page"),
            ("<int:pk>/formatted/", mail_page.formatted, "base_outgoingmail_formatted"),
            ("<int:pk>/file/<int:file>/", mail_page.attached, "base_outgoingmail_file"),
            ("<int:pk>/resend/", mail_page.Resend.as_view(), "base_outgoingmail_resend"),
        ]
        return [
            *(path(route, inner(view), name=name) for route, view, name in pages),
            *super().get_urls(),
        ]
