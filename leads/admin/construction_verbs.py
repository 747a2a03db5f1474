"""The verbs over permits, buildings, monthly progress and its plan."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from kfq_crm.base.forms import amount_text
from leads.actions.construction import (
    accept_building,
    add_building,
    correct_building,
    correct_permit,
    record_permit,
    remove_building,
    remove_permit,
    withdraw_acceptance,
)
from leads.actions.progress import correct_progress, plan_progress, planned_span, report_progress
from leads.admin.action_page import register
from leads.admin.construction_forms import (
    AcceptForm,
    BuildingForm,
    CorrectProgressForm,
    CurveForm,
    PermitForm,
    ProgressForm,
)
from leads.admin.project_verbs import ProjectPage, RowPage
from leads.landing_queries import BEGUN, BUILT, first_report_month
from leads.models import (
    Building,
    ConstructionPermit,
    MilestoneKind,
    PlannedProgress,
    ProgressReport,
)
from leads.progress import month_of, months_after, months_between

# --- Permits ----------------------------------------------------------------------------------


class PermitPage(ProjectPage):
    title = gettext_lazy("Enter a construction permit")
    submit_label = gettext_lazy("Enter the permit")
    form_class = PermitForm
    right = "work"

    def consequences(self) -> list[str]:
        return [
            _(
                "One permit for all works, or one for each stage: with the first of them works "
                "may start."
            )
        ]

    def act(self, form: Any) -> str:
        permit = record_permit(
            project=self.subject, values=form.cleaned_data, by=self.user, expected=self.expected()
        )
        return _("The permit %(number)s is on record.") % {"number": permit.number}


class CorrectPermitPage(RowPage):
    model = ConstructionPermit
    title = gettext_lazy("Correct a construction permit")
    form_class = PermitForm

    template_name = "leads/project/correct_form.html"

    def form_options(self) -> dict[str, Any]:
        return {"initial": values_of(self.subject, "stage", "number", "issued_on", "scope")}

    def extra_context(self) -> dict[str, Any]:
        remove = reverse("admin:leads_constructionpermit_remove", args=[self.subject.pk])
        further = [(RemovePermitPage.title, remove)]
        return {**super().extra_context(), "further": further}

    def act(self, form: Any) -> str:
        correct_permit(
            permit=self.subject, values=form.cleaned_data, by=self.user, expected=self.expected()
        )
        return _("The permit is corrected.")


class RemovePermitPage(RowPage):
    model = ConstructionPermit
    title = gettext_lazy("Take out a construction permit")
    submit_label = gettext_lazy("Take the permit out")
    is_danger = True

    def consequences(self) -> list[str]:
        return [_("For a permit entered by mistake. Its history stays.")]

    def act(self, form: Any) -> str:
        remove_permit(permit=self.subject, by=self.user, expected=self.expected())
        return _("The permit is taken out.")


# --- Buildings --------------------------------------------------------------------------------


class BuildingPage(ProjectPage):
    title = gettext_lazy("Enter a building")
    submit_label = gettext_lazy("Enter the building")
    form_class = BuildingForm
    right = "work"

    def consequences(self) -> list[str]:
        return [_("Works are completed when every building that counts is accepted.")]

    def act(self, form: Any) -> str:
        building = add_building(
            project=self.subject, values=form.cleaned_data, by=self.user, expected=self.expected()
        )
        return _("%(building)s is on record.") % {"building": building}


class BuildingVerb(RowPage):
    model = Building


class CorrectBuildingPage(BuildingVerb):
    title = gettext_lazy("Correct a building")
    form_class = BuildingForm

    template_name = "leads/project/correct_form.html"

    def form_options(self) -> dict[str, Any]:
        return {"initial": values_of(self.subject, "name", "area_m2", "is_counted")}

    def extra_context(self) -> dict[str, Any]:
        other = WithdrawAcceptancePage if self.subject.accepted_on else RemoveBuildingPage
        verb = "withdraw" if self.subject.accepted_on else "remove"
        further = [(other.title, reverse(f"admin:leads_building_{verb}", args=[self.subject.pk]))]
        return {**super().extra_context(), "further": further}

    def act(self, form: Any) -> str:
        correct_building(
            building=self.subject, values=form.cleaned_data, by=self.user, expected=self.expected()
        )
        return _("The building is corrected.")


class AcceptPage(BuildingVerb):
    title = gettext_lazy("Note that a building is accepted")
    submit_label = gettext_lazy("Note the acceptance")
    form_class = AcceptForm

    def refusal(self) -> str:
        if self.subject.accepted_on:
            return _("This building has been accepted.")
        project = self.subject.project
        if project.contract_id and project.milestone not in BEGUN:
            return _("Works have not started; nothing can be accepted.")
        return ""

    def act(self, form: Any) -> str:
        building = accept_building(
            building=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("%(building)s is accepted.") % {"building": building}


class WithdrawAcceptancePage(BuildingVerb):
    title = gettext_lazy("Take back an acceptance")
    submit_label = gettext_lazy("Take the acceptance back")
    is_danger = True

    def consequences(self) -> list[str]:
        return [_("For an acceptance entered by mistake. The building stands as not accepted.")]

    def refusal(self) -> str:
        return "" if self.subject.accepted_on else _("This building has not been accepted.")

    def act(self, form: Any) -> str:
        withdraw_acceptance(building=self.subject, by=self.user, expected=self.expected())
        return _("The acceptance is taken back.")


class RemoveBuildingPage(BuildingVerb):
    title = gettext_lazy("Take out a building")
    submit_label = gettext_lazy("Take the building out")
    is_danger = True

    def consequences(self) -> list[str]:
        return [_("For a building entered by mistake. Its history stays.")]

    def refusal(self) -> str:
        return _("This building has been accepted.") if self.subject.accepted_on else ""

    def act(self, form: Any) -> str:
        remove_building(building=self.subject, by=self.user, expected=self.expected())
        return _("The building is taken out.")


# --- Progress ---------------------------------------------------------------------------------


class ReportPage(ProjectPage):
    title = gettext_lazy("Report the progress of a month")
    submit_label = gettext_lazy("Send the report")
    form_class = ProgressForm
    right = "work"
    takes_files = True

    @cached_property
    def months(self) -> list[date]:
        """Months since works started without a report, the latest first."""
        this_month = month_of(timezone.localdate())
        first = first_report_month(self.subject.milestones.all()) or months_after(this_month, -11)
        known = set(self.subject.progress_reports.values_list("month", flat=True))
        count = months_between(first, this_month) + 1
        found = (months_after(this_month, -place) for place in range(count))
        return [month for month in found if month not in known]

    def refusal(self) -> str:
        if self.subject.milestone not in BEGUN:
            return _("Works have not started; there is no progress yet.")
        return "" if self.months else _("Every month is reported.")

    def form_options(self) -> dict[str, Any]:
        before = months_after(month_of(timezone.localdate()), -1)
        month = before if before in self.months else next(iter(self.months), before)
        return {
            "months": self.months,
            "currency": self.subject.currency,
            "with_files": self.lead is not None,
            "initial": {"month": f"{month:%Y-%m-%d}"},
        }

    def act(self, form: Any) -> str:
        report = report_progress(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The report of %(month)s is on record.") % {"month": f"{report.month:%Y-%m}"}


class CorrectReportPage(RowPage):
    model = ProgressReport
    title = gettext_lazy("Correct a progress report")
    form_class = CorrectProgressForm
    takes_files = True

    def form_options(self) -> dict[str, Any]:
        report, currency = self.subject, self.subject.project.currency
        known = values_of(report, "percent", "summary")
        return {
            "currency": currency,
            "with_files": self.lead is not None,
            "initial": {**known, "invested": amount_text(report.invested, currency)},
        }

    def act(self, form: Any) -> str:
        values = dict(form.cleaned_data)
        photos = values.pop("photos", ())
        correct_progress(
            report=self.subject,
            values=values,
            photos=photos,
            by=self.user,
            expected=self.expected(),
        )
        return _("The report is corrected.")


class CurvePage(ProjectPage):
    title = gettext_lazy("Plan the progress of works")
    submit_label = gettext_lazy("Save planned progress")
    form_class = CurveForm
    template_name = "leads/project/curve_form.html"

    @cached_property
    def rows_of_plan(self) -> list[PlannedProgress]:
        """Without the last month, which is 100 by definition."""
        return list(self.subject.planned_progress.order_by("month"))[:-1]

    def refusal(self) -> str:
        if self.subject.milestone in BUILT:
            return _("The project is completed.")
        if None in planned_span(self.subject):
            return _("Plan start and completion of works first; the curve runs between them.")
        if not self.rows_of_plan:
            return _("Start and completion are planned for one month; there is nothing between.")
        return ""

    def form_options(self) -> dict[str, Any]:
        return {
            "planned": {row.month: row.percent for row in self.rows_of_plan},
            "typed": {row.month for row in self.rows_of_plan if row.is_typed},
        }

    def consequences(self) -> list[str]:
        return [
            _("Enter what the plan asks for at the end of the months that matter."),
            _("Months left empty lie on a straight line between them; grey is where that runs."),
        ]

    def extra_context(self) -> dict[str, Any]:
        plan = reverse("admin:leads_landedproject_plan", args=[self.subject.pk])
        return {**super().extra_context(), "plan_url": f"{plan}?kind={MilestoneKind.COMPLETED}"}

    def act(self, form: Any) -> str:
        plan_progress(
            project=self.subject, typed=form.typed(), by=self.user, expected=self.expected()
        )
        return _("The planned progress is saved.")


def values_of(row: Any, *names: str) -> dict[str, Any]:
    return {name: getattr(row, name) for name in names}


register(
    {
        "permit": PermitPage,
        "building": BuildingPage,
        "progress": ReportPage,
        "curve": CurvePage,
    },
    "landedproject",
)
register({"correct": CorrectPermitPage, "remove": RemovePermitPage}, "constructionpermit")
register(
    {
        "correct": CorrectBuildingPage,
        "accept": AcceptPage,
        "withdraw": WithdrawAcceptancePage,
        "remove": RemoveBuildingPage,
    },
    "building",
)
register({"correct": CorrectReportPage}, "progressreport")
