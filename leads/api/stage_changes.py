"""Moves of leads, from one stage to the next, out and back."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from chains.api.filters import by_chain, by_chain_kind, by_team
from kfq_crm.base.api.filters import CodesFilter, day_range
from kfq_crm.base.api.paging import BY_KEY, Ordering
from kfq_crm.base.api.rows import RowSerializer
from leads.api.filters import AskedFilterSet, by_lead, by_person
from leads.api.labels import LeadLabel, staff_label
from leads.api.views import LeadsViewSet
from leads.models import StageChange
from leads.models.lead import StageChangeKind
from leads.stages import Exit, Stage


class StageChangeSerializer(RowSerializer):
    kept = ("moved_at",)

    lead = LeadLabel()
    moved_by = staff_label(label=_("moved by"), help_text=_("Who moved the lead"))

    class Meta:
        model = StageChange
        fields = (
            "id",
            "lead",
            "kind",
            "from_stage",
            "to_stage",
            "exit",
            "reason",
            "evidence",
            "moved_at",
            "moved_by",
            "time_in_stage",
        )

    texts = {
        "kind": _("What kind of move it was"),
        "from_stage": _("Stage that the lead left; empty when it was logged"),
        "to_stage": _("Stage that the lead stood in afterwards"),
        "exit": _("How the lead left the pipeline with this move; empty otherwise"),
        "reason": _("Reason that was given"),
        "evidence": _("Records that the move rested on, as “kind number”"),
        "moved_at": _("When the lead moved, in site time"),
        "time_in_stage": _("Time spent in the stage left, as days hours:minutes:seconds"),
    }


class StageChangeFilters(AskedFilterSet):
    lead = by_lead()
    chain = by_chain("lead__chain")
    chain_kind = by_chain_kind("lead__chain__kind")
    team = by_team("lead__chain__team")
    kind = CodesFilter(choices=StageChangeKind.choices, label=_("Kinds of moves"))
    from_stage = CodesFilter(choices=Stage.choices, label=_("Stages that leads left"))
    to_stage = CodesFilter(choices=Stage.choices, label=_("Stages that leads stood in afterwards"))
    exit = CodesFilter(choices=Exit.choices, label=_("Ways out of the pipeline"))
    moved_by = by_person("moved_by", _("Numbers of who moved them, behind commas"))
    moved_from, moved_to = day_range("moved_at", _("Moved between these days"), moment=True)


class StageChanges(LeadsViewSet):
    """Every move of a lead, with its evidence; never changed afterwards."""

    resource = "stage-changes"
    model = StageChange
    serializer_class = StageChangeSerializer
    filterset_class = StageChangeFilters
    orderings = (BY_KEY, Ordering("moved_at", "moved_at", _("when the lead moved")))
