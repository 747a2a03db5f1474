"""The coordinator's digest: all chains in short, and which digests did not arrive."""

from __future__ import annotations

from collections import Counter
from typing import Any

from django.db.models import Count, Q

from chains.models import TaskTeam
from kfq_crm.base.mail_models import MailState
from leads.digest.figures import Figures
from leads.digest.reading import during, lead_item, leads_of, said, touched
from leads.digest.registry import Scope, Section
from leads.models import Blocker, Decision, Digest, StageChange
from leads.models.lead import StageChangeKind

OVERDUE_SHOWN = 8


class ZoneFigures(Figures):
    code = "zone_figures"
    of_zone = True

    @property
    def template(self) -> str:
        return "leads/digest/figures"


class ZoneChains(Section):
    """A line a chain: what moved, what is overdue, what waits for its leader."""

    code = "zone_chains"
    place = 20
    counts = True
    of_zone = True

    def content(self, scope: Scope) -> dict[str, Any]:
        teams = TaskTeam.objects.select_related("chain", "leader").order_by("chain__order", "pk")
        counts = _counts(scope)
        return {
            "has_now": not scope.is_late,
            "rows": [
                {
                    "name": team.chain.name,
                    "leader": str(team.leader or ""),
                    **{name: numbers[team.chain_id] for name, numbers in counts.items()},
                }
                for team in teams
            ],
        }


def _counts(scope: Scope) -> dict[str, Counter[int]]:
    leads = leads_of(scope)
    mine = touched(scope, scope.period.begins_at)
    moves = StageChange.objects.filter(during(scope.period, "moved_at"), lead__in=mine)
    back = (StageChangeKind.EXITED, StageChangeKind.RETURNED)
    blockers = Blocker.objects.filter(during(scope.period, "created_at"), lead__in=mine)
    found = {
        "new": _by_chain(leads.filter(during(scope.period, "created_at")), "chain"),
        "moved": _by_chain(moves.filter(kind=StageChangeKind.ADVANCED), "lead__chain"),
        "problems": _by_chain(moves.filter(kind__in=back), "lead__chain")
        + _by_chain(blockers, "lead__chain"),
    }
    if scope.is_late:
        return found
    late = leads.filter(exit="", next_action_on__lt=scope.today)
    waiting = Decision.objects.visible_to(scope.reader).waiting()
    return {
        **found,
        "overdue": _by_chain(late, "chain"),
        "questions": _by_chain(waiting, "blocker__lead__chain"),
    }


def _by_chain(rows: Any, column: str) -> Counter[int]:
    grouped = rows.order_by().values_list(column).annotate(n=Count("pk"))
    return Counter(dict(grouped))


class ZoneOverdue(Section):
    """The longest overdue of the zone, by name."""

    code = "zone_overdue"
    place = 40
    of_zone = True
    tells_of_now = True

    @property
    def template(self) -> str:
        return "leads/digest/overdue"

    def content(self, scope: Scope) -> dict[str, Any]:
        late = leads_of(scope).filter(exit="", next_action_on__lt=scope.today)
        rows = late.select_related("owner", "chain").order_by("next_action_on", "pk")
        items = [_late(lead, scope) for lead in rows[:OVERDUE_SHOWN]]
        total = late.order_by().count()
        return {"items": items, "total": total, "more": total - len(items)}


def _late(lead: Any, scope: Scope) -> dict[str, Any]:
    return {
        **lead_item(lead),
        "chain": lead.chain.name,
        "what": said(lead, lead.next_action),
        "is_escalated": False,
        "due_on": lead.next_action_on.isoformat(),
        "days": scope.calendar.overdue_workdays(lead.next_action_on, scope.today),
        "is_provisional": scope.calendar.is_provisional(lead.next_action_on),
    }


class Undelivered(Section):
    """Leaders whom no digest reached, this week's or the last, and chains without a leader."""

    code = "undelivered"
    place = 15
    of_zone = True
    tells_of_now = True

    def content(self, scope: Scope) -> dict[str, Any] | None:
        weeks = (scope.period.start, scope.period.before.start)
        stuck = Q(mail__state__in=[MailState.UNDELIVERABLE, MailState.FAILED])
        rows = (
            Digest.objects.filter(stuck, chain__isnull=False, starts_on__in=weeks)
            .select_related("chain", "reader", "mail")
            .order_by("-starts_on", "chain__order", "pk")
        )
        named: dict[tuple[int, int | None], Digest] = {}
        for row in rows:
            named.setdefault((row.reader_id, row.chain_id), row)
        items = [
            {
                "person": str(row.reader),
                "chain": str(row.chain),
                "why": row.mail.last_error if row.mail else "",
            }
            for row in named.values()
        ]
        leaderless = TaskTeam.objects.filter(leader=None).select_related("chain")
        without = [team.chain.name for team in leaderless.order_by("chain__order", "pk")]
        return {"items": items, "leaderless": without} if items or without else None
