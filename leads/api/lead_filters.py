"""Filters and orderings of the list of leads. Names are those of the admin's addresses."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext_lazy as _

from chains.api.filters import by_chain, by_chain_kind, by_team
from kfq_crm.base.api.filters import CodesFilter, FlagFilter, day_range
from kfq_crm.base.api.paging import BY_KEY, Ordering
from leads.api.filters import (
    AmountsFilterSet,
    ClockFilter,
    MethodFlag,
    SegmentsFilter,
    StateFilter,
    WordsFilter,
    amount_range,
    by_currency,
    by_enterprise,
    by_outpost,
    by_person,
)
from leads.models import Contract, Source, WaitingFor
from leads.models.rules import Band
from leads.queries import search_leads
from leads.stages import LossReason, Stage

LEAD_ORDERINGS: Sequence[Ordering] = (
    BY_KEY,
    Ordering("created_at", "created_at", _("when it was logged")),
    Ordering("updated_at", "updated_at", _("when it was changed last")),
    Ordering("next_action_on", "next_action_on", _("when the next step is due"), nullable=True),
)


def is_overdue(today: date) -> Q:
    """An open lead whose next step is past due."""
    return Q(exit="", next_action_on__lt=today)


class LeadFilters(AmountsFilterSet):
    chain = by_chain()
    chain_kind = by_chain_kind()
    segment = SegmentsFilter()
    team = by_team("chain__team")
    stage = CodesFilter(choices=Stage.choices, label=_("Stages, behind commas"))
    state = StateFilter()
    exit_reason = CodesFilter(choices=LossReason.choices, label=_("Why leads were lost"))
    band = CodesFilter(choices=Band.choices, label=_("Scale bands, behind commas"))
    currency = by_currency()
    amount_from, amount_to = amount_range()
    owner = by_person("owner", _("Numbers of the people in charge, behind commas"))
    enterprise = by_enterprise()
    source = CodesFilter(choices=Source.choices, label=_("How leads were found"))
    outpost = by_outpost()
    waiting_for = CodesFilter(choices=WaitingFor.choices, label=_("Who has to act next"))
    confidential = FlagFilter(field_name="confidential", label=_("Confidential leads or others"))
    overdue = MethodFlag(is_overdue, label=_("Open leads whose next step is past due, or others"))
    clock = ClockFilter()
    logged_from, logged_to = day_range("created_at", _("Logged between these days"), moment=True)
    changed_from, changed_to = day_range("updated_at", _("Changed last between"), moment=True)
    entered_from, entered_to = day_range(
        "stage_entered_at", _("Entered the present stage between"), moment=True
    )
    next_from, next_to = day_range("next_action_on", _("Next step due between"))
    contact_from, contact_to = day_range("last_contact_on", _("Last contact between"))
    progress_from, progress_to = day_range("last_progress_on", _("Last progress between"))
    exited_from, exited_to = day_range("exited_on", _("Left the pipeline between"))
    signed_from, signed_to = day_range("signed_on", _("Counted signing between"))
    q = WordsFilter(
        search_leads,
        _("Words: project, company, pinyin initials, code, last digits of a telephone, number"),
    )

    def filter_queryset(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        """Both ends of the signing's day are asked of one contract."""
        values = self.form.cleaned_data
        ends = [(name, values.pop(name, None)) for name in ("signed_from", "signed_to")]
        leads = super().filter_queryset(queryset)
        days = {self.filters[name].lookup_expr: day for name, day in ends if day}
        if not days:
            return leads
        signed = Contract.objects.filter(
            **{f"signed_on__{lookup}": day for lookup, day in days.items()},
            counted=True,
            expands=None,
        )
        return leads.filter(pk__in=signed.values("lead"))
