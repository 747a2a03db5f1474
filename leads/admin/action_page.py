"""A verb over a lead, a contract or a project as a page: who may, and what is missing for it."""

from __future__ import annotations

from functools import cached_property
from typing import Any, ClassVar

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpResponse
from django.urls import reverse

from kfq_crm.base import action_page
from kfq_crm.base.errors import RuleViolation
from leads.admin.places import linked
from leads.models import Contract, Lead
from leads.permissions import NotAllowed, Rights, rights_over


class ActionPage(action_page.ActionPage):
    """One verb for those whose rights over the lead hold `right` (work, move, reassign)."""

    model: ClassVar[type[Model]] = Lead
    related: ClassVar[tuple[str, ...]] = ("enterprise", "chain", "owner")
    template_name = "leads/action.html"
    right = "work"

    # --- What subclasses say ---------------------------------------------------------------

    def lead_of(self, subject: Any) -> Lead | None:
        """The lead whose team may do this."""
        return subject  # type: ignore[no-any-return]  # the lead itself, unless a subclass says otherwise

    def page_of(self, subject: Any) -> str:
        return reverse("admin:leads_lead_page", args=[subject.pk])

    def missing(self) -> list[Any]:
        """Requirements that are not met, known before anything is sent."""
        return []

    def agreement(self) -> Contract | None:
        """The signed agreement whose form fills a missing reference."""
        return None

    # --- The machinery ---------------------------------------------------------------------

    @cached_property
    def lead(self) -> Lead | None:
        return self.lead_of(self.subject)

    @cached_property
    def rights(self) -> Rights:
        return rights_over(self.user, self.lead) if self.lead else Rights()

    def is_allowed(self) -> bool:
        return bool(getattr(self.rights, self.right))

    def refuse(self, form: Any, violation: RuleViolation) -> HttpResponse:
        if isinstance(violation, NotAllowed):
            raise PermissionDenied from violation
        self.refused_for = getattr(violation, "missing", None)
        return super().refuse(form, violation)

    refused_for: list[Any] | None = None

    def extra_context(self) -> dict[str, Any]:
        lacking = self.missing() if self.refused_for is None else self.refused_for
        return {"missing": linked(lacking, self.lead, self.agreement()) if self.lead else []}


def register(pages: dict[str, type[ActionPage]], record: str = "lead") -> None:
    """Put verbs under the record's address: `admin:leads_<record>_<verb>`."""
    for verb, page in pages.items():
        route = f"leads/{record}/<int:pk>/{verb.replace('_', '-')}/"
        admin.site.add_page(route, page.as_view(), f"leads_{record}_{verb}")
