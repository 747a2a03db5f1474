"""The year's targets and what was attained, counted from contracts and milestones.

Targets are stored in chains; attainment is computed here and nowhere else.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from chains.models import AnnualTarget, Scope
from kfq_crm.base.regions import JIANGYIN_PARK
from kfq_crm.overview.queries.events import milestones, signings
from kfq_crm.overview.queries.moments import Moment
from kfq_crm.overview.queries.scene import Scene
from kfq_crm.overview.queries.sheets import Sheet
from kfq_crm.overview.queries.sight import Sight
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
    chain = chain_of(target)
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


def attained(target: AnnualTarget, signed: Sheet, reached: Sheet) -> int:
    """What counts towards a target that the system counts, of the sheets of its year."""
    counting = COUNTED[target.metric.code]
    within: dict[str, Any] = {}
    if chain := chain_of(target):
        within["chain"] = chain
    if target.excludes_jiangyin_park:
        within["in_park"] = False
    if not counting.milestone:
        return int(signed.total(**within).get("signings", 0))
    if counting.band:
        within["band"] = counting.band
    return int(reached.total(**within).get(counting.milestone, 0))


def chain_of(target: AnnualTarget) -> int | None:
    """The chain of a chain's or a team's target; None for the zone's."""
    return target.chain_id or (target.team.chain_id if target.team else None)


def _attainments(user: User, targets: list[AnnualTarget], year: int) -> list[Attainment]:
    """Of what the person may read: the page lists the rows behind the figure."""
    now = timezone.now()
    scene = Scene(Sight(user, only_read=True), Moment.now(), year)
    signed = signings(scene) if _any(targets, signed=True) else Sheet([])
    reached = milestones(scene) if _any(targets, signed=False) else Sheet([])
    return [
        Attainment(row, attained(row, signed, reached), now, COUNTED[row.metric.code])
        for row in targets
    ]


def _any(targets: list[AnnualTarget], *, signed: bool) -> bool:
    return any((not COUNTED[row.metric.code].milestone) == signed for row in targets)


def _signings(user: User, year: int) -> QuerySet[Contract]:
    rows = Contract.objects.visible_to(user)
    return rows.filter(counted=True, expands=None, signed_on__year=year)


def _milestones(user: User, year: int) -> QuerySet[Milestone]:
    return Milestone.objects.visible_to(user).filter(is_reached=True, actual_on__year=year)


def _in_park(path: str) -> Q:
    return Q(**{f"{path}__landing_park__contains": JIANGYIN_PARK})
