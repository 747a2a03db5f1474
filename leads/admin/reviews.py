"""Recording the evidence of the gates: screening verdict, opinions of departments, minutes."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from unfold.widgets import UnfoldAdminRadioSelectWidget

from kfq_crm.base.forms import ActionForm, LedgerDateField
from leads.actions.entries import record_review_with_files
from leads.actions.reviews import DIMENSIONS, record_opinion, record_screening
from leads.admin.action_page import ActionPage, register
from leads.admin.followup_form import FilesField
from leads.admin.lead_actions import choice_field, long_field, text_field
from leads.models import OpinionVerdict
from leads.stages import Department, Stage, Verdict


class EvidencePage(ActionPage):
    """Evidence is added, never overwritten: no revision has to be compared."""

    submit_label = gettext_lazy("Put on record")


class ScreeningForm(ActionForm):
    verdict = forms.ChoiceField(
        label=gettext_lazy("Verdict of the screening"),
        choices=Verdict.choices,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    industry = text_field(pgettext_lazy("judgement", "Industry"), max_length=200)
    market = text_field(pgettext_lazy("judgement", "Market"), max_length=200)
    technology = text_field(pgettext_lazy("judgement", "Technology"), max_length=200)
    environment = text_field(pgettext_lazy("judgement", "Environment"), max_length=200)
    energy = text_field(pgettext_lazy("judgement", "Energy use"), max_length=200)
    benefit = text_field(pgettext_lazy("judgement", "Benefit"), max_length=200)
    judged_on = LedgerDateField(label=gettext_lazy("Judged on"))

    @property
    def rows(self) -> list[list[forms.BoundField]]:
        """Two judgements a row on a wide page."""
        return [[self[name] for name in DIMENSIONS[at : at + 2]] for at in range(0, 6, 2)]


class ScreeningPage(EvidencePage):
    title = gettext_lazy("Screening verdict (form)")
    form_class = ScreeningForm
    template_name = "leads/screening.html"

    def form_options(self) -> dict[str, Any]:
        return {"initial": {"judged_on": timezone.localdate(), "verdict": Verdict.FOLLOW}}

    def consequences(self) -> list[str]:
        return [
            _("The newest verdict holds; earlier ones stay on record."),
            _("To negotiate, the verdict must be to follow up."),
        ]

    def act(self, form: Any) -> str:
        record_screening(lead=self.subject, by=self.user, **form.cleaned_data)
        return _("The verdict is on record.")


class OpinionForm(ActionForm):
    department = choice_field(gettext_lazy("On what"), Department.choices)
    verdict = forms.ChoiceField(
        label=gettext_lazy("Opinion of the department"),
        choices=OpinionVerdict.choices,
        widget=UnfoldAdminRadioSelectWidget(),
    )
    text = long_field(gettext_lazy("Wording of the opinion"), max_length=300)
    given_by = text_field(
        gettext_lazy("Given by"),
        max_length=60,
        help_text=gettext_lazy("The department, and the person if known"),
    )
    given_on = LedgerDateField(label=gettext_lazy("Given on"))


class OpinionPage(EvidencePage):
    title = gettext_lazy("Opinion of a department (form)")
    form_class = OpinionForm

    def form_options(self) -> dict[str, Any]:
        asked = self.request.GET.get("department", "")
        department = asked if asked in Department.values else Department.LAND
        return {"initial": {"department": department, "given_on": timezone.localdate()}}

    def consequences(self) -> list[str]:
        return [
            _("The newest opinion of each department holds; earlier ones stay on record."),
            _("“%(stage)s” asks for all four: land, energy use, environment and safety.")
            % {"stage": Stage.REVIEW.label},
        ]

    def act(self, form: Any) -> str:
        opinion = record_opinion(lead=self.subject, by=self.user, **form.cleaned_data)
        return _("On record: %(opinion)s.") % {"opinion": opinion}


class ReviewForm(ActionForm):
    held_on = LedgerDateField(label=gettext_lazy("Held on"))
    attendees = text_field(gettext_lazy("Who attended"), max_length=200)
    conclusion = long_field(gettext_lazy("Minutes and conclusion"), rows=6, max_length=8000)
    file = FilesField(label=gettext_lazy("Signed minutes (files)"), required=False)


class ReviewPage(EvidencePage):
    title = gettext_lazy("Minutes of a joint review (form)")
    form_class = ReviewForm
    takes_files = True

    def form_options(self) -> dict[str, Any]:
        return {"initial": {"held_on": timezone.localdate()}}

    def act(self, form: Any) -> str:
        values = dict(form.cleaned_data)
        uploads = values.pop("file")
        record_review_with_files(lead=self.subject, values=values, uploads=uploads, by=self.user)
        return _("The minutes are on record.")


register(
    {
        "record_screening": ScreeningPage,
        "record_opinion": OpinionPage,
        "record_review": ReviewPage,
    }
)
