"""What falls due about approvals: a limit, an answer, a promised paper, a paper to issue.

The authority and the plan's helper are told apart: each by its own rule. Of a confidential lead
only whoever is in charge of it is told.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from django.db.models import BigIntegerField, F, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from leads.landing_queries import name_to_tell
from leads.models import Reminder
from leads.models.reminder import Role
from leads.reminders.registry import register
from services.models import ApprovalStep, Department, MissingItem, PaperTask, StepState
from services.reminders.questions import DatedRule

if TYPE_CHECKING:
    from kfq_crm.base.models import User

OPEN_LEAD = "plan__project__contract__lead"
_PROJECT = name_to_tell("plan__project__")
_PROJECT_OF_STEP = name_to_tell("step__plan__project__")


def _authority(department: str) -> Coalesce:
    """The department's head, or whoever of its people has been there longest; active ones only."""
    people = Department.members.through.objects.filter(
        department=OuterRef(department), user__is_active=True
    )
    first = Subquery(people.order_by("pk").values("user")[:1])
    return Coalesce(_head(department), first, output_field=BigIntegerField())


def _head(department: str) -> Subquery:
    """The department's head, unless the account is disabled."""
    rows = Department.objects.filter(pk=OuterRef(department), head__is_active=True)
    return Subquery(rows.values("head"))


def _public(path: str = "") -> Q:
    """The plan's lead, where it has one, is not confidential."""
    lead = f"{path}{OPEN_LEAD}"
    return Q(**{f"{lead}__isnull": True}) | Q(**{f"{lead}__confidential": False})


def _helped(path: str = "") -> Q:
    """May be told to the helper: of a confidential lead only to whoever is in charge of it."""
    return _public(path) | Q(**{f"{path}plan__helper": F(f"{path}{OPEN_LEAD}__owner")})


class ApprovalRule(DatedRule):
    """A rule over what is seen with its plan: whoever may not see it any more is not told."""

    def hidden_from(self, person: User, subjects: Collection[int]) -> set[int]:
        seen = self.model.objects.visible_to(person).filter(pk__in=subjects)
        return set(subjects) - set(seen.values_list("pk", flat=True))


class StepRule(ApprovalRule):
    """A rule over steps: the authority is told, then its head."""

    model = ApprovalStep
    page = "admin:services_approvalstep_page"
    roles = frozenset({Role.OWNER, Role.HEAD})
    state = StepState.ACCEPTED

    def subjects(self) -> QuerySet[ApprovalStep]:
        rows = ApprovalStep.objects.filter(state=self.state, **{f"{self.day}__isnull": False})
        return rows.alias(authority=_authority("department")).filter(
            _public(), authority__isnull=False
        )

    def told(self) -> dict[str, Any]:
        return {Role.OWNER: _authority("department"), Role.HEAD: _head("department")}

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = ApprovalStep.objects.filter(pk__in=[item.subject_id for item in reminders])
        return {
            pk: f"{project} · {step}"
            for pk, step, project in rows.values_list("pk", "name", _PROJECT)
        }


class StepDue(StepRule):
    """The limit of a decision, told one working day before it and at it."""

    code = "approval_due"
    label = _("approval to be decided")
    day = "due_on"


class AnswerDue(StepRule):
    """An application to be accepted or sent back: silence accepts (行政许可法 第三十二条)."""

    code = "approval_answer"
    label = _("application to be accepted or sent back")
    day = "answer_due_on"
    state = StepState.SUBMITTED


class StepDueForHelper(StepRule):
    """The same limit for whoever helps the enterprise through."""

    code = "approval_due_helper"
    label = _("approval near its limit")
    day = "due_on"
    round = "plan__reminder_round"
    roles = frozenset({Role.OWNER})

    def subjects(self) -> QuerySet[ApprovalStep]:
        return ApprovalStep.objects.filter(_helped(), state=self.state, due_on__isnull=False)

    def told(self) -> dict[str, Any]:
        return {Role.OWNER: F("plan__helper")}


class PaperToIssue(ApprovalRule):
    """The paper of an approval granted by default (泰政办发〔2022〕58号: one working day)."""

    code = "approval_paper"
    label = _("paper of an approval by default to be issued")
    model = PaperTask
    day = "due_on"
    round = "step__plan__reminder_round"
    page = "admin:services_approvalstep_page"
    roles = frozenset({Role.OWNER, Role.HEAD})

    def subjects(self) -> QuerySet[PaperTask]:
        rows = PaperTask.objects.filter(issued_on=None, dropped_on=None)
        return rows.filter(_public("step__"))

    def told(self) -> dict[str, Any]:
        helper = F("step__plan__helper_id")
        return {
            Role.OWNER: Coalesce(
                _authority("step__department"), helper, output_field=BigIntegerField()
            ),
            Role.HEAD: helper,
        }

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = PaperTask.objects.filter(pk__in=[item.subject_id for item in reminders])
        found = rows.values_list("pk", "step__name", _PROJECT_OF_STEP)
        return {pk: f"{project} · {step}" for pk, step, project in found}

    def addresses(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        return _pages(PaperTask.objects, reminders)


class PromisedPaper(ApprovalRule):
    """A paper that the applicant promised for later (容缺); its helper sees to it."""

    code = "approval_promise"
    label = _("promised paper to be handed in")
    model = MissingItem
    day = "due_on"
    round = "step__plan__reminder_round"
    page = "admin:services_approvalstep_page"
    roles = frozenset({Role.OWNER})

    def subjects(self) -> QuerySet[MissingItem]:
        open_steps = Q(step__state__in=(StepState.ACCEPTED, StepState.RETURNED))
        return MissingItem.objects.open().filter(open_steps, _helped("step__"))

    def told(self) -> dict[str, Any]:
        return {Role.OWNER: F("step__plan__helper")}

    def details(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        rows = MissingItem.objects.filter(pk__in=[item.subject_id for item in reminders])
        found = rows.values_list("pk", "paper__name", _PROJECT_OF_STEP)
        return {pk: f"{project} · {paper}" for pk, paper, project in found}

    def addresses(self, reminders: Sequence[Reminder]) -> dict[int, str]:
        return _pages(MissingItem.objects, reminders)


def _pages(rows: Any, reminders: Sequence[Reminder]) -> dict[int, str]:
    """The pages of the steps that these rows hang on."""
    found = rows.filter(pk__in=[item.subject_id for item in reminders])
    return {
        pk: reverse("admin:services_approvalstep_page", args=[step])
        for pk, step in found.values_list("pk", "step")
    }


def register_rules() -> None:
    rules = (StepDue(), AnswerDue(), StepDueForHelper(), PaperToIssue(), PromisedPaper())
    for rule in rules:
        register(rule)
