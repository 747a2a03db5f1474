from kfq_crm.base.api.routes import addresses_of
from services.api.approvals import ApprovalPlans, ApprovalSteps

urlpatterns = addresses_of(ApprovalPlans, ApprovalSteps)
