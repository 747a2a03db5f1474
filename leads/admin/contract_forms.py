"""The form of a contract, on the lead's page and in the admin, and that of a promise."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget

from kfq_crm.base.forms import ActionForm, AmountField, AmountsForm, LedgerDateField, NumberField
from kfq_crm.base.models import User
from leads.admin.followup_form import FilesField
from leads.admin.lead_actions import choice_field, long_field, text_field
from leads.models import CommitmentSide, Contract, ContractKind, Exclusion
from leads.queries import expandable_contracts

AMOUNT_HINT = _("With its unit, for example 3.2 hundred million yuan.")
FIELDSETS = (
    (
        None,
        {
            "fields": (
                ("number", "kind"),
                ("signed_on", "exclusion"),
                ("our_party", "their_party"),
                ("investment", "fixed_investment"),
            )
        },
    ),
    (
        _("Land and plan"),
        {
            "fields": (
                ("land_mu", "tax_per_mu"),
                ("planned_start_on", "planned_completion_on"),
                "planned_production_on",
            )
        },
    ),
    (
        _("References and breach"),
        {
            "fields": (
                ("legal_review_reference", "fair_competition_reference"),
                "breach_clauses",
            )
        },
    ),
    (
        _("Expansion of an earlier contract"),
        {"fields": (("expands", "added_investment"), "separate_reason")},
    ),
)


class ContractForm(AmountsForm):
    """Every field of a contract; amounts are typed as words."""

    amounts = ("investment", "fixed_investment", "added_investment")
    user: User | None = None

    number = text_field(pgettext_lazy("contract", "Contract number"), max_length=60)
    kind = choice_field(pgettext_lazy("contract", "Kind of paper"), ContractKind.choices)
    signed_on = LedgerDateField(label=_("Signed on"))
    our_party = text_field(_("Our party"), max_length=120)
    their_party = text_field(_("Their party"), max_length=120)
    investment = AmountField(label=_("Total investment"), help_text=AMOUNT_HINT)
    fixed_investment = AmountField(
        label=_("Fixed investment"), help_text=AMOUNT_HINT, required=False
    )
    land_mu = NumberField(label=_("Land (mu)"), max_digits=10, decimal_places=2, required=False)
    planned_start_on = LedgerDateField(label=_("Planned start of works"), required=False)
    planned_completion_on = LedgerDateField(label=_("Planned completion"), required=False)
    planned_production_on = LedgerDateField(label=_("Planned production"), required=False)
    tax_per_mu = NumberField(
        label=_("Tax per mu (ten thousand yuan)"), max_digits=12, decimal_places=4, required=False
    )
    breach_clauses = long_field(_("Breach clauses"), required=False, max_length=8000)
    legal_review_reference = text_field(
        _("Reference of the legal review"), max_length=100, required=False
    )
    fair_competition_reference = text_field(
        _("Reference of the fair competition review"), max_length=100, required=False
    )
    expands = forms.ModelChoiceField(
        label=_("Contract that it expands"),
        queryset=Contract.objects.none(),
        required=False,
        empty_label="—",
        widget=UnfoldAdminSelectWidget(),
    )
    added_investment = AmountField(
        label=_("Added investment"),
        help_text=_("For an expansion: the part that counts"),
        required=False,
    )
    exclusion = choice_field(
        _("Why it does not count"), [("", pgettext_lazy("exclusion", "none"))], required=False
    )
    separate_reason = text_field(
        _("Why it is a separate project"),
        max_length=200,
        required=False,
        help_text=_("Only where an earlier signing of the same company was counted"),
    )

    class Meta:
        model = Contract
        fields = (
            "number",
            "kind",
            "signed_on",
            "our_party",
            "their_party",
            "investment",
            "fixed_investment",
            "land_mu",
            "tax_per_mu",
            "planned_start_on",
            "planned_completion_on",
            "planned_production_on",
            "legal_review_reference",
            "fair_competition_reference",
            "breach_clauses",
            "expands",
            "added_investment",
            "exclusion",
            "separate_reason",
        )

    def __init__(self, *args: Any, user: User | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        none = ("", pgettext_lazy("exclusion", "none"))
        self.fields["exclusion"].choices = [none, *Exclusion.choices]  # type: ignore[attr-defined]  # a ChoiceField
        asking = user or self.user
        if asking and self.instance.lead_id:
            self._offer_earlier(asking)

    def _offer_earlier(self, user: User) -> None:
        """Counted contracts of the same company that the person sees."""
        earlier = expandable_contracts(self.instance.lead, user).exclude(pk=self.instance.pk)
        self.fields["expands"].queryset = earlier  # type: ignore[attr-defined]  # a ModelChoiceField

    @property
    def sections(self) -> list[tuple[Any, list[list[forms.BoundField]]]]:
        """Heading and rows, for a page of our own."""
        return [
            (heading, [[self[name] for name in _row(row)] for row in options["fields"]])
            for heading, options in FIELDSETS
        ]


class ContractRecordForm(ContractForm):
    """A new contract, with its scan."""

    file = FilesField(label=_("Scan of the paper"), required=False)


class ContractChangeForm(ContractForm):
    """A contract on record; a changed amount wants its reason."""

    change_reason = text_field(
        _("Why an amount changes"),
        max_length=200,
        required=False,
        help_text=_("Needed when an amount changes; it stays on record"),
    )


class CommitmentForm(ActionForm):
    side = choice_field(_("Who promises"), CommitmentSide.choices)
    metric = text_field(
        _("What is promised"),
        max_length=100,
        help_text=_("For example equipment bought, people employed, road built to the plot"),
    )
    promised = NumberField(
        label=_("Amount promised"), max_digits=16, decimal_places=4, required=False
    )
    unit = text_field(_("Unit of measure"), max_length=20, required=False)
    due_on = LedgerDateField(label=_("Promised for"), required=False)
    clause = text_field(
        _("Clause of the contract"),
        max_length=60,
        required=False,
        help_text=_("Where the contract says it"),
    )
    starts_on = LedgerDateField(
        label=_("Counted from"), required=False, help_text=_("Empty: from the signing on")
    )


def _row(fields: Any) -> tuple[str, ...]:
    return (fields,) if isinstance(fields, str) else fields
