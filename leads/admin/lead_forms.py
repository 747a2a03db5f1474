"""Forms that log and change a lead: five fields first, the rest folded away."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.db.models import Q
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from chains.models import Chain, Outpost, Segment
from kfq_crm.base.codes import clean_phone, clean_uscc
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import AmountField, AmountsForm, LedgerDateField, NumberField
from kfq_crm.base.models import User
from leads.admin.desk import Desk, Group, Option, people_by_chain, people_of
from leads.models import Lead, Source
from leads.queries import outposts_for

AMOUNTS = ("investment", "fixed_investment")
AMOUNT_HINT = gettext_lazy("With its unit: 3.2 hundred million yuan, 5000 ten thousand US dollars")
NEEDS = ("land_mu", "plant_m2", "energy_tce")

_PLAN = (
    gettext_lazy("Investment and segment"),
    {
        "classes": ("collapse",),
        "fields": (
            "investment",
            "fixed_investment",
            "amount_is_estimate",
            "segment",
            "secondary_chains",
            "summary",
        ),
    },
)
_ORIGIN = (
    gettext_lazy("More on the source"),
    {"classes": ("collapse",), "fields": ("source_detail", "referrer", "outpost")},
)
_NEEDS = (
    gettext_lazy("Land, plant, energy, people, capital"),
    {"classes": ("collapse",), "fields": (*NEEDS, "emissions", "talent_need", "fund")},
)
_NEXT = (
    gettext_lazy("Next step and waiting"),
    {
        "classes": ("collapse",),
        "fields": ("next_action", "next_action_on", "waiting_for", "waiting_detail"),
    },
)
_SECRECY = (
    gettext_lazy("Confidentiality"),
    {"classes": ("collapse",), "fields": ("confidential", "code_name", "readers")},
)
ADD_FIELDSETS = (
    (None, {"fields": ("title", "investor", "chain", "owner", "source")}),
    (
        gettext_lazy("Contact person and company"),
        {
            "classes": ("collapse",),
            "fields": ("contact_name", "contact_phone", "uscc", "parent_group", "country"),
        },
    ),
    _PLAN,
    _ORIGIN,
    _NEXT,
    _NEEDS,
    _SECRECY,
)
CHANGE_FIELDSETS = (
    (None, {"fields": ("title", "source")}),
    (_PLAN[0], {"fields": _PLAN[1]["fields"]}),
    (_NEXT[0], {"fields": _NEXT[1]["fields"]}),
    (_ORIGIN[0], {**_ORIGIN[1], "fields": (*_ORIGIN[1]["fields"], "landing_park")}),
    _NEEDS,
    _SECRECY,
)


def text_field(label: Any, longest: int, **options: Any) -> forms.CharField:
    """One line of text that may stay empty."""
    return forms.CharField(
        label=label,
        max_length=longest,
        required=False,
        widget=UnfoldAdminTextInputWidget(options.pop("attrs", None)),
        **options,
    )


def options_of(groups: Iterable[Group], *, blank: bool = True) -> list[Any]:
    """Options in groups that a script narrows by the chain; one group is flat."""
    full = [group for group in groups if group[1]]
    options: list[Any] = list(full[0][1]) if len(full) == 1 else full
    return [("", "—"), *options] if blank else options


class LeadForm(AmountsForm):
    """What both forms have: amounts in words, options within the person's reach."""

    desk: ClassVar[Desk]
    amounts = AMOUNTS

    investment = AmountField(
        label=gettext_lazy("total investment"), required=False, help_text=AMOUNT_HINT
    )
    fixed_investment = AmountField(
        label=gettext_lazy("fixed investment"), required=False, help_text=AMOUNT_HINT
    )
    segment = forms.ModelChoiceField(
        label=gettext_lazy("segment"),
        queryset=Segment.objects.none(),
        required=False,
        empty_label="—",
        widget=UnfoldAdminSelectWidget(),
    )
    secondary_chains = forms.ModelMultipleChoiceField(
        label=gettext_lazy("secondary chains"),
        queryset=Chain.objects.none(),
        required=False,
        help_text=gettext_lazy("Their teams see the lead too; it counts for the primary chain."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    outpost = forms.ModelChoiceField(
        label=gettext_lazy("outpost"),
        queryset=Outpost.objects.none(),
        required=False,
        empty_label="—",
        widget=UnfoldAdminSelectWidget(),
    )
    land_mu = NumberField(
        label=gettext_lazy("land needed (mu)"), max_digits=10, decimal_places=2, required=False
    )
    plant_m2 = NumberField(
        label=gettext_lazy("plant needed (m²)"), max_digits=12, decimal_places=2, required=False
    )
    energy_tce = NumberField(
        label=gettext_lazy("energy needed (tonnes of standard coal a year)"),
        max_digits=14,
        decimal_places=2,
        required=False,
    )
    summary = forms.CharField(
        label=gettext_lazy("what is planned"),
        required=False,
        max_length=4000,
        widget=UnfoldAdminTextareaWidget({"rows": 4}),
    )
    next_action_on = LedgerDateField(label=gettext_lazy("next step due"), required=False)
    readers = forms.ModelMultipleChoiceField(
        label=gettext_lazy("readers of the confidential lead"),
        queryset=User.staff.none(),
        required=False,
        help_text=gettext_lazy("Beside the person in charge and the team head."),
        widget=UnfoldAdminCheckboxSelectMultipleWidget(),
    )

    class Meta:
        model = Lead
        fields: ClassVar[list[str]] = []

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        outposts = outposts_for(self.desk.user, self.instance)
        self.fields["outpost"].queryset = outposts  # type: ignore[attr-defined]  # a ModelChoiceField
        self._offer(self._chains())

    def _chains(self) -> list[Option]:
        """Chains that the lead's primary chain can be one of, with their names."""
        raise NotImplementedError

    def _offer(self, chains: list[Option]) -> None:
        keys = [pk for pk, _name in chains]
        segment: Any = self.fields["segment"]
        segment.queryset = Segment.objects.filter(chain__in=keys)
        # Read when they are drawn: a form that is sent and accepted needs no options.
        segment.choices = lambda: options_of(self._segments(chains))
        secondary: Any = self.fields["secondary_chains"]
        secondary.queryset = Chain.objects.exclude(pk__in=keys if len(keys) == 1 else [])
        secondary.choices = lambda: [(c.pk, c.name) for c in self.desk.chains if [c.pk] != keys]
        readers: Any = self.fields["readers"]
        if len(keys) == 1:
            readers.queryset = self._readers(keys[0])
        else:  # not the people of every team
            readers.help_text = _("Choose them once the lead is logged.")

    def _segments(self, chains: list[Option]) -> list[Group]:
        rows = self.desk.segments_of(pk for pk, _name in chains)
        return [(name, [(s.pk, s.name) for s in rows if s.chain_id == pk]) for pk, name in chains]

    def _readers(self, chain: int) -> Any:
        """The people of the chain's team and whoever reads it already; not everybody."""
        near = people_of(chain)
        if self.instance.pk:
            near |= Q(pk__in=self.instance.readers.values("pk"))
        people = User.staff.filter(near, is_active=True)
        return people.distinct().order_by("display_name", "pk")

    def clean(self) -> dict[str, Any]:
        typed = [self.cleaned_data.get(name) for name in AMOUNTS]
        cleaned = super().clean()
        if any(amount.approximate for amount in typed if amount):
            cleaned["amount_is_estimate"] = True
        return cleaned


class LeadAddForm(LeadForm):
    """记线索: the investor as typed becomes a company on record, claimed by the chain's team."""

    investor = forms.CharField(
        label=gettext_lazy("name of the investor"),
        max_length=120,
        widget=UnfoldAdminTextInputWidget({"autocomplete": "off"}),
        help_text=gettext_lazy("As on the business card. Who holds it is checked as you type."),
    )
    chain = forms.ModelChoiceField(
        label=gettext_lazy("primary chain"),
        queryset=Chain.objects.none(),
        widget=UnfoldAdminSelectWidget(),
    )
    owner = forms.ModelChoiceField(
        label=gettext_lazy("person in charge"),
        queryset=User.staff.none(),
        widget=UnfoldAdminSelectWidget(),
    )
    source = forms.ChoiceField(
        label=gettext_lazy("source of the lead"),
        choices=[("", gettext_lazy("Choose where it comes from")), *Source.choices],
        widget=UnfoldAdminSelectWidget(),
    )
    contact_name = text_field(gettext_lazy("contact person"), 60)
    contact_phone = text_field(
        gettext_lazy("telephone of the contact person"), 40, attrs={"inputmode": "tel"}
    )
    uscc = text_field(
        gettext_lazy("unified social credit code"), 30, attrs={"autocapitalize": "characters"}
    )
    parent_group = text_field(gettext_lazy("parent group"), 120)
    country = text_field(gettext_lazy("country or region of origin"), 40)

    class Media:
        js = ("leads/lead_form.js",)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = self.desk.teams_to_log
        people = User.staff.filter(is_active=True, groups__task_team__in=[t.pk for t in teams])
        owner: Any = self.fields["owner"]
        owner.queryset = people.distinct()
        owner.choices = options_of(people_by_chain(teams), blank=False)
        self._choose_chain()
        self.fields["investor"].widget.attrs["data-check-url"] = reverse(
            "admin:leads_lead_check_company"
        )

    def _chains(self) -> list[Option]:
        return [(team.chain_id, team.chain_name) for team in self.desk.teams_to_log]

    def _choose_chain(self) -> None:
        """The only chain is chosen; so are the own chain and oneself."""
        options, own = self._chains(), self.desk.work_teams
        chain: Any = self.fields["chain"]
        chain.queryset = Chain.objects.filter(pk__in=[pk for pk, _name in options])
        chain.choices = options if len(options) == 1 else [("", "—"), *options]
        if len(options) == 1 or len(own) == 1:
            self.initial.setdefault("chain", own[0].chain_id if own else options[0][0])
        self.initial.setdefault("owner", self.desk.user.pk)
        if not own:
            owner: Any = self.fields["owner"]
            owner.choices = [("", "—"), *owner.choices]

    def full_clean(self) -> None:
        super().full_clean()
        violation = self.rule_violation
        if self.is_bound and violation and violation.code == "claim_held":
            said = claim_notice(str(violation.message), self.data.get("investor", ""))
            self._errors["investor"] = self.error_class([said], renderer=self.renderer)

    def clean_uscc(self) -> str:
        return _judged(clean_uscc, self.cleaned_data["uscc"])

    def clean_contact_phone(self) -> str:
        return _judged(clean_phone, self.cleaned_data["contact_phone"])


class LeadChangeForm(LeadForm):
    """A lead's data. Company, chain, person in charge and stage change by verbs of their own."""

    def _chains(self) -> list[Option]:
        return [(self.instance.chain_id, self.instance.chain.name)]


def claim_notice(message: str, company: str) -> Any:
    """What a second team is told, with the way to a ruling."""
    address = reverse("admin:leads_request_ruling") + "?" + urlencode({"company": company})
    return format_html(
        '{} <a class="o-link" href="{}">{}</a>', message, address, _("Ask for a ruling")
    )


def _judged(clean: Any, text: str) -> str:
    try:
        return str(clean(text)) if text else ""
    except RuleViolation as violation:
        raise forms.ValidationError(str(violation.message), code=violation.code) from violation
