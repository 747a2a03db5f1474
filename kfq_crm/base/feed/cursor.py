"""The place up to which a reader has read, as a word that tells nothing and cannot be made up.

A number of the feed says how much everybody has written. So the word is sealed, not only signed,
and the same place always gives the same word (AES-SIV, RFC 5297).
"""

from __future__ import annotations

import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from hashlib import blake2b
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from django.conf import settings

_SHAPE = struct.Struct(">8sQI8s")  # epoch, number, day, fingerprint


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
        return (
            urlsafe_b64encode(_cipher(settings.SECRET_KEY).encrypt(text, None)).decode().rstrip("=")
        )

    @classmethod
    def parse(cls, word: str) -> Cursor:
        """Raises Malformed."""
        try:
            sealed = urlsafe_b64decode(word + "=" * (-len(word) % 4))
            text = _cipher(settings.SECRET_KEY).decrypt(sealed, None)
            epoch, number, day, fingerprint = _SHAPE.unpack(text)
        except (ValueError, NotBase64, InvalidTag, struct.error) as error:
            raise Malformed from error
        cursor = cls(epoch, number, date.fromordinal(day), fingerprint)
        if str(cursor) != word:  # base64 has several spellings of one content
            raise Malformed
        return cursor


def epoch_word(epoch: UUID) -> bytes:
    return epoch.bytes[:8]


@lru_cache(maxsize=2)
def _cipher(secret: str) -> AESSIV:
    return AESSIV(blake2b(secret.encode(), person=b"feed cursor").digest())
