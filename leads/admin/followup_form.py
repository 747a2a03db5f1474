"""The form behind every place that logs a follow-up: the quick log and the lead's own page."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django import forms
from django.core.files.base import File
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property
from django.utils.html import format_html
from django.utils.safestring import mark_safe
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanSwitchWidget,
)

from kfq_crm.base.calendar import current_calendar
from kfq_crm.base.forms import ActionForm, LedgerDateField
from kfq_crm.base.models import User
from kfq_crm.base.workdays import WorkCalendar
from leads.actions.files import KINDS
from leads.actions.followups import SentBefore
from leads.dates import moment_on
from leads.models import Lead, Method, WaitingFor
from leads.queries import members_of
from leads.rulebook import cadence_days


class MomentField(forms.MultiValueField):
    """A day in any spelling and, if one cares, a time. Cleans to a datetime in site time.

    A time alone is one of today.
    """

    def __init__(self, **kwargs: Any) -> None:
        clock = forms.TimeField(
            required=False, error_messages={"invalid": _("Type a time like 14:30.")}
        )
        widget = UnfoldAdminSplitDateTimeWidget()
        widget.widgets[1].format = "%H:%M"
        super().__init__(
            fields=(LedgerDateField(required=False), clock),
            widget=widget,
            require_all_fields=False,
            **kwargs,
        )

    def compress(self, data_list: list[Any]) -> datetime | None:
        day, clock = data_list or (None, None)
        now = timezone.localtime()
        if day is None and clock is None:
            return None
        return moment_on(day or now.date(), clock, now)


class FilesInput(forms.FileInput):
    """A button in our own words; the browser's would speak the browser's language."""

    allow_multiple_selected = True
    template_name = "office/files_input.html"

    class Media:
        js = ("base/files.js",)

    def _render(self, template_name: str, context: Any, renderer: Any = None) -> Any:
        # The project's templates; a form's own renderer knows those of the apps alone.
        return mark_safe(render_to_string(template_name, context))  # noqa: S308 — a template's output


class FilesField(forms.FileField):
    """Any number of files; the action judges each by its content."""

    def __init__(self, **kwargs: Any) -> None:
        accept = ",".join(f".{ending}" for ending in KINDS)
        kwargs.setdefault("widget", FilesInput(attrs={"accept": accept, "multiple": True}))
        super().__init__(**kwargs)

    def clean(self, data: Any, initial: Any = None) -> list[File[bytes]]:
        uploads = data if isinstance(data, list | tuple) else [data]
        if self.required and not any(uploads):
            raise forms.ValidationError(self.error_messages["required"], code="required")
        # An empty file passes here: the action says in our words what is wrong with it.
        return [upload for upload in uploads if upload]


class PersonField(forms.ModelChoiceField):
    """One of a few people, of one team; never a list of everybody."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("queryset", User.staff.none())
        kwargs.setdefault("widget", UnfoldAdminSelectWidget())
        kwargs.setdefault("empty_label", "—")
        super().__init__(**kwargs)


class FormNumberField(forms.UUIDField):
    """The number of a form that was drawn; whatever else comes names no form."""

    widget = forms.HiddenInput

    def __init__(self) -> None:
        super().__init__(required=False, initial=uuid4)

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except forms.ValidationError:
            return None


def draw_again(form: forms.BaseForm) -> None:
    """Give a form that was sent another number: what stands in it now is something else."""
    form.data = form.data.copy()
    form.data["sent_as"] = str(uuid4())


class FollowUpForm(ActionForm):
    """What happened, whether it is progress, what comes next; the rest folds away.

    With a lead the next date is pre-filled from the cadence of its stage and scale and a
    blocker can be raised for somebody of its team. `values()` are the words of
    `log_follow_up`, `uploads` the files beside them.
    """

    summary = forms.CharField(
        label=_("What happened"),
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 3}),
        max_length=4000,
    )
    method = forms.ChoiceField(
        label=_("How"), choices=Method.choices, widget=UnfoldAdminSelectWidget()
    )
    is_progress = forms.BooleanField(
        label=_("This is progress"),
        help_text=_("A step towards signing; it also renews the claim."),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )
    two_way = forms.BooleanField(
        label=_("The other side answered"),
        required=False,
        initial=True,
        widget=UnfoldBooleanSwitchWidget(),
    )
    next_action = forms.CharField(
        label=_("Next step"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    next_action_on = LedgerDateField(label=_("Next step due"), required=False)
    file = FilesField(label=_("Photos and files"), required=False)
    occurred_at = MomentField(
        label=_("When it took place"), help_text=_("Empty means now."), required=False
    )
    our_people = forms.CharField(
        label=_("Our people"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget()
    )
    their_people = forms.CharField(
        label=_("Their people"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget()
    )
    waiting_for = forms.ChoiceField(
        label=_("From now on waiting for"), required=False, widget=UnfoldAdminSelectWidget()
    )
    waiting_detail = forms.CharField(
        label=_("Name of the person or unit"),
        max_length=60,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    blocker = forms.CharField(
        label=_("What stands in the way"),
        max_length=200,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    blocker_owner = PersonField(label=_("Who clears it"), required=False)
    blocker_due_on = LedgerDateField(label=_("To be cleared by"), required=False)
    sent_as = FormNumberField()

    FIRST = ("summary", "method", "is_progress", "next_action", "next_action_on", "file")
    FOLDED = (
        "occurred_at",
        "two_way",
        "our_people",
        "their_people",
        "waiting_for",
        "waiting_detail",
        "blocker",
        "blocker_owner",
        "blocker_due_on",
    )

    def __init__(
        self,
        *args: Any,
        lead: Lead | None = None,
        calendar: WorkCalendar | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        unchanged = ("", pgettext_lazy("waiting for", "as before"))
        self.fields["waiting_for"].choices = [unchanged, *WaitingFor.choices]  # type: ignore[attr-defined]  # a ChoiceField
        if lead is None:
            for name in ("blocker", "blocker_owner", "blocker_due_on"):
                del self.fields[name]
            return
        self.fields["blocker_owner"].queryset = members_of(lead.chain_id)  # type: ignore[attr-defined]  # a PersonField
        if not self.is_bound:
            self._propose_next_date(lead, calendar or current_calendar())

    def _propose_next_date(self, lead: Lead, calendar: WorkCalendar) -> None:
        today = timezone.localdate()
        days = cadence_days(lead.stage, lead.band, today) if lead.is_open else None
        if days is None:
            return
        self.initial["next_action_on"] = calendar.add_workdays(today, days)
        self.fields["next_action_on"].help_text = gettext(
            "Proposed by the rule for this stage and scale: %(days)d working days."
        ) % {"days": days}

    def values(self) -> dict[str, Any]:
        """Cleaned values as `log_follow_up` takes them; what was left empty is left out."""
        return {
            name: value
            for name, value in self.cleaned_data.items()
            if name not in ("file", "sent_as") and value not in (None, "")
        }

    @property
    def number(self) -> UUID | None:
        number: UUID | None = self.cleaned_data["sent_as"]
        return number

    def refuse_sent_before(self, violation: SentBefore) -> None:
        """Show the way to the entry on record. What was typed stays, under a new number: who
        means another entry saves once more."""
        page = reverse("admin:leads_lead_page", args=[violation.follow_up.lead_id])
        link = format_html('<a href="{}#timeline">{}</a>', page, gettext("Show what is on record"))
        self.add_error(None, format_html("{} {}", violation.message, link))
        self.data = self.data.copy()
        self.data["sent_as"] = str(uuid4())

    @property
    def uploads(self) -> list[File[bytes]]:
        files: list[File[bytes]] = self.cleaned_data["file"]
        return files

    @property
    def first_fields(self) -> list[forms.BoundField]:
        """What everybody fills in, in the order of one's thoughts."""
        return [self[name] for name in self.FIRST]

    @property
    def folded_fields(self) -> list[forms.BoundField]:
        """What is needed now and then."""
        return [self[name] for name in self.FOLDED if name in self.fields]

    @cached_property
    def is_unfolded(self) -> bool:
        """Whether the fold must stand open, because an error hides in it."""
        return any(field.errors for field in self.folded_fields)
