"""The year's targets and what was attained, counted from contracts and milestones.

Targets are stored in chains; attainment is computed here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Case, Count, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chains.models import AnnualTarget, Scope
from kfq_crm.base.regions import JIANGYIN_PARK
from leads.models import Contract, Milestone, MilestoneKind
from leads.models.rules import Band

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from django.utils.functional import _StrPromise

    from chains.models import Chain
    from kfq_crm.base.models import User


@dataclass(frozen=True)
class Counting:
    """How the system counts a metric: signings, or projects that reached a milestone."""

    definition: _StrPromise
    milestone: str = ""
    band: str = ""


_SIGNINGS = _(
    "Investment agreements that count, once each, by the day of signing. Letters of intent, "
    "frameworks and expansions are left out."
)
_STARTED = _("Projects whose start of works is on record, by the day it happened.")
_COMPLETED = _("Projects whose completion is on record, by the day it happened.")
_PRODUCING = _("Projects whose start of production is on record, by the day it happened.")
_LARGE_STARTED = _(
    "Projects of scale band A (either currency's threshold, never converted) whose start of works "
    "is on record, by the day it happened."
)
_LARGE_COMPLETED = _(
    "Projects of scale band A (either currency's threshold, never converted) whose completion is "
    "on record, by the day it happened."
)
COUNTED = {
    "signings": Counting(_SIGNINGS),
    "projects-started": Counting(_STARTED, MilestoneKind.STARTED),
    "projects-completed": Counting(_COMPLETED, MilestoneKind.COMPLETED),
    "projects-producing": Counting(_PRODUCING, MilestoneKind.PRODUCING),
    "projects-500m-started": Counting(_LARGE_STARTED, MilestoneKind.STARTED, Band.A),
    "projects-500m-completed": Counting(_LARGE_COMPLETED, MilestoneKind.COMPLETED, Band.A),
    "three-one-projects-started": Counting(_LARGE_STARTED, MilestoneKind.STARTED, Band.A),
    "three-one-projects-completed": Counting(_LARGE_COMPLETED, MilestoneKind.COMPLETED, Band.A),
}


@dataclass(frozen=True)
class Attainment:
    """A target with what was attained; `reached` is None where the system does not count."""

    target: AnnualTarget
    reached: int | None
    as_of: datetime
    counting: Counting | None

    @property
    def percent(self) -> int | None:
        """Of the figure to reach, in whole per cent; above 100 when it is passed."""
        if self.reached is None or not self.target.value:
            return None
        return int(Decimal(self.reached) * 100 / self.target.value)

    @property
    def bar(self) -> int:
        return min(self.percent or 0, 100)

    @property
    def is_met(self) -> bool:
        return (self.percent or 0) >= 100


@dataclass(frozen=True)
class TargetsOfYear:
    """Targets of one scope in a year: those with bars, and those counted elsewhere."""

    year: int
    attained: list[Attainment]
    elsewhere: list[AnnualTarget]

    def __bool__(self) -> bool:
        return bool(self.attained or self.elsewhere)


def targets_of(
    user: User, year: int, *, chains: Iterable[Chain] = (), zone: bool = False
) -> TargetsOfYear:
    """The year's targets of the zone, or of these chains and their teams, with attainment.

    At most three queries, whatever the number of targets.
    """
    keys = [chain.pk for chain in chains]
    own = Q(chain__in=keys) | Q(team__chain__in=keys)
    wanted = Q(scope=Scope.ZONE) if zone else own
    rows = list(
        AnnualTarget.objects.visible_to(user)
        .filter(wanted, year=year)
        .select_related("metric", "chain", "team")
        .order_by("scope", "pk")
    )
    counted = [row for row in rows if row.metric.code in COUNTED and row.value]
    return TargetsOfYear(
        year=year,
        attained=_attainments(user, counted, year) if counted else [],
        elsewhere=[row for row in rows if row not in counted],
    )


def attainment_of(user: User, target: AnnualTarget) -> Attainment:
    """One target's attainment, of what this person may see."""
    if target.metric.code not in COUNTED:
        return Attainment(target, None, timezone.now(), None)
    return _attainments(user, [target], target.year)[0]


def rows_counted(user: User, target: AnnualTarget) -> QuerySet[Any]:
    """The contracts or milestones behind a target's figure, the newest first."""
    counting = COUNTED[target.metric.code]
    chain = target.chain_id or (target.team.chain_id if target.team else None)
    rows: QuerySet[Any]
    if counting.milestone:
        rows = _milestones(user, target.year).filter(kind=counting.milestone)
        rows = rows.filter(project__band=counting.band) if counting.band else rows
        rows = rows.filter(project__chain=chain) if chain else rows
        rows = rows.select_related("project__chain", "project__contract__lead")
        order = "-actual_on"
    else:
        rows = _signings(user, target.year)
        rows = rows.filter(lead__chain=chain) if chain else rows
        rows, order = rows.select_related("lead__chain", "lead__enterprise"), "-signed_on"
    if target.excludes_jiangyin_park:
        rows = rows.exclude(_in_park("project" if counting.milestone else "lead"))
    return rows.order_by(order, "-pk")


def _attainments(user: User, targets: list[AnnualTarget], year: int) -> list[Attainment]:
    now = timezone.now()
    signings = _signing_groups(user, year) if _any(targets, signings=True) else []
    milestones = _milestone_groups(user, year) if _any(targets, signings=False) else []
    found = []
    for target in targets:
        counting = COUNTED[target.metric.code]
        groups = milestones if counting.milestone else signings
        reached = sum(group["n"] for group in groups if _belongs(group, target, counting))
        found.append(Attainment(target, reached, now, counting))
    return found


def _any(targets: list[AnnualTarget], *, signings: bool) -> bool:
    return any((not COUNTED[row.metric.code].milestone) == signings for row in targets)


def _belongs(group: dict[str, Any], target: AnnualTarget, counting: Counting) -> bool:
    chain = target.chain_id or (target.team.chain_id if target.team else None)
    return (
        (chain is None or group["chain"] == chain)
        and not (target.excludes_jiangyin_park and group["in_park"])
        and (not counting.milestone or group["kind"] == counting.milestone)
        and (not counting.band or group["band"] == counting.band)
    )


def _signings(user: User, year: int) -> QuerySet[Contract]:
    rows = Contract.objects.visible_to(user)
    return rows.filter(counted=True, expands=None, signed_on__year=year)


def _milestones(user: User, year: int) -> QuerySet[Milestone]:
    return Milestone.objects.visible_to(user).filter(is_reached=True, actual_on__year=year)


def _in_park(path: str) -> Q:
    return Q(**{f"{path}__landing_park__contains": JIANGYIN_PARK})


def _signing_groups(user: User, year: int) -> list[dict[str, Any]]:
    park = Case(When(_in_park("lead"), then=Value(True)), default=Value(False))
    rows = _signings(user, year).order_by().annotate(in_park=park)
    return [
        {"chain": chain, "in_park": in_park, "n": n}
        for chain, in_park, n in rows.values_list("lead__chain", "in_park").annotate(Count("pk"))
    ]


def _milestone_groups(user: User, year: int) -> list[dict[str, Any]]:
    park = Case(When(_in_park("project"), then=Value(True)), default=Value(False))
    rows = _milestones(user, year).order_by().annotate(in_park=park)
    columns = ("project__chain", "in_park", "kind", "project__band")
    return [
        {"chain": chain, "in_park": in_park, "kind": kind, "band": band, "n": n}
        for chain, in_park, kind, band, n in rows.values_list(*columns).annotate(Count("pk"))
    ]
