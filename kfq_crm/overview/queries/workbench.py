"""What lies on a desk: today's leads, what waits for the person, the chain's week."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils import timezone

from kfq_crm.overview.links import lead_list
from kfq_crm.overview.queries.piles import Pile, capped_count, pile
from leads.models import Blocker, Decision, Lead, Reminder, RulingRequest, StageChange, WaitingFor
from leads.models.claim import RULE
from leads.models.lead import StageChangeKind
from leads.queries import stalled
from leads.reminders.inbox import Item, items_of, on_desk, with_leads
from leads.rulebook import StallLimits, stall_limits

if TYPE_CHECKING:
    from django.db.models import QuerySet

    from kfq_crm.base.models import User
    from kfq_crm.overview.queries.desk import Desk

SHOWN_TODAY = 20
SHOWN_WAITING = 10
SHOWN_WEEK = 5
SHOWN_MESSAGES = 5
ROW = ("chain", "owner")
WIDE = ("search_text", "search_grams", "summary")  # columns that no row shows


@dataclass(frozen=True)
class Day:
    overdue: Pile[Lead]
    due: Pile[Lead]


@dataclass(frozen=True)
class Waiting:
    """What does not go on without this person."""

    blockers: Pile[Blocker]
    rulings: Pile[RulingRequest] | None
    decisions: Pile[Lead] | None
    questions: list[Decision]

    def __bool__(self) -> bool:
        return any((self.blockers, self.rulings, self.decisions, self.questions))


@dataclass(frozen=True)
class Week:
    since: date
    new: Pile[Lead]
    moved: Pile[StageChange]
    stuck: Pile[Lead] | None


def day_of(desk: Desk, today: date) -> Day:
    """Overdue the longest first, then what is due today."""
    leads = desk.day_leads().select_related(*ROW).defer(*WIDE).order_by("next_action_on", "pk")
    late, now = leads.filter(next_action_on__lt=today), leads.filter(next_action_on=today)
    only_today = {"next_from": today, "next_to": today, "state": "open"}
    return Day(
        overdue=pile(late, SHOWN_TODAY, lead_list(desk, "overdue")),
        due=pile(now, SHOWN_TODAY, lead_list(desk, "all", **only_today)),
    )


def waiting_for(desk: Desk) -> Waiting:
    """Blockers to clear, rulings to give, decisions asked of a leader or of the office."""
    user = desk.user
    blockers = Blocker.objects.visible_to(user).filter(owner=desk.person or user, resolved_on=None)
    rulings = None
    if user.has_perm(RULE):
        asked = RulingRequest.objects.visible_to(user).waiting()
        rulings = pile(asked.select_related("asking_team").order_by("pk"), SHOWN_WAITING)
    return Waiting(
        blockers=pile(blockers.select_related("lead").order_by("due_on", "pk"), SHOWN_WAITING),
        rulings=rulings,
        decisions=_decisions(desk),
        questions=_questions(desk),
    )


def _questions(desk: Desk) -> list[Decision]:
    """What team heads put to this person as chain leader, the most urgent first."""
    led = [team.chain_id for team in desk.teams if team.leader_id == desk.user.pk]
    if not led:
        return []
    asked = Decision.objects.visible_to(desk.user).waiting().filter(blocker__lead__chain__in=led)
    return list(asked.select_related("blocker__lead", "asked_by")[:SHOWN_WAITING])


def _decisions(desk: Desk) -> Pile[Lead] | None:
    """Leads that wait for the chain leader, or for the coordination office."""
    leads = Lead.objects.visible_to(desk.user).open()
    if desk.user.has_perm(RULE):
        asked = leads.filter(waiting_for=WaitingFor.COORDINATION, chain__in=desk.chain_keys)
    else:
        led = [team.chain_id for team in desk.teams if team.leader_id == desk.user.pk]
        if not led:
            return None
        asked = leads.filter(waiting_for=WaitingFor.LEADER, chain__in=led)
    return pile(
        asked.select_related(*ROW).defer(*WIDE).order_by("waiting_since", "pk"), SHOWN_WAITING
    )


@dataclass(frozen=True)
class Messages:
    """The first items of the person's own inbox, and how many wait there."""

    pile: Pile[Reminder]
    items: list[Item]

    def __bool__(self) -> bool:
        return bool(self.pile)


def messages_of(user: User, today: date) -> Messages:
    """What the inbox holds, the longest overdue first."""
    rows = with_leads(on_desk(user, today)).order_by("due_on", "pk")
    found = pile(rows, SHOWN_MESSAGES, reverse("admin:inbox"))
    return Messages(found, items_of(user, found.rows))


def week_of(desk: Desk, today: date) -> Week:
    """What the desk's chains did since Monday, and what has not moved for months."""
    monday = today - timedelta(days=today.weekday())
    since = timezone.make_aware(datetime.combine(monday, time.min))
    leads = desk.chain_leads().filter(chain__in=desk.chain_keys).select_related(*ROW).defer(*WIDE)
    new = leads.filter(created_at__gte=since).order_by("-created_at")
    limits = stall_limits(today)
    return Week(
        since=monday,
        new=pile(new, SHOWN_WEEK, lead_list(desk, "new")),
        moved=pile(_moves(desk, since), SHOWN_WEEK),
        stuck=_stuck(desk, leads, limits) if limits else None,
    )


def _moves(desk: Desk, since: datetime) -> QuerySet[StageChange]:
    moves = StageChange.objects.visible_to(desk.user).filter(moved_at__gte=since)
    if not desk.whole_zone:
        moves = moves.filter(lead__chain__in=desk.chain_keys)
    return moves.exclude(kind=StageChangeKind.LOGGED).select_related("lead").order_by("-moved_at")


def _stuck(desk: Desk, leads: QuerySet[Lead], limits: StallLimits) -> Pile[Lead]:
    """Those with a progress to look back to first: the oldest progress on top."""
    rows = stalled(leads, limits.yellow)
    once = leads.filter(exit="", last_progress_on__lt=limits.yellow).order_by("last_progress_on")
    never = rows.filter(last_progress_on=None).order_by("created_at")
    shown = [*once[:SHOWN_WEEK], *never[:SHOWN_WEEK]][:SHOWN_WEEK]
    for lead in shown:
        lead.card = limits.card(idle_since(lead))  # type: ignore[attr-defined]  # shown beside the row
    return Pile(shown, capped_count(rows), lead_list(desk, "stalled"))


def idle_since(lead: Lead) -> date:
    """The last progress, or the day of logging where there never was any."""
    return lead.last_progress_on or timezone.localdate(lead.created_at)


def overdue_mine(user: User, today: date) -> QuerySet[Lead]:
    """Open leads of the person that are overdue; for the navigation."""
    leads = Lead.objects.visible_to(user).open()
    return leads.filter(owner=user, next_action_on__lt=today)


def rulings_waiting(user: User) -> QuerySet[RulingRequest]:
    """Requests that wait for a ruling of this person's office."""
    return RulingRequest.objects.visible_to(user).waiting()
