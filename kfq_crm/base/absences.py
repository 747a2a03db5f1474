"""Who is away and who stands in. A deputy who is away as well hands on to the own deputy."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from typing import TYPE_CHECKING

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base.access import record_access
from kfq_crm.base.columns import check_columns
from kfq_crm.base.errors import RuleViolation, VersionConflict
from kfq_crm.base.models import Absence, AccessKind, User

if TYPE_CHECKING:
    from collections.abc import Mapping

LONGEST = timedelta(days=366)

# Apps above add whose absences a person may keep besides the own ones (a head those of the team)
Scope = Callable[[User], "QuerySet[User]"]
_scopes: list[Scope] = []


def away_on(day: date) -> dict[int, int | None]:
    """Everybody who is away on that day, with the person who stands in; two queries.

    The one who stands in is active and not away; None when there is no such person.
    """
    deputies = dict(Absence.objects.on(day).order_by("-pk").values_list("user", "deputy"))
    wanted = {deputy for deputy in deputies.values() if deputy}
    active = set(User.objects.filter(pk__in=wanted, is_active=True).values_list("pk", flat=True))
    return {person: _stand_in(person, deputies, active) for person in deputies}


def stand_in(user: User, day: date) -> User | None:
    """The person who stands in on that day; None when the person is there, or nobody does."""
    found = away_on(day).get(user.pk)
    return User.objects.get(pk=found) if found else None


def _stand_in(person: int, deputies: Mapping[int, int | None], active: set[int]) -> int | None:
    seen = {person}
    deputy = deputies[person]
    while deputy is not None and deputy in deputies and deputy not in seen:
        seen.add(deputy)
        deputy = deputies[deputy]
    return deputy if deputy in active and deputy not in seen else None


def may_keep_for(scope: Scope) -> Scope:
    """Register a scope: from a person to those whose absences he or she may enter."""
    if scope not in _scopes:
        _scopes.append(scope)
    return scope


def kept_by(by: User) -> QuerySet[User]:
    """Active staff whose absences this person may enter: the own, and what the scopes add."""
    staff = User.objects.filter(is_active=True)
    if by.has_perm("base.change_absence"):
        return staff
    condition = Q(pk=by.pk)
    for scope in _scopes:
        condition |= Q(pk__in=scope(by).values("pk"))
    return staff.filter(condition)


@transaction.atomic
def enter_absence(
    *,
    user: User,
    first_day: date,
    last_day: date,
    deputy: User | None,
    by: User,
    absence: Absence | None = None,
    expected: int | None = None,
    address: str = "",
) -> Absence:
    """Record or change days on which a person is away.

    RuleViolation at `last_day` for a span that runs backwards, over a year or into another
    absence; at `deputy` for somebody who cannot stand in. VersionConflict on an outdated page.
    """
    _require_right(user, by)
    User.staff.select_for_update(no_key=True).get(pk=user.pk)  # two entries at once
    row = _locked(absence, expected) if absence else Absence(user=user, entered_by=by)
    if row.user_id != user.pk:
        raise RuleViolation("other_person", _("An absence stays with its person."))
    row.first_day, row.last_day, row.deputy = first_day, last_day, deputy
    _check(row)
    row.version += bool(row.pk)
    row.save()
    _log("absence.entered", row, by, address)
    return row


@transaction.atomic
def remove_absence(*, absence: Absence, expected: int, by: User, address: str = "") -> None:
    """Take back an absence; days that are over stay on record, up to yesterday."""
    _require_right(absence.user, by)
    row = _locked(absence, expected)
    yesterday = timezone.localdate() - timedelta(days=1)
    _log("absence.removed", row, by, address)
    if row.first_day <= yesterday:
        row.last_day = min(row.last_day, yesterday)
        row.version += 1
        row.save()
    else:
        row.delete()


def _locked(absence: Absence, expected: int | None) -> Absence:
    row = Absence.objects.select_for_update(no_key=True).get(pk=absence.pk)
    if row.version != expected:
        raise VersionConflict(row, expected or 0)
    return row


def _check(row: Absence) -> None:
    if row.last_day < row.first_day:
        raise RuleViolation("span", _("The last day lies before the first."), "last_day")
    if row.last_day - row.first_day > LONGEST:
        raise RuleViolation("span", _("Enter at most a year at once."), "last_day")
    overlapping = Absence.objects.filter(
        user=row.user, first_day__lte=row.last_day, last_day__gte=row.first_day
    )
    if overlapping.exclude(pk=row.pk).exists():
        raise RuleViolation(
            "overlap", _("These days overlap with another absence of this person."), "last_day"
        )
    if row.deputy and (row.deputy == row.user or not row.deputy.is_active):
        raise RuleViolation("deputy", _("Choose another member of staff as deputy."), "deputy")
    check_columns(row)


def _require_right(user: User, by: User) -> None:
    if not kept_by(by).filter(pk=user.pk).exists():
        raise RuleViolation("not_allowed", _("You may not enter absences of this person."))


def _log(subject: str, row: Absence, by: User, address: str) -> None:
    detail = {
        "account": row.user.username,
        "first_day": row.first_day.isoformat(),
        "last_day": row.last_day.isoformat(),
        "deputy": row.deputy.username if row.deputy else "",
    }
    record_access(
        AccessKind.ADMINISTRATION,
        by=by,
        subject=subject,
        instance=row,
        detail=detail,
        address=address,
    )
