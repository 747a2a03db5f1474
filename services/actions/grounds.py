"""On what a refusal may rest: the law, papers that did not come, an earlier approval missing."""

from __future__ import annotations

from django.utils.translation import gettext as _

from kfq_crm.base.errors import RuleViolation
from services.actions.papers import lapsed_items, owed_papers
from services.models import ApprovalStep, Consequence, RefusalGround, StepState


def check_ground(step: ApprovalStep, ground: str) -> None:
    """Raises RuleViolation at `ground` where the refusal does not rest on it."""
    if ground not in RefusalGround:
        raise RuleViolation("ground", _("Choose the ground of the refusal."), "ground")
    if ground == RefusalGround.EARLIER:
        _check_earlier(step)
    if ground == RefusalGround.PAPERS:
        _check_papers(step)


def _check_earlier(step: ApprovalStep) -> None:
    missing = step.depends_on.filter(deemed_verdict="set_aside")
    if missing.exclude(state__in=(StepState.GRANTED, StepState.WAIVED)).exists():
        return
    deemed = step.depends_on.filter(state=StepState.DEEMED).first()
    if deemed:
        message = _("“%(step)s” was granted by default and counts; its paper is no ground.")
        raise RuleViolation("deemed_counts", message % {"step": deemed.name}, "ground")
    raise RuleViolation("all_there", _("Every approval before this one is there."), "ground")


def _check_papers(step: ApprovalStep) -> None:
    if step.state == StepState.RETURNED and owed_papers(step):
        return
    if any(item.consequence == Consequence.REFUSE for item in lapsed_items(step)):
        return
    raise RuleViolation(
        "papers_no_ground",
        _("Send the application back for papers first; promised ones still have their time."),
        "ground",
    )
