"""What a landed project's page says of its approvals: its plans, or the button that makes one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from leads import project_panels
from services.admin.plans import badge_of, with_progress
from services.models import ApprovalPlan, PlanState
from services.permissions import may_plan

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models import LandedProject


class ApprovalsPanel(project_panels.ProjectPanel):
    code = "approvals"
    place = 10
    template = "services/project_panel.html"

    def content(self, project: LandedProject, user: User) -> Mapping[str, Any] | None:
        if not user.has_perm("services.view_approvalplan"):
            return None
        rows = ApprovalPlan.objects.visible_to(user).filter(project=project)
        plans: list[Any] = list(with_progress(rows).select_related("helper").order_by("-pk"))
        for plan in plans:
            plan.badge = badge_of(plan)
        may_make = may_plan(user, project) and not any(p.state != PlanState.STOPPED for p in plans)
        return {"plans": plans, "may_make": may_make} if plans or may_make else None


project_panels.register(ApprovalsPanel())
