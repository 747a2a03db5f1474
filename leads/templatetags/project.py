"""How months, percentages and points of construction read."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from django import template
from django.utils.formats import date_format

from leads.progress import shown

register = template.Library()


@register.filter
def month(value: date | None) -> str:
    """A month as people say it, with its year."""
    return "" if value is None else date_format(value, "YEAR_MONTH_FORMAT")


@register.filter
def percent(value: Decimal | None) -> str:
    return "—" if value is None else f"{shown(value)}%"


@register.filter
def points(value: Decimal) -> str:
    return shown(value)


@register.filter
def plain_number(value: Decimal | float) -> str:
    """For attributes of a drawing: never with the separators of a language."""
    return str(value)
