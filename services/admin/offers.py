"""Which verbs a person is offered on a step: those that the state allows and the rights give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from services.models import ApprovalStep, DeemedVerdict, PaperTask, PlanState, StepState
from services.models.departments import departments_of
from services.models.plans import DECIDE_FOR
from services.permissions import may_handle, may_settle

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise

    from kfq_crm.base.models import User
    from services.models import ApprovalPlan

S = StepState
LABELS: dict[str, _StrPromise] = {
    "submit": _("Submit the application"),
    "hand_in": _("Hand papers in"),
    "accept": _("Accept the application"),
    "return": _("Send back for papers"),
    "grant": _("Grant the approval"),
    "refuse": _("Refuse the approval"),
    "stop": _("Stop the clock"),
    "resume": _("Let the clock run"),
    "reckon": _("Reckon the limit anew"),
    "confirm": _("Confirm the approval by default"),
    "object": _("Object to the approval by default"),
    "settle": _("Settle the objection"),
    "issue": _("Issue the paper"),
    "waive": _("Mark as not needed"),
}
DANGERS = {"refuse", "object", "waive"}


@dataclass(frozen=True)
class Offer:
    """A button; the first of a step is the one to press."""

    verb: str
    step: int

    @property
    def label(self) -> _StrPromise:
        return LABELS[self.verb]

    @property
    def url(self) -> str:
        return reverse(f"admin:services_approvalstep_{self.verb}", args=[self.step])

    @property
    def is_danger(self) -> bool:
        return self.verb in DANGERS


@dataclass(frozen=True)
class Rights:
    """What a person may do in one plan; asked once a page."""

    handle: bool = False
    for_all: bool = False
    departments: frozenset[int] = frozenset()
    settle: bool = False

    @classmethod
    def of(cls, user: User, plan: ApprovalPlan) -> Rights:
        if plan.state == PlanState.STOPPED:
            return cls()
        decides = user.has_perm("services.change_approvalstep")
        mine = departments_of(user).values_list("pk", flat=True) if decides else ()
        return cls(
            handle=may_handle(user, plan),
            for_all=decides and user.has_perm(DECIDE_FOR),
            departments=frozenset(mine),
            settle=may_settle(user),
        )

    def decide(self, step: ApprovalStep) -> bool:
        return self.for_all or step.department_id in self.departments


@dataclass(frozen=True)
class Facts:
    """What of the step's papers and stops decides on the verbs."""

    owes_papers: bool = False
    stopped_by_hand: bool = False
    paper: PaperTask | None = None


def offers(step: ApprovalStep, rights: Rights, facts: Facts) -> list[Offer]:
    """The verbs that make sense now, the most likely one first."""
    wanted = [*(_of_applicant(step, facts) if rights.handle else ())]
    if rights.decide(step):
        wanted = [*_of_authority(step, facts), *wanted]
    if rights.settle and step.deemed_verdict == DeemedVerdict.OBJECTED:
        wanted.insert(0, "settle")
    return [Offer(verb, step.pk) for verb in wanted]


def _of_applicant(step: ApprovalStep, facts: Facts) -> Iterator[str]:
    if step.state in (S.READY, S.REFUSED):
        yield "submit"
    elif facts.owes_papers and step.state not in (S.WAITING, S.WAIVED):
        yield "hand_in"
    if step.state in (S.WAITING, S.READY):
        yield "waive"


def _of_authority(step: ApprovalStep, facts: Facts) -> Iterator[str]:
    if step.state == S.SUBMITTED:
        yield from ("accept", "return", "refuse")
    elif step.state == S.ACCEPTED:
        yield "grant"
        yield from ("return", "refuse")
        yield "stop"
        if facts.stopped_by_hand:
            yield "resume"
        yield "reckon"
    elif step.state == S.RETURNED:
        yield "refuse"
    elif step.state == S.DEEMED:
        yield from _of_deemed(step, facts)


def _of_deemed(step: ApprovalStep, facts: Facts) -> Iterator[str]:
    paper = facts.paper
    if paper and not paper.issued_on and not paper.dropped_on:
        yield "issue"
    if step.deemed_verdict in ("", DeemedVerdict.OBJECTED):
        yield "confirm"
    if not step.deemed_verdict:
        yield "object"
