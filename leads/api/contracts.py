"""Contracts and what both sides promised in them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from chains.api.filters import by_chain, by_chain_kind, by_team
from kfq_crm.base.api.filters import (
    CodesFilter,
    FlagFilter,
    RecordsFilter,
    day_range,
    visible_rows,
)
from kfq_crm.base.api.paging import BY_KEY, Ordering
from kfq_crm.base.api.rows import RowSerializer
from leads.api.filters import (
    AmountsFilterSet,
    AskedFilterSet,
    amount_range,
    by_currency,
    by_enterprise,
    by_lead,
)
from leads.api.labels import LeadLabel, contract_label, enterprise_label
from leads.api.lead_rows import AMOUNT
from leads.api.views import LeadsViewSet
from leads.models import (
    Commitment,
    CommitmentSide,
    CommitmentVerdict,
    Contract,
    ContractKind,
    Exclusion,
    Fulfilment,
)
from leads.pace import Outlook


class ContractSerializer(RowSerializer):
    kept = ("version", "signed_on")

    lead = LeadLabel()
    enterprise = enterprise_label(path="lead__enterprise")
    expands = contract_label(
        label=_("contract that it expands"), help_text=_("The counted contract that it adds to")
    )

    class Meta:
        model = Contract
        fields = (
            "id",
            "lead",
            "enterprise",
            "number",
            "kind",
            "signed_on",
            "our_party",
            "their_party",
            "investment",
            "fixed_investment",
            "added_investment",
            "currency",
            "counted",
            "exclusion",
            "separate_reason",
            "expands",
            "land_mu",
            "tax_per_mu",
            "planned_start_on",
            "planned_completion_on",
            "planned_production_on",
            "breach_clauses",
            "legal_review_reference",
            "fair_competition_reference",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        "number": _("Number on the paper; no two contracts share one"),
        "kind": _("Kind of paper; only an investment agreement ever counts"),
        "signed_on": _("Day of the signing"),
        "our_party": _("Who signed for the zone"),
        "their_party": _("Who signed for the investor"),
        "investment": AMOUNT,
        "fixed_investment": AMOUNT,
        "added_investment": _(
            "What an expansion adds, the only part of it that counts; in ten thousand of the "
            "currency"
        ),
        "counted": _("Whether it counts as a signing"),
        "exclusion": _("Why it does not count, where a rule excludes it"),
        "separate_reason": _("Why it is another project than one counted before"),
        "land_mu": _("Land, in mu"),
        "tax_per_mu": _("Tax promised for each mu of land, in ten thousand yuan"),
        "planned_start_on": _("Day planned for the start of works"),
        "planned_completion_on": _("Day planned for the completion of works"),
        "planned_production_on": _("Day planned for the start of production"),
        "breach_clauses": _("What happens on breach, in words"),
        "legal_review_reference": _("Reference of the legal review; needed to count"),
        "fair_competition_reference": _(
            "Reference of the fair competition review; needed to count"
        ),
    }


class ContractFilters(AmountsFilterSet):
    lead = by_lead()
    enterprise = by_enterprise("lead__enterprise")
    chain = by_chain("lead__chain")
    chain_kind = by_chain_kind("lead__chain__kind")
    team = by_team("lead__chain__team")
    kind = CodesFilter(choices=ContractKind.choices, label=_("Kinds of papers, behind commas"))
    counted = FlagFilter(field_name="counted", label=_("Counted as signings, or not"))
    exclusion = CodesFilter(choices=Exclusion.choices, label=_("Why papers do not count"))
    currency = by_currency()
    amount_from, amount_to = amount_range()
    signed_from, signed_to = day_range("signed_on", _("Signed between these days"))
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class Contracts(LeadsViewSet):
    """Signed papers: letters of intent, framework and investment agreements."""

    resource = "contracts"
    model = Contract
    serializer_class = ContractSerializer
    filterset_class = ContractFilters
    orderings = (BY_KEY, Ordering("signed_on", "signed_on", _("day of the signing")))


FOUND = {
    "number": _("Which verdict on this promise, from 1; the newest holds"),
    "verdict": _("What was found: kept, partly kept, not kept, or released from it"),
    "actual": _("How much was delivered, in the unit of the promise"),
    "promised": _("How much was promised when it was judged"),
    "promised_for": _("For which day it was promised when it was judged"),
    "judged_on": _("Day of the verdict"),
    "evidence": _("Paper that proves it, in words"),
    "reason": _("Why, in words"),
    "recorded_at": _("When it was put on record, in site time"),
}


class VerdictSerializer(serializers.ModelSerializer[CommitmentVerdict]):
    """A verdict as its promise tells it."""

    class Meta:
        model = CommitmentVerdict
        fields = tuple(FOUND)
        extra_kwargs = {
            name: {"read_only": True, "help_text": text} for name, text in FOUND.items()
        }


class CommitmentSerializer(RowSerializer):
    kept = ("version", "due_on")
    fetches = {"verdicts": ("verdicts",)}
    derived = {"verdicts": ()}

    contract = contract_label()
    lead = LeadLabel(path="contract__lead")
    verdicts = VerdictSerializer(
        many=True,
        read_only=True,
        label=_("verdicts on the promise"),
        help_text=_("Every verdict on it in order; none is ever changed"),
    )

    class Meta:
        model = Commitment
        fields = (
            "id",
            "contract",
            "lead",
            "side",
            "metric",
            "promised",
            "unit",
            "clause",
            "starts_on",
            "due_on",
            "verdict",
            "actual",
            "judged_on",
            "verdicts",
            "measured",
            "measured_on",
            "outlook",
            "outlook_since",
            "behind",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        "side": _("Who made the promise"),
        "metric": _("What is promised, such as equipment bought or people employed"),
        "promised": _("How much is promised, in the unit beside it"),
        "unit": _("Unit of the promised amount"),
        "due_on": _("Day by which it is to be kept"),
        "clause": _("Where the contract says it"),
        "starts_on": _("Day from which it is counted; empty: the day of the signing"),
        "verdict": _("Newest verdict on it; empty while it is open"),
        "actual": _("How much was delivered by the newest verdict"),
        "judged_on": _("Day of the newest verdict"),
        "measured": _("How much was delivered by the last measurement"),
        "measured_on": _("Day of the last measurement"),
        "outlook": _(
            "How an open promise stands against a linear pace from its beginning to its day; "
            "empty where nothing can be said"
        ),
        "outlook_since": _("Day since which it stands like this"),
        "behind": _(
            "Percentage points of the promise behind that pace on the day of the last "
            "measurement; below zero: ahead"
        ),
    }


class CommitmentFilters(AskedFilterSet):
    contract = RecordsFilter(
        rows=visible_rows(Contract), label=_("Numbers of contract records, behind commas")
    )
    lead = by_lead("contract__lead")
    chain = by_chain("contract__lead__chain")
    side = CodesFilter(choices=CommitmentSide.choices, label=_("Who made the promise"))
    verdict = CodesFilter(choices=Fulfilment.choices, label=_("Newest verdicts, behind commas"))
    judged = FlagFilter(
        field_name="judged_on", lookup_expr="isnull", exclude=True, label=_("Judged, or open")
    )
    outlook = CodesFilter(choices=Outlook.choices, label=_("Outlooks, behind commas"))
    due_from, due_to = day_range("due_on", _("Promised for between"))
    judged_from, judged_to = day_range("judged_on", _("Judged between"))
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)


class Commitments(LeadsViewSet):
    """Promises of contracts, by either side."""

    resource = "commitments"
    model = Commitment
    serializer_class = CommitmentSerializer
    filterset_class = CommitmentFilters
