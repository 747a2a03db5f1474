"""Forms whose last word is an action's: a broken rule stands at its field."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.forms import ModelChoiceField
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from kfq_crm.base.amounts import Amount, format_amount, one_currency, parse_amount
from kfq_crm.base.dates import parse_day
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.parsing import nfkc
from kfq_crm.base.quantities import parse_quantity


class RuleForm(forms.BaseForm):
    """A form that is shown again with the violation that its action raised."""

    rule_violation: RuleViolation | None = None

    def full_clean(self) -> None:
        super().full_clean()
        if self.is_bound and self.rule_violation:
            add_violation(self, self.rule_violation)


class RuleModelForm(RuleForm, forms.ModelForm):  # type: ignore[type-arg]  # the model is the admin's
    """The same over a model; the admin hands the cleaned values to an action."""


class JudgedForm(RuleModelForm):
    """A record whose uniqueness and constraints the action judges, in our words.

    The form would look at rows that the person may not see, and print a constraint's name.
    """

    def validate_unique(self) -> None:
        """The action does."""

    def _get_validation_exclusions(self) -> set[str]:
        # A picker has just found the record: the instance need not look for it again
        picked = {name for name in self.fields if isinstance(self.fields[name], ModelChoiceField)}
        return super()._get_validation_exclusions() | picked  # type: ignore[misc, no-any-return]  # the stubs do not know it

    def _post_clean(self) -> None:
        # Django's form asks the instance, without a switch of its own for constraints
        self.instance.validate_constraints = lambda exclude=None: None  # type: ignore[method-assign]  # taken away below
        try:
            super()._post_clean()  # type: ignore[misc]  # the stubs do not know it
        finally:
            del self.instance.validate_constraints


class AmountsForm(JudgedForm):
    """A record whose `amounts` are typed as words and share one currency.

    Cleaned amounts are decimals; `currency` is cleaned with them when one was typed.
    """

    amounts: ClassVar[tuple[str, ...]] = ()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            stored = {name: self.initial_of(self.instance, name) for name in self.amounts}
            self.initial |= stored | (kwargs.get("initial") or {})

    def initial_of(self, record: Any, name: str) -> Any:
        """What a field shows for a record, or for an earlier revision of it."""
        value = getattr(record, name)
        return amount_text(value, record.currency) if name in self.amounts else value

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        typed = {name: cleaned[name] for name in self.amounts if cleaned.get(name)}
        cleaned |= {name: amount.value for name, amount in typed.items()}
        try:
            currency = one_currency(typed)
        except RuleViolation as violation:
            add_violation(self, violation)
            return cleaned
        if currency:
            cleaned["currency"] = currency
        return cleaned


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

    def prepare_value(self, value: Any) -> Any:
        """One spelling of a day, so that two forms of one value do not look like a conflict."""
        return _read_or_raw(parse_day, value)


class NumberField(forms.DecimalField):
    """A quantity: full-width digits and thousands separators are read, idle zeros not shown.

    Nothing else that Decimal reads is one: no exponent, no underscore, no comma for a point.
    """

    widget = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})

    def to_python(self, value: Any) -> Decimal | None:
        return _parsed(parse_quantity, value) if nfkc(value) else None

    def prepare_value(self, value: Any) -> Any:
        number = _read_or_raw(lambda text: Decimal(nfkc(text).replace(",", "")), value)
        if not isinstance(number, Decimal) or not number.is_finite():
            return value
        text = f"{number:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class AmountField(forms.CharField):
    """An amount with its unit, as said: 3.2亿, 5000万美元. Cleans to an Amount or None."""

    widget = UnfoldAdminTextInputWidget

    def clean(self, value: Any) -> Any:
        text = super().clean(value)
        return _parsed(parse_amount, text) if text else None

    def prepare_value(self, value: Any) -> Any:
        amount = _read_or_raw(parse_amount, value)
        if isinstance(amount, Amount) and not amount.approximate:
            return format_amount(amount.value, amount.currency)
        return value


def _parsed(parse: Any, value: Any) -> Any:
    try:
        return parse(value)
    except RuleViolation as violation:
        raise ValidationError(str(violation.message), code=violation.code) from violation


def _read_or_raw(parse: Any, value: Any) -> Any:
    if not isinstance(value, str) or not value.strip():
        return value
    try:
        return parse(value)
    except (RuleViolation, ArithmeticError):
        return value


def amount_text(value: Decimal | None, currency: str) -> str:
    """What an amount field shows for a stored value; typed back it changes nothing."""
    return "" if value is None else format_amount(value, currency)
