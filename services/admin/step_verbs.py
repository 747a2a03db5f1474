"""The way of a step as pages: submitted, accepted, returned, handed in, granted, refused."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.templatetags.office import day as day_words
from services.actions.clock import refuse_if_late
from services.actions.papers import owed_papers
from services.actions.steps import (
    accept_step,
    grant_step,
    hand_in,
    refuse_step,
    return_step,
    submit_step,
    waive_step,
)
from services.admin.step_forms import (
    AcceptForm,
    GrantForm,
    PapersForm,
    ReasonForm,
    RefuseForm,
    ReturnForm,
    SubmitForm,
)
from services.admin.step_pages import AuthorityPage, StepPage, register
from services.models import ApprovalStep, StepPaper, StepState
from services.rulebook import deemed_rule


def after_it(step: ApprovalStep) -> str:
    """Which steps can begin once this one has passed, as a sentence; "" for the last one."""
    waiting = ApprovalStep.objects.filter(dependencies__on=step, state=StepState.WAITING)
    names = list(waiting.order_by("order", "pk").values_list("name", flat=True))
    if not names:
        return ""
    return _("These steps wait for it: %(steps)s.") % {"steps": _(", ").join(names)}


class PapersPage(StepPage):
    """A verb with which papers are handed in."""

    takes_files = True

    def form_options(self) -> dict[str, Any]:
        return {"papers": self.owed}


class SubmitPage(PapersPage):
    verb = "submit"
    form_class = SubmitForm

    def consequences(self) -> list[str]:
        said = [
            _("%(department)s has the application from that day on.")
            % {"department": self.subject.department}
        ]
        rule = deemed_rule(self.today)
        if rule:
            days = rule.acceptance_days
            told = ngettext(
                "It has %(days)d working day to accept it or to ask for papers; silence accepts.",
                "It has %(days)d working days to accept it or to ask for papers; silence accepts.",
                days,
            )
            said.append(told % {"days": days})
        return said

    def do(self, form: Any) -> str:
        step = submit_step(
            step=self.subject,
            by=self.user,
            papers=form.handed_in(),
            submitted_on=form.cleaned_data["submitted_on"],
            expected=self.expected(),
        )
        return _("Submitted to %(department)s.") % {"department": step.department}


class HandInPage(PapersPage):
    verb = "hand_in"
    form_class = PapersForm

    def consequences(self) -> list[str]:
        if self.subject.state != StepState.RETURNED and not self.stops:
            return [_("Papers that were promised for later count as brought with their day.")]
        return [_("When nothing is owed any more, the clock runs again from the next working day.")]

    def do(self, form: Any) -> str:
        step = hand_in(
            step=self.subject,
            papers=form.handed_in(),
            by=self.user,
            handed_in_on=form.cleaned_data["handed_in_on"],
            expected=self.expected(),
        )
        if step.state == StepState.ACCEPTED and step.due_on:
            return _("Handed in; to be decided by %(day)s.") % {"day": day_words(step.due_on)}
        return _("The papers are handed in.")


class AcceptPage(AuthorityPage):
    verb = "accept"
    form_class = AcceptForm
    takes_files = True

    def form_options(self) -> dict[str, Any]:
        return {"papers": [paper for paper in self.still_owed if not paper.is_main]}

    @cached_property
    def still_owed(self) -> list[StepPaper]:
        """Without what is promised already."""
        return owed_papers(self.subject)

    def refusal(self) -> str:
        return super().refusal() or too_late(self.subject, self.today)

    def missing_main(self) -> list[str]:
        return [paper.name for paper in self.still_owed if paper.is_main]

    def consequences(self) -> list[str]:
        step, calendar = self.subject, current_calendar()
        due = calendar.add_workdays(self.today, step.working_days)
        told = ngettext(
            "The limit of %(days)d working day begins: accepted today, it ends on %(due)s.",
            "The limit of %(days)d working days begins: accepted today, it ends on %(due)s.",
            step.working_days,
        )
        said = [told % {"days": step.working_days, "due": day_words(due)}]
        if step.may_be_deemed:
            said.append(
                _("If it is not decided by then, the system records it as granted by default.")
            )
        return said

    def extra_context(self) -> dict[str, Any]:
        return {**super().extra_context(), "missing_main": self.missing_main()}

    def do(self, form: Any) -> str:
        step = accept_step(
            step=self.subject,
            by=self.user,
            promises=form.promises(),
            accepted_on=form.cleaned_data["accepted_on"],
            expected=self.expected(),
        )
        return _("Accepted; to be decided by %(day)s.") % {"day": day_words(step.due_on)}


class ReturnPage(AuthorityPage):
    verb = "return"
    form_class = ReturnForm

    def form_options(self) -> dict[str, Any]:
        return {"step": self.subject}

    def refusal(self) -> str:
        return super().refusal() or too_late(self.subject, self.today)

    def consequences(self) -> list[str]:
        return [
            _("The clock stands from today until everything that is asked for has been handed in."),
            _("What is asked for is told once and completely; the time is not counted as yours."),
        ]

    def extra_context(self) -> dict[str, Any]:
        return {**super().extra_context(), "owed": self.owed}

    def do(self, form: Any) -> str:
        return_step(
            step=self.subject,
            reason=form.cleaned_data["reason"],
            papers=list(form.cleaned_data["papers"]),
            by=self.user,
            expected=self.expected(),
        )
        return _("Sent back for papers; the clock stands.")


class GrantPage(AuthorityPage):
    verb = "grant"
    form_class = GrantForm
    takes_files = True

    def consequences(self) -> list[str]:
        said = [_("The decision is recorded under your name and cannot be taken back.")]
        return [*said, *filter(None, [after_it(self.subject)])]

    def do(self, form: Any) -> str:
        typed = form.cleaned_data
        step = grant_step(
            step=self.subject,
            number=typed["number"],
            by=self.user,
            upload=typed["file"],
            note=typed["note"],
            decided_on=typed["decided_on"],
            expected=self.expected(),
        )
        return _("Granted under the number %(number)s.") % {"number": step.paper_number}


class RefusePage(AuthorityPage):
    verb = "refuse"
    form_class = RefuseForm
    is_danger = True

    def refusal(self) -> str:
        return super().refusal() or too_late(self.subject, self.today)

    def consequences(self) -> list[str]:
        said = [
            _("The application ends with this decision; a new one can be submitted."),
            _("An earlier approval by default counts like any other: its paper is no ground."),
        ]
        return [*said, *filter(None, [after_it(self.subject)])]

    def do(self, form: Any) -> str:
        refuse_step(step=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data)
        return _("The refusal is recorded.")


class WaivePage(StepPage):
    verb = "waive"
    form_class = ReasonForm
    is_danger = True

    def consequences(self) -> list[str]:
        said = [_("The step counts as passed without any approval; this cannot be taken back.")]
        return [*said, *filter(None, [after_it(self.subject)])]

    def do(self, form: Any) -> str:
        waive_step(
            step=self.subject,
            reason=form.cleaned_data["reason"],
            by=self.user,
            expected=self.expected(),
        )
        return _("The step is marked as not needed.")


def too_late(step: ApprovalStep, today: date) -> str:
    """Past its day such a step counts as granted, or as accepted; the sweep records it within the
    hour."""
    try:
        refuse_if_late(step, today)
    except RuleViolation as late:
        return str(late)
    return ""


register(
    {
        "submit": SubmitPage,
        "hand_in": HandInPage,
        "accept": AcceptPage,
        "return": ReturnPage,
        "grant": GrantPage,
        "refuse": RefusePage,
        "waive": WaivePage,
    },
    "approvalstep",
    "step",
)
