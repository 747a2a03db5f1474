"""The one normaliser in front of every parser: admin forms, API and imports agree because of it."""

from __future__ import annotations

import re
import unicodedata

# NFKC leaves these as they are, people and office software type them all the same.
_LOOKALIKES = str.maketrans({"\u2212": "-", "\u2010": "-", "\u2011": "-", "\u2013": "-"})
_WHITESPACE = re.compile(r"\s+")
_SHOWN = 40


def nfkc(value: object) -> str:
    """The text of a form field or a spreadsheet cell in one spelling.

    Full-width characters become half-width, zero-width characters (byte order marks, joiners
    that come along when pasting) vanish, every run of whitespace becomes one space, the ends are
    stripped, dashes become hyphens. Nothing else is repaired: control characters stay, so that
    the strict pattern that must follow refuses them. None is the empty string; a float reads as
    a spreadsheet shows it (15 digits, no trailing ".0").
    """
    visible = "".join(c for c in _as_text(value) if unicodedata.category(c) != "Cf")
    normal = unicodedata.normalize("NFKC", visible).translate(_LOOKALIKES)
    return _WHITESPACE.sub(" ", normal).strip()


def _as_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return format(value, ".15g")
    return str(value)


def shown(text: str) -> str:
    """What a person typed, short enough to be quoted in a message."""
    return text if len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"
