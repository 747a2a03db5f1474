"""Creations that a program may send again when it did not hear the answer.

`Idempotency-Key` is required. The key's row is written in the transaction of the write itself:
either both are on record or neither, whatever dies in between. The same request with the same key
gets the answer of the first; another request with it is refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b, sha256
from typing import Any, Final

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.encoders import JSONEncoder

from kfq_crm.base.api.problems import Problem, bad_request
from kfq_crm.base.models import ApiToken, RepeatableWrite

KEPT: Final = timedelta(hours=24)
REPLAYED: Final = "Idempotent-Replay"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")


@dataclass(frozen=True)
class Written:
    """What a creation answers; `data` is plain JSON."""

    data: Any
    status: int = 201
    headers: Mapping[str, str] = field(default_factory=dict)


def write_once(request: Request, write: Callable[[], Written]) -> Response:
    """Run the creation once for its key, in one transaction with the record of it.

    What the write raises leaves no trace, so that a refused request may be sent again corrected.
    Problems: 400 without a key, 422 for another request with the key, 409 while the first runs.
    """
    key, digest = _key_of(request), _digest_of(request)
    token: ApiToken = request.auth  # type: ignore[assignment]  # the scope's door let it in
    with transaction.atomic(), _alone(token, key):
        known = RepeatableWrite.objects.filter(token=token, key=key).first()
        if known is not None and known.expires_at > timezone.now():
            return _again(known, digest)
        if known is not None:
            known.delete()
        written = write()
        kept = RepeatableWrite.objects.create(
            token=token,
            key=key,
            digest=digest,
            status=written.status,
            answer=json.loads(json.dumps(written.data, cls=JSONEncoder)),
            headers=dict(written.headers),
            expires_at=timezone.now() + KEPT,
        )
    return Response(kept.answer, status=kept.status, headers=kept.headers)


def forget_old(now: datetime | None = None) -> int:
    """Delete the answers that are no longer given again; returns how many."""
    deleted, _by_model = RepeatableWrite.objects.filter(
        expires_at__lte=now or timezone.now()
    ).delete()
    return deleted


def _again(known: RepeatableWrite, digest: str) -> Response:
    if known.digest != digest:
        message = _("This Idempotency-Key was used for another request.")
        raise Problem(422, "idempotency_key_reused", message)
    return Response(known.answer, status=known.status, headers={**known.headers, REPLAYED: "true"})


def _key_of(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "").strip()
    if not key:
        message = _(
            "Send the header Idempotency-Key with a text of your own choice, new each time."
        )
        raise bad_request("Idempotency-Key", "idempotency_key_missing", message)
    if not _KEY.fullmatch(key):
        message = _("Idempotency-Key must be 1 to 255 visible ASCII characters.")
        raise bad_request("Idempotency-Key", "idempotency_key_invalid", message)
    return key


def _digest_of(request: Request) -> str:
    body = json.dumps(request.data, sort_keys=True)
    condition = request.headers.get("If-Match", "")
    return sha256(
        "\n".join([str(request.method), request.path, condition, body]).encode()
    ).hexdigest()


@contextmanager
def _alone(token: ApiToken, key: str) -> Iterator[None]:
    """One request with this key at a time: a second one is told to come back.

    On SQLite the transaction itself keeps others waiting, and the second then finds the answer.
    """
    if connection.vendor == "postgresql":
        name = blake2b(f"repeatable {token.pk} {key}".encode(), digest_size=8).digest()
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT pg_try_advisory_xact_lock(%s)", [int.from_bytes(name, signed=True)]
            )
            if not cursor.fetchone()[0]:
                message = _("The first request with this Idempotency-Key is still running.")
                raise Problem(409, "in_progress", message, headers={"Retry-After": "1"})
    yield
