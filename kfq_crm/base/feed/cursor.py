"""The place up to which a reader has read, as a word that tells nothing and cannot be made up.

A number of the feed says how much everybody has written. So the word is sealed, not only signed: a
tag over the content is both its proof and the beginning of the key stream that hides it (the
construction of RFC 5297, with BLAKE2 keyed by the site's secret in place of AES). The same place
always gives the same word.
"""

from __future__ import annotations

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from uuid import UUID

from django.conf import settings

_SHAPE = struct.Struct(">8sQI8s")  # epoch, number, day, fingerprint
_TAG = 16


class Malformed(ValueError):
    """Not a cursor of this site."""


@dataclass(frozen=True)
class Cursor:
    """All changes up to `number` are read, on `day`, by a reader of this fingerprint."""

    epoch: bytes
    number: int
    day: date
    fingerprint: bytes

    def __str__(self) -> str:
        text = _SHAPE.pack(self.epoch, self.number, self.day.toordinal(), self.fingerprint)
        tag = _digest("tag", text)[:_TAG]
        return urlsafe_b64encode(tag + _hidden(text, tag)).decode().rstrip("=")

    @classmethod
    def parse(cls, word: str) -> Cursor:
        """Raises Malformed."""
        try:
            sealed = urlsafe_b64decode(word + "=" * (-len(word) % 4))
        except (ValueError, NotBase64) as error:
            raise Malformed from error
        tag, text = sealed[:_TAG], _hidden(sealed[_TAG:], sealed[:_TAG])
        if len(text) != _SHAPE.size or not hmac.compare_digest(_digest("tag", text)[:_TAG], tag):
            raise Malformed
        epoch, number, day, fingerprint = _SHAPE.unpack(text)
        cursor = cls(epoch, number, date.fromordinal(day), fingerprint)
        if str(cursor) != word:  # base64 has several spellings of one content
            raise Malformed
        return cursor


def epoch_word(epoch: UUID) -> bytes:
    return epoch.bytes[:8]


def _hidden(text: bytes, tag: bytes) -> bytes:
    stream = _digest("stream", tag)
    return bytes(one ^ other for one, other in zip(text, stream, strict=False))


def _digest(use: str, text: bytes) -> bytes:
    key = blake2b(settings.SECRET_KEY.encode(), person=b"feed cursor").digest()
    return blake2b(text, key=key, person=use.encode()).digest()
