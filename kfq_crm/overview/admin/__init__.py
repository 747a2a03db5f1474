"""Pages that read across apps; every module registers what it owns."""

from kfq_crm.overview.admin import (
    chain_pages,
    ledger_page,
    segment_tree,
    target_rows,
    team_forms,
    team_page,
    workbench,
)

__all__ = [
    "chain_pages",
    "ledger_page",
    "segment_tree",
    "target_rows",
    "team_forms",
    "team_page",
    "workbench",
]
