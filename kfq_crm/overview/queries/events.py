"""What the year brought: signings with their amounts, and projects that reached a milestone."""

from __future__ import annotations

from typing import Any

from kfq_crm.overview.queries.scene import Breakdown, Scene, month_of_day
from kfq_crm.overview.queries.sheets import Row, Sheet, exact, sheet_of
from leads.models import MilestoneKind

KINDS = (MilestoneKind.STARTED, MilestoneKind.COMPLETED, MilestoneKind.PRODUCING)
_CONTRACTS = {
    Breakdown.CHAIN.value: "lead.chain_id",
    Breakdown.OUTPOST.value: "lead.outpost_id",
    Breakdown.MONTH.value: month_of_day("contract.signed_on"),
}
_PROJECTS = {
    Breakdown.CHAIN.value: "project.chain_id",
    Breakdown.OUTPOST.value: "lead.outpost_id",
    Breakdown.MONTH.value: month_of_day("milestone.actual_on"),
}
_SIGNED = """
SELECT {group}, lead.chain_id, lead.landing_park LIKE %(park)s, contract.currency,
    COUNT(*) FILTER (WHERE contract.expands_id IS NULL),
    COUNT(*) FILTER (WHERE contract.expands_id IS NOT NULL),
    SUM(CASE WHEN contract.expands_id IS NULL THEN contract.investment
        ELSE contract.added_investment END),
    COUNT(DISTINCT contract.lead_id)
FROM {contracts} AS contract JOIN {leads} AS lead ON lead.id = contract.lead_id
WHERE contract.counted AND contract.signed_on >= %(year_from)s
    AND contract.signed_on < %(year_before)s AND {where}
GROUP BY 1, 2, 3, 4
"""
# A milestone has no history of its own: once reached it stays so, and says when that was recorded.
_REACHED = """
SELECT {group}, project.chain_id, project.landing_park LIKE %(park)s, milestone.kind,
    project.band, COUNT(*)
FROM leads_milestone AS milestone
JOIN {projects} AS project ON project.id = milestone.project_id
LEFT JOIN {contracts} AS contract ON contract.id = project.contract_id
LEFT JOIN {leads} AS lead ON lead.id = contract.lead_id
WHERE milestone.is_reached AND milestone.kind IN ('started', 'completed', 'producing')
    AND milestone.actual_on >= %(year_from)s AND milestone.actual_on < %(year_before)s
    AND COALESCE(milestone.recorded_at, milestone.created_at) < %(until)s AND {where}
GROUP BY 1, 2, 3, 4, 5
"""
# Confidential leads are told by chain and park, landed ones by scale band as well.
_BY_PARK = ("chain", "in_park")
_BY_BAND = ("chain", "in_park", "band")


def signings(scene: Scene) -> Sheet:
    """Counted contracts of the year: signings, expansions, and what both add, by currency."""
    levels = dict.fromkeys(("signings", "expansions", "CNY", "USD"), _BY_PARK)

    def ask(part: str) -> Any:
        return scene.ask(_SIGNED, part=part, group=_CONTRACTS)

    return sheet_of(scene, ask, _signed, levels)


def milestones(scene: Scene) -> Sheet:
    """Projects that reached a milestone in the year; a measure for each kind."""
    levels = dict.fromkeys((kind.value for kind in KINDS), _BY_BAND)
    seen = scene.sight.visible_projects()

    def ask(part: str) -> Any:
        return scene.ask(
            _REACHED, part=part, group=_PROJECTS, seen=seen, chain_of="project.chain_id"
        )

    return sheet_of(scene, ask, _reached, levels)


def _signed(
    dimension: str,
    group: Any,
    chain: int,
    in_park: Any,
    currency: str,
    signed: int,
    expanded: int,
    amount: Any,
    leads: int,
) -> Row:
    return Row(
        {"chain": chain, dimension: group, "in_park": bool(in_park)},
        {"signings": signed, "expansions": expanded, currency: exact(amount)},
        {currency: leads, "expansions": min(leads, expanded)},
    )


def _reached(
    dimension: str, group: Any, chain: int | None, in_park: Any, kind: str, band: str, count: int
) -> Row:
    return Row(
        {"chain": chain, dimension: group, "in_park": bool(in_park), "band": band}, {kind: count}
    )
