from kfq_crm.base.api.routes import addresses_of
from leads.api.construction import Buildings, ConstructionPermits, ProgressReports
from leads.api.contacts import Contacts
from leads.api.contracts import Commitments, Contracts
from leads.api.enterprises import Enterprises
from leads.api.follow_ups import FollowUps
from leads.api.landing import LandedProjects, Milestones
from leads.api.leads import Leads
from leads.api.look_backs import LookBacks, RectificationTasks
from leads.api.stage_changes import StageChanges

urlpatterns = addresses_of(
    Enterprises,
    Contacts,
    Leads,
    FollowUps,
    StageChanges,
    Contracts,
    Commitments,
    LookBacks,
    RectificationTasks,
    LandedProjects,
    Milestones,
    ConstructionPermits,
    Buildings,
    ProgressReports,
)
