"""Forms of promises, look-backs and rectification tasks."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminRadioSelectWidget

from kfq_crm.base.forms import ActionForm, LedgerDateField, NumberField
from leads.admin.followup_form import FilesField, PersonField
from leads.admin.lead_actions import long_field, text_field
from leads.models import Commitment, Fulfilment
from leads.queries import members_of

TASK_FIELDS = ("task", "owner", "due_on")


def _number(label: Any, **options: Any) -> NumberField:
    return NumberField(label=label, max_digits=16, decimal_places=4, **options)


class AmendForm(ActionForm):
    metric = text_field(_("What is promised"), max_length=100)
    promised = _number(_("Amount promised"), required=False)
    unit = text_field(_("Unit of measure"), max_length=20, required=False)
    due_on = LedgerDateField(label=_("Promised for"), required=False)
    clause = text_field(_("Clause of the contract"), max_length=60, required=False)
    starts_on = LedgerDateField(
        label=_("Counted from"), required=False, help_text=_("Empty: from the signing on")
    )
    amend_reason = text_field(
        _("Why it is amended"),
        max_length=100,
        help_text=_("The supplementary agreement, with its number; it stays on record"),
    )


class MeasureForm(ActionForm):
    measured_on = LedgerDateField(label=_("Measured on"), initial=timezone.localdate)
    value = _number(
        _("Delivered so far"), help_text=_("The sum from the beginning to this day, in the unit")
    )
    evidence = text_field(
        _("What shows it"),
        max_length=200,
        help_text=_("For example the register of social insurance, the tax return"),
    )
    file = FilesField(label=_("Files of evidence"), required=False)


class WithdrawMeasureForm(ActionForm):
    reason = text_field(_("What is wrong with the value"), max_length=200)


class VerdictForm(ActionForm):
    """A verdict, and for a missed promise at once who puts it right by when."""

    verdict = forms.ChoiceField(
        label=_("What became of the promise"),
        choices=Fulfilment.choices,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    actual = _number(_("Amount delivered"), required=False)
    judged_on = LedgerDateField(label=_("Found on"), initial=timezone.localdate)
    evidence = text_field(
        _("Evidence"),
        max_length=200,
        required=False,
        help_text=_("The paper or what was seen on the spot; needed unless nothing was kept"),
    )
    reason = text_field(
        _("Reason"),
        max_length=300,
        required=False,
        help_text=_("Needed unless it is kept at the first verdict"),
    )
    file = FilesField(label=_("Photos and files"), required=False)
    task = text_field(_("What is to be put right"), max_length=300, required=False)
    owner = PersonField(label=_("Who puts it right"), required=False)
    due_on = LedgerDateField(label=_("To be put right by"), required=False)

    def __init__(self, *args: Any, promise: Commitment, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members_of(promise.contract.lead.chain_id)  # type: ignore[attr-defined]  # a PersonField
        if promise.promised is None:
            del self.fields["actual"]
        else:
            self.fields["actual"].help_text = promise.unit

    @property
    def task_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in TASK_FIELDS]

    @property
    def verdict_fields(self) -> list[forms.BoundField]:
        return [field for field in self if field.name not in TASK_FIELDS]


class RectificationForm(ActionForm):
    task = text_field(_("What is to be put right"), max_length=300)
    owner = PersonField(label=_("Who puts it right"))
    due_on = LedgerDateField(label=_("To be put right by"))

    def __init__(self, *args: Any, chain: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members_of(chain)  # type: ignore[attr-defined]  # a PersonField


class ChangeRectificationForm(ActionForm):
    owner = PersonField(label=_("Who puts it right"))
    due_on = LedgerDateField(label=_("To be put right by"))
    reason = text_field(_("Why it changes"), max_length=200)

    def __init__(self, *args: Any, chain: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["owner"].queryset = members_of(chain)  # type: ignore[attr-defined]  # a PersonField


class CompleteForm(ActionForm):
    result = long_field(_("What was done"), max_length=300)
    evidence = text_field(
        _("Evidence"), max_length=200, help_text=_("The paper that proves it, with its number")
    )
    file = FilesField(label=_("Photos and files"), required=False)


class TakeBackForm(ActionForm):
    reason = text_field(_("Why it is taken back"), max_length=300)


class MoveLookBackForm(ActionForm):
    due_on = LedgerDateField(label=_("New day"))
    reason = text_field(_("Why it is moved"), max_length=200)


class ConcludeForm(ActionForm):
    held_on = LedgerDateField(label=_("Held on"), initial=timezone.localdate)
    attendees = text_field(_("Who took part"), max_length=200, required=False)
    conclusion = long_field(_("Conclusion"), rows=4, max_length=2000)
