"""包联: who looks after an enterprise, visits, and the questions raised on the spot."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _

from kfq_crm.base import concurrency
from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.columns import check_columns, fill
from kfq_crm.base.errors import RuleViolation
from leads.actions.files import attach_files
from leads.actions.followups import log_follow_up
from leads.dates import check_not_future, moment_on
from leads.models import Enterprise, FollowUp, Lead, Method
from leads.permissions import works_on
from services.actions.intake import take_in_question
from services.actions.question_story import now_or, words
from services.models import (
    Department,
    Liaison,
    Question,
    Visit,
    VisitCadence,
    VisitWarning,
    is_secret,
)
from services.question_rights import may_name, require

if TYPE_CHECKING:
    from datetime import date, datetime
    from uuid import UUID

    from django.core.files.base import File

    from kfq_crm.base.models import User

APPOINT = "services.appoint_liaison"
VISIT_FIELDS = {"purpose", "our_people", "their_people", "summary", "department"}
LONGEST_REASON = 200
CADENCE = 20  # working days where nobody has entered a rule


class VisitedBefore(RuleViolation):
    """The same form came a second time; `visit` is what came of the first."""

    def __init__(self, visit: Visit) -> None:
        super().__init__("sent_before", _("This form was sent before and is on record."))
        self.visit = visit


@transaction.atomic
def appoint_officer(
    *,
    enterprise: Enterprise,
    officer: User,
    tier: str,
    by: User,
    reason: str = "",
    instead_of: int | None = None,
    expected: int | None = None,
    now: datetime | None = None,
) -> Liaison:
    """Give an enterprise into a person's care; the officer before is relieved, with the reason.

    `instead_of` is the key of the liaison that the person saw, 0 for none: RuleViolation `faster`
    where it is another by now. `expected` is the revision of the liaison that ends. The first
    visit is due by the cadence.
    """
    require(by.has_perm(APPOINT) and may_name(by, enterprise))
    concurrency.lock(Enterprise.objects.all(), enterprise.pk)
    today = timezone.localdate(now)
    if not (officer.is_active and officer.has_perm("services.add_visit")):
        raise RuleViolation(
            "officer", _("This person cannot record visits; choose somebody else."), "officer"
        )
    before = Liaison.objects.active().filter(enterprise=enterprise).first()
    if instead_of is not None and instead_of != (before.pk if before else 0):
        raise RuleViolation(
            "faster",
            _("Somebody was faster: who looks after it has changed in the meantime. "
              "Look at it again, then repeat what you meant to do."),
        )  # fmt: skip
    visited = before.last_visit_on if before else None
    if before:
        if before.officer_id == officer.pk and before.tier == tier:
            raise RuleViolation("same", _("This person looks after it already."), "officer")
        why = words(reason, "reason", _("Say why the care changes hands."), LONGEST_REASON)
        _end(before, why, by, today, expected)
    liaison = Liaison(
        enterprise=enterprise,
        officer=officer,
        tier=tier,
        since=today,
        last_visit_on=visited,
        appointed_by=by,
        confidential=is_secret(enterprise),
    )
    liaison.next_visit_on = next_visit(tier, visited or today, today)
    return concurrency.create(liaison, by=by)


@transaction.atomic
def end_liaison(
    *,
    liaison: Liaison,
    reason: str,
    by: User,
    expected: int | None = None,
    now: datetime | None = None,
) -> Liaison:
    """Nobody looks after the enterprise from now on; the reason stays on record."""
    require(by.has_perm(APPOINT))
    why = words(reason, "reason", _("Say why the care ends."), LONGEST_REASON)
    concurrency.lock(Enterprise.objects.all(), liaison.enterprise_id)  # as who appoints does
    locked = concurrency.lock(Liaison.objects.visible_to(by), liaison.pk, expected)
    if locked.ended_on:
        raise RuleViolation("ended", _("This care has ended already."))
    return _end(locked, why, by, timezone.localdate(now), None)


def _end(liaison: Liaison, reason: str, by: User, today: date, expected: int | None) -> Liaison:
    """Whoever may appoint for an enterprise relieves an officer whose care he or she did not see:
    the rights are the caller's matter."""
    locked = concurrency.lock(Liaison.objects.active(), liaison.pk, expected)
    locked.ended_on, locked.end_reason, locked.next_visit_on = today, reason, None
    return concurrency.save(locked, by=by)


def next_visit(tier: str, visited_on: date, today: date) -> date:
    """The day by which the cadence in force wants the next visit."""
    rule = VisitCadence.objects.valid_on(today).filter(tier=tier).first()
    days = rule.working_days if rule else CADENCE
    return current_calendar().add_workdays(visited_on, days)


@transaction.atomic
def log_visit(
    *,
    enterprise: Enterprise,
    visited_on: date,
    values: Mapping[str, Any],
    by: User,
    uploads: Iterable[File[bytes]] = (),
    question: Mapping[str, Any] | None = None,
    sent_as: UUID | None = None,
    now: datetime | None = None,
) -> Visit:
    """Put a visit on record; the officer's own renews the cadence.

    Where there is a lead of the enterprise that the visitor works on, it becomes a follow-up of
    that lead, and photos stay there. `question`: what was asked on the spot, taken in with it.
    """
    require(by.has_perm("services.add_visit") and may_name(by, enterprise))
    concurrency.lock(Enterprise.objects.all(), enterprise.pk)
    _require_new(sent_as)
    moment = now_or(now)
    today = timezone.localdate(moment)
    check_not_future(visited_on, today, "visited_on")
    visit = Visit(
        enterprise=enterprise,
        visited_on=visited_on,
        visitor=by,
        confidential=is_secret(enterprise),
        sent_as=sent_as,
    )
    fill(visit, VISIT_FIELDS, values)
    visit.summary = words(visit.summary, "summary", _("Say what you saw and heard."))
    check_columns(visit)
    _require_own(visit.department, by)
    visit.was_too_many = crowd(enterprise, visited_on).is_full
    visit.liaison = Liaison.objects.active().filter(enterprise=enterprise, officer=by).first()
    lead = lead_worked_on(enterprise, by)
    visit.follow_up = _follow_up(lead, visit, by, moment) if lead else None
    concurrency.create(visit, by=by)
    _renew(visit, by, today)
    files = list(uploads)
    if question or (files and not lead):
        _raise_question(visit, lead, question, [] if lead else files, by, moment)
    if lead:  # files last: what is refused after them would leave them on the disk
        attach_files(lead=lead, uploads=files, by=by, follow_up=visit.follow_up)
    return visit


def _raise_question(
    visit: Visit,
    lead: Lead | None,
    question: Mapping[str, Any] | None,
    files: list[File[bytes]],
    by: User,
    moment: datetime,
) -> Question:
    if not question:
        raise RuleViolation(
            "file_alone",
            _("Files are kept with a follow-up or a question; raise the question they belong to."),
            "file",
        )
    return take_in_question(
        enterprise=visit.enterprise,
        values=question,
        uploads=files,
        lead=lead,
        visit=visit,
        by=by,
        now=moment,
    )


def lead_worked_on(enterprise: Enterprise, user: User) -> Lead | None:
    """The newest open lead of the enterprise that the person may log follow-ups for."""
    if not user.has_perm("leads.change_lead"):
        return None
    leads = Lead.objects.visible_to(user).open().filter(enterprise=enterprise).order_by("-pk")
    return next((lead for lead in leads[:10] if works_on(user, lead)), None)


def _follow_up(lead: Lead, visit: Visit, by: User, moment: datetime) -> FollowUp:
    return log_follow_up(
        lead=lead,
        values={
            "occurred_at": moment_on(visit.visited_on, None, moment),
            "method": Method.VISIT_OUT,
            "summary": visit.summary,
            "our_people": visit.our_people,
            "their_people": visit.their_people,
        },
        by=by,
        now=moment,
    )


def _renew(visit: Visit, by: User, today: date) -> None:
    """The officer's visit moves the cadence; an older one that is logged late moves nothing."""
    if visit.liaison is None:
        return
    liaison = concurrency.lock(Liaison.objects.active(), visit.liaison.pk)
    if liaison.last_visit_on and liaison.last_visit_on > visit.visited_on:
        return
    liaison.last_visit_on = visit.visited_on
    liaison.next_visit_on = next_visit(liaison.tier, visit.visited_on, today)
    concurrency.save(liaison, by=by)


def _require_own(department: Department | None, by: User) -> None:
    """A visit is counted to a department by its own people, or by service staff."""
    if department is None or by.has_perm("services.direct_questions"):
        return
    if not Department.objects.filter(Q(members=by) | Q(head=by), pk=department.pk).exists():
        raise RuleViolation("department", _("You are not of that department."), "department")


def _require_new(sent_as: UUID | None) -> None:
    """The enterprise is locked: of one form that comes twice at once, the second finds the
    first."""
    first = Visit.objects.filter(sent_as=sent_as).first() if sent_as else None
    if first:
        raise VisitedBefore(first)


# --- 无事不扰 ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Crowd:
    """How often an enterprise was called on lately, beside the number that the rule allows."""

    visits: int
    allowed: int
    days: int

    @property
    def is_full(self) -> bool:
        """Whether one visit more is too many."""
        return self.visits >= self.allowed


def crowd(enterprise: Enterprise, day: date) -> Crowd:
    """Visits in the days up to this one: those on record here, and those that teams logged as
    follow-ups of leads that are not confidential."""
    rule = VisitWarning.objects.valid_on(day).first()
    allowed, days = (rule.visits, rule.days) if rule else (3, 30)
    since = day - timedelta(days=days)
    here = Visit.objects.filter(enterprise=enterprise, visited_on__gt=since, visited_on__lte=day)
    teams = FollowUp.objects.filter(
        lead__enterprise=enterprise,
        lead__confidential=False,
        method=Method.VISIT_OUT,
        visit=None,
        occurred_at__date__gt=since,
        occurred_at__date__lte=day,
    )
    return Crowd(here.count() + teams.count(), allowed, days)
