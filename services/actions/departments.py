"""Departments: entered and changed by the coordination office, with their heads and people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns, fill
from kfq_crm.base.errors import RuleViolation
from leads.permissions import NotAllowed
from services.models import Department

if TYPE_CHECKING:
    from kfq_crm.base.models import User

FIELDS = {"code", "name", "duties", "head", "order", "is_active"}


@transaction.atomic
def save_department(
    *,
    department: Department,
    values: Mapping[str, Any],
    by: User,
    expected: int | None = None,
) -> Department:
    """Enter a department or change it; `members` replaces its people.

    Who leaves a department sees its steps and questions no more, who joins sees them at once.
    Raises RuleViolation for a code or name that is taken, and for people who cannot sign in.
    """
    is_new = department.pk is None
    if not by.has_perm(f"services.{'add' if is_new else 'change'}_department"):
        raise NotAllowed("not_allowed", _("Only the coordination office may do this."))
    row = department
    if not is_new:
        row = concurrency.lock(Department.objects.all(), department.pk, expected)
    fill(row, FIELDS, values)
    check_columns(row)
    _check_taken(row)
    _check_people(values)
    if is_new:
        concurrency.create(row, by=by)
    if "members" in values:
        row.members.set(values["members"])
    return row if is_new else concurrency.save(row, by=by)


def _check_taken(row: Department) -> None:
    others = Department.objects.exclude(pk=row.pk)
    if others.filter(code=row.code).exists():
        raise RuleViolation("code_taken", _("There is a department of this code."), "code")
    if others.filter(name=row.name).exists():
        raise RuleViolation("name_taken", _("There is a department of this name."), "name")


def _check_people(values: Mapping[str, Any]) -> None:
    """Those who are named now: the form drops whoever was disabled since."""
    head = values.get("head")
    if head is not None and (not head.is_active or head.service):
        raise RuleViolation("head", _("Choose an active member of staff."), "head")
    if any(not person.is_active or person.service for person in values.get("members", ())):
        raise RuleViolation("members", _("Choose active members of staff only."), "members")
