"""The access log: who opened, revealed or exported what. Append-only and chained."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone

from kfq_crm.base.models import AccessChainHead, AccessEntry, AccessKind

if TYPE_CHECKING:
    from django.db.models import Model

    from kfq_crm.base.models import User


@transaction.atomic
def record_access(
    kind: AccessKind,
    *,
    by: User | None,
    subject: str = "",
    instance: Model | None = None,
    detail: Mapping[str, object] | None = None,
    address: str = "",
    now: datetime | None = None,
) -> AccessEntry:
    """Append one line. The head row is locked, so that lines form one chain."""
    AccessChainHead.objects.get_or_create(pk=1)
    head = AccessChainHead.objects.select_for_update().get(pk=1)
    entry = AccessEntry(
        number=head.last_number + 1,
        at=now or timezone.now(),
        kind=kind,
        actor=by,
        subject=subject[:200],
        object_id=instance.pk if instance else None,
        detail=dict(detail or {}),
        address=address,
        previous_digest=head.last_digest,
    )
    entry.digest = digest_of(entry)
    entry.save(force_insert=True)
    head.last_number, head.last_digest = entry.number, entry.digest
    head.save()
    return entry


def digest_of(entry: AccessEntry) -> str:
    """SHA-256 over the line before and every column of this one."""
    content = [
        entry.previous_digest,
        entry.number,
        entry.at.astimezone(UTC).isoformat(),
        str(entry.kind),
        entry.actor_id,
        entry.subject,
        entry.object_id,
        entry.detail,
        entry.address,
    ]
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def first_broken_line() -> int | None:
    """Number of the first line that was altered, is missing or was put in; None when sound."""
    previous, number = "", 0
    for entry in AccessEntry.objects.order_by("number").iterator(chunk_size=2000):
        sound = entry.number == number + 1 and entry.previous_digest == previous
        if not sound or entry.digest != digest_of(entry):
            return number + 1
        previous, number = entry.digest, entry.number
    head = AccessChainHead.objects.filter(pk=1).first() or AccessChainHead()
    # Lines taken away from the end leave a sound chain behind; the head remembers them.
    complete = (head.last_number, head.last_digest) == (number, previous)
    return None if complete else number + 1
