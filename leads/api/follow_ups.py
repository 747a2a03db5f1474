"""What was said and done about leads."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from chains.api.filters import by_chain, by_chain_kind, by_team
from kfq_crm.base.api.filters import CodesFilter, FlagFilter, day_range
from kfq_crm.base.api.paging import BY_KEY, Ordering
from kfq_crm.base.api.rows import RowSerializer
from leads.api.filters import AskedFilterSet, by_lead, by_person
from leads.api.labels import LeadLabel, staff_label
from leads.api.views import LeadsViewSet
from leads.models import FollowUp, Method


class FollowUpSerializer(RowSerializer):
    personal_fields = frozenset({"our_people", "their_people"})
    kept = ("version", "occurred_at")

    lead = LeadLabel()
    logged_by = staff_label(label=_("logged by"), help_text=_("Who put it on record"))

    class Meta:
        model = FollowUp
        fields = (
            "id",
            "lead",
            "occurred_at",
            "method",
            "two_way",
            "our_people",
            "their_people",
            "summary",
            "is_progress",
            "next_action",
            "next_action_on",
            "logged_by",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        "occurred_at": _("When it took place, in site time"),
        "method": _("How the two sides spoke"),
        "two_way": _("Whether the other side answered"),
        "our_people": _("Who took part for us; personal data"),
        "their_people": _("Who took part for the company; personal data"),
        "summary": _("What happened, in words"),
        "is_progress": _("Whether it was a step towards signing"),
        "next_action": _("Next step agreed, in words"),
        "next_action_on": _("Day on which that step is due"),
    }


class FollowUpFilters(AskedFilterSet):
    lead = by_lead()
    chain = by_chain("lead__chain")
    chain_kind = by_chain_kind("lead__chain__kind")
    team = by_team("lead__chain__team")
    owner = by_person("lead__owner", _("Numbers of the people in charge, behind commas"))
    logged_by = by_person("logged_by", _("Numbers of who logged them, behind commas"))
    method = CodesFilter(choices=Method.choices, label=_("Methods, behind commas"))
    two_way = FlagFilter(field_name="two_way", label=_("Answered by the other side, or not"))
    progress = FlagFilter(field_name="is_progress", label=_("Marked as progress, or not"))
    occurred_from, occurred_to = day_range("occurred_at", _("Took place between"), moment=True)
    logged_from, logged_to = day_range("created_at", _("Logged between these days"), moment=True)
    next_from, next_to = day_range("next_action_on", _("Next step due between"))


class FollowUps(LeadsViewSet):
    """What was said and done about leads."""

    resource = "follow-ups"
    model = FollowUp
    serializer_class = FollowUpSerializer
    filterset_class = FollowUpFilters
    orderings = (BY_KEY, Ordering("occurred_at", "occurred_at", _("when it took place")))
