"""The bytes of a message, the same at every try.

Written out instead of built from the library's objects: those take more time for a message
than a mail server does. Everything that is not plain ASCII is base64, so that no server on the
way has to know 8BITMIME.
"""

from __future__ import annotations

import re
from base64 import b64encode, encodebytes
from collections.abc import Iterator
from email.utils import format_datetime, parseaddr, quote
from functools import lru_cache
from urllib.parse import quote as percent

from django.conf import settings

from kfq_crm.base.models import MailAttachment, OutgoingMail

_WORD_BYTES = 39  # with its frame and "Subject: " that stays within a line of 76 (RFC 2047)
_PLAIN = re.compile(r"[ -~]*")
_TYPE = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+", re.IGNORECASE)


def compose(mail: OutgoingMail) -> bytes:
    """Headers, text, formatted text and files, with CRLF. `mail.addressee` is read for the name."""
    boundary = "b-" + "".join(c for c in mail.message_id.partition("@")[0] if c.isalnum())
    body = _alternatives(mail, boundary)
    files = list(mail.attachments.all()) if getattr(mail, "has_files", True) else []
    if files:
        outer = f"{boundary}-files"
        body = _multipart("mixed", outer, [body, *map(_file_part, files)])
    return _headers(mail) + body


def _headers(mail: OutgoingMail) -> bytes:
    lines = [
        f"From: {_sender(settings.DEFAULT_FROM_EMAIL)}",
        f"To: {_address(mail.addressee, mail.address)}",
        f"Subject: {_words(mail.subject)}",
        f"Date: {format_datetime(max(mail.created_at, mail.not_before))}",
        f"Message-ID: {mail.message_id}",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "MIME-Version: 1.0\r\n",
    ]
    return "\r\n".join(lines).encode("ascii")


def _alternatives(mail: OutgoingMail, boundary: str) -> bytes:
    plain = _text_part("plain", mail.text)
    if not mail.html:
        return plain
    return _multipart("alternative", boundary, [plain, _text_part("html", mail.html)])


def _text_part(subtype: str, text: str) -> bytes:
    lines = text.replace("\r\n", "\n").replace("\n", "\r\n")
    return _part(f'text/{subtype}; charset="utf-8"', lines.encode())


def _file_part(file: MailAttachment) -> bytes:
    kind = file.content_type if _TYPE.fullmatch(file.content_type) else "application/octet-stream"
    # The second form is the standard's, the first is what old clients read
    name = f"filename=\"{_words(file.name)}\";\r\n filename*=utf-8''{percent(file.name, safe='')}"
    return _part(kind, bytes(file.content), f"Content-Disposition: attachment;\r\n {name}\r\n")


def _part(content_type: str, content: bytes, more: str = "") -> bytes:
    head = f"Content-Type: {content_type}\r\nContent-Transfer-Encoding: base64\r\n{more}\r\n"
    return head.encode("ascii") + encodebytes(content).replace(b"\n", b"\r\n")


def _multipart(subtype: str, boundary: str, parts: list[bytes]) -> bytes:
    mark = f"--{boundary}".encode("ascii")
    head = f'Content-Type: multipart/{subtype};\r\n boundary="{boundary}"\r\n'.encode("ascii")
    inside = b"".join(b"\r\n" + mark + b"\r\n" + part for part in parts)
    return head + inside + b"\r\n" + mark + b"--\r\n"


@lru_cache(maxsize=4)
def _sender(setting: str) -> str:
    return _address(*parseaddr(setting))


def _address(name: str, address: str) -> str:
    if not address.isascii() or not _PLAIN.fullmatch(address) or set(address) & set("<>,;: "):
        raise ValueError("an address must be plain")
    if not name:
        return address
    shown = f'"{quote(name)}"' if _PLAIN.fullmatch(name) else _words(name)
    return f"{shown} <{address}>"


def _words(text: str) -> str:
    """Text of a header: as it is, or in encoded words. No line end gets through."""
    if _PLAIN.fullmatch(text) and '"' not in text and "=?" not in text and len(text) < 70:
        return text
    return "\r\n ".join(f"=?utf-8?b?{b64encode(word).decode()}?=" for word in _chunks(text))


def _chunks(text: str) -> Iterator[bytes]:
    """UTF-8 in pieces that break between characters."""
    piece = b""
    for character in text:
        encoded = character.encode()
        if len(piece) + len(encoded) > _WORD_BYTES:
            yield piece
            piece = b""
        piece += encoded
    yield piece
