"""The admin of chains; every module registers what it owns."""

from chains.admin import lists, targets, taxonomy, teams

__all__ = ["lists", "targets", "taxonomy", "teams"]
