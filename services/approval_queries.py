"""What of the approvals waits for a person, asked on every page."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from django.db.models import Q, QuerySet

from services.models import ApprovalStep, PlanState, departments_of

if TYPE_CHECKING:
    from kfq_crm.base.models import User


def late_mine(user: User, today: date) -> QuerySet[ApprovalStep]:
    """Overdue steps that the person's departments have to decide, or of plans in his hands."""
    own = Q(department__in=departments_of(user).values("pk")) | Q(plan__helper=user)
    late = ApprovalStep.objects.visible_to(user).overdue(today)
    return late.filter(own, plan__state=PlanState.OPEN)
