"""Milestones of a landed project: what they are, and what must be on record to reach each.

Pure: facts come in, verdicts go out. The gates are those of the zone's procedure. What is typed
with the milestone itself (its day, its paper, the works begun) the action judges.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import models
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.errors import Requirement


class MilestoneKind(models.TextChoices):
    REGISTERED = "registered", _("registered")
    LAND = "land", _("land taken")
    STARTED = "started", _("works started")
    COMPLETED = "completed", _("works completed")
    PRODUCING = "producing", _("in production")
    FULL = "full", _("at full capacity")


class ProductionProof(models.TextChoices):
    """What shows that production has begun; a trial run is neither."""

    INVOICE = "invoice", _("first sales invoice")
    POWER = "power", _("power taken for production")


@dataclass(frozen=True)
class ProjectFacts:
    """What is on record about a project; gathered in `leads.landing_queries.facts_of_project`.

    `is_of_report`: the published report alone names it. Its papers are not ours, so that its
    milestones rest on the report's words; what is on record all the same must fit.
    """

    is_lease: bool = False
    is_of_report: bool = False
    has_company_code: bool = False
    has_lease: bool = False
    permits: int = 0
    counted_buildings: int = 0
    accepted_buildings: int = 0
    has_contracted_figures: bool = False
    has_full_period: bool = False


Line = tuple[Requirement, bool]


def milestone_checklist(kind: str, facts: ProjectFacts) -> list[Line]:
    """Everything that must be on record before the milestone, each with whether it is."""
    made = CHECKLISTS.get(MilestoneKind(kind))
    return made(facts) if made else []


def missing_for_milestone(kind: str, facts: ProjectFacts) -> list[Requirement]:
    """What is not yet on record; empty when the gate is open."""
    return [requirement for requirement, met in milestone_checklist(kind, facts) if not met]


def _registered(facts: ProjectFacts) -> list[Line]:
    code = Requirement("company_code", _("the local company's social credit code"), "company")
    return [] if facts.is_of_report else [(code, facts.has_company_code)]


def _started(facts: ProjectFacts) -> list[Line]:
    """A permit for one stage of the works is a permit. A lease stands where land would."""
    if facts.is_of_report:
        return []
    lease = Requirement("lease", _("the lease of the plant"), "lease")
    permit = Requirement(
        "permit", _("a construction permit; one for a stage of the works counts"), "permit"
    )
    before = [(lease, facts.has_lease)] if facts.is_lease else []
    return [*before, (permit, facts.permits > 0)]


def _completed(facts: ProjectFacts) -> list[Line]:
    building = Requirement("building", _("at least one building that counts"), "building")
    accepted = Requirement("accepted", _("every counted building accepted"), "accept")
    some = facts.counted_buildings > 0
    all_of_them = facts.accepted_buildings == facts.counted_buildings
    if facts.is_of_report:
        return [(accepted, all_of_them)] if some else []
    return [(building, some), (accepted, some and all_of_them)]


def _full(facts: ProjectFacts) -> list[Line]:
    if facts.is_of_report:
        return []
    figures = Requirement("contracted", _("output and tax as the contract has them"), "contracted")
    period = Requirement("period", _("a whole period in which both were met"), "period")
    return [(figures, facts.has_contracted_figures), (period, facts.has_full_period)]


CHECKLISTS = {
    MilestoneKind.REGISTERED: _registered,
    MilestoneKind.STARTED: _started,
    MilestoneKind.COMPLETED: _completed,
    MilestoneKind.FULL: _full,
}
