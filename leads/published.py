"""What the leads' app publishes in the change feed: no contacts, which are personal data."""

from __future__ import annotations

from kfq_crm.base import feed
from kfq_crm.base.api.shown import shown_by
from kfq_crm.base.feed import Published
from leads import audience
from leads.api.contracts import CommitmentSerializer, ContractSerializer
from leads.api.enterprises import EnterpriseSerializer
from leads.api.follow_ups import FollowUpSerializer
from leads.api.landing import LandedProjectSerializer, MilestoneSerializer
from leads.api.lead_rows import LeadSerializer
from leads.api.stage_changes import StageChangeSerializer
from leads.models import (
    Commitment,
    Contract,
    Enterprise,
    FollowUp,
    LandedProject,
    Lead,
    Milestone,
    StageChange,
)

SEARCHED = frozenset({"search_text", "search_grams"})


def publish() -> None:
    feed.reader_keys(audience.reader_keys)
    for kind in (*_leads(), *_contracts(), *_projects()):
        feed.publish(kind)


def _leads() -> tuple[Published, ...]:
    return (
        Published(
            "enterprises",
            Enterprise,
            EnterpriseSerializer,
            audiences=audience.enterprise_audiences,
            deciding=frozenset({"is_public", "registered_by_id"}),
            quiet=SEARCHED,
            shows=shown_by(EnterpriseSerializer),
        ),
        Published(
            "leads",
            Lead,
            LeadSerializer,
            audiences=audience.lead_audiences,
            deciding=audience.DECIDING,
            decides=audience.owner_matters,
            sets=("secondary_chains", "readers"),
            hang_on=audience.on_leads,
            touched_by=audience.companies_of,
            gained=audience.companies_gained,
            quiet=SEARCHED,
            shows=shown_by(LeadSerializer),
        ),
        Published(
            "follow-ups",
            FollowUp,
            FollowUpSerializer,
            audiences=audience.through_lead(FollowUp, "lead"),
            deciding=frozenset({"lead_id"}),
            shows=shown_by(FollowUpSerializer),
        ),
        Published(
            "stage-changes",
            StageChange,
            StageChangeSerializer,
            audiences=audience.through_lead(StageChange, "lead"),
            deciding=frozenset({"lead_id"}),
            shows=shown_by(StageChangeSerializer),
        ),
    )


def _contracts() -> tuple[Published, ...]:
    return (
        Published(
            "contracts",
            Contract,
            ContractSerializer,
            audiences=audience.through_lead(Contract, "lead"),
            deciding=frozenset({"lead_id"}),
            hang_on=audience.on_contracts,
            shows=shown_by(ContractSerializer),
        ),
        Published(
            "commitments",
            Commitment,
            CommitmentSerializer,
            audiences=audience.through_lead(Commitment, "contract__lead"),
            deciding=frozenset({"contract_id"}),
            shows=shown_by(CommitmentSerializer),
        ),
    )


def _projects() -> tuple[Published, ...]:
    return (
        Published(
            "landed-projects",
            LandedProject,
            LandedProjectSerializer,
            audiences=audience.project_audiences,
            deciding=frozenset({"contract_id", "chain_id"}),
            hang_on=audience.on_projects,
            shows=shown_by(LandedProjectSerializer),
        ),
        Published(
            "milestones",
            Milestone,
            MilestoneSerializer,
            audiences=audience.milestone_audiences,
            deciding=frozenset({"project_id"}),
            shows=shown_by(MilestoneSerializer),
        ),
    )
