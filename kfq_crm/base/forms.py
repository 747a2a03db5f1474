"""Forms whose last word is an action's: a broken rule stands at its field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from kfq_crm.base.amounts import format_amount, parse_amount
from kfq_crm.base.dates import parse_day
from kfq_crm.base.errors import RuleViolation


class RuleForm(forms.BaseForm):
    """A form that is shown again with the violation that its action raised."""

    rule_violation: RuleViolation | None = None

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.rule_violation:
            add_violation(self, self.rule_violation)


class RuleModelForm(RuleForm, forms.ModelForm):  # type: ignore[type-arg]  # the model is the admin's
    """The same over a model; the admin hands the cleaned values to an action."""


class ActionForm(RuleForm, forms.Form):
    """The same for a verb without a model form of its own."""


def add_violation(form: forms.BaseForm, violation: RuleViolation) -> None:
    """Put a broken rule at its field, or above the form when it has none there."""
    field = violation.field if violation.field in form.fields else None
    form.add_error(field, ValidationError(str(violation.message), code=violation.code))


class LedgerDateField(forms.DateField):
    """A day in any spelling that people use: 2024.3.5, 20240305, full-width digits."""

    widget = UnfoldAdminDateWidget

    def to_python(self, value: Any) -> date | None:
        if value in self.empty_values:
            return None
        return _parsed(parse_day, value)


class AmountField(forms.CharField):
    """An amount with its unit, as said: 3.2亿, 5000万美元. Cleans to an Amount or None."""

    widget = UnfoldAdminTextInputWidget

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _parsed(parse_amount, text) if text else None


def _parsed(parse: Any, value: Any) -> Any:
    try:
        return parse(value)
    except RuleViolation as violation:
        raise ValidationError(str(violation.message), code=violation.code) from violation


def amount_text(value: Decimal | None, currency: str) -> str:
    """What an amount field shows for a stored value; typed back it changes nothing."""
    return "" if value is None else format_amount(value, currency)
