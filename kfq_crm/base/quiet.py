"""When nothing is sent: quiet hours of every day, and rest days for reminders."""

from __future__ import annotations

from datetime import datetime

from django.utils import timezone

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.models import QuietHours


def is_quiet(now: datetime) -> bool:
    """Whether the moment lies in the quiet hours of its day; site time, the end excluded."""
    local = timezone.localtime(now)
    rule = QuietHours.objects.valid_on(local.date()).first()
    if rule is None:
        return False
    moment = local.time()
    if rule.starts_at < rule.ends_at:
        return rule.starts_at <= moment < rule.ends_at
    return moment >= rule.starts_at or moment < rule.ends_at


def is_rest_day(now: datetime) -> bool:
    """Whether reminders rest on that day, by the calendar with its make-up days."""
    return not current_calendar().is_workday(timezone.localdate(now))
