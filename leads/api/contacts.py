"""People at companies. Personal data throughout."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from chains.api.filters import by_team
from kfq_crm.base.api.filters import TextFilter
from kfq_crm.base.api.rows import RowSerializer
from kfq_crm.base.models import TokenScope
from leads.api.filters import AskedFilterSet, by_enterprise, by_person
from leads.api.labels import enterprise_label, staff_label, team_label
from leads.api.views import LeadsViewSet
from leads.models import Contact


class ContactSerializer(RowSerializer):
    """A person at a company. The number is masked for all but who owns the relation."""

    personal_fields = frozenset({"name", "post", "phone", "email", "note"})
    derived = {"phone": ("phone", "owner")}

    enterprise = enterprise_label()
    team = team_label(label=_("task team"), help_text=_("The team whose people know the person"))
    owner = staff_label(
        label=_("who owns the relation"), help_text=_("Who reads the telephone unmasked")
    )
    phone = serializers.SerializerMethodField(
        label=_("telephone"),
        help_text=_("Telephone; masked unless the token's owner owns the relation"),
    )

    class Meta:
        model = Contact
        fields = (
            "id",
            "enterprise",
            "team",
            "owner",
            "name",
            "post",
            "phone",
            "email",
            "note",
            "created_at",
            "updated_at",
            "version",
        )

    texts = {
        "name": _("Name of the person"),
        "post": _("Post that the person holds"),
        "email": _("E-mail address of the person"),
        "note": _("Remarks, in words"),
    }

    def get_phone(self, contact: Contact) -> str:
        return contact.phone_for(self.context["user"])


class ContactFilters(AskedFilterSet):
    enterprise = by_enterprise()
    team = by_team()
    owner = by_person("owner", _("Numbers of who own the relation, behind commas"))
    name = TextFilter(field_name="name", lookup_expr="contains", label=_("Part of the name"))


class Contacts(LeadsViewSet):
    """Contact persons whom one's own teams know. Every answer is in the access log."""

    resource = "contacts"
    model = Contact
    serializer_class = ContactSerializer
    filterset_class = ContactFilters
    required_scopes = {"read": TokenScope.CONTACTS_READ}
