"""What an answer rests on: nothing of it changed, nothing of the answer can have."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.db.models import Max, Value
from django.utils import timezone

from chains.visibility import own_teams, sees_all
from kfq_crm.base.feed import position
from leads.models import DisclosureRule, StallRule
from leads.models.lead import READ_CONFIDENTIAL
from services.models import Department

if TYPE_CHECKING:
    from kfq_crm.base.models import User

# Raised when an answer gets another shape: what is remembered of the old one is of no use.
SHAPE = 2


def state_of(user: User) -> tuple[object, ...]:
    """To be asked for before any figure: what is written meanwhile makes a newer state.

    The newest change, the day in site time (what is overdue, which week it is), the rules, and
    what the reader may see. Heads of teams and readers of leads are changes themselves.
    """
    epoch, number = position()
    return (SHAPE, str(epoch), number, timezone.localdate().isoformat(), _rules(), _rights(user))


def _rules() -> tuple[Any, ...]:
    """Rules are added and never changed, so the newest of each tells; of departments, which figures
    call by their names, the newest line of their history."""
    departments: Any = Department.history.model
    named: list[tuple[Any, str]] = [
        (StallRule, "stall"),
        (DisclosureRule, "disclosure"),
        (departments, "department"),
    ]
    newest = [
        model.objects.order_by().values(kind=Value(name)).annotate(newest=Max("pk"))
        for model, name in named
    ]
    rows = newest[0].union(*newest[1:], all=True).values_list("kind", "newest")
    return tuple(sorted(rows))


def _rights(user: User) -> tuple[object, ...]:
    if sees_all(user):
        return (user.pk, user.has_perm(READ_CONFIDENTIAL))
    return (user.pk, tuple(own_teams(user).order_by("pk").values_list("pk", "head_id")))
