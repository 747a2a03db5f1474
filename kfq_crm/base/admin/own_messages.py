"""What the system has written to oneself, whatever became of the copy that was sent."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.paginator import InvalidPage
from django.db.models import Q
from django.http import Http404, HttpRequest, HttpResponse
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from kfq_crm.base.admin.mail_page import state_badge
from kfq_crm.base.listing import CappedPaginator
from kfq_crm.base.mail_reading import kind_label
from kfq_crm.base.models import OutgoingMail
from kfq_crm.base.pages import office_page

PER_PAGE = 30


@require_safe
def own_messages(request: HttpRequest) -> HttpResponse:
    """The newest first; `q` looks for a word in subject and text."""
    user: Any = request.user
    rows = OutgoingMail.objects.visible_to(user).filter(recipient=user).order_by("-pk")
    word = request.GET.get("q", "").strip()
    if word:
        rows = rows.filter(Q(subject__icontains=word) | Q(text__icontains=word))
    try:
        page = CappedPaginator(rows.defer("text", "html"), PER_PAGE).page(
            request.GET.get("page", "1")
        )
    except InvalidPage as error:
        raise Http404 from error
    context = {
        "page": page,
        "word": word,
        "messages_of_mine": [(row, kind_label(row.kind), state_badge(row)) for row in page],
    }
    title = pgettext("own mail", "My messages")
    return office_page(request, "base/own_messages.html", title, context)


admin.site.add_page("messages/", own_messages, "own_messages")  # type: ignore[attr-defined]  # the office's site
