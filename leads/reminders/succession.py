"""Whoever takes an office over is told of what the former one was told and is still due."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q
from django.utils import timezone

from chains.models import TaskTeam
from leads.models import Reminder
from leads.models.reminder import Role
from leads.reminders.registry import rule_of
from leads.reminders.rules import Due

if TYPE_CHECKING:
    from leads.models.reminder import EscalationStep
    from leads.reminders.clock import Clock
    from leads.reminders.recipients import Recipients

# A team in which nobody changed for so long has nobody new; the sweep may have stood still.
LOOKED_BACK = timedelta(days=14)
OFFICES = {Role.HEAD: "head", Role.LEAD_UNIT: "lead_unit_person", Role.LEADER: "leader"}
SAME = ("rule", "subject_id", "revision", "round", "level")
CHUNK = 2000

Key = tuple[Any, ...]


def tell_successors(steps: Sequence[EscalationStep], clock: Clock, recipients: Recipients) -> int:
    """Record open items for those in office who were not told of a step that names their office;
    returns how many. Teams that nobody changed lately are not looked at."""
    since = timezone.now() - LOOKED_BACK
    teams = TaskTeam.objects.filter(version__gt=1, updated_at__gte=since).order_by()
    chains = list(teams.values_list("chain", flat=True))
    told = [step for step in steps if step.role in OFFICES] if chains else []
    return sum(_tell(step, chains, clock, recipients) for step in told)


def _tell(step: EscalationStep, chains: list[int], clock: Clock, recipients: Recipients) -> int:
    missed = [row for row in _missed(step, chains) if _names(row["rule"], step.role)]
    recorded = 0
    for start in range(0, len(missed), CHUNK):
        some = missed[start : start + CHUNK]
        recipients.learn([_due(row) for row in some])
        rows = list(_reminders(step, some, clock, recipients))
        with transaction.atomic():
            Reminder.objects.bulk_create(rows, ignore_conflicts=True, batch_size=500)
        recorded += len(rows)
    return recorded


def _names(rule: str, role: str) -> bool:
    known = rule_of(rule)
    return known is not None and (known.roles is None or role in known.roles)


def _missed(step: EscalationStep, chains: list[int]) -> list[dict[str, Any]]:
    """Items of this step, each once, of which whoever is in office has none."""
    person = F(f"lead__chain__team__{OFFICES[Role(step.role)]}")
    told = Reminder.objects.filter(
        Q(recipient=OuterRef("person")) | Q(stands_for=OuterRef("person")),
        **{name: OuterRef(name) for name in SAME},
    )
    rows = (
        Reminder.objects.open()
        .filter(level=step.offset, lead__chain__in=chains)
        .annotate(person=person)
        .filter(~Exists(told), person__isnull=False)
        .order_by("pk")
        .values(*SAME, "lead_id", "due_on", owner_id=F("lead__owner"), chain_id=F("lead__chain"))
    )
    return list({_key(row): row for row in rows}.values())


def _key(row: dict[str, Any]) -> Key:
    return tuple(row[name] for name in SAME)


def _due(row: dict[str, Any]) -> Due:
    return Due(**{name: value for name, value in row.items() if name not in ("rule", "level")})


def _reminders(
    step: EscalationStep, missed: Sequence[dict[str, Any]], clock: Clock, recipients: Recipients
) -> Iterable[Reminder]:
    """A deputy may have the item already, in his or her own name."""
    subjects = {row["subject_id"] for row in missed}
    rows = Reminder.objects.filter(level=step.offset, subject_id__in=subjects).order_by()
    have = set(rows.values_list(*SAME, "recipient"))
    for row in missed:
        for addressee in recipients.of(step.role, _due(row)):
            if (*_key(row), addressee.user_id) in have:
                continue
            have.add((*_key(row), addressee.user_id))
            yield Reminder(
                **{name: row[name] for name in (*SAME, "lead_id", "due_on")},
                recipient_id=addressee.user_id,
                stands_for_id=addressee.stands_for_id,
                via=step.via,
                recorded_on=clock.today,
            )
