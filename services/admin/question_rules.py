"""Rules of questions, links and visits, and the categories that people choose from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from kfq_crm.base.admin.rules import RuleAdmin
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import RuleModelForm
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from leads.admin.reminder_rules import working_days
from services.models import (
    LinkRule,
    QuestionCategory,
    QuestionLimit,
    QuestionRule,
    VisitCadence,
    VisitWarning,
)


def plain_days(days: int) -> str:
    return ngettext("%(days)d day", "%(days)d days", days) % {"days": days}


@admin.register(QuestionLimit)
class QuestionLimitAdmin(RuleAdmin):
    same = ("item",)
    figures = ("working_days",)
    list_display = ("item", "limit", "since", "state", "basis")
    ordering = ("item", "-valid_from")

    @admin.display(description=gettext_lazy("limit"), ordering="working_days")
    def limit(self, rule: QuestionLimit) -> str:
        return working_days(rule.working_days)


@admin.register(QuestionRule)
class QuestionRuleAdmin(RuleAdmin):
    figures = ("rating_days", "reopens_up_to", "amber_from")
    list_display = ("rating", "reopens_up_to", "amber_from", "since", "state", "basis")

    @admin.display(description=gettext_lazy("days to rate in"), ordering="rating_days")
    def rating(self, rule: QuestionRule) -> str:
        return plain_days(rule.rating_days)


@admin.register(LinkRule)
class LinkRuleAdmin(RuleAdmin):
    figures = ("link_days", "per_link", "per_address")
    list_display = ("validity", "per_link", "per_address", "since", "state", "basis")

    @admin.display(description=gettext_lazy("days that a link is valid"), ordering="link_days")
    def validity(self, rule: LinkRule) -> str:
        return plain_days(rule.link_days)


@admin.register(VisitCadence)
class VisitCadenceAdmin(RuleAdmin):
    same = ("tier",)
    figures = ("working_days",)
    list_display = ("tier", "limit", "since", "state", "basis")
    ordering = ("tier", "-valid_from")

    @admin.display(description=gettext_lazy("visited at least every"), ordering="working_days")
    def limit(self, rule: VisitCadence) -> str:
        return working_days(rule.working_days)


@admin.register(VisitWarning)
class VisitWarningAdmin(RuleAdmin):
    figures = ("visits", "days")
    list_display = ("words", "since", "state", "basis")

    @admin.display(description=gettext_lazy("at most"))
    def words(self, rule: VisitWarning) -> str:
        return str(rule)


@admin.register(QuestionCategory)
class QuestionCategoryAdmin(ScopedModelAdmin):
    """Categories are added and taken out of use; one that questions name is never removed."""

    form = RuleModelForm
    fields = ("name", "code", "department", "order", "is_active")
    list_display = ("name", "department", "order", "is_active")
    list_select_related = ("department",)
    add_label = gettext_lazy("Add a category")

    def write(
        self,
        request: HttpRequest,
        instance: QuestionCategory,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> QuestionCategory:
        verb = "change" if instance.pk else "add"
        if not request.user.has_perm(f"services.{verb}_questioncategory"):
            raise RuleViolation("not_allowed", _("Only the coordination office may do this."))
        for name, value in values.items():
            setattr(instance, name, value)
        instance.save()
        return instance
