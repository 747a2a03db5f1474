"""Stopping the clock of a step, and what follows an approval by default, as pages."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _

from kfq_crm.base.templatetags.office import day as day_words
from services.actions.clock import reckon_again, resume_clock, stop_clock
from services.actions.deemed import (
    confirm_deemed,
    issue_paper,
    object_to_deemed,
    settle_objection,
)
from services.admin.step_forms import (
    ConfirmForm,
    IssueForm,
    ReasonForm,
    ResumeForm,
    SettleForm,
    StopForm,
)
from services.admin.step_pages import AuthorityPage, register
from services.admin.step_verbs import too_late
from services.models import DeemedVerdict


class StopPage(AuthorityPage):
    verb = "stop"
    form_class = StopForm

    def refusal(self) -> str:
        return super().refusal() or too_late(self.subject, self.today)

    def consequences(self) -> list[str]:
        return [
            _("From that day on no working day is counted until somebody lets the clock run."),
            _("Every stop stays on record with its reason, its days and your name."),
        ]

    def do(self, form: Any) -> str:
        stop_clock(step=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data)
        return _("The clock stands.")


class ResumePage(AuthorityPage):
    verb = "resume"
    form_class = ResumeForm

    def form_options(self) -> dict[str, Any]:
        return {"stops": self.stops}

    def consequences(self) -> list[str]:
        return [_("The next working day counts again; the limit moves by the days that it stood.")]

    def do(self, form: Any) -> str:
        step = resume_clock(
            step=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        if step.due_on is None:
            return _("This stop has ended; the clock still stands for another reason.")
        return _("The clock runs; to be decided by %(day)s.") % {"day": day_words(step.due_on)}


class ReckonPage(AuthorityPage):
    verb = "reckon"
    form_class = ReasonForm

    def consequences(self) -> list[str]:
        return [
            _("After a change of the calendar: the last day is reckoned again from the start."),
            _("It ends on %(day)s now; that day stays on record.")
            % {"day": day_words(self.subject.due_on)},
        ]

    def do(self, form: Any) -> str:
        step = reckon_again(
            step=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("To be decided by %(day)s now.") % {"day": day_words(step.due_on)}


class ConfirmPage(AuthorityPage):
    verb = "confirm"
    form_class = ConfirmForm

    def consequences(self) -> list[str]:
        said = [_("The authority confirms the approval; this cannot be taken back.")]
        if self.subject.deemed_verdict == DeemedVerdict.OBJECTED:
            said.append(_("Its objection is withdrawn with that."))
        return said

    def do(self, form: Any) -> str:
        confirm_deemed(
            step=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The approval by default is confirmed.")


class ObjectPage(AuthorityPage):
    verb = "object"
    form_class = ReasonForm
    is_danger = True

    def consequences(self) -> list[str]:
        return [
            _("The approval stands until the coordination office has settled the objection."),
            _("Steps that have begun after it go on."),
        ]

    def do(self, form: Any) -> str:
        object_to_deemed(
            step=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("The objection is recorded; the coordination office settles it.")


class SettlePage(AuthorityPage):
    verb = "settle"
    form_class = SettleForm
    is_danger = True

    def is_allowed(self) -> bool:
        return self.rights.settle

    def consequences(self) -> list[str]:
        return [
            _("The authority objects: %(reason)s") % {"reason": self.subject.deemed_reason},
            _("If it stands, the authority issues the paper."),
            _(
                "If it is set aside, the authority decides anew within a full limit from today, and"
                " no delay grants it again; steps after it that were not submitted wait again."
            ),
        ]

    def do(self, form: Any) -> str:
        settle_objection(
            step=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        if form.cleaned_data["upheld"]:
            return _("Settled: the approval by default stands.")
        return _("Settled: the approval by default is set aside.")


class IssuePage(AuthorityPage):
    verb = "issue"
    form_class = IssueForm
    takes_files = True

    def consequences(self) -> list[str]:
        task = self.paper_task
        said = [_("The paper is entered under your name and cannot be taken back.")]
        if task:
            said.append(_("It is to be issued by %(day)s.") % {"day": day_words(task.due_on)})
        return said

    def do(self, form: Any) -> str:
        typed = form.cleaned_data
        task = self.paper_task
        assert task is not None
        issue_paper(
            task=task,
            number=typed["number"],
            by=self.user,
            upload=typed["file"],
            issued_on=typed["issued_on"],
            expected=self.expected(),
        )
        return _("The paper is issued under the number %(number)s.") % {"number": typed["number"]}

    def extra_context(self) -> dict[str, Any]:
        """The paper has a revision of its own, which the form sends back."""
        task = self.paper_task
        seen = self.request.POST.get("expected_version") or (task.version if task else "")
        return {**super().extra_context(), "expected_version": seen}


register(
    {
        "stop": StopPage,
        "resume": ResumePage,
        "reckon": ReckonPage,
        "confirm": ConfirmPage,
        "object": ObjectPage,
        "settle": SettlePage,
        "issue": IssuePage,
    },
    "approvalstep",
    "step",
)
