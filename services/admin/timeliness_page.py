"""办件时效: what departments decided and answered in a period, and how much of it in time.

Every number opens the rows that it counts. For those who see all services.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_safe

from kfq_crm.base.dates import parse_day
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.pages import office_page
from services.models import sees_all_services
from services.spans import Choice, chosen
from services.timeliness import (
    DAYS_DEFINITION,
    QUESTIONS_DEFINITION,
    SATISFACTION_DEFINITION,
    STEPS_DEFINITION,
    Served,
    Span,
    table_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

STEPS, FEEDBACK = "admin:services_approvalstep_changelist", "admin:services_feedback_changelist"
# The lists' filters behind each number
LINKS = {
    "decided": (STEPS, {}),
    "steps_in_time": (STEPS, {"outcome": "in_time"}),
    "steps_late": (STEPS, {"outcome": "late"}),
    "deemed": (STEPS, {"outcome": "by_default"}),
    "fed_back": (FEEDBACK, {}),
    "questions_in_time": (FEEDBACK, {"in_time": "yes"}),
    "questions_late": (FEEDBACK, {"in_time": "no"}),
    "rated": (FEEDBACK, {"rating": "rated"}),
    "low": (FEEDBACK, {"rating": "low"}),
}


@dataclass(frozen=True)
class Row:
    """A line of the page: the numbers, and where each of them leads to."""

    name: str
    served: Served
    links: dict[str, str]


@dataclass(frozen=True)
class Asked:
    """The period; `problem` says what of two typed days could not be read."""

    span: Span
    choice: str = ""
    typed: tuple[str, str] = ("", "")
    problem: str = ""


@require_safe
def timeliness_page(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if not sees_all_services(user):
        raise PermissionDenied
    now = timezone.now()
    asked = asked_of(request.GET.dict(), timezone.localdate(now))
    table = table_of(user, asked.span)
    rows = [
        Row(line.department.name, line.served, links_of(asked.span, line.department.pk))
        for line in table.lines
    ]
    context = {
        "asked": asked,
        "choices": Choice.choices,
        "rows": rows,
        "total": Row(pgettext("timeliness", "Whole zone"), table.total, links_of(asked.span)),
        "as_of": now,
        "definitions": (
            STEPS_DEFINITION,
            DAYS_DEFINITION,
            QUESTIONS_DEFINITION,
            SATISFACTION_DEFINITION,
        ),
    }
    return office_page(request, "services/timeliness.html", _("On time (page)"), context)


def asked_of(query: Mapping[str, str], today: date) -> Asked:
    """A choice by its name, or two days; this month without either."""
    typed = (query.get("from", "").strip(), query.get("to", "").strip())
    if any(typed):
        try:
            return Asked(_span(*typed, today=today), typed=typed)
        except RuleViolation as violation:
            problem = str(violation.message)
            return Asked(chosen(Choice.MONTH, today), typed=typed, problem=problem)
    name = query.get("period", "")
    choice = Choice(name) if name in Choice.values else Choice.MONTH
    return Asked(chosen(choice, today), choice)


def _span(first: str, last: str, *, today: date) -> Span:
    until = parse_day(last) if last else today
    since = parse_day(first) if first else until.replace(month=1, day=1)
    if since > until:
        raise RuleViolation("backwards", _("The first day comes after the last one."))
    return Span(since, until)


def links_of(span: Span, department: int | None = None) -> dict[str, str]:
    """The address of the list behind each number."""
    where = {} if department is None else {"department": department}
    found = {}
    for name, (route, wanted) in LINKS.items():
        column = "decided" if route == STEPS else "given"
        days = {f"{column}_from": span.first, f"{column}_to": span.last}
        found[name] = f"{reverse(route)}?{urlencode({'tab': 'all', **days, **where, **wanted})}"
    return found


admin.site.add_page("services/timeliness/", timeliness_page, "services_timeliness")  # type: ignore[attr-defined]  # the office's site
