"""One recorded message: what became of it, and for who may read it what it says."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.timezone import localtime
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from kfq_crm.base import mail, mail_reading
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.access_log import SUBJECTS
from kfq_crm.base.models import MailAttachment, MailState, OutgoingMail
from kfq_crm.base.pages import office_page

SUBJECTS["mail.resent"] = gettext_lazy("message sent again")
SUBJECTS["mail.opened"] = gettext_lazy("message of another person opened")
SUBJECTS["mail.file"] = gettext_lazy("file of a message")

# Nothing runs, nothing is fetched, nothing is sent; links open in a window of their own.
FRAME_POLICY = "; ".join(
    [
        "default-src 'none'",
        "style-src 'unsafe-inline'",
        "img-src data:",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'self'",
        "sandbox allow-popups allow-popups-to-escape-sandbox",
    ]
)


COLOURS = {MailState.SENT: "green", MailState.FAILED: "red", MailState.UNDELIVERABLE: "red"}


def state_badge(row: OutgoingMail) -> str:
    """The state as a word; the colour says the same."""
    colour = COLOURS.get(MailState(row.state), "grey")
    return format_html(
        '<span class="o-badge o-badge--{}">{}</span>', colour, row.get_state_display()
    )


def when(moment: datetime) -> str:
    return date_format(localtime(moment), "SHORT_DATETIME_FORMAT")


def find(request: HttpRequest, pk: int) -> OutgoingMail:
    """A message that the person may know of; 404 otherwise."""
    rows = OutgoingMail.objects.visible_to(request.user)  # type: ignore[arg-type]  # signed in
    return get_object_or_404(rows.select_related("recipient"), pk=pk)


def find_readable(request: HttpRequest, pk: int) -> OutgoingMail:
    """The same; 403 for who may know of it and not read it."""
    found = find(request, pk)
    if not mail_reading.may_read(request.user, found):  # type: ignore[arg-type]  # signed in
        raise PermissionDenied
    return found


@never_cache
@require_safe
def mail_page(request: HttpRequest, pk: int) -> HttpResponse:
    """When and where it went, its errors; below it the message, for who may read it."""
    user: Any = request.user
    message = find(request, pk)
    readable = mail_reading.may_read(user, message)
    if readable:
        mail_reading.note_reading(user, message, address=client_address(request))
    kind = mail_reading.kind_label(message.kind)
    context = {
        "message": message,
        "kind": kind,
        "badge": state_badge(message),
        "readable": readable,
        "own": message.recipient_id == user.pk,
        "kept_here": mail_reading.is_kept_here(),
        "text": mail_reading.text_for(user, message) if readable else "",
        "files": message.attachments.defer("content") if readable else (),
        "may_resend": message.awaits_remedy and user.has_perm(mail_reading.MANAGE),
        "may_list": user.has_perm("base.view_outgoingmail"),
    }
    return office_page(
        request, "base/mail_page.html", message.subject if readable else kind, context
    )


@never_cache
@require_safe
@xframe_options_sameorigin
def formatted(request: HttpRequest, pk: int) -> HttpResponse:
    """The formatted text alone, for the page's frame."""
    message = find_readable(request, pk)
    answer = HttpResponse(_links_outside(mail_reading.html_for(request.user, message)))  # type: ignore[arg-type]  # signed in
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    answer.headers["Referrer-Policy"] = "no-referrer"
    return answer


def _links_outside(html: str) -> str:
    """Links in the frame open a window: inside it the site refuses to be framed."""
    return html.replace("<head>", '<head><base target="_blank">', 1)


@never_cache
@require_safe
def attached(request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """A file of the message, always as a download."""
    message = find_readable(request, pk)
    found = get_object_or_404(MailAttachment, pk=file, mail=message)
    mail_reading.note_download(request.user, found, address=client_address(request))  # type: ignore[arg-type]  # signed in
    answer = HttpResponse(bytes(found.content), content_type="application/octet-stream")
    answer.headers["Content-Disposition"] = content_disposition_header(True, found.name) or ""
    answer.headers["Content-Security-Policy"] = FRAME_POLICY
    return answer


class Resend(ActionPage):
    """Try a failed or undeliverable message anew."""

    model = OutgoingMail
    related = ("recipient",)
    title = gettext_lazy("Send a message again")
    submit_label = gettext_lazy("Send again")
    template_name = "base/mail_resend.html"

    def is_allowed(self) -> bool:
        return self.user.has_perm(mail_reading.MANAGE)

    def page_of(self, subject: Any) -> str:
        return reverse("admin:base_outgoingmail_page", args=[subject.pk])

    def refusal(self) -> str:
        if self.subject.awaits_remedy:
            return ""
        return _("This message neither failed nor is undeliverable.")

    def consequences(self) -> list[str]:
        told = [_("It goes to where the recipient is reached now, under the same Message-ID.")]
        if self.subject.unanswered:
            told.append(_("An earlier try had no answer: the recipient may get a second copy."))
        return told

    def extra_context(self) -> dict[str, Any]:
        return {"kind": mail_reading.kind_label(self.subject.kind)}

    def act(self, form: Any) -> str:
        mail.resend(mail=self.subject, by=self.user, address=self.address)
        return _("The message goes out again within a minute.")
