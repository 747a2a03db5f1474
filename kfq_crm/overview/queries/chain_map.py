"""A chain as a picture: its segments from upstream to downstream and what is in each."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.db.models import Count, Q
from django.utils.translation import gettext_lazy as _

from chains.models import (
    AnchorFirm,
    Chain,
    Gap,
    Position,
    Segment,
    SegmentLink,
    TargetCompany,
    TaskTeam,
)
from leads.models import LandedProject, Lead

if TYPE_CHECKING:
    from kfq_crm.base.models import User

UNPLACED = ""
COLUMNS = (
    (Position.UPSTREAM, _("upstream")),
    (Position.MIDSTREAM, _("midstream")),
    (Position.DOWNSTREAM, _("downstream")),
    (UNPLACED, _("place not named")),
)


@dataclass
class Node:
    """A segment with what stands in it, its narrower segments below it."""

    segment: Segment
    depth: int = 0
    children: list[Node] = field(default_factory=list)
    anchors: list[AnchorFirm] = field(default_factory=list)
    gaps: list[Gap] = field(default_factory=list)
    links: list[SegmentLink] = field(default_factory=list)
    leads: int = 0
    projects: int = 0

    @property
    def is_elsewhere(self) -> bool:
        """Whether it lies at another place on the chain than the segment it belongs to."""
        parent = self.segment.parent
        return bool(parent and self.segment.position not in ("", parent.position))


@dataclass(frozen=True)
class ChainMap:
    """Columns of root segments; what belongs to the chain as a whole stands beside them."""

    chain: Chain
    columns: list[tuple[Any, list[Node]]]
    whole: Node
    links: list[SegmentLink]


def map_of(chain: Chain, user: User) -> ChainMap:
    """The chain's picture in seven queries, whatever its size."""
    nodes = {row.pk: Node(row) for row in chain.segments.select_related("parent")}
    whole = Node(Segment(chain=chain, name=chain.name))
    for node in nodes.values():
        if node.segment.parent_id:
            nodes[node.segment.parent_id].children.append(node)
    _put(nodes, whole, "anchors", chain.anchors.all())
    _put(nodes, whole, "gaps", _open_gaps(chain, user))
    links = _links(chain)
    for row in links:
        segment = row.from_segment_id if row.from_chain_id == chain.pk else row.to_segment_id
        nodes.get(segment or 0, whole).links.append(row)
    _count(nodes, whole, chain, user)
    roots = [node for node in nodes.values() if node.segment.parent_id is None]
    return ChainMap(chain, _columns(roots), whole, links)


def _put(nodes: dict[int, Node], whole: Node, name: str, rows: Iterable[Any]) -> None:
    for row in rows:
        getattr(nodes.get(row.segment_id, whole), name).append(row)


def _open_gaps(chain: Chain, user: User) -> Iterable[Gap]:
    """Gaps not closed yet, each with the number of target companies that the person sees."""
    seen = TargetCompany.objects.visible_to(user).values("pk")
    companies = Count("target_companies", filter=Q(target_companies__in=seen))
    return chain.gaps.filter(closed_on=None).annotate(companies=companies)


def _links(chain: Chain) -> list[SegmentLink]:
    both = Q(from_chain=chain) | Q(to_chain=chain)
    return list(
        SegmentLink.objects.filter(both)
        .select_related("from_chain", "from_segment", "to_chain", "to_segment")
        .order_by("pk")
    )


def _count(nodes: dict[int, Node], whole: Node, chain: Chain, user: User) -> None:
    leads = Lead.objects.visible_to(user).open().filter(chain=chain).order_by()
    for segment, number in leads.values_list("segment").annotate(Count("pk")):
        nodes.get(segment, whole).leads += number
    projects = LandedProject.objects.visible_to(user).filter(chain=chain).order_by()
    for segment, number in projects.values_list("segment").annotate(Count("pk")):
        nodes.get(segment, whole).projects += number


def _columns(roots: list[Node]) -> list[tuple[Any, list[Node]]]:
    """Columns in the order of the stream; the one for unplaced segments only where needed."""
    placed = defaultdict(list)
    for node in roots:
        placed[node.segment.position].append(node)
    return [(label, placed[key]) for key, label in COLUMNS if key or placed[key]]


def companies_for(gap: Gap, user: User) -> list[TargetCompany]:
    """Companies that would close the gap: those named for it, then those of its segment."""
    rows = TargetCompany.objects.visible_to(user).filter(chain=gap.chain_id)
    near = Q(gap=gap) | Q(gap=None, segment=gap.segment_id) if gap.segment_id else Q(gap=gap)
    return list(rows.filter(near).select_related("segment", "owner").order_by("state", "name")[:50])


@dataclass(frozen=True)
class ChainCard:
    """A chain on the page of all nine."""

    chain: Chain
    team: TaskTeam | None
    leads: int
    projects: int
    gaps: int


def cards(user: User) -> list[ChainCard]:
    """All chains, in five queries."""
    teams = {
        team.chain_id: team
        for team in TaskTeam.objects.visible_to(user).select_related("leader", "head")
    }
    leads = _by_chain(Lead.objects.visible_to(user).open())
    projects = _by_chain(LandedProject.objects.visible_to(user))
    gaps = _by_chain(Gap.objects.filter(closed_on=None))
    return [
        ChainCard(chain, teams.get(chain.pk), leads[chain.pk], projects[chain.pk], gaps[chain.pk])
        for chain in Chain.objects.all()
    ]


def _by_chain(rows: Any) -> Counter[int]:
    return Counter(dict(rows.order_by().values_list("chain").annotate(Count("pk"))))
