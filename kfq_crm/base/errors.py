"""What an action says when it refuses: one shape for admin, API and import."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


@dataclass(frozen=True)
class Requirement:
    """One thing that is still missing; `place` names the part of the page that fills it."""

    code: str
    label: str | _StrPromise
    place: str


class RuleViolation(Exception):
    """A rule of the domain is broken; nothing was written.

    `code` is stable and for machines; `message` is for the person and may be lazy;
    `field` names the input at fault, None when no single field is.
    """

    def __init__(self, code: str, message: str | _StrPromise, field: str | None = None) -> None:
        super().__init__(code, message, field)
        self.code = code
        self.message = message
        self.field = field

    def __str__(self) -> str:
        return str(self.message)


class GateNotMet(RuleViolation):
    """A move is refused because `missing` is not yet on record."""

    def __init__(
        self,
        code: str,
        message: str | _StrPromise,
        missing: Iterable[Requirement],
        field: str | None = None,
    ) -> None:
        super().__init__(code, message, field)
        self.missing = list(missing)
        # Exceptions are rebuilt from args when pickled or copied.
        self.args = (code, message, self.missing, field)


class VersionConflict(Exception):
    """Somebody saved in between: `instance` is the locked, current row, `expected` the version
    that the user had before the eyes."""

    def __init__(self, instance: Any, expected: int) -> None:
        super().__init__(instance, expected)
        self.instance = instance
        self.expected = expected

    def __str__(self) -> str:
        return f"{type(self.instance).__name__} changed since version {self.expected}"
