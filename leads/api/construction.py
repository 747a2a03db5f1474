"""What landed projects build: permits by stage, buildings with their acceptance, progress."""

from __future__ import annotations

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
from leads.api.filters import AskedFilterSet
from leads.api.labels import chain_label, project_label, staff_label
from leads.api.views import LeadsViewSet
from leads.models import (
    Building,
    ConstructionPermit,
    Currency,
    LandedProject,
    PermitStage,
    ProgressReport,
)

SHOWN = ("created_at", "updated_at", "version")
PROJECT = {"label": _("landed project"), "help_text": _("Project, with its name")}


class OfProjectFilters(AskedFilterSet):
    """By what the project is, for everything that a project has."""

    project = RecordsFilter(
        rows=visible_rows(LandedProject), label=_("Numbers of landed projects, behind commas")
    )
    chain = by_chain("project__chain")
    chain_kind = by_chain_kind("project__chain__kind")
    team = by_team("project__chain__team")
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class ConstructionPermitSerializer(RowSerializer):
    project = project_label(**PROJECT)
    chain = chain_label(path="project__chain")

    class Meta:
        model = ConstructionPermit
        fields = ("id", "project", "chain", "stage", "number", "issued_on", "scope", *SHOWN)

    texts = {
        "stage": _("Stage of the works that it permits, or all of them"),
        "number": _("Number on the permit"),
        "issued_on": _("Day on which it was issued"),
        "scope": _("Works that it covers, in words"),
    }


class ConstructionPermitFilters(OfProjectFilters):
    stage = CodesFilter(choices=PermitStage.choices, label=_("Stages of the works, behind commas"))
    issued_from, issued_to = day_range("issued_on", _("Issued between"))


class ConstructionPermits(LeadsViewSet):
    """Construction permits of landed projects: one for all works, or one a stage."""

    resource = "construction-permits"
    model = ConstructionPermit
    serializer_class = ConstructionPermitSerializer
    filterset_class = ConstructionPermitFilters


class BuildingSerializer(RowSerializer):
    project = project_label(**PROJECT)
    chain = chain_label(path="project__chain")

    class Meta:
        model = Building
        fields = (
            *("id", "project", "chain", "name", "area_m2", "is_counted"),
            *("accepted_on", "acceptance_paper", *SHOWN),
        )

    texts = {
        "name": _("Name of the building or zone"),
        "area_m2": _("Floor area in square metres"),
        "is_counted": _("Whether it counts towards completion"),
        "accepted_on": _("Day on which it was accepted; empty before"),
        "acceptance_paper": _("Paper of the acceptance, with its number"),
    }


class BuildingFilters(OfProjectFilters):
    counted = FlagFilter(field_name="is_counted", label=_("Counting towards completion, or not"))
    accepted = FlagFilter(
        field_name="accepted_on", lookup_expr="isnull", exclude=True, label=_("Accepted, or not")
    )
    accepted_from, accepted_to = day_range("accepted_on", _("Accepted between"))


class Buildings(LeadsViewSet):
    """Buildings of landed projects, each accepted by itself."""

    resource = "buildings"
    model = Building
    serializer_class = BuildingSerializer
    filterset_class = BuildingFilters


class ProgressReportSerializer(RowSerializer):
    joins = {"currency": ("project",)}
    derived = {"currency": ("project__currency",)}

    project = project_label(**PROJECT)
    chain = chain_label(path="project__chain")
    currency = serializers.ChoiceField(
        source="project.currency",
        choices=Currency.choices,
        read_only=True,
        label=_("currency"),
        help_text=_("Currency of the sum invested; nothing is ever converted"),
    )
    reported_by = staff_label(label=_("reported by"), help_text=_("Who reported it"))

    class Meta:
        model = ProgressReport
        fields = (
            *("id", "project", "chain", "month", "percent", "invested", "currency", "summary"),
            *("reported_by", "reported_at", *SHOWN),
        )

    texts = {
        "month": _("First day of the month that is reported"),
        "percent": _("Percent complete at the end of the month"),
        "invested": _("Invested since the beginning, in ten thousand of the currency"),
        "summary": _("What was built, in words"),
        "reported_at": _("When it was reported, in site time"),
    }


class ProgressReportFilters(OfProjectFilters):
    month_from, month_to = day_range("month", _("First days of the months between"))


class ProgressReports(LeadsViewSet):
    """Monthly progress of construction, as reported."""

    resource = "progress-reports"
    model = ProgressReport
    serializer_class = ProgressReportSerializer
    filterset_class = ProgressReportFilters
