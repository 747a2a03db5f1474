"""What the chains' app publishes in the change feed."""

from __future__ import annotations

from chains.api.targets import AnnualTargetSerializer
from chains.api.taxonomy import ChainSerializer, SegmentSerializer
from chains.api.teams import TeamSerializer
from chains.audience import reader_keys, target_audiences, team_audiences
from chains.models import AnnualTarget, Chain, Segment, TaskTeam
from kfq_crm.base import feed
from kfq_crm.base.api.shown import shown_by
from kfq_crm.base.feed import Published, Shown

# A chain shows the tree of its segments
TREE = Shown(
    Segment,
    frozenset({"code", "name", "position", "order", "parent_id", "chain_id"}),
    lambda pks: Chain.objects.filter(segments__in=pks),
    whole=True,
)


def publish() -> None:
    feed.reader_keys(reader_keys)
    feed.publish(Published("chains", Chain, ChainSerializer, shows=(TREE,)))
    feed.publish(
        Published("segments", Segment, SegmentSerializer, shows=shown_by(SegmentSerializer))
    )
    feed.publish(
        Published(
            "teams",
            TaskTeam,
            TeamSerializer,
            audiences=team_audiences,
            sets=("outposts",),
            shows=shown_by(TeamSerializer),
        )
    )
    feed.publish(
        Published(
            "annual-targets",
            AnnualTarget,
            AnnualTargetSerializer,
            audiences=target_audiences,
            deciding=frozenset({"scope", "chain_id", "team_id"}),
            shows=shown_by(AnnualTargetSerializer),
        )
    )
