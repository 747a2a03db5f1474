"""The verbs over a landed project: its company, its milestones, what else is put on record."""

from __future__ import annotations

from typing import Any, ClassVar

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kfq_crm.base.forms import amount_text
from kfq_crm.base.templatetags.office import day
from leads.actions.landing import (
    meet_milestone,
    name_local_company,
    next_milestone,
    plan_milestone,
    recognise_milestone,
)
from leads.actions.project_facts import (
    end_flag,
    enter_contracted_figures,
    record_lease,
    record_period,
    remove_period,
    set_flag,
)
from leads.admin.action_page import ActionPage, register
from leads.admin.project_forms import (
    ContractedForm,
    EndFlagForm,
    FlagForm,
    LeaseForm,
    LocalCompanyForm,
    MeetForm,
    PeriodForm,
    PlanForm,
    RecogniseForm,
)
from leads.admin.project_page import (
    checklist_of,
    lines_of,
    page_of,
    rights_over_project,
)
from leads.landing_rulebook import whole_months, works_on
from leads.models import (
    LandedProject,
    Lead,
    MilestoneKind,
    OutputPeriod,
    ProjectFlag,
)


class ProjectPage(ActionPage):
    """A verb over a project, or over a row of one (`of_row`)."""

    model = LandedProject
    related = ("contract__lead", "enterprise")
    right = "move"

    def project_of(self, subject: Any) -> LandedProject:
        return subject  # type: ignore[no-any-return]  # the project itself, unless a subclass says otherwise

    def lead_of(self, subject: Any) -> Lead | None:
        contract = self.project_of(subject).contract
        return contract.lead if contract else None

    def is_allowed(self) -> bool:
        rights = rights_over_project(self.user, self.project_of(self.subject))
        return bool(getattr(rights, self.right))

    def page_of(self, subject: Any) -> str:
        return page_of(self.project_of(subject))


class RowPage(ProjectPage):
    """A verb over something that a project has; whoever works on the project may."""

    related: ClassVar[tuple[str, ...]] = ("project__contract__lead",)
    right = "work"

    def project_of(self, subject: Any) -> LandedProject:
        return subject.project  # type: ignore[no-any-return]  # every such row has one


class LocalCompanyPage(ProjectPage):
    title = gettext_lazy("Enter the local company")
    submit_label = gettext_lazy("Enter the company")
    form_class = LocalCompanyForm

    def consequences(self) -> list[str]:
        return [
            _(
                "The project belongs to this company from now on. It is registered as a company "
                "of %(investor)s, whose claim covers it."
            )
            % {"investor": self.lead.enterprise if self.lead else ""}
        ]

    def refusal(self) -> str:
        return "" if self.lead else _("A project of the report has no company of its own.")

    def act(self, form: Any) -> str:
        project = name_local_company(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The project belongs to %(company)s.") % {"company": project.enterprise}


class MilestonePage(ProjectPage):
    """A verb over the milestones of a project."""

    def kinds(self) -> list[MilestoneKind]:
        """Milestones that the verb can be about now."""
        raise NotImplementedError

    def form_options(self) -> dict[str, Any]:
        kinds = self.kinds()
        asked = self.request.GET.get("kind", "")
        initial = {"kind": asked if asked in kinds else kinds[0]} if kinds else {}
        return {"kinds": kinds, "initial": initial}

    def refusal(self) -> str:
        return "" if self.kinds() else _("No milestone of this project allows that now.")


class MeetPage(MilestonePage):
    title = gettext_lazy("Note that a milestone is reached")
    submit_label = gettext_lazy("Note as reached")

    form_class = MeetForm

    def kinds(self) -> list[MilestoneKind]:
        following = next_milestone(self.subject)
        return [following] if following else []

    def form_options(self) -> dict[str, Any]:
        kinds = self.kinds()
        starts = MilestoneKind.STARTED in kinds
        return {
            **super().form_options(),
            "with_code": MilestoneKind.REGISTERED in kinds,
            "works": works_on(timezone.localdate()) if starts else (),
            "asks_proof": MilestoneKind.PRODUCING in kinds,
        }

    def consequences(self) -> list[str]:
        said = [_("Milestones are reached one after the other; the day cannot be changed later.")]
        if MilestoneKind.STARTED in self.kinds():
            said.append(
                _(
                    "Started means permanent works under a permit. Survey, levelling, demolition "
                    "and temporary works do not count."
                )
            )
        return said

    def extra_context(self) -> dict[str, Any]:
        checks = checklist_of(
            self.subject,
            permits=self.subject.permits.all(),
            buildings=self.subject.buildings.all(),
            periods=self.subject.output_periods.all(),
            today=timezone.localdate(),
        )
        return {"missing": [check for check in checks if not check.is_met]}

    def rows(self) -> Any:
        return super().rows().prefetch_related("milestones", "permits", "buildings")

    template_name = "leads/milestone_form.html"

    def act(self, form: Any) -> str:
        milestone = meet_milestone(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Reached: %(milestone)s.") % {"milestone": milestone}


class PlanPage(MilestonePage):
    title = gettext_lazy("Plan a milestone")
    submit_label = gettext_lazy("Save the plan")
    form_class = PlanForm

    def kinds(self) -> list[MilestoneKind]:
        return [line.kind for line in lines_of(self.subject) if line.is_ahead]

    def consequences(self) -> list[str]:
        return [_("The curve of planned progress runs from the planned start to the completion.")]

    def act(self, form: Any) -> str:
        milestone = plan_milestone(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The plan of “%(milestone)s” is saved.") % {"milestone": milestone}


class RecognisePage(MilestonePage):
    title = gettext_lazy("Note the recognition of a milestone")
    submit_label = gettext_lazy("Note as recognised")
    form_class = RecogniseForm

    def kinds(self) -> list[MilestoneKind]:
        return [
            line.kind
            for line in lines_of(self.subject)
            if line.row and line.row.is_reached and not line.row.recognised_on
        ]

    def consequences(self) -> list[str]:
        return [_("The day on which the superior authority recognised it; the day itself stays.")]

    def act(self, form: Any) -> str:
        milestone = recognise_milestone(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Recognised: %(milestone)s.") % {"milestone": milestone}


class LeasePage(ProjectPage):
    title = gettext_lazy("Enter the lease of the plant")
    submit_label = gettext_lazy("Enter the lease")
    form_class = LeaseForm
    right = "work"

    def form_options(self) -> dict[str, Any]:
        project = self.subject
        known = {"number": project.lease_number, "signed_on": project.lease_signed_on}
        return {"initial": known}

    def consequences(self) -> list[str]:
        return [_("The lease stands where land would; promised intervals are counted from it.")]

    def refusal(self) -> str:
        return "" if self.subject.is_lease else _("This project takes land; it has no lease.")

    def act(self, form: Any) -> str:
        record_lease(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The lease is on record.")


class ContractedPage(ProjectPage):
    title = gettext_lazy("Enter output and tax as the contract has them")
    submit_label = gettext_lazy("Enter output and tax")
    form_class = ContractedForm

    def form_options(self) -> dict[str, Any]:
        project = self.subject
        known = {"output": project.contracted_output, "tax": project.contracted_tax}
        return {"initial": {name: amount_text(value, "CNY") for name, value in known.items()}}

    def consequences(self) -> list[str]:
        return [_("Full capacity is reached when a whole period meets both.")]

    def refusal(self) -> str:
        is_full = self.subject.milestone == MilestoneKind.FULL
        return _("Full capacity was reached by these figures.") if is_full else ""

    def act(self, form: Any) -> str:
        enter_contracted_figures(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Output and tax are on record.")


class PeriodPage(ProjectPage):
    title = gettext_lazy("Enter a period of production")
    submit_label = gettext_lazy("Enter the period")
    form_class = PeriodForm
    right = "work"

    def consequences(self) -> list[str]:
        months = whole_months(timezone.localdate())
        said = ngettext(
            "A whole period is %(months)d month of production, and must be over.",
            "A whole period is %(months)d months of production, and must be over.",
            months,
        )
        return [said % {"months": months}]

    def act(self, form: Any) -> str:
        period = record_period(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The period up to %(day)s is on record.") % {"day": day(period.ends_on)}


class RemovePeriodPage(RowPage):
    model = OutputPeriod
    title = gettext_lazy("Take out a period of production")
    submit_label = gettext_lazy("Take the period out")
    is_danger = True

    def consequences(self) -> list[str]:
        return [_("Its figures no longer count towards full capacity; its history stays.")]

    def act(self, form: Any) -> str:
        remove_period(period=self.subject, by=self.user, expected=self.expected())
        return _("The period is taken out.")


class FlagPage(ProjectPage):
    title = gettext_lazy("Note that the project is on a list")
    submit_label = gettext_lazy("Note the listing")
    form_class = FlagForm
    right = "work"

    def consequences(self) -> list[str]:
        return [_("A listing is no milestone: it may come at any time, and end again.")]

    def act(self, form: Any) -> str:
        flag = set_flag(
            project=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Listed: %(flag)s.") % {"flag": flag}


class EndFlagPage(RowPage):
    model = ProjectFlag
    title = gettext_lazy("Note that the project was taken off a list")
    submit_label = gettext_lazy("Note the end of the listing")
    form_class = EndFlagForm

    def refusal(self) -> str:
        is_over = self.subject.ended_on is not None
        return _("The project was taken off this list already.") if is_over else ""

    def act(self, form: Any) -> str:
        end_flag(flag=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data)
        return _("The listing has ended.")


register(
    {
        "company": LocalCompanyPage,
        "meet": MeetPage,
        "plan": PlanPage,
        "recognise": RecognisePage,
        "lease": LeasePage,
        "contracted": ContractedPage,
        "period": PeriodPage,
        "flag": FlagPage,
    },
    "landedproject",
)
register({"remove": RemovePeriodPage}, "outputperiod")
register({"end": EndFlagPage}, "projectflag")
