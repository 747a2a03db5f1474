"""How moves, files and quantities of a lead read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

from django import template
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from leads.models import Attachment

register = template.Library()

# Shown in the browser when asked for; everything else is only ever saved to disk.
PICTURES = frozenset({"image/jpeg", "image/png", "image/webp"})


@register.filter
def is_picture(attachment: Attachment) -> bool:
    """Whether the browser may show it."""
    return attachment.content_type in PICTURES


@register.filter
def plain(value: Decimal | None) -> str:
    """A quantity without trailing zeros, in groups of three: 18,000 · 96.5."""
    if value is None:
        return ""
    text = f"{value:,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


@register.filter
def step(offset: int) -> str:
    """When an escalation step comes: 1 working day before, on the due day, 3 working days after."""
    if offset == 0:
        return _("on the due day")
    if offset < 0:
        words = ngettext("%(days)d working day before", "%(days)d working days before", -offset)
    else:
        words = ngettext("%(days)d working day after", "%(days)d working days after", offset)
    return words % {"days": abs(offset)}


@register.filter
def duration(span: timedelta | None) -> str:
    """Time spent in a stage, in calendar days."""
    if span is None:
        return ""
    if span < timedelta(days=1):
        return _("less than a day")
    return ngettext("%(days)d day", "%(days)d days", span.days) % {"days": span.days}


@register.filter
def evidence(items: Sequence[str]) -> str:
    """What a move rested on, in words: 4 opinions, minutes."""
    kinds = Counter(item.partition(" ")[0] for item in items)
    numbers = [item.removeprefix("contract ") for item in items if item.startswith("contract ")]
    words = {
        "screening": _("screening verdict (evidence)"),
        "followup": _("a two-way contact (evidence)"),
        "opinion": _opinions(kinds["opinion"]),
        "review": _("minutes (evidence)"),
        "contract": _("contract %(number)s (evidence)") % {"number": _(", ").join(numbers)},
    }
    return _(", ").join(words[kind] for kind in kinds if kind in words)


def _opinions(count: int) -> str:
    return ngettext("%(count)d opinion", "%(count)d opinions", count) % {"count": count}
