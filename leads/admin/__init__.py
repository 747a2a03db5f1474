"""The admin of leads; every module registers what it owns."""

from leads.admin import (
    attachments,
    company_check,
    contract_page,
    contracts,
    landing,
    lead_actions,
    lead_page,
    leads,
    quick_log,
    reviews,
)

__all__ = [
    "attachments",
    "company_check",
    "contract_page",
    "contracts",
    "landing",
    "lead_actions",
    "lead_page",
    "leads",
    "quick_log",
    "reviews",
]
