"""The ground's own admin: accounts, access log, calendar; what libraries register is left out."""

from kfq_crm.base.admin import access_log, accounts, calendar, own_account

__all__ = ["access_log", "accounts", "calendar", "own_account"]
