"""What whoever runs the system must see at a glance: one source for page, JSON and metrics.

A panel is a few lines, read afresh at every look. Apps above register theirs while they load.
A figure is named `kfq_<panel>_<line>` in the metrics.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import structlog
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

logger = structlog.get_logger(__name__)

GOOD, WARNING, BAD = "good", "warning", "bad"


@dataclass(frozen=True)
class Line:
    """One fact: `text` for people ("" leaves it out of the page), `value` for machines (None
    leaves it out of the metrics).

    `level` is "", GOOD, WARNING or BAD. `labels` tell lines of the same key apart.
    """

    key: str
    label: Any
    text: str
    value: float | None = None
    level: str = ""
    link: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


Reader = Callable[[datetime], Iterable[Line]]


@dataclass(frozen=True)
class Panel:
    key: str
    title: str | _StrPromise
    read: Reader


@dataclass(frozen=True)
class Shown:
    """A panel with what it said this time."""

    key: str
    title: str
    lines: list[Line]


_panels: dict[str, Panel] = {}


def register_panel(key: str, title: str | _StrPromise, read: Reader) -> None:
    """Add a panel, or replace the one of this key. `key` is lower case with underscores.

    `read` gets the moment of the look; it may ask the database, in a fixed number of queries.
    """
    _panels[key] = Panel(key, title, read)


def read_panels(now: datetime) -> list[Shown]:
    """All panels in the order of their registration. One that fails says so and stops no other."""
    return [Shown(panel.key, str(panel.title), _lines(panel, now)) for panel in _panels.values()]


def _lines(panel: Panel, now: datetime) -> list[Line]:
    try:
        return list(panel.read(now))
    except Exception as error:  # whatever one panel's reader raises: the others are still needed
        logger.exception("panel_unreadable", panel=panel.key)
        told = _("These figures cannot be read: %(error)s") % {"error": type(error).__name__}
        return [Line("unreadable", _("fault"), told, 1, BAD)]


def as_json(panels: Iterable[Shown]) -> list[dict[str, Any]]:
    return [
        {
            "key": panel.key,
            "title": panel.title,
            "lines": [
                {
                    "key": line.key,
                    "label": str(line.label),
                    "text": line.text,
                    "value": line.value,
                    "level": line.level,
                    **({"labels": dict(line.labels)} if line.labels else {}),
                }
                for line in panel.lines
            ],
        }
        for panel in panels
    ]
