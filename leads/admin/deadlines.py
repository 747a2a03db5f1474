"""Deadlines that an edit of the calendar put on rest days: what would move, then moving it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods

from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.access_log import SUBJECTS
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page
from leads.actions.deadlines import MAY_MOVE, Move, deadlines_on_rest_days, move_deadlines

SUBJECTS["deadlines.moved"] = gettext_lazy("deadlines moved off rest days")

SHOWN = 100
# As many as one press of the button moves: each is a transaction, and a page must not wait.
AT_ONCE = 500


@dataclass(frozen=True)
class Preview:
    """The first moves that the person may read, and how many there are, up to AT_ONCE + 1."""

    moves: Sequence[Move]
    seen: int
    total: int

    @property
    def now(self) -> int:
        return min(self.total, AT_ONCE)

    @property
    def is_capped(self) -> bool:
        return self.total > AT_ONCE

    @property
    def unseen(self) -> int:
        """Those of leads that are not this person's to read."""
        return self.total - self.seen


def _preview(user: User) -> Preview:
    seen = list(islice(deadlines_on_rest_days(seen_by=user), AT_ONCE + 1))
    total = sum(1 for _move in islice(deadlines_on_rest_days(), AT_ONCE + 1))
    return Preview(seen[:SHOWN], len(seen), total)


@require_http_methods(["GET", "HEAD", "POST"])
def move_page(request: HttpRequest) -> HttpResponse:
    """Nothing moves before the button is pressed, and then only what lies on a rest day."""
    user: Any = request.user
    if not user.has_perm(MAY_MOVE):
        raise PermissionDenied
    if request.method == "POST":
        return _move(request, user)
    context = {"preview": _preview(user), "calendar": current_calendar(), "at_once": AT_ONCE}
    return office_page(request, "leads/move_deadlines.html", _("Deadlines on rest days"), context)


def _move(request: HttpRequest, user: User) -> HttpResponse:
    moved = move_deadlines(by=user, limit=AT_ONCE, address=client_address(request))
    told = ngettext(
        "%(number)d deadline moved to the next working day.",
        "%(number)d deadlines moved to the next working day.",
        moved,
    )
    messages.success(request, told % {"number": moved})
    return HttpResponseRedirect(reverse("admin:move_deadlines"))


admin.site.add_page("deadlines/", move_page, "move_deadlines")  # type: ignore[attr-defined]  # the office's site
