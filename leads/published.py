"""What the leads' app publishes in the change feed: no contacts, which are personal data."""

from __future__ import annotations

from collections.abc import Collection

from django.db.models import QuerySet

from kfq_crm.base import feed
from kfq_crm.base.api.shown import shown_by
from kfq_crm.base.feed import Published, Shown
from leads import audience
from leads.api.construction import (
    BuildingSerializer,
    ConstructionPermitSerializer,
    ProgressReportSerializer,
)
from leads.api.contracts import CommitmentSerializer, ContractSerializer
from leads.api.enterprises import EnterpriseSerializer
from leads.api.follow_ups import FollowUpSerializer
from leads.api.landing import LandedProjectSerializer, MilestoneSerializer
from leads.api.lead_rows import LeadSerializer
from leads.api.look_backs import LookBackSerializer, RectificationSerializer
from leads.api.stage_changes import StageChangeSerializer
from leads.models import (
    Building,
    Commitment,
    ConstructionPermit,
    Contract,
    Enterprise,
    FollowUp,
    LandedProject,
    Lead,
    LookBack,
    Milestone,
    ProgressReport,
    Rectification,
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
            hang_on=audience.on_commitments,
            shows=shown_by(CommitmentSerializer),
        ),
        Published(
            "look-backs",
            LookBack,
            LookBackSerializer,
            audiences=audience.through_lead(LookBack, "contract__lead"),
            deciding=frozenset({"contract_id"}),
            shows=shown_by(LookBackSerializer),
        ),
        Published(
            "rectification-tasks",
            Rectification,
            RectificationSerializer,
            audiences=audience.through_lead(Rectification, "commitment__contract__lead"),
            deciding=frozenset({"commitment_id"}),
            shows=shown_by(RectificationSerializer),
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
            shows=(*shown_by(LandedProjectSerializer), *_what_it_comes_to()),
        ),
        Published(
            "milestones",
            Milestone,
            MilestoneSerializer,
            audiences=audience.through_project(Milestone),
            deciding=frozenset({"project_id"}),
            shows=shown_by(MilestoneSerializer),
        ),
        *_construction(),
    )


def _construction() -> tuple[Published, ...]:
    """What a project builds, seen exactly when the project is."""
    currency = Shown(LandedProject, frozenset({"currency"}), _reports_of)
    kinds = (
        ("construction-permits", ConstructionPermit, ConstructionPermitSerializer, ()),
        ("buildings", Building, BuildingSerializer, ()),
        ("progress-reports", ProgressReport, ProgressReportSerializer, (currency,)),
    )
    return tuple(
        Published(
            resource,
            model,
            serializer,
            audiences=audience.through_project(model),
            deciding=frozenset({"project_id"}),
            shows=(*shown_by(serializer), *more),
        )
        for resource, model, serializer, more in kinds
    )


def _reports_of(projects: Collection[int]) -> QuerySet[ProgressReport]:
    return ProgressReport.objects.filter(project__in=projects)


def _what_it_comes_to() -> tuple[Shown, ...]:
    """A project shows the area of its buildings and its latest report."""
    areas = frozenset({"area_m2", "is_counted", "accepted_on", "project_id"})
    progress = frozenset({"month", "percent", "project_id"})

    def of_buildings(pks: Collection[int]) -> QuerySet[LandedProject]:
        return LandedProject.objects.filter(buildings__in=pks)

    def of_reports(pks: Collection[int]) -> QuerySet[LandedProject]:
        return LandedProject.objects.filter(progress_reports__in=pks)

    return (
        Shown(Building, areas, of_buildings, whole=True),
        Shown(ProgressReport, progress, of_reports, whole=True),
    )
