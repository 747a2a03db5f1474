"""Parts of a landed project's page that other rooms and the apps above add to it.

Whoever has something to say about a project registers a panel when its app is ready, as services
does for its approvals. A panel is asked for its content each time the page is opened, by whoever
sees the project; it says nothing that this person may not see.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models import LandedProject


class ProjectPanel(ABC):
    """One part of the page. `place` orders the parts; `template` is given `panel` (the content),
    `project`, `today` and `calendar`. `is_narrow` parts stand in the side column."""

    code: ClassVar[str]
    place: ClassVar[int]
    template: ClassVar[str]
    is_narrow: ClassVar[bool] = False

    @abstractmethod
    def content(self, project: LandedProject, user: User) -> Mapping[str, Any] | None:
        """What the template shows; None leaves the part out. A few queries, whatever the size."""


@dataclass(frozen=True)
class Part:
    """A panel with what it has to say now."""

    code: str
    template: str
    content: Mapping[str, Any]
    is_narrow: bool


_PANELS: dict[str, ProjectPanel] = {}


def register(panel: ProjectPanel) -> None:
    """Add a part; its code is unique."""
    if panel.code in _PANELS:
        raise ValueError(f"the project panel {panel.code} is registered already")
    _PANELS[panel.code] = panel


def parts_of(project: LandedProject, user: User) -> list[Part]:
    """The parts that have something to say, in their order."""
    told = []
    for panel in sorted(_PANELS.values(), key=lambda panel: (panel.place, panel.code)):
        content = panel.content(project, user)
        if content is not None:
            told.append(Part(panel.code, panel.template, content, panel.is_narrow))
    return told
