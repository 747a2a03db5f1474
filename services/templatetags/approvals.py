"""How the drawing of an approval plan names its days and its bars."""

from __future__ import annotations

from datetime import date

from django import template
from django.utils.formats import date_format
from django.utils.translation import pgettext, pgettext_lazy

register = template.Library()

BARS = {
    "planned": pgettext_lazy("drawing", "planned"),
    "submitted": pgettext_lazy("drawing", "submitted, not yet accepted"),
    "bar-green": pgettext_lazy("drawing", "within its limit"),
    "bar-amber": pgettext_lazy("drawing", "due soon or clock stopped"),
    "bar-red": pgettext_lazy("drawing", "overdue or late"),
    "bar-deemed": pgettext_lazy("drawing", "granted by default"),
    "stopped": pgettext_lazy("drawing", "clock stood"),
    "awaited": pgettext_lazy("drawing", "expected from today on"),
}


@register.filter
def chart_day(day: date) -> str:
    """A day on the scale, with its year in January."""
    if day.month == 1 and day.day <= 7:
        return date_format(day, pgettext("format of a day on a scale in January", "Y-m-d"))
    return date_format(day, pgettext("format of a day on a scale", "m-d"))


@register.simple_tag
def bar_kind(kind: str) -> str:
    """What a bar of this colour stands for."""
    return str(BARS[kind])
