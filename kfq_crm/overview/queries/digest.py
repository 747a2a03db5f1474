"""The year's figures of one chain for its leader's digest; none grows with other chains."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.db.models import Count, Q

from chains.models import AnnualTarget
from chains.visibility import own_teams, sees_all
from kfq_crm.overview.queries.targets import COUNTED
from leads.models import Contract, LandedProject, Lead, Milestone, MilestoneKind
from leads.stages import Stage

if TYPE_CHECKING:
    from decimal import Decimal

    from chains.models import Chain
    from kfq_crm.base.models import User
    from kfq_crm.overview.queries.targets import Counting

SIGNINGS = ("signings", "")
REACHED = (MilestoneKind.STARTED, MilestoneKind.COMPLETED)


@dataclass(frozen=True)
class YearFigure:
    """What a chain reached in a year; `target` is None where none is on record."""

    code: str
    name: str
    reached: int
    target: Decimal | None


def year_of(user: User, chain: Chain, year: int) -> list[YearFigure]:
    """The chain's targets that the system counts, and starts, completions and signings where
    no target asks for them. Four queries."""
    counts = {SIGNINGS: _signings(user, chain, year), **_milestones(user, chain, year)}
    named = {
        row.metric.code: YearFigure(
            row.metric.code,
            row.metric.name,
            _reached(COUNTED[row.metric.code], counts),
            row.value,
        )
        for row in _targets(user, chain, year)
    }
    for code in ("projects-started", "projects-completed", "signings"):
        if code not in named:
            named[code] = YearFigure(code, "", _reached(COUNTED[code], counts), None)
    return list(named.values())


def _targets(user: User, chain: Chain, year: int) -> list[AnnualTarget]:
    rows = AnnualTarget.objects.visible_to(user).filter(
        Q(chain=chain) | Q(team__chain=chain),
        year=year,
        value__isnull=False,
        metric__code__in=COUNTED,
        excludes_jiangyin_park=False,
    )
    return list(rows.select_related("metric").order_by("scope", "pk"))


def _reached(counting: Counting, counts: dict[tuple[str, str], int]) -> int:
    if not counting.milestone:
        return counts[SIGNINGS]
    return sum(
        number
        for (kind, band), number in counts.items()
        if kind == counting.milestone and counting.band in ("", band)
    )


def _signings(user: User, chain: Chain, year: int) -> int:
    signed = Lead.objects.visible_to(user).filter(chain=chain, stage=Stage.SIGNED)
    rows = Contract.objects.filter(lead__in=signed.values("pk"), counted=True, expands=None)
    return rows.filter(signed_on__year=year).order_by().count()


def _milestones(user: User, chain: Chain, year: int) -> dict[tuple[str, str], int]:
    """By kind and scale band, of projects whose lead the person may see, or that have none."""
    projects = LandedProject.objects.filter(chain=chain)
    seen = Lead.objects.visible_to(user).filter(pk__in=projects.values("contract__lead"))
    may_see = Q(project__contract__lead__in=seen.values("pk"))
    if sees_all(user) or own_teams(user).filter(chain=chain).exists():
        may_see |= Q(project__contract=None)
    rows = Milestone.objects.filter(
        may_see, project__chain=chain, is_reached=True, actual_on__year=year
    ).exclude(kind__in=(MilestoneKind.REGISTERED, MilestoneKind.LAND))
    grouped = rows.order_by().values_list("kind", "project__band").annotate(n=Count("pk"))
    return {(kind, band): number for kind, band, number in grouped}
