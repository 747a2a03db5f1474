"""Forms of a step's verbs: papers with their files, promises, decisions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.base import File
from django.forms import BoundField
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from kfq_crm.base.forms import ActionForm, LedgerDateField
from leads.actions.files import KINDS
from leads.admin.followup_form import FilesField, FilesInput
from services.actions.papers import Promise
from services.models import ClockStop, Consequence, RefusalGround, StepPaper, StopReason
from services.models.states import STOPPED_BY_HAND

KINDS_TEXT = gettext_lazy("JPG, PNG, WebP, PDF, Word, Excel or PowerPoint, up to 20 MB each.")
OPTIONAL_DAY = gettext_lazy("Today unless it was another day")


class OneFileField(FilesField):
    """One file; the action judges it by its content. Cleans to a file or None."""

    def __init__(self, **kwargs: Any) -> None:
        accept = ",".join(f".{ending}" for ending in KINDS)
        super().__init__(widget=FilesInput(attrs={"accept": accept}), **kwargs)

    def clean(self, data: Any, initial: Any = None) -> Any:
        found = super().clean(data, initial)
        return found[0] if found else None


def words_field(label: Any, *, most: int = 300, rows: int = 3, **options: Any) -> forms.CharField:
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return forms.CharField(label=label, max_length=most, widget=widget, **options)


def line_field(label: Any, most: int, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, widget=UnfoldAdminTextInputWidget(), **options
    )


class DatedForm(ActionForm):
    """A verb with the day on which it really happened: today unless it was another."""

    day_name = ""
    day_label: Any = ""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields[self.day_name] = LedgerDateField(
            label=self.day_label,
            required=False,
            initial=timezone.localdate(),
            help_text=OPTIONAL_DAY,
        )


@dataclass(frozen=True)
class PaperRow:
    """A paper in a form with the fields that speak of it."""

    paper: StepPaper
    fields: list[BoundField]


class PapersForm(DatedForm):
    """Papers of a step that are handed in now, each with its file where there is one."""

    day_name = "handed_in_on"
    day_label = gettext_lazy("Handed in on")

    def __init__(self, *args: Any, papers: Sequence[StepPaper], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.papers = papers
        for paper in papers:
            self.fields[f"has_{paper.pk}"] = forms.BooleanField(label=paper.name, required=False)
            self.fields[f"file_{paper.pk}"] = OneFileField(
                label=_("File of “%(paper)s”") % {"paper": paper.name}, required=False
            )

    def paper_rows(self) -> list[PaperRow]:
        return [
            PaperRow(paper, [self[f"has_{paper.pk}"], self[f"file_{paper.pk}"]])
            for paper in self.papers
        ]

    def plain_fields(self) -> list[BoundField]:
        return [field for field in self if not field.name.startswith(("has_", "file_"))]

    def handed_in(self) -> dict[StepPaper, File[bytes] | None]:
        """A paper with a file is handed in, ticked or not."""
        cleaned = self.cleaned_data
        return {
            paper: cleaned.get(f"file_{paper.pk}")
            for paper in self.papers
            if cleaned.get(f"has_{paper.pk}") or cleaned.get(f"file_{paper.pk}")
        }


class SubmitForm(PapersForm):
    day_name = "submitted_on"
    day_label = gettext_lazy("Application submitted on")


class AcceptForm(DatedForm):
    """容缺: for each paper that is not there its promise, its day, and what follows."""

    day_name = "accepted_on"
    day_label = gettext_lazy("Application accepted on")

    def __init__(self, *args: Any, papers: Sequence[StepPaper], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.papers = papers
        for paper in papers:
            self._add(paper)

    def _add(self, paper: StepPaper) -> None:
        key = paper.pk
        self.fields[f"promise_{key}"] = OneFileField(label=_("Promise in writing"))
        self.fields[f"due_{key}"] = LedgerDateField(
            label=_("Promised for"), help_text=_("The last day on which the paper may come")
        )
        self.fields[f"consequence_{key}"] = forms.ChoiceField(
            label=_("What follows if it does not come"),
            choices=Consequence.choices,
            widget=UnfoldAdminSelectWidget(),
        )
        self.fields[f"note_{key}"] = line_field(_("Words of the promise"), 300, required=False)

    def paper_rows(self) -> list[PaperRow]:
        names = ("promise", "due", "consequence", "note")
        return [
            PaperRow(paper, [self[f"{name}_{paper.pk}"] for name in names]) for paper in self.papers
        ]

    def plain_fields(self) -> list[BoundField]:
        return [self[self.day_name]]

    def promises(self) -> list[Promise]:
        cleaned = self.cleaned_data
        return [
            Promise(
                paper=paper,
                upload=cleaned[f"promise_{paper.pk}"],
                due_on=cleaned[f"due_{paper.pk}"],
                consequence=cleaned[f"consequence_{paper.pk}"],
                note=cleaned[f"note_{paper.pk}"],
            )
            for paper in self.papers
        ]


class PaperChoiceField(forms.ModelMultipleChoiceField):  # type: ignore[type-arg]  # generic for the stubs only
    """Some of a step's papers, ticked."""

    widget = forms.CheckboxSelectMultiple

    def label_from_instance(self, obj: Any) -> str:
        return _("%(paper)s (main paper)") % {"paper": obj.name} if obj.is_main else str(obj.name)


class ReturnForm(ActionForm):
    papers = PaperChoiceField(
        label=gettext_lazy("Papers that are wanted again"),
        queryset=StepPaper.objects.none(),
        required=False,
        help_text=gettext_lazy("Those that are not there yet are wanted in any case."),
    )
    reason = words_field(gettext_lazy("What is wrong or missing"))

    def __init__(self, *args: Any, step: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        there = StepPaper.objects.filter(step=step).exclude(handed_in_on=None)
        self.fields["papers"].queryset = there  # type: ignore[attr-defined]  # a PaperChoiceField


class GrantForm(DatedForm):
    number = line_field(gettext_lazy("Number of the approval"), 80)
    file = OneFileField(
        label=gettext_lazy("The approval as a file"), required=False, help_text=KINDS_TEXT
    )
    note = words_field(gettext_lazy("Conditions or remarks"), rows=2, required=False)
    day_name = "decided_on"
    day_label = gettext_lazy("Decided on")


class RefuseForm(DatedForm):
    ground = forms.ChoiceField(
        label=gettext_lazy("Ground of the refusal"),
        choices=RefusalGround.choices,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    reason = words_field(gettext_lazy("Reason for the applicant"))
    day_name = "decided_on"
    day_label = gettext_lazy("Decided on")


class ReasonForm(ActionForm):
    reason = words_field(pgettext_lazy("approval", "Reason"))


class StopForm(DatedForm):
    reason = forms.ChoiceField(
        label=gettext_lazy("Why the clock is to stand"),
        choices=[(reason.value, reason.label) for reason in STOPPED_BY_HAND],
        widget=UnfoldAdminRadioSelectWidget(),
    )
    note = words_field(
        gettext_lazy("Particulars"),
        rows=2,
        help_text=gettext_lazy("Which hearing, test or review; or who asked for it"),
    )
    day_name = "began_on"
    day_label = gettext_lazy("The clock stands from")


class ResumeForm(DatedForm):
    reason = forms.ChoiceField(
        label=gettext_lazy("Which stop ends"), choices=(), widget=UnfoldAdminRadioSelectWidget()
    )
    day_name = "ended_on"
    day_label = gettext_lazy("Last day on which the clock stood")

    def __init__(self, *args: Any, stops: Sequence[ClockStop], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = [stop for stop in stops if stop.reason in STOPPED_BY_HAND]
        choices = [(stop.reason, StopReason(stop.reason).label) for stop in mine]
        self.fields["reason"].choices = choices  # type: ignore[attr-defined]  # a ChoiceField
        if choices:
            self.initial.setdefault("reason", choices[0][0])


class ConfirmForm(ActionForm):
    note = words_field(gettext_lazy("Remark of the authority"), rows=2, required=False)


class SettleForm(ActionForm):
    upheld = forms.TypedChoiceField(
        label=gettext_lazy("What holds"),
        coerce=lambda text: text == "yes",
        choices=[
            ("yes", gettext_lazy("The approval by default stands")),
            ("no", gettext_lazy("The approval by default is set aside")),
        ],
        widget=UnfoldAdminRadioSelectWidget(),
    )
    reason = words_field(gettext_lazy("Reason of the settlement"))


class IssueForm(DatedForm):
    number = line_field(gettext_lazy("Number of the approval"), 80)
    file = OneFileField(
        label=gettext_lazy("The approval as a file"), required=False, help_text=KINDS_TEXT
    )
    day_name = "issued_on"
    day_label = gettext_lazy("Paper issued on")
