"""Contact persons: list and form, the number for its owner, shown to others once and logged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import BooleanField, ExpressionWrapper, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.html import format_html
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextInputWidget

from chains.models import TaskTeam
from chains.visibility import sees_all
from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.access_log import PARTICULARS, SUBJECTS
from kfq_crm.base.changelist import Tab
from kfq_crm.base.codes import mask_phone
from kfq_crm.base.forms import ActionForm, RuleModelForm
from kfq_crm.base.models import User
from kfq_crm.base.own_page import OwnPageAdmin
from kfq_crm.base.pages import office_page
from leads.actions.enterprises import add_contact, reveal_phone, update_contact
from leads.models import Contact, Enterprise
from leads.queries import members_of

SUBJECTS["contact.phone"] = gettext_lazy("telephone of a contact person")
SUBJECTS["leads.lead"] = gettext_lazy("list of leads")
SUBJECTS["attachment"] = gettext_lazy("file of a lead")
SUBJECTS["contact.owner"] = gettext_lazy("relation to a contact person handed over")
PARTICULARS["enterprise"] = gettext_lazy("company no.")
PARTICULARS["lead"] = gettext_lazy("lead no.")
PARTICULARS["owner"] = gettext_lazy("to person no.")

FACTS = ("name", "post", "phone", "email", "note")


def may_hand_over(user: Any, contact: Contact) -> bool:
    """The one who owns the relation, the head of the team, the coordination office."""
    if not user.has_perm("leads.change_contact"):
        return False
    return user.pk in {contact.owner_id, contact.team.head_id} or sees_all(user)


@dataclass(frozen=True)
class ContactRow:
    """A contact person as this person may see him or her."""

    person: Contact
    phone: str
    is_masked: bool
    may_reveal: bool
    may_change: bool
    may_hand_over: bool


def contact_rows(user: Any, company: Enterprise) -> list[ContactRow]:
    """The contact persons of a company that are known to the person's own team."""
    contacts = Contact.objects.visible_to(user).filter(enterprise=company)
    works = user.has_perm("leads.change_contact")
    return [
        ContactRow(
            person=contact,
            phone=contact.phone_for(user),
            is_masked=bool(contact.phone) and contact.owner_id != user.pk,
            may_reveal=works,
            may_change=works,
            may_hand_over=may_hand_over(user, contact),
        )
        for contact in contacts.select_related("owner", "team").order_by("pk")
    ]


class ContactForm(RuleModelForm):
    """A contact person as another member of the team changes it: without the number.

    Nobody changes what he or she cannot read.
    """

    class Meta:
        model = Contact
        fields = ("enterprise", "name", "post", "email", "note")


class OwnContactForm(ContactForm):
    """The same for who owns the relation."""

    phone = forms.CharField(
        label=gettext_lazy("telephone"),
        required=False,
        max_length=60,
        widget=UnfoldAdminTextInputWidget(attrs={"inputmode": "tel"}),
    )

    class Meta(ContactForm.Meta):
        fields = ("enterprise", *FACTS)


class NewContactForm(OwnContactForm):
    """Whoever adds a contact person owns the relation."""

    team = forms.ModelChoiceField(
        empty_label="—",
        label=gettext_lazy("task team"),
        queryset=TaskTeam.objects.none(),
        widget=UnfoldAdminSelectWidget,
        help_text=gettext_lazy("The team whose people will know this person"),
    )

    user: Any = None

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["team"]
        field.queryset = teams_to_add_for(self.user)
        field.initial = field.queryset.first()


def teams_to_add_for(user: Any) -> QuerySet[TaskTeam]:
    """Own teams, or any for the coordination office."""
    return TaskTeam.objects.all() if sees_all(user) else TaskTeam.objects.filter(group__user=user)


@admin.register(Contact)
class ContactAdmin(OwnPageAdmin):
    form = ContactForm
    list_display = ("name", "post", "company", "number", "email", "owner", "team")
    phone_columns = ("post", "company", "number")
    list_select_related = ("enterprise", "owner", "team")
    list_defer = ("enterprise__search_text", "enterprise__search_grams", "enterprise__note")
    search_fields = ("name", "enterprise__search_text")
    search_help_text = gettext_lazy("Name of the person or of the company")
    autocomplete_fields = ("enterprise",)
    readonly_fields = ("masked_phone", "owner", "team")
    masked_fields = frozenset({"phone"})
    add_label = gettext_lazy("Add a contact person")
    empty_hint = gettext_lazy("No contact person of your team is on record.")

    # --- The list --------------------------------------------------------------------------

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("mine", pgettext_lazy("contacts", "mine")),
            Tab("all", pgettext_lazy("contacts", "all")),
        )

    def default_tab(self, request: HttpRequest) -> str:
        return "all"

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        return rows.filter(owner=request.user) if tab == "mine" else rows

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest) -> bool:
        """No column can be guessed letter by letter: not a number digit by digit."""
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        own = ExpressionWrapper(Q(owner=request.user.pk), output_field=BooleanField())
        return super().get_queryset(request).annotate(is_own=own)

    @admin.display(description=gettext_lazy("enterprise"), ordering="enterprise__name")
    def company(self, contact: Contact) -> str:
        address = reverse("admin:leads_enterprise_page", args=[contact.enterprise_id])
        return format_html('<a class="o-link" href="{}">{}</a>', address, contact.enterprise)

    @admin.display(description=gettext_lazy("telephone"))
    def number(self, contact: Any) -> str:
        return (contact.phone if contact.is_own else mask_phone(contact.phone)) or "—"

    # --- The form --------------------------------------------------------------------------

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        if obj is None:
            return ("enterprise", *FACTS, "team")
        phone = "phone" if obj.owner_id == request.user.pk else "masked_phone"
        facts = [phone if name == "phone" else name for name in FACTS]
        return ("enterprise", *facts, "owner", "team")

    def get_form(self, request: Any, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        if obj is None or not change:
            kwargs["form"] = NewContactForm
        elif obj.owner_id == request.user.pk:
            kwargs["form"] = OwnContactForm
        form = super().get_form(request, obj, change=change, **kwargs)
        if "enterprise" in form.base_fields:
            widget = form.base_fields["enterprise"].widget
            widget.can_add_related = widget.can_change_related = widget.can_view_related = False
        return form

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return () if obj is None else ("enterprise", *self.readonly_fields)

    @admin.display(description=gettext_lazy("telephone"))
    def masked_phone(self, contact: Contact) -> str:
        return mask_phone(contact.phone) or "—"

    def has_add_permission(self, request: HttpRequest) -> bool:
        allowed = super().has_add_permission(request)
        return allowed and teams_to_add_for(request.user).exists()

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        return {"enterprise": request.GET.get("enterprise", "")}

    def write(
        self,
        request: HttpRequest,
        instance: Contact,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Contact:
        user: Any = request.user
        facts = {key: value for key, value in values.items() if key in FACTS}
        if instance.pk:
            return update_contact(contact=instance, values=facts, by=user, expected=expected)
        company, team = values["enterprise"], values["team"]
        return add_contact(enterprise=company, team=team, values=facts, by=user)

    def page_of(self, record: Contact) -> str:
        return reverse("admin:leads_enterprise_page", args=[record.enterprise_id])


# --- The number, once ------------------------------------------------------------------------


@never_cache
@require_POST
def reveal(request: HttpRequest, pk: int) -> HttpResponse:
    """The number on an answer that is not kept; the look is in the access log before."""
    user: Any = request.user
    contact = get_object_or_404(
        Contact.objects.visible_to(user).select_related("enterprise", "owner"), pk=pk
    )
    if not user.has_perm("leads.change_contact"):
        raise PermissionDenied
    if not contact.phone:
        raise Http404
    phone = reveal_phone(contact=contact, by=user, address=client_address(request))
    context = {"contact": contact, "phone": phone, "back": _back(request, contact)}
    return office_page(request, "leads/enterprise/reveal.html", str(contact), context)


def _back(request: HttpRequest, contact: Contact) -> str:
    wanted = request.POST.get("next", "")
    if url_has_allowed_host_and_scheme(wanted, {request.get_host()}, request.is_secure()):
        return wanted
    return reverse("admin:leads_enterprise_page", args=[contact.enterprise_id])


# --- Handing a relation over -----------------------------------------------------------------


class OwnerForm(ActionForm):
    owner = forms.ModelChoiceField(
        empty_label="—",
        label=gettext_lazy("New owner of the relation"),
        queryset=User.staff.none(),
        widget=UnfoldAdminSelectWidget,
    )

    def __init__(self, *args: Any, contact: Contact, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["owner"]
        field.queryset = members_of(contact.team.chain_id).exclude(pk=contact.owner_id)


class HandOver(ActionPage):
    """Another member of the team owns the relation from now on, and reads the number."""

    model = Contact
    related = ("enterprise", "owner", "team")
    form_class = OwnerForm
    title = gettext_lazy("Hand the relation over")
    submit_label = gettext_lazy("Hand over")

    def is_allowed(self) -> bool:
        return may_hand_over(self.user, self.subject)

    def form_options(self) -> dict[str, Any]:
        return {"contact": self.subject}

    def page_of(self, subject: Any) -> str:
        return reverse("admin:leads_enterprise_page", args=[subject.enterprise_id])

    def consequences(self) -> list[str]:
        return [
            _("The new owner reads the number unmasked; %(person)s does not any more.")
            % {"person": self.subject.owner},
            _("The hand-over is recorded in the access log."),
        ]

    def act(self, form: Any) -> str:
        owner = form.cleaned_data["owner"]
        update_contact(
            contact=self.subject, values={"owner": owner}, by=self.user, expected=self.expected()
        )
        return _("%(contact)s is in the care of %(person)s now.") % {
            "contact": self.subject,
            "person": owner,
        }


admin.site.add_page("leads/contact/<int:pk>/reveal/", reveal, "leads_contact_reveal")
admin.site.add_page(
    "leads/contact/<int:pk>/hand-over/", HandOver.as_view(), "leads_contact_hand_over"
)
