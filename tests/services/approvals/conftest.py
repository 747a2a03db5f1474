"""The small world of approvals, for all tests here."""

from tests.services.approvals.world import office, plan, planning, project

__all__ = ["office", "plan", "planning", "project"]
