"""Forms of permits, buildings, monthly progress and its plan."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminTextInputWidget, UnfoldBooleanSwitchWidget

from kfq_crm.base.forms import ActionForm, AmountField, LedgerDateField, NumberField
from leads.admin.followup_form import FilesField
from leads.admin.lead_actions import choice_field, long_field, text_field
from leads.models import PermitStage
from leads.progress import shown


class PermitForm(ActionForm):
    stage = choice_field(
        _("Stage of the works"),
        PermitStage.choices,
        help_text=_("A permit for one stage counts as a permit"),
    )
    number = text_field(_("Number of the permit"), max_length=60)
    issued_on = LedgerDateField(label=_("Issued on"))
    scope = text_field(
        _("Works that it covers"), max_length=200, required=False, help_text=_("Buildings, storeys")
    )


class BuildingForm(ActionForm):
    name = text_field(_("Name of the building"), max_length=60)
    area_m2 = NumberField(label=_("Floor area (m²)"), max_digits=12, decimal_places=2)
    is_counted = forms.BooleanField(
        label=_("Counts towards completion"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
    )


class AcceptForm(ActionForm):
    accepted_on = LedgerDateField(label=_("Accepted on"))
    acceptance_paper = text_field(
        _("Paper of the acceptance"), max_length=100, help_text=_("With its number")
    )


class ProgressForm(ActionForm):
    """`months` are those that may be reported, `currency` is that of the project's amounts."""

    month = choice_field(_("Month"), ())
    percent = NumberField(
        label=_("Percent complete so far"), max_digits=5, decimal_places=2, help_text=_("0 to 100")
    )
    invested = AmountField(
        label=_("Invested so far"), help_text=_("With its unit; all months together")
    )
    summary = long_field(_("What was built"), max_length=1000)
    photos = FilesField(label=_("Photos of the site"), required=False)

    def __init__(
        self, *args: Any, months: list[date], currency: str, with_files: bool, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.currency = currency
        self.fields["month"].choices = [(f"{m:%Y-%m-%d}", f"{m:%Y-%m}") for m in months]  # type: ignore[attr-defined]  # a ChoiceField
        if not with_files:
            del self.fields["photos"]

    def clean_month(self) -> date:
        return date.fromisoformat(self.cleaned_data["month"])

    def clean_invested(self) -> Decimal:
        amount = self.cleaned_data["invested"]
        if amount.currency != self.currency:
            raise forms.ValidationError(
                gettext("Enter it in the currency of the project."), code="currency"
            )
        return Decimal(amount.value)


class CorrectProgressForm(ProgressForm):
    """The same without the month, which stays."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, months=[], **kwargs)
        del self.fields["month"]


class CurveForm(ActionForm):
    """A percentage for each month that the plan fixes; an empty one lies on the straight line.

    `planned` is the plan as it stands, the last month excepted, which is 100; `typed` are the
    months that were typed.
    """

    def __init__(
        self, *args: Any, planned: Mapping[date, Decimal], typed: set[date], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        for month, percent in planned.items():
            self.fields[_name(month)] = NumberField(
                label=f"{month:%Y-%m}",
                required=False,
                max_digits=5,
                decimal_places=2,
                initial=percent if month in typed else None,
                widget=UnfoldAdminTextInputWidget(
                    attrs={"inputmode": "decimal", "placeholder": shown(percent)}
                ),
            )
        self.months = list(planned)

    def typed(self) -> dict[date, Decimal]:
        return dict(self._typed())

    def _typed(self) -> Iterator[tuple[date, Decimal]]:
        for month in self.months:
            percent = self.cleaned_data[_name(month)]
            if percent is not None:
                yield month, percent


def _name(month: date) -> str:
    return f"m{month:%Y%m}"
