"""How the frozen content of a digest reads: days, delays, changes against the week before."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kfq_crm.base.dates import format_day

register = template.Library()

RED, GREEN, GREY = "#a61b1b", "#1d6b3f", "#5c6873"


@register.filter
def told_day(text: str) -> str:
    """A day of the content (ISO) as people say it."""
    return format_day(date.fromisoformat(text), timezone.localdate()) if text else ""


@register.filter
def told_span(first: str, last: str) -> str:
    """Two days of the content (ISO) and what lies between."""
    return f"{told_day(first)} – {told_day(last)}"


@register.filter
def told_moment(text: str) -> str:
    """A moment of the content (ISO) as people say it."""
    moment = timezone.localtime(datetime.fromisoformat(text))
    return f"{format_day(moment.date(), timezone.localdate())} {date_format(moment, 'H:i')}"


@register.filter
def delay(days: int) -> str:
    """A delay in working days; none when only rest days have passed."""
    if not days:
        return _("due on a rest day just past")
    return ngettext("%(days)d working day overdue", "%(days)d working days overdue", days) % {
        "days": days
    }


@register.filter
def change(row: Mapping[str, Any]) -> str:
    """Against the week before: +2, −1, as many; empty where it is not known."""
    if row["change"] is None:
        return ""
    if row["change"] == 0:
        return _("as last week")
    sign = "+" if row["change"] > 0 else "−"
    return _("%(change)s on last week") % {"change": f"{sign}{abs(row['change'])}"}


@register.filter
def change_colour(row: Mapping[str, Any]) -> str:
    """Red for more of what is bad; the words beside it say the same."""
    if not row["change"]:
        return GREY
    is_worse = (row["change"] > 0) == row["is_bad"]
    return RED if is_worse and row["is_bad"] else GREY if is_worse else GREEN


@register.filter
def links_of(links: Mapping[int, Mapping[str, str]], decision: int) -> Mapping[str, str]:
    """The three addresses to answer a question; empty where there are none."""
    return links.get(decision, {})


@register.filter
def in_threes(rows: list[Any]) -> list[list[Any]]:
    """Rows of a table with three columns."""
    return [rows[start : start + 3] for start in range(0, len(rows), 3)]
