from kfq_crm.base.api.routes import addresses_of
from services.api.approvals import ApprovalPlans, ApprovalSteps
from services.api.questions import Questions

urlpatterns = addresses_of(ApprovalPlans, ApprovalSteps, Questions)
