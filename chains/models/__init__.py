from chains.models.lists import ChainPolicy, Site, SiteState, TargetCompany, TargetState
from chains.models.targets import AnnualResult, AnnualTarget, Comparator, Metric, Scope
from chains.models.taxonomy import (
    AnchorFirm,
    Chain,
    ChainKind,
    Gap,
    GapKind,
    Position,
    Segment,
    SegmentLink,
)
from chains.models.teams import Outpost, TaskTeam, TeamMembership

__all__ = [
    "AnchorFirm",
    "AnnualResult",
    "AnnualTarget",
    "Chain",
    "ChainKind",
    "ChainPolicy",
    "Comparator",
    "Gap",
    "GapKind",
    "Metric",
    "Outpost",
    "Position",
    "Scope",
    "Segment",
    "SegmentLink",
    "Site",
    "SiteState",
    "TargetCompany",
    "TargetState",
    "TaskTeam",
    "TeamMembership",
]
