"""Handing several leads over at once: choose the person, read what follows, confirm."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Count, QuerySet
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import ActionForm, add_violation
from kfq_crm.base.models import User
from kfq_crm.base.pages import office_page
from leads.actions.reassign import reassign_leads
from leads.admin.followup_form import PersonField
from leads.models import Lead
from leads.permissions import NotAllowed

AT_ONCE = 500
CONFIRM = "confirm"


class BulkOwnerForm(ActionForm):
    """The new person in charge: somebody who works in the team of every lead chosen."""

    owner = PersonField(label=gettext_lazy("New person in charge"))

    def __init__(self, *args: Any, chains: set[int], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        people = User.staff.filter(is_active=True, groups__task_team__chain__in=chains)
        common = people.annotate(teams=Count("groups__task_team", distinct=True))
        owner: Any = self.fields["owner"]
        owner.queryset = common.filter(teams=len(chains)).order_by("display_name")

    @property
    def has_people(self) -> bool:
        owner: forms.ModelChoiceField[User] = self.fields["owner"]  # type: ignore[assignment]  # declared above
        return owner.queryset is not None and owner.queryset.exists()


@admin.action(description=gettext_lazy("Hand over to another person"), permissions=["reassign"])
def reassign_selected(
    model_admin: Any, request: HttpRequest, chosen: QuerySet[Lead]
) -> HttpResponse | None:
    """The page between: who takes them over. All are handed over or none."""
    leads = list(chosen.select_related("owner", "chain")[: AT_ONCE + 1])
    if len(leads) > AT_ONCE:
        told = _("Hand over at most %(count)d leads at once; narrow the list first.")
        messages.error(request, told % {"count": AT_ONCE})
        return None
    is_sent = CONFIRM in request.POST
    form = BulkOwnerForm(
        request.POST if is_sent else None, chains={lead.chain_id for lead in leads}
    )
    if is_sent and form.is_valid() and _hand_over(request, form, leads):
        return None
    context = {"form": form, "leads": leads, "keys": ACTION_CHECKBOX_NAME, "confirm": CONFIRM}
    title = _("Hand over to another person")
    return office_page(request, "leads/bulk_reassign.html", title, context)


def _hand_over(request: Any, form: BulkOwnerForm, leads: list[Lead]) -> bool:
    owner = form.cleaned_data["owner"]
    try:
        count = reassign_leads(leads=leads, owner=owner, by=request.user)
    except NotAllowed as refused:
        raise PermissionDenied from refused
    except RuleViolation as violation:
        add_violation(form, violation)
        return False
    told = ngettext(
        "%(person)s is now in charge of %(count)d lead.",
        "%(person)s is now in charge of %(count)d leads.",
        count,
    )
    messages.success(request, told % {"person": owner, "count": count})
    return True
