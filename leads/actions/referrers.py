"""Answering whoever referred a lead."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.errors import RuleViolation
from leads.dates import check_not_future
from leads.models import Lead
from leads.permissions import require_work

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@transaction.atomic
def record_referrer_reply(
    *, lead: Lead, replied_on: date, by: User, now: datetime | None = None
) -> Lead:
    """Note that the referrer was told what became of the lead (江府办函〔2024〕37号: one week)."""
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk)
    require_work(by, locked)
    if not locked.referrer:
        raise RuleViolation("no_referrer", _("Nobody referred this lead."), "replied_on")
    check_not_future(replied_on, timezone.localdate(now), "replied_on")
    locked.referrer_replied_on = replied_on
    return concurrency.save(locked, by=by, fields={"referrer_replied_on"})
