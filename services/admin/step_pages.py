"""A verb over a step or a plan as a page: what it brings about, and who was faster."""

from __future__ import annotations

from datetime import date
from functools import cached_property
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from kfq_crm.base.action_page import ActionPage, saved_meanwhile
from kfq_crm.base.errors import RuleViolation, VersionConflict
from leads.permissions import NotAllowed
from services.admin.offers import LABELS, Offer, Rights, offers
from services.admin.plan_reading import facts_of
from services.models import ApprovalPlan, ApprovalStep, ClockStop, PaperTask, StepPaper


def plan_url(plan: ApprovalPlan) -> str:
    return reverse("admin:services_approvalplan_page", args=[plan.pk])


def step_url(step: ApprovalStep) -> str:
    return reverse("admin:services_approvalstep_page", args=[step.pk])


class ServicePage(ActionPage):
    """A verb of this app: who may not is told so by 403, as everywhere."""

    template_name = "services/step_action.html"

    def refuse(self, form: Any, violation: RuleViolation) -> HttpResponse:
        if isinstance(violation, NotAllowed):
            raise PermissionDenied from violation
        return super().refuse(form, violation)


class StepPage(ServicePage):
    """A verb over a step. Subclasses say what it does in `do` and name their `verb`."""

    model = ApprovalStep
    related = ("plan__project__contract__lead", "department")
    verb = ""

    @property
    def title(self) -> Any:
        return LABELS[self.verb]

    @property
    def submit_label(self) -> Any:
        return LABELS[self.verb]

    def do(self, form: Any) -> str:
        """Call the action; the sentence is shown on the step's page."""
        raise NotImplementedError

    def page_of(self, subject: Any) -> str:
        return step_url(subject)

    @cached_property
    def today(self) -> date:
        return timezone.localdate()

    @cached_property
    def rights(self) -> Rights:
        return Rights.of(self.user, self.subject.plan)

    def is_allowed(self) -> bool:
        """The applicant's side; the authority's verbs say otherwise."""
        return self.rights.handle

    @cached_property
    def owed(self) -> list[StepPaper]:
        return list(self.subject.papers.filter(handed_in_on=None))

    @cached_property
    def stops(self) -> list[ClockStop]:
        return list(self.subject.stops.filter(ended_on=None))

    @cached_property
    def paper_task(self) -> PaperTask | None:
        return PaperTask.objects.filter(step=self.subject).first()

    def offered(self) -> list[Offer]:
        facts = facts_of(self.owed, self.stops, self.paper_task)
        return offers(self.subject, self.rights, facts)

    def refusal(self) -> str:
        """Why the state of the step does not allow the verb; what it is now."""
        if self.verb in {offer.verb for offer in self.offered()}:
            return ""
        return _("Not possible now: the step is “%(state)s”.") % {
            "state": self.subject.get_state_display()
        }

    def act(self, form: Any) -> str | HttpResponse:
        try:
            return self.do(form)
        except VersionConflict as conflict:
            messages.warning(self.request, who_was_faster(self.subject, conflict))
            return HttpResponseRedirect(self.page_of(self.subject))

    def extra_context(self) -> dict[str, Any]:
        return {"plan": self.subject.plan, "plan_url": plan_url(self.subject.plan)}


class AuthorityPage(StepPage):
    """A verb of the department that decides."""

    def is_allowed(self) -> bool:
        return self.rights.decide(self.subject)


def who_was_faster(step: ApprovalStep, conflict: VersionConflict) -> str:
    """The line of the step's history that came in between: what, who, when."""
    last = step.events.select_related("by").first()
    if last is None:
        return saved_meanwhile(conflict)
    told = {
        "what": last.get_kind_display(),
        "who": last.by or _("the system (recorded by)"),
        "when": date_format(timezone.localtime(last.at), "SHORT_DATETIME_FORMAT"),
    }
    return (
        _(
            "In the meantime this was recorded: %(what)s (%(who)s, %(when)s). Nothing of yours was"
            " saved; look at the step, then repeat what you meant to do."
        )
        % told
    )


def register(verbs: dict[str, type[ActionPage]], record: str, route: str, more: str = "") -> None:
    """Put verbs under the record's address: `admin:services_<record>_<verb>`."""
    for verb, page in verbs.items():
        address = f"services/{route}/<int:pk>/{more}{verb.replace('_', '-')}/"
        admin.site.add_page(address, page.as_view(), f"services_{record}_{verb}")  # type: ignore[attr-defined]  # the office's site
