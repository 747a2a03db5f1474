"""Signed addresses stay out of the logs: who reads one there could ask, rate and decide by it."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import logging

# First parts of the open pages that are opened by a token
SIGNED = ("ask", "rate", "decide")
MASK = "***"

_SLASH = "(?:/|%2F)"
# A copied link may have blanks in it; what follows a path in a line of a log is none of it
_TOKEN = re.compile(
    rf"""({_SLASH}(?:{"|".join(SIGNED)}){_SLASH})(?:\ ?(?!HTTP/|\[)[^\s/?#"])+""",
    re.IGNORECASE,
)


def mask_tokens(text: str) -> str:
    """The text with whatever follows a signed page's name in an address replaced."""
    return _TOKEN.sub(rf"\1{MASK}", text)


def mask_line(_logger: object, _name: str, line: str) -> str:
    """The last of structlog's processors: whatever stands in the finished line, is masked."""
    return mask_tokens(line)


def mask_record(record: logging.LogRecord) -> bool:
    """A filter for loggers that write their lines themselves; it lets everything through."""
    masked = mask_tokens(record.getMessage())
    record.msg, record.args = masked, None
    return True
