"""Logging what happened, and clearing what stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.columns import check_columns, fill
from kfq_crm.base.errors import RuleViolation
from leads.actions.claims import keep_claim, require_not_taken
from leads.dates import check_happened, check_next_action
from leads.models import Blocker, FollowUp, Lead
from leads.permissions import require_work
from leads.rulebook import next_action_date
from leads.schedule import schedule

if TYPE_CHECKING:
    from uuid import UUID

    from kfq_crm.base.models import User

FOLLOW_UP_FIELDS = {
    "occurred_at",
    "method",
    "two_way",
    "our_people",
    "their_people",
    "summary",
    "is_progress",
    "next_action",
    "next_action_on",
}
BLOCKER_FIELDS = ("blocker", "blocker_owner", "blocker_due_on")


class SentBefore(RuleViolation):
    """The same form came a second time: from a page that somebody went back to, or by a second
    click. `follow_up` is what came of the first."""

    def __init__(self, follow_up: FollowUp) -> None:
        super().__init__(
            "sent_before",
            _("This form was sent before and is on record. If this is another entry, save again."),
        )
        self.follow_up = follow_up


@transaction.atomic
def log_follow_up(
    *,
    lead: Lead,
    values: Mapping[str, Any],
    by: User,
    now: datetime | None = None,
    sent_as: UUID | None = None,
) -> FollowUp:
    """Log a follow-up; the lead's clocks, next step and claim move with it.

    `values`: FOLLOW_UP_FIELDS, `waiting_for`, `waiting_detail`, and for a blocker
    `blocker`, `blocker_owner`, `blocker_due_on`. Without a next date the cadence gives one;
    an older contact that is logged late leaves the next step as it stands.
    `sent_as` names the form that was sent; each is taken once, else SentBefore.
    Raises ClaimHeld when another team holds the company by now.
    """
    moment = now or timezone.now()
    today = timezone.localdate(moment)
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk)
    require_work(by, locked)
    number = _number_not_used(sent_as, by)
    require_not_taken(locked, now)
    follow_up = FollowUp(lead=locked, logged_by=by, occurred_at=moment, sent_as=number)
    fill(follow_up, FOLLOW_UP_FIELDS, values)
    if not follow_up.summary:
        raise RuleViolation("summary", _("Say what happened."), "summary")
    check_columns(follow_up)
    _check(follow_up, moment, today)
    _fill_next_step(follow_up, today)
    concurrency.create(follow_up, by=by)
    _move_clocks(locked, follow_up, values, today)
    if follow_up.is_progress:
        day = timezone.localdate(follow_up.occurred_at)
        locked.claim = keep_claim(locked, day, by=by, now=now)
    concurrency.save(locked, by=by)
    if any(values.get(name) for name in BLOCKER_FIELDS):
        _raise_blocker(locked, follow_up, values, by, today)
    return follow_up


@transaction.atomic
def raise_blocker(
    *,
    lead: Lead,
    description: str,
    owner: User,
    due_on: date,
    by: User,
    now: datetime | None = None,
) -> Blocker:
    """Put what stands in the way on record, with one owner and one date."""
    locked = concurrency.lock(Lead.objects.visible_to(by), lead.pk)
    require_work(by, locked)
    values = {"blocker": description, "blocker_owner": owner, "blocker_due_on": due_on}
    blocker = _raise_blocker(locked, None, values, by, timezone.localdate(now))
    concurrency.touch(locked, by=by)
    return blocker


@transaction.atomic
def resolve_blocker(
    *, blocker: Blocker, resolution: str, by: User, now: datetime | None = None
) -> Blocker:
    """Note that it is cleared, and how."""
    lead = concurrency.lock(Lead.objects.visible_to(by), blocker.lead_id)
    require_work(by, lead)
    locked = concurrency.lock(Blocker.objects.visible_to(by), blocker.pk)
    if locked.resolved_on:
        raise RuleViolation("resolved", _("This has been cleared already."))
    if not resolution.strip():
        raise RuleViolation("resolution", _("Say how it was cleared."), "resolution")
    locked.resolved_on, locked.resolution = timezone.localdate(now), resolution
    concurrency.touch(lead, by=by)
    return concurrency.save(locked, by=by)


def _number_not_used(sent_as: UUID | None, by: User) -> UUID | None:
    """The lead is locked: of one form that comes twice at once, the second finds the first. The
    number of somebody else's form is none, and tells nothing."""
    first = FollowUp.objects.filter(sent_as=sent_as).first() if sent_as else None
    if first and first.logged_by_id == by.pk:
        raise SentBefore(first)
    return None if first else sent_as


def _check(follow_up: FollowUp, moment: datetime, today: date) -> None:
    check_happened(follow_up.occurred_at, moment, "occurred_at")
    if follow_up.next_action_on:
        check_next_action(follow_up.next_action_on, today)


def _fill_next_step(follow_up: FollowUp, today: date) -> None:
    lead = follow_up.lead
    if follow_up.next_action_on:
        return
    if not follow_up.next_action and _is_late(follow_up):
        follow_up.next_action, follow_up.next_action_on = lead.next_action, lead.next_action_on
    elif lead.is_open:
        follow_up.next_action_on = next_action_date(lead.stage, lead.band, today)
    if follow_up.next_action and not follow_up.next_action_on:
        raise RuleViolation(
            "next_action_undated", _("Give the day of the next step."), "next_action_on"
        )


def _is_late(follow_up: FollowUp) -> bool:
    """Whether a later contact is on record already."""
    last = follow_up.lead.last_contact_on
    return last is not None and timezone.localdate(follow_up.occurred_at) < last


def _move_clocks(lead: Lead, follow_up: FollowUp, values: Mapping[str, Any], today: date) -> None:
    day = timezone.localdate(follow_up.occurred_at)
    lead.last_contact_on = max(lead.last_contact_on or day, day)
    if follow_up.is_progress:
        lead.last_progress_on = max(lead.last_progress_on or day, day)
    schedule(lead, follow_up.next_action, follow_up.next_action_on)
    if values.get("waiting_for"):
        waiting = (values["waiting_for"], values.get("waiting_detail", ""))
        if waiting != (lead.waiting_for, lead.waiting_detail):
            (lead.waiting_for, lead.waiting_detail), lead.waiting_since = waiting, today


def _raise_blocker(
    lead: Lead,
    follow_up: FollowUp | None,
    values: Mapping[str, Any],
    by: User,
    today: date,
) -> Blocker:
    owner, due_on = values.get("blocker_owner"), values.get("blocker_due_on")
    if not (values.get("blocker") or "").strip():
        raise RuleViolation("blocker", _("Say what stands in the way."), "blocker")
    if owner is None:
        raise RuleViolation("blocker_owner", _("Name who clears it."), "blocker_owner")
    if due_on is None or due_on < today:
        raise RuleViolation(
            "blocker_due",
            _("Give the day by which it is cleared, from today on."),
            "blocker_due_on",
        )
    blocker = Blocker(
        lead=lead,
        follow_up=follow_up,
        description=values["blocker"],
        owner=owner,
        due_on=due_on,
        raised_by=by,
    )
    return concurrency.create(blocker, by=by)
