"""Forms of landed projects: opening one, and its milestones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from kfq_crm.base.forms import ActionForm, AmountField, LedgerDateField
from leads.admin.lead_actions import choice_field, text_field
from leads.landing_rulebook import Works
from leads.milestones import ProductionProof
from leads.models import Currency, FlagKind


class OpenProjectForm(ActionForm):
    is_lease = forms.BooleanField(
        label=_("It rents its plant"),
        help_text=_("A lease project takes no land"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )
    landing_park = text_field(_("Park where it lands"), max_length=60, required=False)


class LocalCompanyForm(ActionForm):
    name = text_field(
        _("Name of the company"), max_length=120, help_text=_("As on its business licence")
    )
    uscc = text_field(_("unified social credit code"), max_length=30, help_text=_("18 characters"))
    region_code = text_field(
        _("region code (GB/T 2260)"),
        max_length=20,
        required=False,
        help_text=_("Six digits, for example 321282"),
    )


class MilestoneForm(ActionForm):
    """A verb over one of several milestones."""

    kind = choice_field(_("Which milestone"), ())

    def __init__(self, *args: Any, kinds: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]  # a ChoiceField


class MeetForm(MilestoneForm):
    """`works` are the kinds to choose from at a start of works, `asks_proof` is for production."""

    actual_on = LedgerDateField(label=_("Reached on"))
    works = choice_field(_("Works begun"), (), required=False)
    proof = choice_field(_("Shown by"), [("", "—"), *ProductionProof.choices], required=False)
    evidence = text_field(
        _("Evidence"), max_length=200, help_text=_("The paper that proves it, with its number")
    )
    project_code = text_field(
        _("Project code (GB/T 40058)"),
        max_length=29,
        required=False,
        help_text=_("24 characters with hyphens, from the filing of the project"),
    )

    def __init__(
        self,
        *args: Any,
        with_code: bool,
        works: Sequence[Works] = (),
        asks_proof: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        unused = {"project_code": with_code, "works": bool(works), "proof": asks_proof}
        for name in (name for name, is_used in unused.items() if not is_used):
            del self.fields[name]
        if works:
            self.fields["works"].choices = [("", "—"), *_grouped(works)]  # type: ignore[attr-defined]  # a ChoiceField


def _grouped(works: Sequence[Works]) -> Iterator[tuple[Any, list[tuple[str, str]]]]:
    """Those that count, and those that do not: who looks for one finds out at once."""
    for counts, label in (
        (True, _("permanent works, which count")),
        (False, _("works that do not count")),
    ):
        yield label, [(kind.name, kind.name) for kind in works if kind.counts == counts]


class PlanForm(MilestoneForm):
    planned_on = LedgerDateField(
        label=_("Planned for"), required=False, help_text=_("Empty: no day is planned any more")
    )
    reason = text_field(
        _("Why the plan is moved"),
        max_length=200,
        required=False,
        help_text=_("Needed where a day was planned before; the first one stays on record"),
    )


class RecogniseForm(MilestoneForm):
    recognised_on = LedgerDateField(label=_("Recognised on"))


class LeaseForm(ActionForm):
    number = text_field(_("Number of the lease"), max_length=60)
    signed_on = LedgerDateField(label=_("Lease signed on"))


class YuanField(AmountField):
    """An amount of yuan with its unit; cleans to ten thousands."""

    def clean(self, value: Any) -> Any:
        amount = super().clean(value)
        if amount is None:
            return None
        if amount.currency != Currency.CNY:
            raise forms.ValidationError(_("Output and tax are entered in yuan."), code="currency")
        return amount.value


class ContractedForm(ActionForm):
    output = YuanField(
        label=_("Output of a whole period"), help_text=_("With its unit, as in the contract")
    )
    tax = YuanField(label=_("Tax of a whole period"))


class PeriodForm(ActionForm):
    starts_on = LedgerDateField(label=_("First day of the period"))
    output = YuanField(label=_("Output of the period"), help_text=_("With its unit"))
    tax = YuanField(label=_("Tax of the period"))
    paper = text_field(
        _("Paper that proves it"), max_length=200, help_text=_("Statistics or tax office, number")
    )


class FlagForm(ActionForm):
    kind = choice_field(_("Which list"), FlagKind.choices)
    since_on = LedgerDateField(label=_("On it since"))
    paper = text_field(_("Paper of the listing"), max_length=100, help_text=_("With its number"))


class EndFlagForm(ActionForm):
    ended_on = LedgerDateField(label=_("Taken off on"))
    reason = text_field(_("Why it was taken off"), max_length=200)
