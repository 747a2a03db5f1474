"""The verbs of a lead, each a small page of its own: moves, hand-overs, files, blockers."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from django import forms
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminRadioSelectWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from kfq_crm.base.forms import ActionForm, LedgerDateField
from leads.actions.files import attach_files
from leads.actions.followups import raise_blocker, resolve_blocker
from leads.actions.pipeline import (
    advance_lead,
    exit_lead,
    reopen_lead,
    return_lead,
    update_lead,
)
from leads.actions.reassign import reassign_leads
from leads.admin.action_page import ActionPage, register
from leads.admin.followup_form import FilesField, PersonField
from leads.models import Blocker, Contract, Lead, WaitingFor
from leads.queries import facts_of, members_of, signed_agreement
from leads.stages import (
    Exit,
    LossReason,
    Stage,
    earlier_stages,
    missing_for,
    next_stage,
)


def text_field(label: Any, **options: Any) -> forms.CharField:
    """One line of text."""
    return forms.CharField(label=label, widget=UnfoldAdminTextInputWidget(), **options)


def long_field(label: Any, rows: int = 3, **options: Any) -> forms.CharField:
    """Several lines of text."""
    widget = UnfoldAdminTextareaWidget(attrs={"rows": rows})
    return forms.CharField(label=label, widget=widget, **options)


def choice_field(label: Any, choices: Any, **options: Any) -> forms.ChoiceField:
    """One of a list that folds open."""
    return forms.ChoiceField(
        label=label, choices=choices, widget=UnfoldAdminSelectWidget(), **options
    )


class AdvancePage(ActionPage):
    title = gettext_lazy("Move to the next stage")
    submit_label = gettext_lazy("Confirm the move")
    right = "move"

    @cached_property
    def target(self) -> Stage | None:
        return next_stage(self.subject.stage)

    def refusal(self) -> str:
        if not self.subject.is_open:
            return _("This lead has left the pipeline; reopen it first.")
        if self.target is None:
            return _("This lead is signed; there is no further stage.")
        return ""

    def missing(self) -> list[Any]:
        if self.target is None or not self.subject.is_open:
            return []
        return missing_for(self.target, facts_of(self.subject))

    def agreement(self) -> Contract | None:
        wanted = self.target == Stage.SIGNED
        return signed_agreement(self.subject.contracts.all()) if wanted else None

    def consequences(self) -> list[str]:
        if self.target is None:
            return []
        names = {
            "lead": self.subject,
            "stage": self.subject.get_stage_display(),
            "target": self.target.label,
        }
        said = [_("“%(lead)s” moves from “%(stage)s” to “%(target)s”.") % names]
        if self.target == Stage.SIGNED:
            said.append(
                _("Its investment agreement then counts as a signing. This cannot be taken back.")
            )
        return said

    def act(self, form: Any) -> str:
        lead = advance_lead(lead=self.subject, by=self.user, expected=self.expected())
        return _("Now in “%(stage)s”.") % {"stage": lead.get_stage_display()}


class ReturnForm(ActionForm):
    to = choice_field(gettext_lazy("Back to stage"), ())
    reason = long_field(gettext_lazy("Reason given"), max_length=300)

    def __init__(self, *args: Any, stage: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        earlier = [(s.value, s.label) for s in reversed(earlier_stages(stage))]
        self.fields["to"].choices = earlier  # type: ignore[attr-defined]  # a ChoiceField


class ReturnPage(ActionPage):
    title = gettext_lazy("Return to an earlier stage")
    submit_label = gettext_lazy("Return the lead")
    form_class = ReturnForm
    right = "move"

    def form_options(self) -> dict[str, Any]:
        return {"stage": self.subject.stage}

    def refusal(self) -> str:
        if not self.subject.is_open:
            return _("This lead has left the pipeline; reopen it first.")
        if not earlier_stages(self.subject.stage):
            return _("This lead stands in the first stage.")
        return ""

    def consequences(self) -> list[str]:
        return [_("For a lead moved on by mistake. What is on record stays; the move is noted.")]

    def act(self, form: Any) -> str:
        lead = return_lead(
            lead=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Now in “%(stage)s”.") % {"stage": lead.get_stage_display()}


class ExitForm(ActionForm):
    exit = forms.ChoiceField(
        label=gettext_lazy("Way out"), choices=Exit.choices, widget=UnfoldAdminRadioSelectWidget()
    )
    reason = choice_field(
        gettext_lazy("Why it was lost"), [("", "—"), *LossReason.choices], required=False
    )
    detail = long_field(
        gettext_lazy("Reason or particulars"),
        max_length=200,
        required=False,
        help_text=gettext_lazy("Passed on: to whom. Chose another place: which one."),
    )
    wake_on = LedgerDateField(label=gettext_lazy("Wake the lead on"), required=False)


class ExitPage(ActionPage):
    title = gettext_lazy("Take out of the pipeline")
    submit_label = gettext_lazy("Take the lead out")
    form_class = ExitForm
    right = "move"
    is_danger = True

    def refusal(self) -> str:
        return "" if self.subject.is_open else _("This lead has left the pipeline already.")

    def consequences(self) -> list[str]:
        return [
            _("The lead no longer counts as open and reminds nobody."),
            _("Passed on, its company is free for another team; else the claim goes on."),
            _("It can be reopened at any time, in the stage that it leaves now."),
        ]

    def act(self, form: Any) -> str:
        lead = exit_lead(
            lead=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data
        )
        return _("Out of the pipeline: %(exit)s.") % {"exit": lead.get_exit_display()}


class ReopenForm(ActionForm):
    reason = long_field(gettext_lazy("Why it is taken up again"), max_length=300)


class ReopenPage(ActionPage):
    title = gettext_lazy("Take up again")
    submit_label = gettext_lazy("Reopen the lead")
    form_class = ReopenForm
    right = "move"

    def refusal(self) -> str:
        return _("This lead is open already.") if self.subject.is_open else ""

    def consequences(self) -> list[str]:
        return [
            _("The lead goes on in “%(stage)s” and the company is claimed again.")
            % {"stage": self.subject.get_stage_display()}
        ]

    def act(self, form: Any) -> str:
        reopen_lead(lead=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data)
        return _("The lead is open again.")


class ReassignForm(ActionForm):
    owner = PersonField(label=gettext_lazy("New person in charge"))

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        others = members_of(lead.chain_id).exclude(pk=lead.owner_id)
        self.fields["owner"].queryset = others  # type: ignore[attr-defined]  # a PersonField


class ReassignPage(ActionPage):
    title = gettext_lazy("Hand over to another person")
    submit_label = gettext_lazy("Hand over")
    form_class = ReassignForm
    right = "reassign"

    def form_options(self) -> dict[str, Any]:
        return {"lead": self.subject}

    def consequences(self) -> list[str]:
        return [
            _("%(person)s is relieved of it; reminders go to the new person from now on.")
            % {"person": self.subject.owner}
        ]

    def act(self, form: Any) -> str:
        owner = form.cleaned_data["owner"]
        reassign_leads(leads=[self.subject], owner=owner, by=self.user, expected=self.expected())
        return _("Now in charge: %(person)s.") % {"person": owner}


class AskForm(ActionForm):
    waiting_for = choice_field(gettext_lazy("Waiting for whom"), WaitingFor.choices)
    waiting_detail = text_field(
        gettext_lazy("Name of the person or unit"), max_length=60, required=False
    )


class AskPage(ActionPage):
    title = gettext_lazy("Say whom it waits for")
    submit_label = gettext_lazy("Note it")
    form_class = AskForm

    def form_options(self) -> dict[str, Any]:
        lead = self.subject
        now = {"waiting_for": lead.waiting_for, "waiting_detail": lead.waiting_detail}
        return {"initial": now}

    def consequences(self) -> list[str]:
        return [_("Everybody who sees the lead reads whom it waits for, and since when: today on.")]

    def act(self, form: Any) -> str:
        lead = update_lead(
            lead=self.subject, values=form.cleaned_data, by=self.user, expected=self.expected()
        )
        return _("Waiting for: %(whom)s.") % {"whom": lead.get_waiting_for_display()}


class AttachForm(ActionForm):
    file = FilesField(
        label=gettext_lazy("Photos and files"),
        help_text=gettext_lazy("JPG, PNG, WebP, PDF, Word, Excel or PowerPoint, up to 20 MB each."),
    )


class AttachPage(ActionPage):
    title = gettext_lazy("Attach files")
    submit_label = gettext_lazy("Attach files")
    form_class = AttachForm
    takes_files = True

    def act(self, form: Any) -> str:
        kept = attach_files(lead=self.subject, uploads=form.cleaned_data["file"], by=self.user)
        return ngettext("%(count)d file attached.", "%(count)d files attached.", len(kept)) % {
            "count": len(kept)
        }


class BlockerForm(ActionForm):
    blocker = text_field(gettext_lazy("What stands in the way"), max_length=200)
    blocker_owner = PersonField(label=gettext_lazy("Who clears it"))
    blocker_due_on = LedgerDateField(label=gettext_lazy("To be cleared by"))

    def __init__(self, *args: Any, lead: Lead, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["blocker_owner"].queryset = members_of(lead.chain_id)  # type: ignore[attr-defined]  # a PersonField


class RaiseBlockerPage(ActionPage):
    title = gettext_lazy("Name what stands in the way")
    submit_label = gettext_lazy("Put on record")
    form_class = BlockerForm

    def form_options(self) -> dict[str, Any]:
        return {"lead": self.subject}

    def consequences(self) -> list[str]:
        return [_("Every blocker has one person who clears it and one day.")]

    def act(self, form: Any) -> str:
        values = form.cleaned_data
        blocker = raise_blocker(
            lead=self.subject,
            description=values["blocker"],
            owner=values["blocker_owner"],
            due_on=values["blocker_due_on"],
            by=self.user,
        )
        told = {"person": blocker.owner, "day": date_format(blocker.due_on, "DATE_FORMAT")}
        return _("%(person)s clears it by %(day)s.") % told


class ResolveForm(ActionForm):
    resolution = long_field(gettext_lazy("How it was cleared"), rows=2, max_length=200)


class ResolveBlockerPage(ActionPage):
    model = Blocker
    related = ("lead", "lead__enterprise", "owner")
    title = gettext_lazy("Note that it is cleared")
    submit_label = pgettext_lazy("blocker", "Cleared")
    form_class = ResolveForm

    def lead_of(self, subject: Any) -> Lead:
        return subject.lead  # type: ignore[no-any-return]  # a Blocker's

    def page_of(self, subject: Any) -> str:
        return reverse("admin:leads_lead_page", args=[subject.lead_id])

    def refusal(self) -> str:
        return _("This has been cleared already.") if self.subject.resolved_on else ""

    def consequences(self) -> list[str]:
        return [self.subject.description]

    def act(self, form: Any) -> str:
        resolve_blocker(blocker=self.subject, by=self.user, **form.cleaned_data)
        return _("Noted as cleared.")


LEAD_PAGES: dict[str, type[ActionPage]] = {
    "advance": AdvancePage,
    "return": ReturnPage,
    "exit": ExitPage,
    "reopen": ReopenPage,
    "reassign": ReassignPage,
    "ask": AskPage,
    "attach": AttachPage,
    "raise_blocker": RaiseBlockerPage,
}


register(LEAD_PAGES)
register({"resolve": ResolveBlockerPage}, "blocker")
