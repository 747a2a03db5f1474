"""Landed projects and their milestones."""

from __future__ import annotations

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from chains.api.filters import by_chain, by_chain_kind, by_team
from kfq_crm.base.api.filters import (
    CodesFilter,
    FlagFilter,
    RecordsFilter,
    day_range,
    visible_rows,
)
from kfq_crm.base.api.rows import RowSerializer
from leads.api.filters import (
    AmountsFilterSet,
    AskedFilterSet,
    MethodFlag,
    SegmentsFilter,
    amount_range,
    by_currency,
    by_enterprise,
    by_lead,
)
from leads.api.labels import (
    LeadLabel,
    chain_label,
    contract_label,
    enterprise_label,
    project_label,
    segment_label,
    staff_label,
)
from leads.api.lead_rows import AMOUNT
from leads.api.views import LeadsViewSet
from leads.models import LandedProject, Milestone, MilestoneKind
from leads.models.rules import Band

DAYS = {
    "kind": _("Which milestone it is"),
    "planned_on": _("Day planned for it"),
    "is_reached": _("Whether it was reached; a report may say so without the day"),
    "actual_on": _("Day on which it was reached"),
    "recognised_on": _("Day on which the city recognised it"),
}


class MilestoneDaysSerializer(serializers.ModelSerializer[Milestone]):
    """A milestone as its project tells it."""

    class Meta:
        model = Milestone
        fields = tuple(DAYS)
        extra_kwargs = {name: {"read_only": True, "help_text": text} for name, text in DAYS.items()}


class LandedProjectSerializer(RowSerializer):
    fetches = {"milestones": ("milestones",)}
    derived = {"milestones": ()}

    contract = contract_label()
    lead = LeadLabel(path="contract__lead")
    enterprise = enterprise_label()
    chain = chain_label()
    segment = segment_label()
    milestones = MilestoneDaysSerializer(
        many=True,
        read_only=True,
        label=_("milestones"),
        help_text=_("All milestones of the project, with planned, reached and recognised days"),
    )

    class Meta:
        model = LandedProject
        fields = (
            "id",
            "code",
            "name",
            "contract",
            "lead",
            "enterprise",
            "chain",
            "segment",
            "investment",
            "currency",
            "band",
            "investment_note",
            "is_lease",
            "landing_park",
            "project_code",
            "state_note",
            "milestone",
            "milestones",
            "is_recognised",
            "source",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        "code": _("Short code of a project that the published report names"),
        "name": _("Name of the project"),
        "investment": AMOUNT,
        "band": _("Scale band of the total investment; empty without an amount"),
        "investment_note": _("What a report says of the scale where it gives no figure"),
        "is_lease": _("Whether it rents its plant and takes no land"),
        "landing_park": _("Park where the project lands"),
        "project_code": _("Project code (GB/T 40058), 24 characters"),
        "state_note": _("What the published report says of its state"),
        "milestone": _("Latest milestone that was reached; empty before the first"),
        "is_recognised": _("Whether the city has recognised it"),
        "source": _("Section of the published report; empty for a project of a contract"),
    }


class LandedProjectFilters(AmountsFilterSet):
    lead = by_lead("contract__lead")
    chain = by_chain()
    chain_kind = by_chain_kind()
    segment = SegmentsFilter()
    team = by_team("chain__team")
    enterprise = by_enterprise()
    milestone = CodesFilter(choices=MilestoneKind.choices, label=_("Latest milestones reached"))
    band = CodesFilter(choices=Band.choices, label=_("Scale bands, behind commas"))
    currency = by_currency()
    amount_from, amount_to = amount_range()
    recognised = FlagFilter(field_name="is_recognised", label=_("Recognised by the city, or not"))
    lease = FlagFilter(field_name="is_lease", label=_("Renting the plant, or not"))
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class LandedProjects(LeadsViewSet):
    """Projects after their counted contract, and those that the published report names."""

    resource = "landed-projects"
    model = LandedProject
    serializer_class = LandedProjectSerializer
    filterset_class = LandedProjectFilters


class MilestoneSerializer(RowSerializer):
    project = project_label(label=_("landed project"), help_text=_("Project, with its name"))
    chain = chain_label(path="project__chain")
    recorded_by = staff_label(label=_("recorded by"), help_text=_("Who put it on record"))

    class Meta:
        model = Milestone
        fields = (
            "id",
            "project",
            "chain",
            *DAYS,
            "evidence",
            "recorded_at",
            "recorded_by",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        **DAYS,
        "evidence": _("Paper that proves it, in words"),
        "recorded_at": _("When it was put on record as reached, in site time"),
    }


def is_late(today: date) -> Q:
    """Planned for an earlier day and not reached."""
    return Q(is_reached=False, planned_on__lt=today)


class MilestoneFilters(AskedFilterSet):
    project = RecordsFilter(
        rows=visible_rows(LandedProject), label=_("Numbers of landed projects, behind commas")
    )
    chain = by_chain("project__chain")
    chain_kind = by_chain_kind("project__chain__kind")
    team = by_team("project__chain__team")
    kind = CodesFilter(choices=MilestoneKind.choices, label=_("Milestones, behind commas"))
    reached = FlagFilter(field_name="is_reached", label=_("Reached, or not"))
    overdue = MethodFlag(is_late, label=_("Planned for a day that has passed and not reached"))
    planned_from, planned_to = day_range("planned_on", _("Planned between"))
    actual_from, actual_to = day_range("actual_on", _("Reached between"))
    recognised_from, recognised_to = day_range("recognised_on", _("Recognised between"))


class Milestones(LeadsViewSet):
    """Milestones of landed projects, from registration to full capacity."""

    resource = "milestones"
    model = Milestone
    serializer_class = MilestoneSerializer
    filterset_class = MilestoneFilters
