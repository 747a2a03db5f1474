"""Look-backs at the promises of a contract, and rectification of what was missed."""

from __future__ import annotations

from datetime import date

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from chains.api.filters import by_chain, by_chain_kind, by_team
from kfq_crm.base.api.filters import (
    CodesFilter,
    FlagFilter,
    RecordsFilter,
    day_range,
    visible_rows,
)
from kfq_crm.base.api.paging import BY_KEY, Ordering
from kfq_crm.base.api.rows import Label, RowSerializer
from leads.api.filters import AskedFilterSet, MethodFlag, by_lead
from leads.api.labels import LeadLabel, contract_label, staff_label
from leads.api.views import LeadsViewSet
from leads.models import (
    Commitment,
    CommitmentSide,
    Contract,
    LookBack,
    Rectification,
    RectificationState,
)
from leads.models.lookback import LOOKED_BACK_AT


class LookBackSerializer(RowSerializer):
    kept = ("version", "due_on")

    contract = contract_label()
    lead = LeadLabel(path="contract__lead")
    held_by = staff_label(label=_("put on record by"), help_text=_("Who put it on record"))

    class Meta:
        model = LookBack
        fields = (
            "id",
            "contract",
            "lead",
            "after",
            "number",
            "months",
            "milestone_on",
            "due_on",
            "moved_reason",
            "held_on",
            "held_by",
            "attendees",
            "conclusion",
            "concluded_at",
            "created_at",
            "updated_at",
            "version",
        )

    personal_fields = frozenset({"attendees"})
    texts = {
        "after": _("Milestone after which it is held"),
        "number": _("Which look-back after that milestone, from 1"),
        "months": _("Months after the milestone, by the rule of the day on which it was made"),
        "milestone_on": _("Day on which the milestone was reached"),
        "due_on": _("Day by which it is to be held"),
        "moved_reason": _("Why its day was moved, if it was"),
        "held_on": _("Day on which it was held; empty before"),
        "attendees": _("Who took part, in words"),
        "conclusion": _("What was concluded"),
        "concluded_at": _("When it was put on record as held, in site time"),
    }


def to_be_held(today: date) -> Q:
    """Not held, and its day has passed."""
    return Q(held_on=None, due_on__lt=today)


class LookBackFilters(AskedFilterSet):
    contract = RecordsFilter(
        rows=visible_rows(Contract), label=_("Numbers of contract records, behind commas")
    )
    lead = by_lead("contract__lead")
    chain = by_chain("contract__lead__chain")
    chain_kind = by_chain_kind("contract__lead__chain__kind")
    team = by_team("contract__lead__chain__team")
    after = CodesFilter(choices=LOOKED_BACK_AT, label=_("Milestones, behind commas"))
    held = FlagFilter(
        field_name="held_on", lookup_expr="isnull", exclude=True, label=_("Held, or not")
    )
    overdue = MethodFlag(to_be_held, label=_("Due on a day that has passed and not held"))
    due_from, due_to = day_range("due_on", _("Due between"))
    held_from, held_to = day_range("held_on", _("Held between"))
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class LookBacks(LeadsViewSet):
    """Look-backs after completion and production."""

    resource = "look-backs"
    model = LookBack
    serializer_class = LookBackSerializer
    filterset_class = LookBackFilters
    orderings = (BY_KEY, Ordering("due_on", "due_on", _("day by which it is to be held")))


class RectificationSerializer(RowSerializer):
    kept = ("version", "due_on")

    commitment = Label(
        Commitment,
        {"side": "side", "metric": "metric"},
        label=_("commitment"),
        help_text=_("Promise that is put right, with who made it"),
    )
    contract = contract_label(path="commitment__contract")
    lead = LeadLabel(path="commitment__contract__lead")
    owner = staff_label(label=_("who puts it right"), help_text=_("Person who puts it right"))

    class Meta:
        model = Rectification
        fields = (
            "id",
            "commitment",
            "contract",
            "lead",
            "task",
            "owner",
            "due_on",
            "opened_on",
            "change_reason",
            "state",
            "closed_on",
            "result",
            "evidence",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        "task": _("What is to be put right"),
        "due_on": _("Day by which it is to be put right"),
        "opened_on": _("Day on which it was ordered"),
        "change_reason": _("Why owner or day was changed last"),
        "state": _("Open, done or taken back"),
        "closed_on": _("Day on which it was done or taken back"),
        "result": _("What was done, or why it was taken back"),
        "evidence": _("Paper that proves it, in words"),
    }


def late_task(today: date) -> Q:
    """Open, and its day has passed."""
    return Q(state=RectificationState.OPEN, due_on__lt=today)


class RectificationFilters(AskedFilterSet):
    commitment = RecordsFilter(
        rows=visible_rows(Commitment), label=_("Numbers of promises, behind commas")
    )
    lead = by_lead("commitment__contract__lead")
    chain = by_chain("commitment__contract__lead__chain")
    chain_kind = by_chain_kind("commitment__contract__lead__chain__kind")
    team = by_team("commitment__contract__lead__chain__team")
    side = CodesFilter(
        field_name="commitment__side",
        choices=CommitmentSide.choices,
        label=_("Who made the promise"),
    )
    state = CodesFilter(choices=RectificationState.choices, label=_("States, behind commas"))
    overdue = MethodFlag(late_task, label=_("Open after its day"))
    due_from, due_to = day_range("due_on", _("Due between"))
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class RectificationTasks(LeadsViewSet):
    """Tasks that put missed promises right, with owner and day."""

    resource = "rectification-tasks"
    model = Rectification
    serializer_class = RectificationSerializer
    filterset_class = RectificationFilters
    orderings = (BY_KEY, Ordering("due_on", "due_on", _("day by which it is to be put right")))
