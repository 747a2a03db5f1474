"""The change feed: what is published, recorded, numbered and read. See docs/api/changes.md."""

from kfq_crm.base.feed.cursor import Cursor, Malformed
from kfq_crm.base.feed.reading import (
    Entry,
    Gone,
    Page,
    beginning,
    has_news,
    place_of,
    read_changes,
    rows_of,
)
from kfq_crm.base.feed.recording import publish, remember
from kfq_crm.base.feed.registry import (
    EVERYONE,
    EVERYTHING,
    PUBLISHED,
    Published,
    Reader,
    Shown,
    reader_keys,
    reader_of,
    resource_of,
)
from kfq_crm.base.feed.retention import sweep_feed
from kfq_crm.base.feed.sequence import begin_epoch, number_changes, position

__all__ = [
    "EVERYONE",
    "EVERYTHING",
    "PUBLISHED",
    "Cursor",
    "Entry",
    "Gone",
    "Malformed",
    "Page",
    "Published",
    "Reader",
    "Shown",
    "begin_epoch",
    "beginning",
    "has_news",
    "number_changes",
    "place_of",
    "position",
    "publish",
    "read_changes",
    "reader_keys",
    "reader_of",
    "remember",
    "resource_of",
    "rows_of",
    "sweep_feed",
]
