"""Escalation steps change as a set: who is told when is one rule."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING

from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.rules import add_rule, check_rule, withdraw_rule
from leads.models import EscalationStep, Role, Via

if TYPE_CHECKING:
    from kfq_crm.base.models import User


@transaction.atomic
def set_escalation(
    *, steps: Sequence[EscalationStep], by: User, now: datetime | None = None, address: str = ""
) -> list[EscalationStep]:
    """Enter a whole set of unsaved steps that share their first day; from then on it holds alone.

    Raises RuleViolation at `valid_from`, or without a field for steps that make no set.
    """
    check_escalation(steps=steps, by=by, now=now)
    return [add_rule(rule=step, by=by, now=now, address=address) for step in steps]


def check_escalation(
    *, steps: Sequence[EscalationStep], by: User, now: datetime | None = None
) -> None:
    """Raise what entering this set would raise; writes nothing."""
    if not steps:
        raise RuleViolation("no_steps", _("Enter at least one step, or nobody is reminded."))
    twice = Counter((step.offset, step.role) for step in steps).most_common(1)[0]
    if twice[1] > 1:
        raise RuleViolation("step_twice", _("The same person is told twice on the same day."))
    if any(step.via == Via.DIGEST and step.role != Role.LEADER for step in steps):
        raise RuleViolation(
            "digest_is_the_leaders",
            _("The weekly digest goes to the chain leader alone; the others get a message."),
        )
    if EscalationStep.objects.filter(valid_from=steps[0].valid_from).exists():
        message = _("There is such a rule from that day on; choose another day.")
        raise RuleViolation("rule_exists", message, "valid_from")
    for step in steps:
        check_rule(rule=step, by=by, now=now)


@transaction.atomic
def withdraw_escalation(
    *, valid_from: date, by: User, now: datetime | None = None, address: str = ""
) -> None:
    """Take back the whole set of a day that has not come."""
    for step in EscalationStep.objects.filter(valid_from=valid_from):
        withdraw_rule(rule=step, by=by, now=now, address=address)
