"""Rule rows: added and withdrawn, never edited.

A deadline was reckoned with the row that held on its day. To change a rule is to add the row
that holds from a later day; what was reckoned before stays explainable.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import access
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.models import AccessKind
from kfq_crm.base.rule_models import Rule

if TYPE_CHECKING:
    from kfq_crm.base.models import User

R = TypeVar("R", bound=Rule)


@transaction.atomic
def add_rule(*, rule: R, by: User, now: datetime | None = None, address: str = "") -> R:
    """Enter a rule that holds from today or a later day on.

    Raises RuleViolation at `valid_from` for a day that has passed or that has such a rule.
    """
    check_rule(rule=rule, by=by, now=now)
    rule.save(force_insert=True)
    _log("rule.added", rule, by, address)
    return rule


def check_rule(*, rule: Rule, by: User, now: datetime | None = None) -> None:
    """Raise what entering this rule would raise; writes nothing."""
    _require_right(rule, by, "add")
    check_columns(rule)
    if rule.valid_from < timezone.localdate(now):
        raise RuleViolation(
            "in_the_past",
            _("A rule cannot begin in the past: deadlines were reckoned with the one before."),
            "valid_from",
        )
    try:
        rule.validate_constraints()
    except ValidationError as error:
        raise _refusal(error) from error


@transaction.atomic
def withdraw_rule(*, rule: Rule, by: User, now: datetime | None = None, address: str = "") -> None:
    """Take back a rule that has not begun to hold."""
    _require_right(rule, by, "change")
    if rule.valid_from <= timezone.localdate(now):
        raise RuleViolation("in_force", _("This rule is in force or was."))
    _log("rule.withdrawn", rule, by, address)
    rule.delete()


def _refusal(error: ValidationError) -> RuleViolation:
    """The database's rules in words: a row for that day, or a figure that makes no sense."""
    codes = {problem.code for problems in error.error_dict.values() for problem in problems}
    if codes & {"unique", "unique_together"}:
        message = _("There is such a rule from that day on; choose another day.")
        return RuleViolation("rule_exists", message, "valid_from")
    return RuleViolation("figure", _("These figures do not fit together."))


def _require_right(rule: Rule, by: User, verb: str) -> None:
    meta = rule._meta
    if not by.has_perm(f"{meta.app_label}.{verb}_{meta.model_name}"):
        raise RuleViolation("not_allowed", _("Only the coordination office may do this."))


def _log(subject: str, rule: Rule, by: User, address: str) -> None:
    access.record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject=subject,
        instance=rule,
        detail={"rule": f"{rule._meta.verbose_name} {rule}", "day": rule.valid_from.isoformat()},
        address=address,
    )
