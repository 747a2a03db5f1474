"""Rules with the day from which they hold: what holds now, what comes, what held before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.db.models import F, OuterRef, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext, pgettext_lazy

from kfq_crm.base.action_page import ActionPage
from kfq_crm.base.addresses import client_address
from kfq_crm.base.admin.access_log import PARTICULARS, SUBJECTS
from kfq_crm.base.changelist import Tab
from kfq_crm.base.errors import RuleViolation
from kfq_crm.base.forms import JudgedForm, LedgerDateField
from kfq_crm.base.own_page import ONE_BUTTON
from kfq_crm.base.rule_models import Rule
from kfq_crm.base.rules import add_rule, withdraw_rule
from kfq_crm.base.scoped_admin import ScopedModelAdmin
from kfq_crm.base.templatetags.office import day

SUBJECTS["rule.added"] = gettext_lazy("rule added")
SUBJECTS["rule.withdrawn"] = gettext_lazy("rule withdrawn before it held")
PARTICULARS["rule"] = gettext_lazy("rule")

COMMON = ("valid_from", "published", "inferred")


class DatedRuleForm(JudgedForm):
    """Typed dates are read in any spelling; the action judges whether they may be."""

    valid_from = LedgerDateField(
        label=gettext_lazy("valid from"), help_text=gettext_lazy("Today or a later day")
    )


class RuleAdmin(ScopedModelAdmin):
    """Rows are added and, before they hold, withdrawn; subclasses name what a row compares by."""

    form = DatedRuleForm
    same: ClassVar[tuple[str, ...]] = ()
    figures: ClassVar[tuple[str, ...]] = ()
    change_form_before_template = "base/rules/final.html"
    add_label = gettext_lazy("Add a rule")
    ordering = ("-valid_from",)

    def list_tabs(self, request: HttpRequest) -> Sequence[Tab]:
        return (
            Tab("now", pgettext_lazy("rules", "in force and to come")),
            Tab("all", pgettext_lazy("rules", "all, with earlier ones")),
        )

    def in_tab(self, request: HttpRequest, rows: QuerySet[Any], tab: str) -> QuerySet[Any]:
        if tab == "all":
            return rows
        return rows.filter(Q(valid_from__gt=timezone.localdate()) | Q(pk=F("current")))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Each row with the one that holds today for what it speaks of."""
        rules: Any = self.model._default_manager
        about = {name: OuterRef(name) for name in self.same}
        newest = rules.valid_on(timezone.localdate()).filter(**about).values("pk")[:1]
        return super().get_queryset(request).annotate(current=Subquery(newest))

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return (*self.same, *self.figures, *COMMON)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Sequence[str]:
        return tuple(self.get_fields(request, obj)) if obj else ()

    @admin.display(description=gettext_lazy("valid from"), ordering="valid_from")
    def since(self, rule: Rule) -> str:
        return day(rule.valid_from)

    @admin.display(description=gettext_lazy("rests on"))
    def basis(self, rule: Rule) -> str:
        return rule.published or (_("our inference") if rule.inferred else "—")

    @admin.display(description=gettext_lazy("state of the rule"))
    def state(self, rule: Any) -> str:
        if _is_to_come(rule):
            return _badge("amber", pgettext("rules", "to come"))
        if rule.pk == rule.current:
            return _badge("green", pgettext("rules", "in force"))
        return _badge("grey", pgettext("rules", "replaced"))

    # --- Writing ---------------------------------------------------------------------------

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        rule = self.get_object(request, object_id)
        extra = {
            "show_save": False,
            **ONE_BUTTON,
            "may_withdraw": bool(rule and _is_to_come(rule) and self._may(request)),
            "withdraw_page": f"admin:{_named(self.model)}_withdraw",
            "may_add": self.has_add_permission(request),
            "add_page": f"admin:{_named(self.model)}_add",
            **(extra_context or {}),
        }
        return super().change_view(request, object_id, form_url, extra)

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        return super().add_view(request, form_url, {**ONE_BUTTON, **(extra_context or {})})

    def _may(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(_change(self.model)))  # type: ignore[union-attr]  # signed in

    def write(
        self,
        request: HttpRequest,
        instance: Any,
        values: Mapping[str, Any],
        expected: int | None,
    ) -> Rule:
        if instance.pk:
            raise RuleViolation("final", _("A rule is not changed. Add one from a later day."))
        return add_rule(rule=self.model(**values), by=request.user, address=client_address(request))

    def withdraw_page(self) -> type[Withdraw]:
        """The page on which a rule that does not hold yet is taken back."""
        return type("WithdrawRule", (Withdraw,), {"model": self.model})

    def get_urls(self) -> list[URLPattern]:
        withdraw = path(
            "<int:pk>/withdraw/",
            self.admin_site.admin_view(self.withdraw_page().as_view()),
            name=f"{_named(self.model)}_withdraw",
        )
        return [withdraw, *super().get_urls()]


def _named(model: Any) -> str:
    return f"{model._meta.app_label}_{model._meta.model_name}"


def _change(model: Any) -> str:
    return f"{model._meta.app_label}.change_{model._meta.model_name}"


def _is_to_come(rule: Rule) -> bool:
    return rule.valid_from > timezone.localdate()


def _badge(colour: str, word: str) -> str:
    return format_html('<span class="o-badge o-badge--{}">{}</span>', colour, word)


class Withdraw(ActionPage):
    """Before it holds, a rule can be taken back."""

    title = gettext_lazy("Withdraw a rule")
    submit_label = gettext_lazy("Withdraw the rule")
    is_danger = True

    def is_allowed(self) -> bool:
        return bool(self.user.has_perm(_change(self.model)))

    def page_of(self, subject: Any) -> str:
        return reverse(f"admin:{_named(self.model)}_changelist")

    def consequences(self) -> list[str]:
        return [_("The rule before it goes on holding.")]

    def refusal(self) -> str:
        return "" if _is_to_come(self.subject) else _("This rule is in force or was.")

    def act(self, form: Any) -> str:
        withdraw_rule(rule=self.subject, by=self.user, address=self.address)
        return _("The rule is withdrawn.")
