"""Forms of landed projects: opening one, and its milestones."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldBooleanSwitchWidget

from kfq_crm.base.forms import ActionForm, LedgerDateField
from leads.admin.lead_actions import choice_field, text_field


class OpenProjectForm(ActionForm):
    is_lease = forms.BooleanField(
        label=_("It rents its plant"),
        help_text=_("A lease project takes no land"),
        required=False,
        widget=UnfoldBooleanSwitchWidget(),
    )
    landing_park = text_field(_("Park where it lands"), max_length=60, required=False)


class MilestoneForm(ActionForm):
    """A verb over one of several milestones."""

    kind = choice_field(_("Which milestone"), ())

    def __init__(self, *args: Any, kinds: list[Any], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [(kind.value, kind.label) for kind in kinds]  # type: ignore[attr-defined]  # a ChoiceField


class MeetForm(MilestoneForm):
    actual_on = LedgerDateField(label=_("Reached on"))
    evidence = text_field(
        _("Evidence"), max_length=200, help_text=_("The paper that proves it, with its number")
    )
    project_code = text_field(
        _("Project code (GB/T 40058)"),
        max_length=29,
        required=False,
        help_text=_("24 characters with hyphens, from the filing of the project"),
    )

    def __init__(self, *args: Any, with_code: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not with_code:
            del self.fields["project_code"]


class PlanForm(MilestoneForm):
    planned_on = LedgerDateField(
        label=_("Planned for"), required=False, help_text=_("Empty: no day is planned any more")
    )


class RecogniseForm(MilestoneForm):
    recognised_on = LedgerDateField(label=_("Recognised on"))
