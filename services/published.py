"""What the services' app publishes in the change feed."""

from __future__ import annotations

from kfq_crm.base import feed
from kfq_crm.base.api.shown import shown_by
from kfq_crm.base.feed import Published
from leads.audience import hangs_on_leads, hangs_on_projects
from services import audience, question_audience
from services.api.approvals import ApprovalPlanSerializer, ApprovalStepSerializer
from services.api.questions import QuestionSerializer
from services.models import ApprovalPlan, ApprovalStep, Question


def publish() -> None:
    feed.reader_keys(audience.reader_keys)
    hangs_on_projects(audience.on_projects)
    feed.reader_keys(question_audience.reader_keys)
    hangs_on_leads(question_audience.on_leads)
    for kind in (*_approvals(), _questions()):
        feed.publish(kind)


def _approvals() -> tuple[Published, ...]:
    return (
        Published(
            "approval-plans",
            ApprovalPlan,
            ApprovalPlanSerializer,
            audiences=audience.plan_audiences,
            deciding=frozenset({"project_id", "helper_id"}),
            hang_on=audience.on_plans,
            quiet=frozenset({"reminder_round"}),
            shows=shown_by(ApprovalPlanSerializer),
        ),
        Published(
            "approval-steps",
            ApprovalStep,
            ApprovalStepSerializer,
            audiences=audience.step_audiences,
            deciding=frozenset({"plan_id"}),
            quiet=frozenset({"due_revision", "counted_from_on"}),
            shows=shown_by(ApprovalStepSerializer),
        ),
    )


def _questions() -> Published:
    return Published(
        "questions",
        Question,
        QuestionSerializer,
        audiences=question_audience.question_audiences,
        deciding=question_audience.DECIDING,
        quiet=frozenset({"search_text", "search_grams", "reminder_round", "sent_as", "asked_from"}),
        shows=shown_by(QuestionSerializer),
    )
