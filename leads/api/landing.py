"""Landed projects and their milestones."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import TYPE_CHECKING, Any

from django.db.models import Exists, OuterRef, Q, QuerySet
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
from leads.landing_queries import with_completion, with_latest_report
from leads.models import FlagKind, LandedProject, Milestone, MilestoneKind, ProjectFlag
from leads.models.rules import Band

if TYPE_CHECKING:
    from kfq_crm.base.models import User

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


class ProjectFlagSerializer(serializers.ModelSerializer[ProjectFlag]):
    """A list or register as its project tells it."""

    class Meta:
        model = ProjectFlag
        fields = ("kind", "since_on", "paper", "ended_on", "ended_reason")
        read_only_fields = fields


# No columns: what the rows beside the project come to
AREAS = ("counted_area", "accepted_area")
PROGRESS = ("progress_percent", "progress_month")


def _square_metres(text: Any) -> serializers.DecimalField:
    return serializers.DecimalField(
        max_digits=14, decimal_places=2, read_only=True, label=_("floor area (m²)"), help_text=text
    )


class LandedProjectSerializer(RowSerializer):
    fetches = {"milestones": ("milestones",), "flags": ("flags",)}
    derived = dict.fromkeys(("milestones", "flags", *AREAS, *PROGRESS), ())

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
    flags = ProjectFlagSerializer(
        many=True,
        read_only=True,
        label=_("flags of projects"),
        help_text=_("Lists on which it stands or stood: provincial major, statistics, above scale"),
    )
    counted_area = _square_metres(_("Floor area of the buildings that count"))
    accepted_area = _square_metres(_("Floor area of those that are accepted"))
    progress_percent = serializers.DecimalField(
        max_digits=5,
        decimal_places=2,
        read_only=True,
        label=_("percent complete"),
        help_text=_("Percent complete by the latest progress report; empty without one"),
    )
    progress_month = serializers.DateField(
        read_only=True,
        label=_("month of the report"),
        help_text=_("First day of the month of the latest progress report"),
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
            "lease_number",
            "lease_signed_on",
            "contracted_output",
            "contracted_tax",
            "state_note",
            "milestone",
            "milestones",
            "is_recognised",
            "flags",
            *AREAS,
            *PROGRESS,
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
        "lease_number": _("Number of the lease of a project that rents its plant"),
        "lease_signed_on": _("Day on which the lease was signed"),
        "contracted_output": _("Output of a whole period by the contract, in ten thousand yuan"),
        "contracted_tax": _("Tax of a whole period by the contract, in ten thousand yuan"),
        "state_note": _("What the published report says of its state"),
        "milestone": _("Latest milestone that was reached; empty before the first"),
        "is_recognised": _("Whether the city has recognised it"),
        "source": _("Section of the published report; empty for a project of a contract"),
    }

    @classmethod
    def prepare(cls, rows: QuerySet[Any], names: Collection[str], user: User) -> QuerySet[Any]:
        if not set(AREAS).isdisjoint(names):
            rows = with_completion(rows)
        if not set(PROGRESS).isdisjoint(names):
            rows = with_latest_report(rows)
        return super().prepare(rows, names, user)


class ListedFilter(CodesFilter):
    """On one of these lists now."""

    def filter(self, qs: QuerySet[Any], value: list[str] | None) -> QuerySet[Any]:
        if value is None:
            return qs
        listed = ProjectFlag.objects.filter(project=OuterRef("pk"), kind__in=value, ended_on=None)
        return qs.filter(Exists(listed))


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
    listed = ListedFilter(choices=FlagKind.choices, label=_("On these lists now, behind commas"))
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
            "first_planned_on",
            "plan_reason",
            "works",
            "proof",
            "evidence",
            "recorded_at",
            "recorded_by",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        **DAYS,
        "first_planned_on": _("Day planned at first; stays when the plan moves"),
        "plan_reason": _("Why the plan was moved last"),
        "works": _("Permanent works begun, of a start of works"),
        "proof": _("What shows that production has begun"),
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
