"""What stands open: leads by stage and band, with amounts; overdue, stuck, lost."""

from __future__ import annotations

from typing import Any

from kfq_crm.overview.queries.moments import Moment
from kfq_crm.overview.queries.scene import Breakdown, Scene, month_of, month_of_day
from kfq_crm.overview.queries.sheets import Row, Sheet, exact, sheet_of

CURRENCIES = ("CNY", "USD")
OF_LEADS = {
    Breakdown.CHAIN.value: "lead.chain_id",
    Breakdown.OUTPOST.value: "lead.outpost_id",
    Breakdown.MONTH.value: month_of("lead.created_at"),
}
STUCK = (
    "(lead.last_progress_on < %(yellow)s"
    " OR (lead.last_progress_on IS NULL AND lead.created_at < %(yellow_begins)s))"
)
_OPEN = f"""
SELECT {{group}}, lead.stage, lead.band, lead.currency,
    COUNT(*), COUNT(lead.investment), SUM(lead.investment),
    COUNT(*) FILTER (WHERE lead.next_action_on < %(day)s),
    COUNT(*) FILTER (WHERE {STUCK})
FROM {{leads}} AS lead WHERE lead.exit = '' AND {{where}} GROUP BY 1, 2, 3, 4
"""  # noqa: S608 — a condition of ours
_STUCK = f"""
SELECT {{group}}, COUNT(*)
FROM {{leads}} AS lead WHERE lead.exit = '' AND {STUCK} AND {{where}} GROUP BY 1
"""  # noqa: S608 — a condition of ours
_LOST = """
SELECT {group}, lead.exit_reason, COUNT(*)
FROM {leads} AS lead
WHERE lead.exit = 'lost' AND lead.exited_on >= %(year_from)s AND lead.exited_on < %(year_before)s
    AND {where}
GROUP BY 1, 2
"""
# Confidential leads are told by chain, the open ones and their amounts by stage as well.
BY_STAGE = ("chain", "stage")
BY_CHAIN = ("chain",)


def open_leads(scene: Scene) -> Sheet:
    """Open leads by stage and band: their number, amounts, how many are overdue or stuck."""
    levels = {"leads": BY_STAGE, "CNY": BY_STAGE, "USD": BY_STAGE}
    return _sheet(scene, _OPEN, _open, levels | {"overdue": BY_CHAIN, "stuck": BY_CHAIN})


def stuck_leads(scene: Scene, moment: Moment) -> Sheet:
    """Leads that were stuck at the end of another day."""
    return _sheet(scene, _STUCK, _counted("stuck"), {"stuck": BY_CHAIN}, moment=moment)


def lost_leads(scene: Scene) -> Sheet:
    """Leads that were lost in the year and stand lost, by reason."""
    months = {**OF_LEADS, Breakdown.MONTH.value: month_of_day("lead.exited_on")}
    return _sheet(scene, _LOST, _lost, {"leads": BY_CHAIN}, group=months)


def _sheet(
    scene: Scene,
    text: str,
    read: Any,
    levels: dict[str, tuple[str, ...]],
    group: dict[str, str] = OF_LEADS,
    moment: Moment | None = None,
) -> Sheet:
    def ask(part: str) -> Any:
        return scene.ask(text, part=part, group=group, moment=moment)

    return sheet_of(scene, ask, read, levels)


def _open(
    dimension: str,
    group: Any,
    stage: str,
    band: str,
    currency: str,
    leads: int,
    priced: int,
    amount: Any,
    overdue: int,
    stuck: int,
) -> Row:
    return Row(
        {dimension: group, "stage": stage, "band": band},
        {"leads": leads, currency: exact(amount), "overdue": overdue, "stuck": stuck},
        {currency: priced},
    )


def _lost(dimension: str, group: Any, reason: str, leads: int) -> Row:
    return Row({dimension: group, "reason": reason}, {"leads": leads})


def _counted(name: str) -> Any:
    return lambda dimension, group, count: Row({dimension: group}, {name: count})
