"""How the cells of a list become a card on a phone."""

from __future__ import annotations

import re
from typing import Any

from django import template
from django.utils.safestring import mark_safe

register = template.Library()
FIELD = re.compile(r'class="[^"]*\bfield-(\w+)')


@register.filter
def phone_cell(cell: str, cl: Any) -> str:
    """The cell, hidden on a phone unless the admin's `phone_columns` name it.

    Cards show the first column as their head and these facts below it.
    """
    shown = cl.model_admin.phone_columns
    found = FIELD.search(cell)
    if not shown or not found or found[1] in shown or found[1] == _first(cl):
        return cell
    marked = cell.replace('class="', 'class="o-phone-hidden ', 1)
    return mark_safe(marked)  # noqa: S308 — the cell is the admin's own escaped mark-up


def _first(cl: Any) -> str:
    names = [name for name in cl.list_display if name != "action_checkbox"]
    return str(names[0]) if names else ""
