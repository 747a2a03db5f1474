"""A record and the files that belong to it, written together or not at all."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction

from leads.actions.contracts import record_contract
from leads.actions.files import attach_files
from leads.actions.followups import log_follow_up
from leads.actions.reviews import record_review

if TYPE_CHECKING:
    from uuid import UUID

    from django.core.files.base import File

    from kfq_crm.base.models import User
    from leads.models import Contract, FollowUp, JointReview, Lead


@transaction.atomic
def log_follow_up_with_files(
    *,
    lead: Lead,
    values: Mapping[str, Any],
    uploads: Iterable[File[bytes]],
    by: User,
    now: datetime | None = None,
    sent_as: UUID | None = None,
) -> FollowUp:
    """`log_follow_up` with photos and papers."""
    follow_up = log_follow_up(lead=lead, values=values, by=by, now=now, sent_as=sent_as)
    attach_files(lead=lead, uploads=uploads, by=by, follow_up=follow_up)
    return follow_up


@transaction.atomic
def record_review_with_files(
    *,
    lead: Lead,
    values: Mapping[str, Any],
    uploads: Iterable[File[bytes]],
    by: User,
    now: datetime | None = None,
) -> JointReview:
    """`record_review` with the signed minutes."""
    review = record_review(lead=lead, by=by, now=now, **values)
    attach_files(lead=lead, uploads=uploads, by=by, review=review)
    return review


@transaction.atomic
def record_contract_with_files(
    *,
    lead: Lead,
    values: Mapping[str, Any],
    uploads: Iterable[File[bytes]],
    by: User,
    now: datetime | None = None,
) -> Contract:
    """`record_contract` with the scanned paper."""
    contract = record_contract(lead=lead, values=values, by=by, now=now)
    attach_files(lead=lead, uploads=uploads, by=by, contract=contract)
    return contract
