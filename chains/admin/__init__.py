"""The admin of chains; every module registers what it owns."""

from chains.admin import lists, staff, targets, taxonomy, teams

__all__ = ["lists", "staff", "targets", "taxonomy", "teams"]
