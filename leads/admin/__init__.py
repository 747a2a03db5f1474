"""The admin of leads; every module registers what it owns."""

from leads.admin import (
    attachments,
    claims,
    company_check,
    contacts,
    contract_page,
    contracts,
    enterprises,
    inbox,
    landing,
    lead_actions,
    lead_page,
    leads,
    quick_log,
    reviews,
    rules,
    rulings,
)

__all__ = [
    "attachments",
    "claims",
    "company_check",
    "contacts",
    "contract_page",
    "contracts",
    "enterprises",
    "inbox",
    "landing",
    "lead_actions",
    "lead_page",
    "leads",
    "quick_log",
    "reviews",
    "rules",
    "rulings",
]
