"""Who may do what to an approval plan that he or she can see."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from leads.permissions import NotAllowed, works_on
from services.models.departments import departments_of, sees_all_services
from services.models.plans import DECIDE_FOR, SETTLE

if TYPE_CHECKING:
    from kfq_crm.base.models import User
    from leads.models import LandedProject
    from services.models import ApprovalPlan, ApprovalStep, Department


def may_plan(user: User, project: LandedProject) -> bool:
    """To make and direct a plan: the project's own team, service staff, the coordination office."""
    if not user.has_perm("services.change_approvalplan"):
        return False
    if sees_all_services(user):
        return True
    return project.contract is not None and works_on(user, project.contract.lead)


def may_handle(user: User, plan: ApprovalPlan) -> bool:
    """To act for the applicant: who may plan, and the plan's helper."""
    own = plan.helper_id == user.pk and user.is_active
    return (own and user.has_perm("services.change_approvalplan")) or may_plan(user, plan.project)


def belongs_to(user: User, department: Department) -> bool:
    return departments_of(user).filter(pk=department.pk).exists()


def may_decide(user: User, step: ApprovalStep) -> bool:
    """To act for the authority: its own people, and who may record for every department."""
    if not user.has_perm("services.change_approvalstep"):
        return False
    return user.has_perm(DECIDE_FOR) or belongs_to(user, step.department)


def may_settle(user: User) -> bool:
    return user.has_perm(SETTLE)


def require_plan(user: User, project: LandedProject) -> None:
    if not may_plan(user, project):
        raise NotAllowed("not_allowed", _("Only the project's team or service staff may do this."))


def require_handle(user: User, plan: ApprovalPlan) -> None:
    if not may_handle(user, plan):
        raise NotAllowed(
            "not_allowed",
            _("Only the plan's helper, the project's team or service staff may do this."),
        )


def require_decide(user: User, step: ApprovalStep) -> None:
    if not may_decide(user, step):
        raise NotAllowed(
            "not_allowed", _("Only the department itself or service staff may do this.")
        )


def require_settle(user: User) -> None:
    if not may_settle(user):
        raise NotAllowed("not_allowed", _("Only the coordination office may do this."))
