"""Cores and chains, segments, anchor firms, gaps, links, task teams, the groups of roles."""

from __future__ import annotations

from typing import Any

from django.db.models import Q

from chains.actions.teams import create_team, refresh_group_permissions
from chains.models import AnchorFirm, Chain, Gap, Segment, SegmentLink
from chains.roles import GROUP_NAMES, role_group
from leads.actions.enterprises import register_enterprise
from seeds.loading.store import add, make, read, source_of

TEAM_NAME = "{chain}招商专班"


def load_taxonomy() -> None:
    data = read("chains")
    for row in data["chains"]:
        chain = _chain(row)
        _segments(chain, row["segments"], None)
        _anchors(chain, row["firms"])
        _gaps(chain, row["gaps"])
    _links(data["links"])


def load_teams() -> None:
    """A team for every chain without one. The report names no lead unit, so there is none.

    What a role may do is the table in `chains.roles`: the groups follow it at every run, so
    that an upgrade reaches them.
    """
    for chain in Chain.objects.filter(team=None):
        create_team(chain=chain, name=TEAM_NAME.format(chain=chain.name), by=None)
    for role in GROUP_NAMES:
        role_group(role)
    refresh_group_permissions()


def _chain(row: dict[str, Any]) -> Chain:
    return add(
        Chain,
        Q(code=row["code"]) | Q(name=row["name"]),
        code=row["code"],
        name=row["name"],
        kind=row["kind"],
        order=row["order"],
        direction=row["direction"],
        source=source_of(row),
    )


def _segments(chain: Chain, rows: list[dict[str, Any]], parent: Segment | None) -> None:
    for order, row in enumerate(rows, 1):
        segment = add(
            Segment,
            Q(chain=chain) & (Q(code=row["code"]) | Q(name=row["name"], parent=parent)),
            chain=chain,
            parent=parent,
            code=row["code"],
            name=row["name"],
            position=row["position"] or "",
            position_inferred=row["position_inferred"],
            order=order,
            source=source_of(row),
        )
        _segments(chain, row.get("children", []), segment)


def segment_of(chain: Chain | None, code: str | None) -> Segment | None:
    """The segment with that code in the chain; None for none."""
    return Segment.objects.get(chain=chain, code=code) if chain and code else None


def _anchors(chain: Chain, rows: list[dict[str, Any]]) -> None:
    if chain.anchors.exists():
        return
    for row in (row for row in rows if row["role"] == "anchor"):
        segment = segment_of(chain, row["segment"])
        make(AnchorFirm, chain=chain, segment=segment, name=row["name"], source=source_of(row))
        public_enterprise(row["name"])


def public_enterprise(name: str) -> Any:
    """A company that the published report names: every team may see that it exists."""
    return register_enterprise(name=name, by=None, team=None, is_public=True)


def _gaps(chain: Chain, rows: list[dict[str, Any]]) -> None:
    """One row a segment, so that each can be closed by itself."""
    if chain.gaps.exists():
        return
    for row in rows:
        for code in row["segments"] or [None]:
            make(
                Gap,
                chain=chain,
                segment=segment_of(chain, code),
                kind=row["kind"],
                description=row["text"],
                source=source_of(row),
            )


def _links(rows: list[dict[str, Any]]) -> None:
    if SegmentLink.objects.exists():
        return
    chains = {chain.code: chain for chain in Chain.objects.all()}
    for row in rows:
        start, end = chains[row["from_chain"]], chains[row["to_chain"]]
        make(
            SegmentLink,
            from_chain=start,
            from_segment=segment_of(start, row["from_segment"]),
            to_chain=end,
            to_segment=segment_of(end, row["to_segment"]),
            note=row["quote"],
            source=source_of(row),
        )
