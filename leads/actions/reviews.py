"""Recording the evidence of the gates: verdicts, opinions, minutes."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns, fill
from kfq_crm.base.errors import RuleViolation
from leads.dates import check_not_future
from leads.models import DepartmentOpinion, JointReview, Lead, Screening
from leads.permissions import require_work

if TYPE_CHECKING:
    from kfq_crm.base.models import User

Record = TypeVar("Record", Screening, DepartmentOpinion, JointReview)
# What a person says in any of the three; who recorded it and on which lead is not among it
FIELDS = {
    *("verdict", "judged_on", "industry", "market", "technology", "environment", "energy"),
    *("benefit", "department", "text", "given_by", "given_on"),
    *("held_on", "attendees", "conclusion"),
}
DIMENSIONS = ("industry", "market", "technology", "environment", "energy", "benefit")


def record_screening(
    *, lead: Lead, by: User, now: datetime | None = None, **values: Any
) -> Screening:
    """Record a screening verdict with its six judgements, none of them empty."""
    for name in DIMENSIONS:
        if not str(values.get(name) or "").strip():
            raise RuleViolation("judgement", _("Every one of the six needs a judgement."), name)
    values.setdefault("judged_on", timezone.localdate(now))
    return _record(Screening(judged_by=by), values, "judged_on", lead, by, now)


def record_opinion(
    *, lead: Lead, by: User, now: datetime | None = None, **values: Any
) -> DepartmentOpinion:
    """Record a department's opinion; the newest of a department holds."""
    return _record(DepartmentOpinion(recorded_by=by), values, "given_on", lead, by, now)


def record_review(
    *, lead: Lead, by: User, now: datetime | None = None, **values: Any
) -> JointReview:
    """Record the minutes of a joint review."""
    return _record(JointReview(recorded_by=by), values, "held_on", lead, by, now)


@transaction.atomic
def _record(
    record: Record,
    values: Mapping[str, Any],
    day_field: str,
    lead: Lead,
    by: User,
    now: datetime | None,
) -> Record:
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk)
    require_work(by, locked)
    record.lead = locked
    fill(record, FIELDS, values)
    check_columns(record)
    check_not_future(getattr(record, day_field), timezone.localdate(now), day_field)
    concurrency.create(record, by=by)
    concurrency.touch(locked, by=by)
    return record
