"""Changing a team: people in and out, head and leader, outposts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from chains.actions.teams import add_member, appoint, set_outposts
from chains.models import Outpost, TaskTeam
from chains.permissions import may_appoint, may_change_members
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.admin.staff import StaffField
from kfq_crm.base.forms import ActionForm, LedgerDateField
from kfq_crm.base.models import User
from leads.actions.handover import left_behind, take_out_of_team
from leads.models import Lead


class TeamAction(ActionPage):
    """A verb over a team that the person sees."""

    model = TaskTeam
    related = ("chain", "head", "leader", "group")

    def page_of(self, subject: Any) -> str:
        return reverse("admin:team_page", args=[subject.pk])

    def is_allowed(self) -> bool:
        return may_appoint(self.user)


class AddMemberForm(ActionForm):
    user = StaffField(label=gettext_lazy("Who joins"))
    outpost = forms.ModelChoiceField(
        empty_label="—",
        label=gettext_lazy("Posted at"),
        queryset=Outpost.objects.none(),
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    joined_on = LedgerDateField(label=gettext_lazy("Joined on"))

    def __init__(self, *args: Any, team: TaskTeam, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["outpost"].queryset = team.outposts.filter(closed_on=None)  # type: ignore[attr-defined]  # a ModelChoiceField
        self.initial["joined_on"] = timezone.localdate()


class AddMember(TeamAction):
    title = gettext_lazy("Add a person to the team")
    submit_label = gettext_lazy("Add person")
    form_class = AddMemberForm

    def is_allowed(self) -> bool:
        return may_change_members(self.user, self.subject)

    def form_options(self) -> dict[str, Any]:
        return {"team": self.subject}

    def consequences(self) -> list[str]:
        return [_("The person sees all leads of the chain that are not confidential, at once.")]

    def act(self, form: Any) -> str:
        membership = add_member(team=self.subject, by=self.user, **form.cleaned_data)
        return _("%(person)s is in the team now.") % {"person": membership.user}


class RemoveMemberForm(ActionForm):
    heir = forms.ModelChoiceField(
        empty_label="—",
        label=gettext_lazy("Who goes on with the leads"),
        queryset=User.staff.none(),
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    left_on = LedgerDateField(label=gettext_lazy("Left on"))

    def __init__(self, *args: Any, team: TaskTeam, person: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        staying = team.group.user_set.filter(is_active=True).exclude(pk=person.pk)
        self.fields["heir"].queryset = staying.order_by("display_name")  # type: ignore[attr-defined]  # a ModelChoiceField
        self.initial["left_on"] = timezone.localdate()
        if team.head_id != person.pk:
            self.initial["heir"] = team.head_id


class RemoveMember(TeamAction):
    submit_label = gettext_lazy("Take out of the team")
    form_class = RemoveMemberForm
    is_danger = True

    def dispatch(self, request: Any, *args: Any, **kwargs: Any) -> Any:
        people = User.staff.filter(memberships__team=kwargs["pk"], memberships__left_on=None)
        self.person = get_object_or_404(people, pk=kwargs.pop("person"))
        return super().dispatch(request, *args, **kwargs)

    @property
    def title(self) -> str:
        return _("Take %(person)s out of the team") % {"person": self.person}

    def is_allowed(self) -> bool:
        return may_change_members(self.user, self.subject)

    def form_options(self) -> dict[str, Any]:
        return {"team": self.subject, "person": self.person}

    def consequences(self) -> list[str]:
        leads = left_behind(self.subject, self.person)
        number = leads.filter(pk__in=Lead.objects.visible_to(self.user).values("pk")).count()
        told = ngettext(
            "%(number)d open or shelved lead goes to the person chosen below.",
            "%(number)d open or shelved leads go to the person chosen below.",
            number,
        )
        return [
            told % {"number": number},
            _("Blockers and target companies in this person's charge go along."),
            _("The person no longer sees the chain's leads, at once."),
        ]

    def act(self, form: Any) -> str:
        take_out_of_team(team=self.subject, person=self.person, by=self.user, **form.cleaned_data)
        return _("%(person)s has left the team; the work is handed over.") % {"person": self.person}


class AppointForm(ActionForm):
    name = forms.CharField(
        label=pgettext_lazy("team", "Name"), max_length=40, widget=UnfoldAdminTextInputWidget()
    )
    leader = StaffField(label=gettext_lazy("Chain leader"), required=False)
    head = forms.ModelChoiceField(
        empty_label="—",
        label=gettext_lazy("Team head"),
        help_text=gettext_lazy("One of the members"),
        queryset=User.staff.none(),
        required=False,
        widget=UnfoldAdminSelectWidget(),
    )
    lead_unit = forms.CharField(
        label=gettext_lazy("Lead unit"),
        max_length=100,
        required=False,
        widget=UnfoldAdminTextInputWidget(),
    )
    lead_unit_person = forms.ModelChoiceField(
        label=gettext_lazy("Person of the lead unit"),
        help_text=gettext_lazy(
            "One of the members; told when a lead of the team is overdue for long"
        ),
        queryset=User.staff.none(),
        required=False,
        empty_label="—",
        widget=UnfoldAdminSelectWidget(),
    )

    def __init__(self, *args: Any, team: TaskTeam, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        members = team.group.user_set.filter(is_active=True)
        for name in ("head", "lead_unit_person"):
            self.fields[name].queryset = members.order_by("display_name")  # type: ignore[attr-defined]  # ModelChoiceFields
        self.initial.update(
            name=team.name,
            leader=team.leader_id,
            head=team.head_id,
            lead_unit=team.lead_unit,
            lead_unit_person=team.lead_unit_person_id,
        )


class Appoint(TeamAction):
    title = gettext_lazy("Head, leader and lead unit")
    submit_label = gettext_lazy("Appoint")
    form_class = AppointForm

    def form_options(self) -> dict[str, Any]:
        return {"team": self.subject}

    def act(self, form: Any) -> str:
        appoint(team=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data)
        return _("The team is appointed as you said.")


class OutpostsForm(ActionForm):
    outposts = forms.ModelMultipleChoiceField(
        label=gettext_lazy("Outposts that the team works from"),
        queryset=Outpost.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple(),
    )

    def __init__(self, *args: Any, team: TaskTeam, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        mine = team.outposts.all()
        self.fields["outposts"].queryset = Outpost.objects.filter(closed_on=None) | mine  # type: ignore[attr-defined]  # a ModelMultipleChoiceField
        self.initial["outposts"] = [outpost.pk for outpost in mine]


class SetOutposts(TeamAction):
    title = gettext_lazy("Outposts of the team")
    submit_label = gettext_lazy("Save outposts")
    form_class = OutpostsForm

    def form_options(self) -> dict[str, Any]:
        return {"team": self.subject}

    def act(self, form: Any) -> str:
        set_outposts(team=self.subject, by=self.user, expected=self.expected(), **form.cleaned_data)
        return _("The team's outposts are saved.")


PAGES = (
    ("members/add/", AddMember, "team_add_member"),
    ("members/<int:person>/remove/", RemoveMember, "team_remove_member"),
    ("appoint/", Appoint, "team_appoint"),
    ("outposts/", SetOutposts, "team_outposts"),
)
for _route, _page, _name in PAGES:
    admin.site.add_page(f"teams/<int:pk>/{_route}", _page.as_view(), _name)  # type: ignore[attr-defined]  # the office's site
