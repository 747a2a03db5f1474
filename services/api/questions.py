"""Enterprise questions: what is asked, who has it, by when which step, how it was rated."""

from __future__ import annotations

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from kfq_crm.base.api.filters import (
    CodesFilter,
    FlagFilter,
    RecordsFilter,
    day_range,
    visible_rows,
)
from kfq_crm.base.api.rows import Label, RowSerializer
from leads.api.filters import AskedFilterSet, MethodFlag, by_enterprise, by_lead, by_person
from leads.api.labels import CODED, LeadLabel, enterprise_label, staff_label
from leads.api.views import LeadsViewSet
from services.api.approvals import department_label
from services.models import (
    Closing,
    Department,
    Question,
    QuestionCategory,
    QuestionState,
    Source,
)


class QuestionSerializer(RowSerializer):
    """Words of the asker and names of the enterprise's people are personal; telephone and mail
    address are not told at all."""

    personal_fields = frozenset({"title", "text", "place", "contact_name"})

    enterprise = enterprise_label()
    lead = LeadLabel()
    category = Label(
        QuestionCategory,
        CODED,
        label=_("category of questions"),
        help_text=_("What it is about, with the code of the category"),
    )
    department = department_label()
    handler = staff_label(label=_("who handles it"), help_text=_("Person of the department"))
    taken_in_by = staff_label(
        label=_("taken in by"),
        help_text=_("Who took it in; empty when the enterprise did"),
    )

    class Meta:
        model = Question
        fields = (
            *("id", "title", "text", "place", "contact_name", "enterprise", "lead", "category"),
            *("department", "handler", "source", "taken_in_by", "taken_in_at", "confidential"),
            *("state", "closing", "round", "started_on", "verify_by", "answer_by", "solve_by"),
            *("at_most_by", "due_on", "verified_at", "answered_at", "fed_back_at", "closed_at"),
            *("was_late", "score", "closes_on", "created_at", "updated_at", "version"),
        )

    texts = {
        "title": _("The question in a line; personal data"),
        "text": _("What is asked, in the asker's words; personal data"),
        "place": _("Place that it is about; personal data"),
        "contact_name": _("Who asks for the enterprise; personal data"),
        "source": _("Whether staff, the liaison officer or the enterprise itself put it in"),
        "taken_in_at": _("When it was taken in, in site time"),
        "confidential": _("Whether only those who have to do with it see it"),
        "state": _("Which step is next"),
        "closing": _("How it was closed; empty while it is not"),
        "round": _("1, and one more each time that a low rating reopened it"),
        "started_on": _("Day from which the limits of this round run; it is day 0"),
        "verify_by": _("Last day to verify it"),
        "answer_by": _("Last day to answer it"),
        "solve_by": _("Last day to solve it, moved by a granted extension"),
        "at_most_by": _("Day beyond which no extension goes"),
        "due_on": _("Last day of the step that is next; empty once the outcome is fed back"),
        "verified_at": _("When it was verified"),
        "answered_at": _("When it was answered in this round"),
        "fed_back_at": _("When the outcome was fed back in this round"),
        "closed_at": _("When it was closed"),
        "was_late": _("Whether the outcome was fed back after its limit"),
        "score": _("Last rating of the enterprise, 1 to 5"),
        "closes_on": _("Day after which it is closed without a rating"),
    }


def is_overdue(today: date) -> Q:
    """The step that is next was due on an earlier day."""
    return Q(due_on__lt=today)


class QuestionFilters(AskedFilterSet):
    enterprise = by_enterprise()
    lead = by_lead()
    category = RecordsFilter(
        rows=visible_rows(QuestionCategory),
        by="code",
        label=_("Codes of categories, behind commas"),
    )
    department = RecordsFilter(
        rows=visible_rows(Department), by="code", label=_("Codes of departments, behind commas")
    )
    handler = by_person("handler", _("Numbers of who handles them, behind commas"))
    source = CodesFilter(choices=Source.choices, label=_("Ways of intake, behind commas"))
    state = CodesFilter(choices=QuestionState.choices, label=_("States, behind commas"))
    closing = CodesFilter(choices=Closing.choices, label=_("Ways of closing, behind commas"))
    overdue = MethodFlag(is_overdue, label=_("With a step whose limit has passed"))
    late = FlagFilter(field_name="was_late", label=_("Fed back after the limit, or not"))
    asked_from, asked_to = day_range("taken_in_at", _("Taken in between"), moment=True)
    due_from, due_to = day_range("due_on", _("Next step due between"))
    closed_from, closed_to = day_range("closed_at", _("Closed between"), moment=True)
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class Questions(LeadsViewSet):
    """What enterprises ask, and how it stands."""

    resource = "questions"
    model = Question
    serializer_class = QuestionSerializer
    filterset_class = QuestionFilters
